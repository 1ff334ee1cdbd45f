"""Stories, which are tasks and milestones.

https://developer.kantata.com/tag/Stories
"""

from collections.abc import Callable
from typing import Any

from sandbox.kantata import currency
from sandbox.kantata.account import Account
from sandbox.kantata.attributes import STAMPS, Kind, derived, stored, transient, writable
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
)
from sandbox.kantata.custom_fields import CUSTOM_FILTERS
from sandbox.kantata.errors import InvalidError, Problem
from sandbox.kantata.filters import (
    accepted,
    between,
    by_ids,
    from_archived_workspaces,
    on_or_after,
    on_or_before,
    one_of,
    stamped,
    when_true,
)
from sandbox.kantata.parameters import listed
from sandbox.store import Record

STATUSES = {
    10: ("Not started", "not started"),
    20: ("Started", "started"),
    30: ("Completed", "completed"),
    40: ("Accepted", "completed"),
    50: ("Billed", "completed"),
}
"""The account's own task statuses: key -> message, and the state behind it."""

STATES = {"not started": 10, "started": 20, "needs info": 20, "completed": 30}
STORY_TYPES = ("task", "deliverable", "milestone", "issue")
MAX_DEPTH = 4


def _status(_account: Account, row: Record) -> dict[str, Any]:
    return {"key": row["status_key"], "message": STATUSES[row["status_key"]][0]}


def depth(account: Account, row: Record) -> int:
    """0 for a task of the project itself, up to 4 for the deepest sub-task."""
    return len(_ancestors(account, row))


def _ancestors(account: Account, row: Record) -> list[str]:
    """The ids from the top-level story down to the parent."""
    chain: list[str] = []
    parent = row.get("parent_id")
    while parent is not None and len(chain) <= MAX_DEPTH:
        chain.insert(0, parent)
        above = account.tables["stories"].get(parent)
        parent = above.get("parent_id") if above else None
    return chain


def _root(account: Account, row: Record) -> str | None:
    chain = _ancestors(account, row)
    return chain[0] if chain else None


def _logged(billable: bool) -> Any:
    def read(account: Account, row: Record) -> int:
        entries = account.tables["time_entries"].where("story_id", [row["id"]])
        return sum(entry["time_in_minutes"] for entry in entries if entry["billable"] is billable)

    return read


def _balance(*, invoiced: bool | None = None) -> Callable[[Account, Record], int]:
    """Billable time at its hourly rate, in minor units; of invoiced or uninvoiced time alone where told so."""

    def read(account: Account, row: Record) -> int:
        minutes_at_rate: int = sum(
            entry["time_in_minutes"] * (entry.get("rate_in_cents") or 0)
            for entry in account.tables["time_entries"].where("story_id", [row["id"]])
            if entry["billable"] and (invoiced is None or entry["is_invoiced"] is invoiced)
        )
        return minutes_at_rate // 60

    return read


def _children(account: Account, row: Record) -> list[Record]:
    return account.tables["stories"].where("parent_id", [row["id"]])


def _prepare(account: Account, record: Record | None, columns: Record) -> Record:
    merged = {**(record or {}), **columns}
    parent_id = columns.get("parent_id")
    if parent_id is not None:
        parent = account.tables["stories"].rows[parent_id]
        if parent["workspace_id"] != merged["workspace_id"] or parent is record:
            raise InvalidError(Problem("parent_id", "is invalid"))
        if depth(account, parent) >= MAX_DEPTH:
            raise InvalidError(Problem("parent_id", "is nested too deeply"))
    _move(account, record, columns)
    if record is not None:
        return columns
    defaults = {
        "status_key": 10,
        "state": "not started",
        "billable": True,
        "archived": False,
        "creator_id": account.user_id,
        "currency": account.tables["workspaces"].rows[columns["workspace_id"]]["currency"],
    }
    return {**defaults, **{name: value for name, value in columns.items() if value is not None}}


def _move(account: Account, record: Record | None, columns: Record) -> None:
    """State and status go together; a completed story is done to 100 per cent and keeps when it was."""
    status = columns.pop("status", None)
    if status is not None:
        key = status.get("key") if isinstance(status, dict) else status
        keys = {str(number): number for number in STATUSES} | {
            text[0].lower(): number for number, text in STATUSES.items()
        }
        if str(key).lower() not in keys:
            raise InvalidError(Problem("status", "is not included in the list"))
        columns["status_key"] = keys[str(key).lower()]
        columns["state"] = STATUSES[columns["status_key"]][1]
    elif columns.get("state") is not None:
        columns["status_key"] = STATES[columns["state"]]
    if "state" not in columns:
        return
    if columns["state"] == "completed":
        columns["percentage_complete"] = 100
        columns["completed_at"] = (record or {}).get("completed_at") or account.now()
    else:
        columns["completed_at"] = None


def _settle(account: Account, record: Record, columns: Record) -> None:
    """`assignments` replaces the list of who is assigned."""
    if "assignments" not in columns:
        return
    wanted = {str(each.get("assignee_id")) for each in columns["assignments"] or ()}
    for assignment in account.tables["assignments"].where("story_id", [record["id"]]):
        if assignment["assignee_id"] not in wanted:
            account.delete("assignments", assignment["id"])
        wanted.discard(assignment["assignee_id"])
    for user_id in sorted(wanted):
        if account.tables["users"].get(user_id) is not None:
            account.insert("assignments", {"story_id": record["id"], "assignee_id": user_id, "current": True})


