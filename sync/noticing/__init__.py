"""Notices what changes on the platforms: every hint is looked into, and each difference becomes one event."""
