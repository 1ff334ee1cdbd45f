"""Emulated vendors on loopback, holding one invented firm as its systems see it."""
