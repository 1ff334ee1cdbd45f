"""Invoices, billing milestones and the payments that other systems report.

https://developer.kantata.com/tag/Invoices , https://developer.kantata.com/tag/External-Payments ,
https://developer.kantata.com/tag/Billing-Milestones
"""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sandbox.kantata import currency, invoice_items
from sandbox.kantata.account import Account
from sandbox.kantata.attributes import STAMPS, Kind, stored, transient, unshown, writable
from sandbox.kantata.collection import (
    BY_STAMP,
    Collection,
    Filter,
    Given,
    Keep,
    Rules,
    belongs_to,
    has_many,
    hung_on,
    listed_in,
)
from sandbox.kantata.errors import InvalidError, NotFoundError, Problem
from sandbox.kantata.filters import between, by_ids, equal, stamped, when_true
from sandbox.kantata.invoice_items import ITEM_LISTS
from sandbox.kantata.parameters import listed
from sandbox.store import Record

NEW, CANCELLED, PAID = "new", "cancelled", "accepted payment"
LINES = {"time_entry_ids": "time_entries", "expense_ids": "expenses"}
MAX_MESSAGE = 255
MAX_NET_DAYS = 365


def next_number(account: Account) -> int:
    return max((row["user_invoice_number"] for row in account.tables["invoices"]), default=0) + 1


def _prepare(account: Account, record: Record | None, columns: Record) -> Record:
    if record is not None:
        if record["status"] != NEW:
            raise InvalidError(Problem("base", "can't be changed"))
        columns = {name: value for name, value in columns.items() if name not in ITEM_LISTS}
    workspace_ids = columns.get("workspace_ids") or ([columns["workspace_id"]] if columns.get("workspace_id") else [])
    if workspace_ids:
        columns["workspace_ids"] = workspace_ids
    merged = {**(record or {}), **columns}
    workspaces = account.tables["workspaces"].where("id", merged.get("workspace_ids") or ())
    if not workspaces or len(workspaces) != len(merged["workspace_ids"]):
        raise InvalidError(
            Problem("workspace_ids", "can't be blank" if not merged.get("workspace_ids") else "is invalid")
        )
    if not 0 <= merged["payment_schedule"] <= MAX_NET_DAYS:
        raise InvalidError(Problem("payment_schedule", "is not included in the list"))
    if len({workspace["currency"] for workspace in workspaces}) > 1:
        raise InvalidError(Problem("workspace_ids", "must share one currency"))
    columns["currency"] = workspaces[0]["currency"]
    columns["total_in_cents"] = columns["balance_in_cents"] = _total(account, record, merged, columns["currency"])
    issued = merged.get("invoice_date") or account.now().date().isoformat()
    due = date.fromisoformat(issued) + timedelta(days=merged["payment_schedule"])
    columns |= {"invoice_date": issued, "due_date": due.isoformat()}
    if record is not None:
        return columns
    number = columns.get("user_invoice_number") or next_number(account)
    defaults = {"status": NEW, "draft": False, "user_id": account.user_id, "title": f"Invoice #{number:05d}"}
    given = {name: value for name, value in columns.items() if value is not None}
    return {**defaults, **given, "user_invoice_number": number}


def _total(account: Account, record: Record | None, merged: Record, code: str) -> int:
    """The lines' sum in minor units; the items' amounts come in main units. At least one line is needed."""
    amounts: list[int] = []
    for name, table in LINES.items():
        ids = merged.get(name) or []
        lines = account.tables[table].where("id", ids)
        own = record["id"] if record is not None else ""
        if len(lines) != len(ids) or not all(_free_for(own, line, merged["workspace_ids"]) for line in lines):
            raise InvalidError(Problem(name, "is invalid"))
        amounts += [line_amount(line) for line in lines]
    milestones = merged.get("billing_milestone_ids") or []
    amounts += [row["amount_in_cents"] for row in account.tables["billing_milestones"].where("id", milestones)]
    for name in ITEM_LISTS:
        items = [
            invoice_items.checked(account, name, each, merged["workspace_ids"], code) for each in merged.get(name) or ()
        ]
        amounts += [item["amount_in_cents"] for item in items]
    if not amounts:
        raise InvalidError(Problem("base", "must have at least one line item"))
    return sum(amounts)


