"""NetSuite as an ERP: billing, projects' financials, invoices, payments and credit memos, read through SuiteQL."""

from platforms.netsuite.options import OPTIONS
from platforms.netsuite.platform import connect
from platforms.registry import Vendor

VENDOR = Vendor(
    name="netsuite",
    credentials=(
        ("account", "consumer_key", "consumer_secret", "token_key", "token_secret"),
        ("client_id", "certificate_id", "private_key"),
    ),
    options=OPTIONS,
    connect=connect,
)
