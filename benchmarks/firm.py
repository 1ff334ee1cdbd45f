"""The records behind the fake platform: accounts with five projects, three contracts and twelve invoices each."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

Row = dict[str, Any]

CHILDREN = {"projects": 5, "contracts": 3, "invoices": 12}
"""How many of each an account has."""

_INDUSTRIES = ("Energy", "Healthcare", "Retail", "Public Sector", "Manufacturing")
_ACCOUNT_STATUS = ("active", "active", "active", "on_hold", "prospect")
_PROJECT_STATUS = ("running", "planned", "paused", "done")
_CONTRACT_STATUS = ("draft", "signed", "active", "expired")
_BILLING = ("fixed", "time", "milestone", "retainer")
_INVOICE_STATUS = ("open", "paid", "overdue", "part_paid", "draft")
_CURRENCIES = ("EUR", "USD", "GBP", "JPY")
_FIRST_DAY = date(2025, 1, 1)


def account_id(number: int) -> str:
    """Of fixed width, so that ids as text are in the order of their numbers."""
    return f"A{number:06}"


def number_of(external_id: str) -> int:
    """The account's number; -1 for what is no account's id."""
    digits = external_id[1:]
    return int(digits) if external_id[:1] == "A" and digits.isascii() and digits.isdigit() else -1


def _day(seed: int) -> str:
    return (_FIRST_DAY + timedelta(days=seed * 7 % 700)).isoformat()


def _instant(seed: int) -> str:
    return f"{_day(seed)}T{seed % 24:02}:{seed * 13 % 60:02}:00+00:00"


def _cents(seed: int) -> float:
    return (seed * 7919 % 5_000_000 + 10_000) / 100


def _account(number: int) -> Row:
    return {
        "id": account_id(number),
        "name": f"{_INDUSTRIES[number % 5]} Partners {number}",
        "number": f"C-{number:06}",
        "status": _ACCOUNT_STATUS[number % 5],
        "industry": _INDUSTRIES[number % 5],
        "website": f"https://client{number}.example",
        "owner_name": f"Owner {number % 40}",
        "created_at": _instant(number),
        "modified_at": _instant(number + 3),
    }


def _project(number: int, n: int) -> Row:
    seed = number * 5 + n
    return {
        "id": f"P{number:06}{n:02}",
        "account_id": account_id(number),
        "code": f"PRJ-{seed:07}",
        "name": f"Rollout phase {n + 1} for client {number}",
        "status": _PROJECT_STATUS[seed % 4],
        "start_date": _day(seed),
        "end_date": _day(seed + 20),
        "manager_name": f"Manager {seed % 60}",
        "budget": _cents(seed),
        "currency": _CURRENCIES[number % 4],
        "modified_at": _instant(seed),
    }


def _contract(number: int, n: int) -> Row:
    seed = number * 3 + n
    return {
        "id": f"K{number:06}{n:02}",
        "account_id": account_id(number),
        "number": f"CTR-{seed:07}",
        "title": f"Master services agreement {n + 1} with client {number}",
        "status": _CONTRACT_STATUS[seed % 4],
        "billing_model": _BILLING[seed % 4],
        "start_date": _day(seed),
        "end_date": _day(seed + 50),
        "value": _cents(seed + 11),
        "currency": _CURRENCIES[number % 4],
        "modified_at": _instant(seed),
    }


def _invoice(number: int, n: int) -> Row:
    seed = number * 12 + n
    total = _cents(seed + 5)
    return {
        "id": f"I{number:06}{n:02}",
        "account_id": account_id(number),
        "number": f"INV-{seed:08}",
        "status": _INVOICE_STATUS[seed % 5],
        "issue_date": _day(seed),
        "due_date": _day(seed + 4),
        "purchase_order": f"PO-{seed % 9000}" if seed % 3 else None,
        "total": total,
        "balance": 0 if seed % 5 == 1 else total,
        "currency": _CURRENCIES[number % 4],
        "modified_at": _instant(seed),
    }


_OF_ACCOUNT: Mapping[str, Callable[[int, int], Row]] = {
    "projects": _project,
    "contracts": _contract,
    "invoices": _invoice,
}


def account(number: int) -> Row:
    return _account(number)


def children(entity: str, number: int) -> list[Row]:
    """The account's projects, contracts or invoices, by ascending id."""
    return [_OF_ACCOUNT[entity](number, n) for n in range(CHILDREN[entity])]
