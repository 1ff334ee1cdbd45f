"""NetSuite for the contract suite."""

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from platforms.netsuite.options import AccountOptions
from platforms.netsuite.platform import facets
from platforms.netsuite.tables import Source
from platforms.readers import Facet
from platforms.writers import Line
from sandbox.netsuite import NetSuite
from sandbox.netsuite.analytics import Analytics

CREDENTIALS = ("account", "consumer_key", "consumer_secret", "token_key", "token_secret")
OPTIONS: dict[str, Any] = {"page_size": 48, "items": {"service": "45", "milestone": "46"}}
PAGE_ROWS = 48
CREATING = {"method": "PUT"}
_MEMO, _COMMENTS = {"memo": "touched"}, {"comments": "touched"}
TOUCHED = {
    "invoice": _MEMO, "customerPayment": _MEMO, "creditMemo": _MEMO, "customer": _COMMENTS, "job": _COMMENTS,
}  # fmt: skip
KEPT = {"Invoice": {"approved": "an invoice is pending or approved, never neither"}}


def strangers(_type_name: str, count: int) -> list[str]:
    return [str(7_000_000_000 + number) for number in range(count)]


def fields(platform: NetSuite, facet: Facet) -> set[str]:
    """The columns of the facet's table in the Records Catalog that its statements don't speak of."""
    source = next(told.source for told in facets(AccountOptions()) if told.facet.type == facet.type)
    table, alias = source.table.split()
    catalogued = Analytics(platform.books).source(table)
    assert catalogued is not None
    return set(catalogued.columns) - spoken_of(source, alias)


def spoken_of(source: Source, alias: str) -> set[str]:
    """The columns of one alias that a source's expressions, joins and conditions name."""
    pieces = [source.id, source.always, *(join.on for join in source.joins)]
    pieces += [column.sql for column in source.columns.values()]
    return {name for piece in pieces for name in re.findall(rf"\b{alias}\.(\w+)", piece)}


def samples(records: Callable[[str], list[dict[str, Any]]]) -> dict[str, dict[str, Any]]:
    customer = next(record for record in records("customer") if record["currency"]["refName"] == "GBP")["id"]
    first, second = (record["id"] for record in records("job")[:2])
    legal_entity = records("subsidiary")[0]["id"]
    head = {
        "customer": customer, "project": first, "contract": "8005g00000ABCDE", "legalEntity": legal_entity,
        "currency": "GBP", "memo": "November",
    }  # fmt: skip
    hours = Line(description="Consulting", amount=Decimal("150.25"), quantity=Decimal("0.5"), project=first)
    milestone = Line(description="Go live", amount=Decimal("1200.00"), milestone="CM-17", bill_on=date(2027, 1, 31))
    changed = {"project": second, "contract": "8005g00000XYZ", "memo": "December", "lines": (milestone, hours, hours)}
    address = {"city": "Bristol", "region": "Avon", "postalCode": "BS1 4AA", "country": "GB", "lines": ("4 Quay St",)}
    moved = {
        "city": "Oslo",
        "region": "Oslo",
        "postalCode": "0150",
        "country": "NO",
        "lines": ("Karl Johan 1", "c/o X"),
    }
    return {
        "Account": {
            "new": {
                "website": "https://halden.example",
                "billing.legalName": "Halden AS", "billing.legalEntity": legal_entity, "billing.taxId": "GB123456789",
                "billing.currency": "GBP", "billing.paymentTermsDays": 30, "billing.creditHold": True,
                **{f"billing.billTo.{path}": value for path, value in address.items()},
            },
            "change": {
                "anchor": "0015g00000NEW", "website": "https://halden.no",
                "billing.legalName": "Halden ASA", "billing.taxId": "NO987",
                "billing.paymentTermsDays": 45, "billing.creditHold": False,
                **{f"billing.billTo.{path}": value for path, value in moved.items()},
            },
        },
        "Project": {
            "new": {
                "name": "Rollout", "customer": customer, "legalEntity": legal_entity, "startDate": date(2026, 12, 1),
                "endDate": date(2027, 6, 30),
            },
            "change": {
                "anchor": "98765", "name": "Rollout 2", "startDate": date(2026, 12, 2), "endDate": date(2027, 7, 1),
            },
        },
        "BillingSchedule": {
            "new": {**head, "date": date(2026, 11, 20), "lines": (hours, milestone)},
            "change": {**changed, "date": date(2026, 11, 21)},
        },
        "Invoice": {
            "new": {
                **head, "issueDate": date(2026, 11, 30), "dueDate": date(2026, 12, 30), "purchaseOrder": "PO 4471",
                "approved": False, "lines": (hours, milestone),
            },
            "change": {
                **changed, "issueDate": date(2026, 12, 1), "dueDate": date(2027, 1, 1), "purchaseOrder": "PO 2",
                "approved": True,
            },
        },
    }  # fmt: skip


def vanished(told: Callable[..., Any]) -> tuple[str, str, str | None]:
    subsidiary = told("GET", "/records/netsuite/subsidiary?limit=1")["records"][0]["id"]
    named = {"companyName": "Halden", "subsidiary": {"id": subsidiary}}
    customer = told("POST", "/records/netsuite/customer", named)["id"]
    told("DELETE", f"/records/netsuite/customer/{customer}")
    return "Account", customer, None
