"""What a firm may say of its NetSuite account beyond address and credentials."""

from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from platforms.netsuite.naming import USUAL, Names, named
from platforms.registry import Connection

OPTIONS = {
    "time_zone": "IANA name of the time zone in the preferences of the user whose token this is, such as "
    "Europe/London: SuiteQL tells instants in it, and it decides what day it is today. Default: UTC.",
    "columns": "SuiteQL columns that are called differently in this account, by what they mean, such as "
    f"{{Invoice.contract: custbody_contract_id}}. Known: {', '.join(USUAL)}.",
    "page_size": "Rows per page, from 1 to 1000 (the default, and the most that SuiteQL gives at once).",
}
MOST_ROWS_PER_PAGE = 1000
_API_HOST = ".suitetalk.api.netsuite.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountOptions:
    """`pages` is where people look at records: the account's own host beside that of its API."""

    names: Names = field(default_factory=lambda: USUAL)
    zone: tzinfo = UTC
    pages: str = ""
    page_size: int = MOST_ROWS_PER_PAGE


def read_options(connection: Connection) -> AccountOptions:
    """The options of the settings, checked; SettingsError says which one can't be meant."""
    columns = connection.options.get("columns", {})
    if not isinstance(columns, dict):
        raise connection.problem("options.columns", "must map paths to columns, such as Invoice.contract: custbody_x")
    try:
        names = named(columns)
    except ValueError as error:
        raise connection.problem("options.columns", str(error)) from None
    size = connection.options.get("page_size", MOST_ROWS_PER_PAGE)
    if type(size) is not int or not 1 <= size <= MOST_ROWS_PER_PAGE:
        raise connection.problem("options.page_size", f"must be a whole number from 1 to {MOST_ROWS_PER_PAGE}")
    return AccountOptions(names=names, zone=_zone(connection), pages=_pages(connection.url), page_size=size)


def _zone(connection: Connection) -> tzinfo:
    name = connection.options.get("time_zone", "UTC")
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError):
        raise connection.problem("options.time_zone", "must be an IANA time zone, such as Europe/London") from None


def _pages(url: str) -> str:
    parts = urlsplit(url)
    host = parts.netloc
    if host.endswith(_API_HOST):
        host = host.removesuffix(_API_HOST) + ".app.netsuite.com"
    return f"{parts.scheme}://{host}"
