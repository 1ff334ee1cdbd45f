"""A real Tryton server, installed from PyPI into its own environment and seeded with the invented firm."""
