"""What a list has to be: the firm's records, joined, filtered and ordered in plain Python."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

import pytest

from schema.ids import RecordKey, encode_id

CRM, PSA, ERP = "CRM", "PSA", "ERP"
ROLE = {
    **dict.fromkeys(["Account", "Contact", "Opportunity", "Contract", "ContractMilestone", "Amendment", "Rate"], CRM),
    **dict.fromkeys(["Resource", "Project", "Milestone", "Task", "Assignment", "TimeEntry", "Expense"], PSA),
    **dict.fromkeys(["LegalEntity", "CostCenter", "Invoice", "InvoiceLine", "Payment", "CreditMemo"], ERP),
}
PATHS = {
    "country": "billing.billTo.country", "creditHold": "billing.creditHold", "overdue": "billing.overdue.amount",
    "amount": "amount.amount", "value": "value.amount", "total": "total.amount", "balance": "balance.amount",
}  # fmt: skip


class Local:
    """Filters and orders over the records as they stand, without any platform."""

    role = ROLE

    def __init__(self, records: Mapping[str, list[dict[str, Any]]]) -> None:
        self.records = records
        self._facets: dict[str, dict[str, dict[str, Any]]] = {}
        for name in ("Account", "Project"):
            found = self._facets[name] = {}
            for row in sorted(records.get(f"{name}.ERP", ()), key=lambda row: row["id"]):
                found.setdefault(row["anchor"], row)
        self.ids = {
            encode_id(RecordKey(name, self.platform(name), row["id"])): (name, row)
            for name in ROLE
            for row in records.get(f"{name}.{ROLE[name]}", ())
        }

    def platform(self, type_name: str) -> str:
        return ROLE[type_name].lower()

    def rows(self, type_name: str) -> list[dict[str, Any]]:
        return sorted(self.records.get(f"{type_name}.{ROLE[type_name]}", ()), key=lambda row: row["id"])

    def facet(self, type_name: str, row: Mapping[str, Any]) -> dict[str, Any] | None:
        """The ERP's part of an account or project."""
        return self._facets[type_name].get(row["id"])

    def value(self, type_name: str, row: Mapping[str, Any], path: str) -> Any:
        if path.startswith(("billing.", "financials.")):
            row = self.facet(type_name, row) or {}
        return row.get(path)

    def wanted(self, type_name: str, where: Any, order: Any) -> list[dict[str, Any]]:
        """The rows in the asked order: missing values first, equal ones by id, text by letters and then by case."""
        rows = [row for row in self.rows(type_name) if self.holds(type_name, row, where or {})]
        for item in reversed(order or ()):
            path = self.order_path(item["field"])
            down = item.get("direction", "ASC") == "DESC"
            rows.sort(key=lambda row, path=path: self._key(self.value(type_name, row, path)), reverse=down)
        return rows

    @staticmethod
    def order_path(name: str) -> str:
        """The path of an order field; what is a path already stays one."""
        if not name.isupper():
            return name
        head, *rest = name.lower().split("_")
        path = head + "".join(part.title() for part in rest)
        return PATHS.get(path, path)

    def holds(self, type_name: str, row: Mapping[str, Any], where: Mapping[str, Any]) -> bool:
        return all(self._holds(type_name, row, name, value) for name, value in where.items() if value is not None)

    def _holds(self, type_name: str, row: Mapping[str, Any], name: str, value: Any) -> bool:
        match name:
            case "and":
                return all(self.holds(type_name, row, part) for part in value)
            case "or":
                return any(self.holds(type_name, row, part) for part in value)
            case "not":
                return not self.holds(type_name, row, value)
            case "id":
                return all(self._names(operator, asked, row["id"]) for operator, asked in value.items())
            case "account":
                return not _asks(value) or any(
                    account["id"] == row.get("account") and self.holds("Account", account, value)
                    for account in self.rows("Account")
                )
        found = self.value(type_name, row, PATHS.get(name, name))
        return all(_compares(found, operator, asked) for operator, asked in value.items())

    def _names(self, operator: str, asked: Any, external_id: str) -> bool:
        if asked is None:
            return operator != "eq"
        return external_id in [self.ids[text][1]["id"] for text in ([asked] if operator == "eq" else asked)]

    @staticmethod
    def _key(value: Any) -> Any:
        if isinstance(value, str):
            return (True, value.casefold(), value)
        return (value is not None, 0 if value is None else value)


def _asks(where: Any) -> bool:
    """Whether a filter has any condition at all; one of an account without any leaves invoices without account in."""
    return any(_asks_by(name, value) for name, value in where.items() if value is not None)


def _asks_by(name: str, value: Any) -> bool:
    if name in ("or", "not"):
        return True
    if name == "and":
        return any(map(_asks, value))
    return any(asked is not None or operator in ("eq", "ne") for operator, asked in value.items())


def _compares(found: Any, operator: str, asked: Any) -> bool:
    if asked is None:
        return {"eq": found is None, "ne": found is not None}.get(operator, True)
    if operator == "ne":
        return not _compares(found, "eq", asked)
    if found is None:
        return False
    if operator == "in":
        return any(_compares(found, "eq", item) for item in asked)
    asked = _like(found, asked)
    return bool({
        "eq": lambda: found == asked, "gt": lambda: found > asked, "gte": lambda: found >= asked,
        "lt": lambda: found < asked, "lte": lambda: found <= asked,
        "startsWith": lambda: found[: len(asked)] == asked, "contains": lambda: asked in found,
    }[operator]())  # fmt: skip


def _like(found: Any, asked: Any) -> Any:
    if isinstance(found, Enum):
        return type(found)[asked]
    if isinstance(found, Decimal):
        return Decimal(str(asked))
    if isinstance(found, datetime):
        return datetime.fromisoformat(asked)
    return date.fromisoformat(asked) if isinstance(found, date) else asked


@pytest.fixture(scope="session")
def local() -> type[Local]:
    """`local(records)`: the join in plain Python."""
    return Local