def _free_for(invoice_id: str, line: Record, workspace_ids: list[str]) -> bool:
    """A line of these projects that no other invoice has, be that a draft."""
    return line["workspace_id"] in workspace_ids and (not line["is_invoiced"] or line.get("invoice_id") == invoice_id)


def line_amount(line: Record) -> int:
    """An expense's amount, or the minutes of a time entry at its hourly rate, rounded half to even."""
    if "amount_in_cents" in line:
        return int(line["amount_in_cents"])
    return int((Decimal(line["time_in_minutes"]) * (line.get("rate_in_cents") or 0) / 60).quantize(Decimal(1)))


def _settle(account: Account, record: Record, columns: Record) -> None:
    """The lines of an invoice, draft or not, are invoiced; a line that an update left out is free again."""
    for name in ITEM_LISTS:
        for item in columns.get(name) or ():
            line = invoice_items.checked(account, name, item, record["workspace_ids"], record["currency"])
            account.insert(name, {**line, "invoice_id": record["id"]})
    for name, table in LINES.items():
        wanted = set(record.get(name) or ())
        for line in account.tables[table].where("invoice_id", [record["id"]]):
            if line["id"] not in wanted:
                account.update(table, line["id"], {"invoice_id": None, "is_invoiced": False})
        for line_id in record.get(name) or ():
            account.update(table, line_id, {"invoice_id": record["id"], "is_invoiced": True})


def _free(account: Account, record: Record) -> None:
    for name, table in LINES.items():
        for line in account.tables[table].where("id", record.get(name) or ()):
            account.update(table, line["id"], {"invoice_id": None, "is_invoiced": False})


def _drafts_only(account: Account, record: Record) -> None:
    if not record["draft"]:
        raise InvalidError(Problem("base", "Only draft invoices can be deleted"))
    _free(account, record)


def cancel(account: Account, invoice_id: str) -> Record:
    """An active invoice can't be deleted, only cancelled: its lines can be invoiced again."""
    invoice = account.tables["invoices"].get(invoice_id)
    if invoice is None:
        raise NotFoundError
    if invoice["status"] != NEW or invoice["draft"]:
        raise InvalidError(Problem("base", "can't be cancelled"))
    _free(account, invoice)
    return account.update("invoices", invoice_id, {"status": CANCELLED, "balance_in_cents": 0})


def _prepare_payment(account: Account, _record: Record | None, columns: Record) -> Record:
    if len(columns.get("message") or "") > MAX_MESSAGE:
        raise InvalidError(Problem("message", "is too long (maximum is 255 characters)"))
    code = account.tables["workspaces"].rows[columns["workspace_id"]]["currency"]
    if columns.get("invoice_id") is None:
        if columns.get("amount_in_cents") is None:
            raise InvalidError(Problem("amount_in_cents", "can't be blank"))
        return {**columns, "currency": code}
    invoice = account.tables["invoices"].rows[columns["invoice_id"]]
    if invoice["draft"] or invoice["status"] != NEW or invoice["workspace_ids"] != [columns["workspace_id"]]:
        raise InvalidError(Problem("invoice_id", "is invalid"))
    return {**columns, "currency": code, "amount_in_cents": invoice["balance_in_cents"]}


def _pay(account: Account, record: Record, _columns: Record) -> None:
    if record.get("invoice_id") is not None:
        account.update("invoices", record["invoice_id"], {"balance_in_cents": 0, "status": PAID})


def _of_workspaces(account: Account, _name: str, value: Any) -> list[Record]:
    wanted = set(listed(value))
    return account.tables["invoices"].scan(lambda row: not wanted.isdisjoint(row["workspace_ids"]))


def _without_drafts(_account: Account, value: Any, _given: Given) -> Keep | None:
    return (lambda row: not row["draft"]) if value is True else None


