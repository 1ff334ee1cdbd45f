"""What callers wait for: which events are theirs, and what is answered for each."""
