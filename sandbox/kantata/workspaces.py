"""Workspaces, which are projects.

https://developer.kantata.com/tag/Workspaces
"""

from typing import Any

from sandbox.kantata import currency
from sandbox.kantata.account import ACCOUNT_ID, Account
from sandbox.kantata.attributes import STAMPS, Kind, derived, stored, transient, unshown, writable
from sandbox.kantata.collection import (
    Collection,
    Filter,
    Given,
    Keep,
    Rules,
    belongs_to,
    found_by,
    has_many,
    hung_on,
    listed_in,
)
from sandbox.kantata.custom_fields import CUSTOM_FILTERS
from sandbox.kantata.errors import InvalidError, Problem
from sandbox.kantata.filters import (
    by_ids,
    excluding,
    matching,
    on_or_after,
    on_or_before,
    stamped,
)
from sandbox.kantata.parameters import listed
from sandbox.kantata.workspace_groups import groups_of, workspaces_of
from sandbox.store import Record

STATUSES = {
    201: ("grey", "Planned"),
    301: ("green", "In progress"),
    401: ("yellow", "On hold"),
    501: ("red", "Cancelled"),
    601: ("blue", "Completed"),
}
"""The account's own list of project statuses: key -> colour and message."""

ACCESS = (
    "edit_tasks",
    "view_tasks",
    "edit_time_and_expenses",
    "view_time_and_expenses",
    "edit_financials",
    "view_financials",
    "admin",
)


def _status(_account: Account, row: Record) -> dict[str, Any]:
    color, message = STATUSES[row["status_key"]]
    return {"color": color, "key": row["status_key"], "message": message}


def _budget_used(account: Account, row: Record) -> int:
    """Time at its rate and the expenses logged so far, in minor units."""
    minutes_at_rate: int = sum(
        entry["time_in_minutes"] * (entry.get("rate_in_cents") or 0)
        for entry in account.tables["time_entries"].where("workspace_id", [row["id"]])
        if entry.get("billable")
    )
    return minutes_at_rate // 60 + _total_expenses(account, row)


def _total_expenses(account: Account, row: Record) -> int:
    return sum(each["amount_in_cents"] for each in account.tables["expenses"].where("workspace_id", [row["id"]]))


def _percent_used(account: Account, row: Record) -> int | None:
    price = row.get("price_in_cents")
    return 100 * _budget_used(account, row) // price if price else None


def _remaining(account: Account, row: Record) -> str:
    price = row.get("price_in_cents")
    return currency.formatted(None if price is None else price - _budget_used(account, row), currency.of(row))


def _minutes(account: Account, row: Record, *, billable: bool | None = None, approved: bool | None = None) -> int:
    return sum(
        entry["time_in_minutes"]
        for entry in account.tables["time_entries"].where("workspace_id", [row["id"]])
        if (billable is None or entry["billable"] is billable) and (approved is None or entry["approved"] is approved)
    )


def _pending(table: str) -> Any:
    def read(account: Account, row: Record) -> bool:
        return any(each["status"] == "pending" for each in account.tables[table].where("workspace_id", [row["id"]]))

    return read


def _lead_name(account: Account, row: Record) -> str | None:
    lead = account.tables["users"].get(row.get("primary_maven_id") or "")
    return lead["full_name"] if lead else None


def _archiving(_account: Account, value: Any, given: Given) -> Keep | None:
    """`archived` (only, exclude, include) has the last word, else `include_archived`, which is false by default."""
    shown = given.get("archived") or ("include" if value is True else "exclude")
    if shown == "include":
        return None
    return (lambda row: bool(row.get("archived"))) if shown == "only" else (lambda row: not row.get("archived"))


def _in_groups(account: Account, _name: str, value: Any) -> list[Record]:
    groups = account.tables["workspace_groups"].where("id", listed(value))
    found = account.tables["workspaces"].where("primary_workspace_group_id", [group["id"] for group in groups])
    others = [row for group in groups for row in workspaces_of(account, group)]
    return list({row["id"]: row for row in (*found, *others)}.values())


