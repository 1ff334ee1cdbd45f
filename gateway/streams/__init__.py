"""Answers that come one after the other: over WebSockets, and as event streams."""
