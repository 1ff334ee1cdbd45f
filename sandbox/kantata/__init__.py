"""Kantata OX (formerly Mavenlink), API v1, emulated from its published pages."""

from sandbox.kantata.platform import build

__all__ = ["build"]
