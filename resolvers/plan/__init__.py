"""From a document to a plan: what to read from where, and how the answer is shaped."""
