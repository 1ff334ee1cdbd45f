"""What a firm may say of its NetSuite account beyond address and credentials."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from platforms.netsuite.ids import internal_number
from platforms.netsuite.naming import USUAL, USUAL_FIELDS, Names, named, named_fields
from platforms.registry import Connection

OPTIONS = {
    "time_zone": "IANA name of the time zone in the preferences of the user whose token this is, such as "
    "Europe/London: SuiteQL tells instants in it, and it decides what day it is today. Default: UTC.",
    "columns": "SuiteQL columns that are called differently in this account, by what they mean, such as "
    f"{{Invoice.contract: custbody_contract_id}}. Known: {', '.join(USUAL)}.",
    "fields": "Fields of the record API, by which records are written, that are called differently in this account, "
    f"such as {{Account.billing.taxId: defaultTaxReg}}. Known: {', '.join(USUAL_FIELDS)}.",
    "items": "Internal ids of the items that lines of invoices and sales orders are billed as, such as {service: 45, "
    "milestone: 46}: `milestone` for a line that names a milestone (`service` where it isn't given), `service` for "
    "every other one. Without it no lines can be written.",
    "terms": "Internal ids of payment terms by days, such as {30: 2}, for days that several terms of the account have.",
    "page_size": "Rows per page, from 1 to 1000 (the default, and the most that SuiteQL gives at once).",
}
MOST_ROWS_PER_PAGE = 1000
_ITEMS = {"service", "milestone"}
_API_HOST = ".suitetalk.api.netsuite.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountOptions:
    """`pages` is where people look at records: the account's own host beside that of its API.

    `items` are internal ids by `service` and `milestone`, `terms` internal ids by days.
    """

    names: Names = field(default_factory=lambda: USUAL)
    fields: Names = field(default_factory=lambda: USUAL_FIELDS)
    items: Mapping[str, str] = field(default_factory=dict)
    terms: Mapping[int, str] = field(default_factory=dict)
    zone: tzinfo = UTC
    pages: str = ""
    page_size: int = MOST_ROWS_PER_PAGE


def read_options(connection: Connection) -> AccountOptions:
    """The options of the settings, checked; SettingsError says which one can't be meant."""
    names = _names(connection, "columns", named)
    size = connection.options.get("page_size", MOST_ROWS_PER_PAGE)
    if type(size) is not int or not 1 <= size <= MOST_ROWS_PER_PAGE:
        raise connection.problem("options.page_size", f"must be a whole number from 1 to {MOST_ROWS_PER_PAGE}")
    return AccountOptions(
        names=names,
        fields=_names(connection, "fields", lambda given: named_fields(given, names)),
        items=_items(connection),
        terms=_terms(connection),
        zone=_zone(connection),
        pages=_pages(connection.url),
        page_size=size,
    )


def _names(connection: Connection, option: str, read: Callable[[Mapping[str, object]], Names]) -> Names:
    given = connection.options.get(option, {})
    if not isinstance(given, dict):
        raise connection.problem(f"options.{option}", "must map paths to names, such as Invoice.contract: custbody_x")
    try:
        return read(given)
    except ValueError as error:
        raise connection.problem(f"options.{option}", str(error)) from None


def _items(connection: Connection) -> Mapping[str, str]:
    given = connection.options.get("items", {})
    if not isinstance(given, dict) or not given.keys() <= _ITEMS or (given and "service" not in given):
        raise connection.problem("options.items", "must map service, and milestone if it differs, to items' ids")
    return {name: _internal_id(connection, "options.items", found) for name, found in given.items()}


def _terms(connection: Connection) -> Mapping[int, str]:
    given = connection.options.get("terms", {})
    if not isinstance(given, dict) or not all(str(days).isascii() and str(days).isdigit() for days in given):
        raise connection.problem("options.terms", "must map whole numbers of days to terms' ids, such as 30: 2")
    return {int(days): _internal_id(connection, "options.terms", found) for days, found in given.items()}


def _internal_id(connection: Connection, option: str, given: object) -> str:
    found = str(given)
    if isinstance(given, bool) or internal_number(found) is None:
        raise connection.problem(option, f"{found[:40]!r} is no internal id: digits only")
    return found


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
