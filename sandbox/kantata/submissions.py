"""Timesheets and expense reports: line items of one project, submitted, then approved, rejected or cancelled.

https://developer.kantata.com/tag/Timesheet-Submissions , https://developer.kantata.com/tag/Expense-Report-Submissions
"""

from typing import Any

from sandbox.kantata import currency
from sandbox.kantata.account import Account
from sandbox.kantata.attributes import STAMPS, Kind, derived, stored, transient, writable
from sandbox.kantata.collection import BY_STAMP, Collection, Rules, belongs_to, found_by, hung_on
from sandbox.kantata.errors import InvalidError, NotFoundError, Problem
from sandbox.kantata.filters import by_ids, equal, stamped
from sandbox.kantata.parameters import listed
from sandbox.store import Record

ITEMS = {"timesheet_submissions": "time_entries", "expense_report_submissions": "expenses"}
DAYS = {"time_entries": "date_performed", "expenses": "date"}
RESOLUTIONS = {"approve": "approved", "reject": "rejected", "cancel": "cancelled"}
OPEN = {"approve": ("pending",), "reject": ("pending", "approved"), "cancel": ("pending", "approved")}


def items_of(account: Account, name: str, submission: Record) -> list[Record]:
    return account.tables[ITEMS[name]].where("recent_submission_id", [submission["id"]])


def _total(name: str) -> Any:
    def read(account: Account, submission: Record) -> int:
        if name == "expense_report_submissions":
            return sum(item["amount_in_cents"] for item in items_of(account, name, submission))
        entries = items_of(account, name, submission)
        minutes_at_rate: int = sum(entry["time_in_minutes"] * (entry.get("rate_in_cents") or 0) for entry in entries)
        return minutes_at_rate // 60

    return read


def _day(name: str, pick: Any) -> Any:
    def read(account: Account, submission: Record) -> str | None:
        days = [item[DAYS[ITEMS[name]]] for item in items_of(account, name, submission)]
        return pick(days) if days else None

    return read


def _prepare(name: str) -> Any:
    def prepare(account: Account, record: Record | None, columns: Record) -> Record:
        if record is not None:
            return columns
        ids = listed(columns["line_item_ids"])
        items = account.tables[ITEMS[name]].where("id", ids)
        if len(items) != len(set(ids)) or any(item.get("active_submission_id") is not None for item in items):
            raise InvalidError(Problem("line_item_ids", "is invalid"))
        workspace_id = columns["workspace_id"]
        if any(item["workspace_id"] != workspace_id for item in items):
            raise InvalidError(Problem("line_item_ids", "must belong to the same project"))
        defaults = {"user_id": account.user_id, "status": "pending"}
        currency_code = account.tables["workspaces"].rows[workspace_id]["currency"]
        given = {key: value for key, value in columns.items() if value is not None}
        return {**defaults, "currency": currency_code, **given}

    return prepare


def _settle(name: str) -> Any:
    def settle(account: Account, record: Record, columns: Record) -> None:
        for item_id in listed(columns["line_item_ids"]):
            account.update(
                ITEMS[name], item_id, {"active_submission_id": record["id"], "recent_submission_id": record["id"]}
            )

    return settle


def resolve(account: Account, name: str, submission_id: str, action: str, description: str | None) -> Record:
    """Approves, rejects or cancels. Rejected and cancelled items lose their active submission, keep the recent one."""
    submission = account.tables[name].get(submission_id)
    if submission is None:
        raise NotFoundError
    if submission["status"] not in OPEN[action]:
        raise InvalidError(Problem("status", f"can't be changed from {submission['status']} to {RESOLUTIONS[action]}"))
    approved = action == "approve"
    for item in items_of(account, name, submission):
        active = submission["id"] if approved else None
        account.update(ITEMS[name], item["id"], {"approved": approved, "active_submission_id": active})
    resolution = {
        "status": RESOLUTIONS[action],
        "current_resolution_description": description,
        "current_resolution_created_at": account.now(),
        "current_resolution_creator_id": account.user_id,
    }
    return account.update(name, submission_id, resolution)


def _submissions(name: str, singular: str, subject: str, page: str, event: str) -> Collection:
    items = ITEMS[name]
    return Collection(
        name=name,
        singular=singular,
        subject=subject,
        page=page,
        verbs="LSC",
        attributes=(
            writable("title"),
            writable("comment"),
            transient("line_item_ids", Kind.IDS, required=True),
            stored("status", default="pending"),
            derived("start_date", _day(name, min)),
            derived("end_date", _day(name, max)),
            derived("line_item_total_in_cents", _total(name)),
            *currency.currency_attributes(),
            stored("current_resolution_description"),
            stored("current_resolution_created_at", Kind.DATETIME),
            stored("current_resolution_creator_id"),
            *STAMPS,
        ),
        associations=(
            belongs_to("workspace", "workspaces", writable=True, required=True),
            belongs_to("user", "users", writable=True),
            found_by(items, items, lambda account, row: items_of(account, name, row)),
            hung_on(subject, "external_references"),
        ),
        filters={
            **stamped(),
            "workspace_id": by_ids("workspace_id"),
            "workspace_ids": by_ids("workspace_id"),
            "user_id": by_ids("user_id"),
            "status": equal("status"),
        },
        orders=BY_STAMP,
        synced=True,
        rules=Rules(prepare=_prepare(name), settle=_settle(name)),
        event=event,
    )


TIMESHEET_SUBMISSIONS = _submissions(
    "timesheet_submissions",
    "timesheet_submission",
    "TimesheetSubmission",
    "https://developer.kantata.com/tag/Timesheet-Submissions",
    "timesheet",
)
EXPENSE_REPORT_SUBMISSIONS = _submissions(
    "expense_report_submissions",
    "expense_report_submission",
    "ExpenseReportSubmission",
    "https://developer.kantata.com/tag/Expense-Report-Submissions",
    "expense_report",
)