def _prepare(account: Account, record: Record | None, columns: Record) -> Record:
    merged = {**(record or {}), **columns}
    key = columns.get("status_key")
    if key is not None and key not in STATUSES:
        raise InvalidError(Problem("status_key", "is not included in the list"))
    if "price" in columns:
        price = columns["price"]
        columns["price_in_cents"] = None if price is None else currency.minor_units(price, currency.of(merged))
    for name in ("workspace_group_ids", "approver_ids"):
        target = "workspace_groups" if name == "workspace_group_ids" else "users"
        if any(account.tables[target].get(each) is None for each in columns.get(name) or ()):
            raise InvalidError(Problem(name, "is invalid"))
    start, due = merged.get("start_date"), merged.get("due_date")
    if start and due and due < start:
        raise InvalidError(Problem("due_date", "can't be before the start date"))
    if record is not None:
        return columns
    if columns.get("budgeted") and columns.get("price_in_cents") is None:
        raise InvalidError(Problem("price", "can't be blank"))
    defaults = {
        "status_key": 201,
        "archived": False,
        "creator_id": account.user_id,
        "currency": currency.ACCOUNT_CURRENCY,
    }
    return {**defaults, **{name: value for name, value in columns.items() if value is not None}}


def _settle(account: Account, record: Record, columns: Record) -> None:
    """The creator, the lead and the invited take part."""
    invited = columns.get("participations") or ()
    members = {str(each.get("user_id")): str(each.get("access") or "view_tasks") for each in invited}
    for user_id in (record.get("creator_id"), record.get("primary_maven_id")):
        if user_id:
            members.setdefault(user_id, "admin")
    table = account.tables["participations"]
    present = {each["user_id"] for each in table.where("workspace_id", [record["id"]])}
    for user_id, access in members.items():
        if user_id not in present and account.tables["users"].get(user_id) is not None:
            account.insert(
                "participations", {"workspace_id": record["id"], "user_id": user_id, "role": "maven", "access": access}
            )


def _participants(account: Account, row: Record) -> list[Record]:
    members = account.tables["participations"].where("workspace_id", [row["id"]])
    return account.tables["users"].where("id", [each["user_id"] for each in members])


def _all_resources(account: Account, row: Record) -> list[Record]:
    return account.tables["workspace_resources"].where("workspace_id", [row["id"]])


def _named_resources(account: Account, row: Record) -> list[Record]:
    return [each for each in _all_resources(account, row) if each.get("user_id") is not None]


