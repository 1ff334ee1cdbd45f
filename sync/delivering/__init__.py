"""Delivers what happened to the applications that registered for it: at least once, signed, and in order per record."""
