"""Salesforce for the contract suite."""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from platforms.readers import Facet
from sandbox.firm.ids import salesforce_id
from sandbox.salesforce import SalesforcePlatform
from sandbox.salesforce.objects import OBJECTS
from schema.enums import AccountStatus, ContractStatus, InvoiceStatus

PAGE_ROWS = 16
PLATFORM = f"salesforce:query_page={PAGE_ROWS}"
CREDENTIALS = ("client_id", "client_secret")
OPTIONS: dict[str, Any] = {}
CREATING = {"method": "PATCH"}
FORGETS = 15
_DESCRIBED, _NAMED = {"Description": "touched"}, {"Name": "touched"}
TOUCHED = {
    "Account": _DESCRIBED, "Contact": _DESCRIBED, "Opportunity": _DESCRIBED, "Contract": _DESCRIBED,
    "CW_Contract_Milestone__c": _NAMED, "CW_Amendment__c": _NAMED, "CW_Rate__c": _NAMED,
}  # fmt: skip


def strangers(type_name: str, count: int) -> list[str]:
    return [salesforce_id("0zz", f"{type_name}-{number}") for number in range(count)]


def fields(platform: SalesforcePlatform, facet: Facet) -> set[str]:
    assert facet.entity in platform.tables
    return {field.name for field in OBJECTS[facet.entity].declared}


def expire(platform: SalesforcePlatform) -> None:
    platform.expire_sessions()


def samples(records: Callable[[str], list[dict[str, Any]]]) -> Mapping[str, Mapping[str, Any]]:
    one, other = (record["Id"] for record in records("Account")[:2])
    draft, *_ = (record["Id"] for record in records("Contract") if record["Status"] == "Draft")
    return {
        "Account": {
            "new": {"name": "Halden AS", "number": "A-17", "status": AccountStatus.PROSPECT, "industry": "Energy",
                    "website": "https://halden.example", "parent": one, "syncStatus": "new", "erpCustomers": "17"},
            "change": {"name": "Halden ASA", "number": "A-18", "status": AccountStatus.ACTIVE, "industry": "Media",
                       "website": "https://halden.example/no", "parent": other, "syncStatus": "synced",
                       "erpCustomers": "17\n18"},
        },
        "Opportunity": {
            "record": records("Opportunity")[0]["Id"],
            "change": {"project": "38000036", "projectUrl": "https://psa.example/38000036", "syncStatus": "linked"},
        },
        "Contract": {
            "record": draft,
            "change": {"status": ContractStatus.IN_REVIEW, "project": "38000036", "syncStatus": "linked"},
        },
        "InvoiceSummary": {
            "new": {"number": "INV-1", "account": one, "contract": draft, "status": InvoiceStatus.POSTED,
                    "issueDate": date(2026, 11, 1), "dueDate": date(2026, 12, 1), "currency": "SEK",
                    "total": Decimal("1250.50"), "amountPaid": Decimal(0), "balance": Decimal("1250.50"),
                    "credited": Decimal(0)},
            "change": {"number": "INV-1a", "account": other, "status": InvoiceStatus.PARTIALLY_PAID,
                       "dueDate": date(2026, 12, 31), "amountPaid": Decimal("1000.05"), "balance": Decimal("200.45"),
                       "credited": Decimal("50.00")},
        },
    }  # fmt: skip


def vanished(told: Callable[..., Any]) -> tuple[str, str, str | None]:
    """A duplicate account that was merged into the other one."""
    one, other = (told("POST", "/records/salesforce/Account", {"Name": name})["Id"] for name in ("Halden", "Haldn"))
    told("DELETE", f"/records/salesforce/Account/{other}?into={one}")
    return "Account", other, one
