"""Tells what happened to those who wait for it: each event once, in order, from wherever they left off."""
