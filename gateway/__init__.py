"""The edge: turns HTTP and the command line into a call, and an outcome into an answer."""