WORKSPACES = Collection(
    name="workspaces",
    singular="workspace",
    subject="Workspace",
    page="https://developer.kantata.com/tag/Workspaces",
    verbs="LSCU",
    attributes=(
        writable("title", required=True),
        derived("account_id", lambda _account, _row: ACCOUNT_ID),
        writable("archived", Kind.BOOLEAN, default=False),
        writable("description"),
        writable("start_date", Kind.DATE),
        writable("due_date", Kind.DATE),
        derived("effective_due_date", lambda _account, row: row.get("due_date")),
        writable("budgeted", Kind.BOOLEAN, default=False),
        transient("price", Kind.NUMBER),
        derived("price", lambda _account, row: currency.formatted(row.get("price_in_cents"), currency.of(row))),
        stored("price_in_cents", Kind.INTEGER),
        derived("budget_used", lambda account, row: currency.formatted(_budget_used(account, row), currency.of(row))),
        derived("budget_used_in_cents", _budget_used),
        derived("budget_remaining", _remaining),
        derived("percent_of_budget_used", _percent_used),
        derived("over_budget", lambda account, row: (_percent_used(account, row) or 0) > 100),
        *currency.currency_attributes(),
        unshown("currency"),
        stored("percentage_complete", Kind.INTEGER, default=0),
        writable("access_level", default="invitation", choices=("invitation", "open", "admin")),
        derived("status", _status),
        unshown("status_key", Kind.INTEGER),
        writable("target_margin", Kind.NUMBER),
        writable("rate_card_id", Kind.INTEGER),
        stored("consultant_role_name", default="Consultants"),
        stored("client_role_name", default="Clients"),
        writable("require_time_approvals", Kind.BOOLEAN, default=True),
        writable("require_expense_approvals", Kind.BOOLEAN, default=True),
        derived("has_active_timesheet_submissions", _pending("timesheet_submissions")),
        derived("has_active_expense_report_submissions", _pending("expense_report_submissions")),
        derived("total_expenses_in_cents", _total_expenses),
        writable("change_orders_enabled", Kind.BOOLEAN, default=False),
        writable("tasks_default_non_billable", Kind.BOOLEAN, default=False),
        writable("stories_are_fixed_fee_by_default", Kind.BOOLEAN, default=False),
        stored("expenses_in_burn_rate", Kind.BOOLEAN, default=True),
        derived("permissions", lambda _account, _row: {"can_upload_files": True, "can_join": True}),
        *STAMPS,
        derived("stage", lambda _account, row: row.get("stage", "project"), optional=True),
        unshown("stage"),
        derived("total_invoiced", lambda _account, row: row.get("total_invoiced", 0), optional=True),
        derived("billable_minutes", lambda account, row: _minutes(account, row, billable=True), optional=True),
        derived("minutes_logged", _minutes, optional=True),
        derived("total_minutes_approved", lambda account, row: _minutes(account, row, approved=True), optional=True),
        stored("estimated_minutes", Kind.INTEGER, optional=True),
        stored("lock_date", Kind.DATE, optional=True),
        derived("provider_lead_name", _lead_name, optional=True),
        derived("client_lead_name", lambda _account, _row: None, optional=True),
        stored("revenue_recognition_method_id", optional=True),
        stored("revenue_recognition_method_name", optional=True),
        transient("creator_role"),
        unshown("workspace_group_ids", Kind.IDS),
        unshown("approver_ids", Kind.IDS),
        transient("participations", Kind.OBJECTS),
    ),
    associations=(
        belongs_to("creator", "users"),
        belongs_to("primary_maven", "users", writable=True),
        belongs_to("primary_counterpart", "users", writable=True),
        belongs_to("primary_workspace_group", "workspace_groups", writable=True),
        listed_in("approvers", "users", "approver_ids"),
        found_by("participants", "users", _participants),
        has_many("participations", "participations", by="workspace_id"),
        found_by("workspace_groups", "workspace_groups", groups_of),
        found_by("workspace_resources", "workspace_resources", _named_resources),
        found_by("workspace_resources_with_unnamed", "workspace_resources", _all_resources),
        hung_on("Workspace", "custom_field_values"),
        hung_on("Workspace", "external_references"),
        has_many("billing_milestones", "billing_milestones", by="workspace_id"),
        has_many("timesheet_submissions", "timesheet_submissions", by="workspace_id"),
    ),
    filters={
        **stamped(),
        **CUSTOM_FILTERS,
        "include_archived": Filter(keep=_archiving, default=False),
        "archived": Filter(),  # read by `include_archived`
        "except": excluding(),
        "matching": matching("title"),
        "stage": Filter(keep=lambda _a, value, _g: lambda row: row.get("stage", "project") == value),
        "workspace_groups": Filter(rows=_in_groups),
        "provider_lead": by_ids("primary_maven_id"),
        "due_date_before": on_or_before("due_date"),
        "due_date_after": on_or_after("due_date"),
    },
    orders={name: name for name in ("title", "start_date", "due_date", "created_at", "updated_at")},
    search=("title",),
    synced=True,
    rules=Rules(prepare=_prepare, settle=_settle),
    event="workspace",
    parts=tuple(
        (name, "workspace_id")
        for name in (
            "time_entries",
            "expenses",
            "timesheet_submissions",
            "expense_report_submissions",
            "workspace_allocations",
            "workspace_resources",
            "participations",
            "billing_milestones",
            "stories",
        )
    ),
)
