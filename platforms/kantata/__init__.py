"""Kantata OX as a PSA: projects with their plan, people, time and expenses, and the clients they are done for."""

from platforms.kantata.options import OPTIONS
from platforms.kantata.platform import connect
from platforms.registry import Vendor

VENDOR = Vendor(name="kantata", credentials=(("access_token",),), options=OPTIONS, connect=connect)
