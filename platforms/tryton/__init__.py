"""Tryton as an ERP: accounts' billing, legal entities, invoices, payments, credit memos, what projects were billed."""

from platforms.registry import Vendor
from platforms.tryton.options import OPTIONS
from platforms.tryton.platform import connect

VENDOR = Vendor(
    name="tryton",
    credentials=(("database", "user", "password"),),
    options=OPTIONS,
    connect=connect,
)
