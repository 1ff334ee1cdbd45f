"""Kantata for the contract suite."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from platforms.readers import Facet
from platforms.writers import Line
from sandbox.kantata.platform import KantataPlatform
from schema.enums import ProjectKind, ProjectStatus

CREDENTIALS = ("access_token",)
PAGE_ROWS = 16
OPTIONS: dict[str, Any] = {"page_size": PAGE_ROWS}
UNTOLD = {
    "Account": {"name", "website"},  # the client's name as the PSA spells it; the answer key has the CRM's
}
COLLECTIONS = {
    "workspace_group": "workspace_groups",
    "workspace": "workspaces",
    "story": "stories",
    "workspace_allocation": "workspace_allocations",
    "time_entry": "time_entries",
    "expense": "expenses",
    "user": "users",
}
CREATING = {"method": "POST"}
FORGETS = 10
_DESCRIBED, _NOTED, _APPROVED = {"description": "touched"}, {"notes": "touched"}, {"approved": True}
TOUCHED = {
    "workspace": _DESCRIBED, "story": _DESCRIBED, "workspace_group": _NOTED, "workspace_allocation": _NOTED,
    "time_entry": _APPROVED, "expense": _APPROVED,
}  # fmt: skip
KEPT = {
    "Project": {"status"},  # a project has one of the account's statuses
    "ProjectInvoice": {"issueDate", "draft"},  # an invoice has a date, and is a draft or not
}


def strangers(type_name: str, count: int) -> list[str]:
    return [str(999_000_000_000 + number) for number in range(count)]


def fields(platform: KantataPlatform, facet: Facet) -> set[str]:
    """The attributes and associations; an association may be mapped by the id that it is told with."""
    collection = platform.account.collections[COLLECTIONS[facet.entity]]
    mapped = {field.name for row in facet.rows for field in row.fields}
    told = {attribute.name for attribute in collection.attributes if not attribute.unshown}
    linked = {
        f"{association.name}_id" if f"{association.name}_id" in mapped else association.name
        for association in collection.associations
    }
    return told | linked


def samples(records: Callable[[str], list[dict[str, Any]]]) -> Mapping[str, Mapping[str, Any]]:
    entries, expenses = _billable(records("time_entries")), _billable(records("expenses"))
    worked = next(project for project in entries if len(entries[project]) > 1 and len(expenses[project]) > 1)
    project, parent = next(
        (each["workspace_id"], each["id"]) for each in records("stories") if each["story_type"] == "task"
    )
    role, other = (each["name"] for each in records("roles")[:2])
    return {
        "Account": {
            "new": {"name": "Halden AS", "anchor": "001A00000HALDEN1AA"},
            "change": {"name": "Halden ASA", "anchor": "001A00000HALDEN2AA"},
        },
        "Project": {
            "new": {"name": "Rollout", "code": "HAL-1", "kind": ProjectKind.PROJECT, "status": ProjectStatus.ACTIVE,
                    "startDate": date(2026, 12, 1), "endDate": date(2027, 6, 30), "budget.amount": Decimal("1200.50"),
                    "budget.currency": "EUR", "account": "001A00000HALDEN1AA", "contract": "800A00000HALDEN1AA"},
            "change": {"name": "Rollout II", "code": "HAL-2", "kind": ProjectKind.RETAINER,
                       "status": ProjectStatus.ON_HOLD, "startDate": date(2027, 1, 1), "endDate": date(2027, 7, 1),
                       "budget.amount": Decimal("1300.25"), "account": "001A00000HALDEN2AA",
                       "contract": "800A00000HALDEN2AA", "billing.status": "Invoiced",
                       "billing.invoiced": Decimal("1000.10"), "billing.paid": Decimal("400.05"),
                       "billing.outstanding": Decimal("590.05"), "billing.credited": Decimal("10.00")},
        },
        "Milestone": {
            "new": {"project": project, "key": "MS-1", "name": "Design", "dueDate": date(2027, 1, 31),
                    "amount.amount": Decimal(5000)},
            "change": {"key": "MS-2", "name": "Build", "dueDate": date(2027, 2, 28), "amount.amount": Decimal(6000)},
        },
        "Task": {
            "new": {"project": project, "name": "Write", "startDate": date(2027, 1, 1), "dueDate": date(2027, 1, 5)},
            "change": {"name": "Read", "startDate": date(2027, 1, 2), "dueDate": date(2027, 1, 6), "parent": parent},
        },
        "ResourceDemand": {
            "new": {"project": project, "role": role, "rate": Decimal(150)},
            "change": {"role": other, "rate": Decimal(175)},
        },
        "ProjectInvoice": {
            "new": {"project": worked, "timeEntries": entries[worked][:1], "expenses": expenses[worked][:1],
                    "items": (Line(description="Fixed fee", amount=Decimal(250)),), "issueDate": date(2026, 11, 1),
                    "paymentDays": 30, "purchaseOrder": "PO-7", "erpInvoice": "4711", "draft": True},
            "change": {"timeEntries": entries[worked][:2], "expenses": expenses[worked][:2],
                       "issueDate": date(2026, 11, 2), "paymentDays": 14, "purchaseOrder": "PO-8",
                       "erpInvoice": "4712", "draft": False},
        },
    }  # fmt: skip


def _billable(lines: list[dict[str, Any]]) -> Mapping[str, tuple[str, ...]]:
    """By project, the ids of what is on no invoice, in ascending order."""
    found: dict[str, tuple[str, ...]] = defaultdict(tuple)
    for line in sorted(lines, key=lambda each: int(each["id"])):
        if not line["is_invoiced"]:
            found[line["workspace_id"]] += (line["id"],)
    return found


def vanished(told: Callable[..., Any]) -> tuple[str, str, str | None]:
    group = told("POST", "/records/kantata/workspace_group", {"name": "Halden", "company": True})["id"]
    told("DELETE", f"/records/kantata/workspace_group/{group}")
    return "Account", group, None
