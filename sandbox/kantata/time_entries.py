"""Time entries.

https://developer.kantata.com/tag/Time-Entries
"""

from sandbox.kantata import currency
from sandbox.kantata.account import Account
from sandbox.kantata.attributes import STAMPS, Kind, derived, stored, writable
from sandbox.kantata.collection import Collection, Filter, Rules
from sandbox.kantata.errors import InvalidError, Problem
from sandbox.kantata.filters import by_ids, equal, stamped
from sandbox.kantata.line_items import in_workspace, line_item_associations, line_item_filters, unlocked, unsettled
from sandbox.store import Record

MINUTES_IN_A_DAY = 24 * 60


def _prepare(account: Account, record: Record | None, columns: Record) -> Record:
    unlocked(record)
    workspace = in_workspace(account, record, columns)
    minutes = columns.get("time_in_minutes")
    if minutes is not None and not 0 < minutes <= MINUTES_IN_A_DAY:
        raise InvalidError(Problem("time_in_minutes", "must be between 1 and 1440"))
    if record is not None:
        return columns
    story = account.tables["stories"].get(columns.get("story_id") or "")
    user_id = columns.get("user_id") or account.user_id
    membership = next(iter(account.tables["account_memberships"].where("user_id", [user_id])), {})
    defaults = {
        "user_id": user_id,
        "billable": story["billable"] if story else not workspace.get("tasks_default_non_billable"),
        "rate_in_cents": membership.get("bill_rate_in_cents") or 0,
        "cost_rate_in_cents": membership.get("cost_rate_in_cents"),
        "role_id": membership.get("default_role_id"),
        "currency": workspace["currency"],
        "approved": not workspace.get("require_time_approvals", True),
        "is_invoiced": False,
    }
    return {**defaults, **{name: value for name, value in columns.items() if value is not None}}


TIME_ENTRIES = Collection(
    name="time_entries",
    singular="time_entry",
    subject="TimeEntry",
    page="https://developer.kantata.com/tag/Time-Entries",
    verbs="LSCUD",
    attributes=(
        writable("date_performed", Kind.DATE, required=True),
        writable("time_in_minutes", Kind.INTEGER, required=True),
        writable("billable", Kind.BOOLEAN),
        writable("notes"),
        writable("location"),
        writable("rate_in_cents", Kind.INTEGER),
        stored("cost_rate_in_cents", Kind.INTEGER),
        *currency.currency_attributes(),
        stored("approved", Kind.BOOLEAN, default=False),
        stored("is_invoiced", Kind.BOOLEAN, default=False),
        stored("taxable", Kind.BOOLEAN, default=False),
        *STAMPS,
        derived("user_can_edit", lambda _account, row: not row["is_invoiced"], optional=True),
    ),
    associations=line_item_associations("TimeEntry", "timesheet_submissions"),
    filters={
        **stamped(),
        **line_item_filters("date_performed", "date_performed_between"),
        "billable": equal("billable"),
        "created_by": by_ids("user_id"),
        "with_timesheet_id": by_ids("active_submission_id"),
        "with_recent_timesheet_ids": by_ids("recent_submission_id"),
        "in_active_submission": Filter(
            keep=lambda _account, value, _given: (
                lambda row: (row.get("active_submission_id") is not None) is (value is True)
            )
        ),
    },
    orders={name: name for name in ("date_performed", "created_at", "updated_at")},
    default_order="date_performed:desc",
    synced=True,
    bulk=100,
    bulk_delete=100,
    rules=Rules(prepare=_prepare, part=unsettled),
    event="time_entry",
)