def _archiving(_account: Account, value: Any, given: Given) -> Keep | None:
    """An archived story shows only on request: `show_archived`, `only_archived`, or `archived=include|only`."""
    if given.get("only_archived") is True or given.get("archived") == "only":
        return lambda row: bool(row.get("archived"))
    if value is True or given.get("archived") == "include":
        return None
    return lambda row: not row.get("archived")


def _assigned(account: Account, _name: str, value: Any) -> list[Record]:
    found = account.tables["assignments"].where("assignee_id", listed(value))
    return account.tables["stories"].where("id", [each["story_id"] for each in found])


def _of_group(account: Account, _name: str, value: Any) -> list[Record]:
    found = account.tables["workspaces"].where("primary_workspace_group_id", listed(value))
    return account.tables["stories"].where("workspace_id", [each["id"] for each in found])


def _by_status(_account: Account, value: Any, _given: Given) -> Keep:
    names = {text.lower() for text in listed(value)}
    return lambda row: row["state"] in names or STATUSES[row["status_key"]][0].lower() in names


def _completed_between(_account: Account, value: Any, _given: Given) -> Keep:
    start, _, end = str(value).partition(":")

    def test(row: Record) -> bool:
        day = row["completed_at"].date().isoformat() if row.get("completed_at") else ""
        return bool(day) and (not start or day >= start) and (not end or day <= end)

    return test


def _assignees(account: Account, row: Record) -> list[Record]:
    assigned = account.tables["assignments"].where("story_id", [row["id"]])
    return account.tables["users"].where("id", [each["assignee_id"] for each in assigned])


STORIES = Collection(
    name="stories",
    singular="story",
    subject="Story",
    page="https://developer.kantata.com/tag/Stories",
    verbs="LSCUD",
    attributes=(
        writable("title", required=True),
        writable("description"),
        writable("story_type", required=True, choices=STORY_TYPES),
        writable("state", choices=tuple(STATES)),
        transient("status"),
        derived("status", _status),
        writable("start_date", Kind.DATE),
        writable("due_date", Kind.DATE),
        writable("priority", default="normal", choices=("critical", "high", "normal", "low")),
        writable("percentage_complete", Kind.INTEGER, default=0),
        writable("budget_estimate_in_cents", Kind.INTEGER),
        *currency.currency_attributes(),
        writable("time_estimate_in_minutes", Kind.INTEGER),
        writable("billable", Kind.BOOLEAN, default=True),
        writable("fixed_fee", Kind.BOOLEAN, default=False),
        writable("weight", Kind.NUMBER),
        writable("position", Kind.INTEGER),
        writable("archived", Kind.BOOLEAN, default=False),
        stored("deleted_at", Kind.DATETIME),
        stored("completed_at", Kind.DATETIME),
        derived("ancestry_depth", depth),
        derived("ancestor_ids", _ancestors),
        derived("root_id", _root),
        derived("sub_story_count", lambda account, row: len(_children(account, row))),
        derived("logged_billable_time_in_minutes", _logged(billable=True)),
        derived("logged_nonbillable_time_in_minutes", _logged(billable=False)),
        derived("budget_used_in_cents", _balance()),
        derived("invoiced_balance_in_cents", _balance(invoiced=True)),
        derived("uninvoiced_balance_in_cents", _balance(invoiced=False)),
        stored("time_trackable", Kind.BOOLEAN, default=True),
        *STAMPS,
        transient("assignments", Kind.OBJECTS),
    ),
    associations=(
        belongs_to("workspace", "workspaces", writable=True, required=True),
        belongs_to("creator", "users"),
        belongs_to("parent", "stories", writable=True),
        has_many("sub_stories", "stories", by="parent_id"),
        found_by("assignees", "users", _assignees),
        has_many("current_assignments", "assignments", by="story_id"),
        hung_on("Story", "custom_field_values"),
        hung_on("Story", "external_references"),
    ),
    filters={
        **stamped(),
        **CUSTOM_FILTERS,
        "workspace_id": by_ids("workspace_id"),
        "workspace_ids": by_ids("workspace_id"),
        "with_projects": by_ids("workspace_id"),
        "with_parent_id": by_ids("parent_id"),
        "with_assignees": Filter(rows=_assigned),
        "by_workspace_group": Filter(rows=_of_group),
        "story_type": one_of("story_type"),
        "story_types": one_of("story_type"),
        "priority": one_of("priority"),
        "completed": when_true(lambda row: row["state"] == "completed"),
        "uncompleted": when_true(lambda row: row["state"] != "completed"),
        "parents_only": when_true(lambda row: row.get("parent_id") is None),
        "completed_between": Filter(keep=_completed_between),
        "due_between": between("due_date"),
        "due_after": on_or_after("due_date"),
        "due_before": on_or_before("due_date"),
        "starting_between": between("start_date"),
        "by_status": Filter(keep=_by_status),
        "all_on_account": accepted(),
        "archived": Filter(),  # read by `show_archived`
        "only_archived": Filter(),
        "show_archived": Filter(keep=_archiving, default=False),
        "show_from_archived_workspaces": from_archived_workspaces(),
    },
    orders={name: name for name in ("title", "created_at", "updated_at", "due_date", "start_date", "position")},
    search=("title", "description"),
    synced=True,
    bulk=300,
    rules=Rules(prepare=_prepare, settle=_settle),
    event="story",
    parts=(("stories", "parent_id"), ("assignments", "story_id")),
)
