"""Salesforce as a CRM: accounts, contacts, opportunities, and contracts until a CLM owns them."""

from platforms.registry import Vendor
from platforms.salesforce.options import OPTIONS
from platforms.salesforce.platform import connect

VENDOR = Vendor(
    name="salesforce",
    credentials=(("client_id", "client_secret"), ("client_id", "username", "private_key")),
    options=OPTIONS,
    connect=connect,
)