INVOICES = Collection(
    name="invoices",
    singular="invoice",
    subject="Invoice",
    page="https://developer.kantata.com/tag/Invoices",
    verbs="LSCUD",
    attributes=(
        stored("title"),
        stored("status", default=NEW),
        writable("draft", Kind.BOOLEAN, default=False),
        writable("invoice_date", Kind.DATE),
        stored("due_date", Kind.DATE),
        stored("balance_in_cents", Kind.INTEGER),
        *currency.currency_attributes(),
        stored("tax_rate", default=0),
        writable("payment_schedule", Kind.INTEGER, required=True),
        writable("user_invoice_number", Kind.INTEGER),
        writable("user_invoice_title"),
        writable("message", default=""),
        writable("purchase_order"),
        writable("project_code"),
        *STAMPS,
        transient("workspace_id", Kind.ID),
        writable("workspace_ids", Kind.IDS),
        unshown("time_entry_ids", Kind.IDS),
        unshown("expense_ids", Kind.IDS),
        unshown("billing_milestone_ids", Kind.IDS),
        unshown("fixed_fee_items", Kind.OBJECTS),
        unshown("additional_items", Kind.OBJECTS),
    ),
    associations=(
        belongs_to("user", "users"),
        belongs_to("recipient", "users", writable=True),
        listed_in("workspaces", "workspaces", "workspace_ids"),
        listed_in("time_entries", "time_entries", "time_entry_ids"),
        listed_in("expenses", "expenses", "expense_ids"),
        listed_in("billing_milestones", "billing_milestones", "billing_milestone_ids"),
        has_many("fixed_fee_items", "fixed_fee_items", by="invoice_id"),
        has_many("additional_items", "additional_items", by="invoice_id"),
        hung_on("Invoice", "external_references"),
    ),
    filters={
        **stamped(),
        "paid": when_true(lambda row: row["status"] == PAID),
        "pending": when_true(lambda row: row["status"] == NEW and not row["draft"]),
        "without_drafts": Filter(keep=_without_drafts),
        "within_dates": between("invoice_date"),
        "user_invoice_number": Filter(keep=lambda _a, value, _g: lambda row: str(row["user_invoice_number"]) == value),
        "workspace_id": Filter(rows=_of_workspaces),
        "status": equal("status"),
    },
    orders={name: name for name in ("created_at", "updated_at", "invoice_date", "due_date")},
    default_order="created_at:desc",
    synced=True,
    rules=Rules(prepare=_prepare, settle=_settle, part=_drafts_only),
    event="invoice",
    parts=tuple((name, "invoice_id") for name in ITEM_LISTS),
)

EXTERNAL_PAYMENTS = Collection(
    name="external_payments",
    singular="external_payment",
    subject="ExternalPayment",
    page="https://developer.kantata.com/tag/External-Payments",
    verbs="LSC",
    attributes=(
        writable("amount_in_cents", Kind.INTEGER),
        writable("message"),
        *currency.currency_attributes(),
        *STAMPS,
    ),
    associations=(
        belongs_to("workspace", "workspaces", writable=True, required=True),
        belongs_to("invoice", "invoices", writable=True),
    ),
    filters={**stamped(), "workspace_id": by_ids("workspace_id"), "invoice_id": by_ids("invoice_id")},
    orders=BY_STAMP,
    default_order="created_at:desc",
    rules=Rules(prepare=_prepare_payment, settle=_pay),
)

BILLING_MILESTONES = Collection(
    name="billing_milestones",
    singular="billing_milestone",
    subject="BillingMilestone",
    page="https://developer.kantata.com/tag/Billing-Milestones",
    verbs="LSCUD",
    attributes=(
        writable("title", required=True),
        writable("date_to_invoice", Kind.DATE),
        writable("amount_in_cents", Kind.INTEGER, required=True),
        writable("billing_type", default="fixed_fee"),
        *currency.currency_attributes(),
        *STAMPS,
    ),
    associations=(
        belongs_to("workspace", "workspaces", writable=True, required=True),
        belongs_to("story", "stories", writable=True),
        hung_on("BillingMilestone", "external_references"),
    ),
    filters={**stamped(), "workspace_id": by_ids("workspace_id"), "workspace_ids": by_ids("workspace_id")},
    orders=BY_STAMP,
    synced=True,
    event="billing_milestone",
)
