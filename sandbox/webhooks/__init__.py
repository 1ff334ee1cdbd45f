"""What scripts and flows inside the platforms send when a record changes: the vendors here have no webhooks."""
