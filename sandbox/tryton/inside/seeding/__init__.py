"""Writes the firm's books into a fresh Tryton database through Tryton's own models."""
