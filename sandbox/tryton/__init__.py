"""A real Tryton server, installed from PyPI into its own environment and seeded with the invented firm."""

from sandbox.tryton.platform import start_tryton as start

__all__ = ["start"]
