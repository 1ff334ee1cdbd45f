"""The REST API, one resource per file."""
