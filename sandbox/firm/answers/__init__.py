"""The answer key, one module for each part of the canonical graph."""
