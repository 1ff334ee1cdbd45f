"""Expenses and their categories.

https://developer.kantata.com/tag/Expenses , https://developer.kantata.com/tag/Expense-Categories
"""

from sandbox.kantata import currency
from sandbox.kantata.account import Account
from sandbox.kantata.attributes import STAMPS, Kind, derived, stored, unshown, writable
from sandbox.kantata.collection import Collection, Rules, belongs_to
from sandbox.kantata.errors import InvalidError, Problem
from sandbox.kantata.filters import by_ids, equal, stamped
from sandbox.kantata.line_items import in_workspace, line_item_associations, line_item_filters, unlocked, unsettled
from sandbox.store import Record


def _prepare(account: Account, record: Record | None, columns: Record) -> Record:
    unlocked(record)
    workspace = in_workspace(account, record, columns)
    _categorise(account, record, columns)
    if columns.get("billable") is not None:
        columns["is_billable"] = columns["billable"]
    if record is not None:
        return columns
    defaults = {
        "user_id": account.user_id,
        "is_billable": True,
        "currency": workspace["currency"],
        "approved": not workspace.get("require_expense_approvals", True),
        "is_invoiced": False,
    }
    return {**defaults, **{name: value for name, value in columns.items() if value is not None}}


def _categorise(account: Account, record: Record | None, columns: Record) -> None:
    """A category may be given by id or by name; one of the two is needed."""
    categories = account.tables["expense_categories"]
    if columns.get("expense_category_id") is not None:
        columns["category"] = categories.rows[columns["expense_category_id"]]["name"]
    elif columns.get("category") is not None:
        named = categories.where("name", [columns["category"]])
        columns["expense_category_id"] = named[0]["id"] if named else None
    elif record is None:
        raise InvalidError(Problem("category", "can't be blank"))


EXPENSES = Collection(
    name="expenses",
    singular="expense",
    subject="Expense",
    page="https://developer.kantata.com/tag/Expenses",
    verbs="LSCUD",
    attributes=(
        writable("date", Kind.DATE, required=True),
        writable("category"),
        writable("amount_in_cents", Kind.INTEGER, required=True),
        writable("notes"),
        unshown("billable", Kind.BOOLEAN),
        derived("is_billable", lambda _account, row: row["is_billable"]),
        writable("reimbursable", Kind.BOOLEAN, default=False),
        *currency.currency_attributes(),
        stored("approved", Kind.BOOLEAN, default=False),
        stored("is_invoiced", Kind.BOOLEAN, default=False),
        writable("taxable", Kind.BOOLEAN, default=False),
        writable("vendor_id", Kind.ID),
        writable("receipt_id", Kind.ID),
        *STAMPS,
        derived("user_can_edit", lambda _account, row: not row["is_invoiced"], optional=True),
    ),
    associations=(
        *line_item_associations("Expense", "expense_report_submissions"),
        belongs_to("expense_category", "expense_categories", writable=True),
    ),
    filters={
        **stamped(),
        **line_item_filters("date", "date_expensed_between"),
        "reimbursable": equal("reimbursable"),
        "with_expense_report_id": by_ids("active_submission_id"),
        "with_recent_expense_report_ids": by_ids("recent_submission_id"),
    },
    orders={
        "amount": "amount_in_cents",
        **{name: name for name in ("category", "created_at", "date", "notes", "updated_at")},
    },
    default_order="date:desc",
    synced=True,
    bulk=100,
    rules=Rules(prepare=_prepare, part=unsettled),
    event="expense",
)

EXPENSE_CATEGORIES = Collection(
    name="expense_categories",
    singular="expense_category",
    subject="ExpenseCategory",
    page="https://developer.kantata.com/tag/Expense-Categories",
    verbs="LS",
    attributes=(stored("name"), stored("deleted_at", Kind.DATETIME)),
    orders={"name": "name"},
    default_order="name:asc",
)
