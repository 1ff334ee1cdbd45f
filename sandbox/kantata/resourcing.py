"""Who works on a project and when: its resources, named or not, and their allocations.

https://developer.kantata.com/tag/Workspace-Resources , https://developer.kantata.com/tag/Workspace-Allocations
"""

from datetime import date, timedelta
from itertools import count
from typing import Any

from sandbox.kantata.account import Account
from sandbox.kantata.attributes import STAMPS, Kind, derived, transient, unshown, writable
from sandbox.kantata.collection import BY_STAMP, Collection, Filter, Given, Keep, Rules, belongs_to, has_many, hung_on
from sandbox.kantata.errors import BadRequestError, InvalidError, NotFoundError, Problem
from sandbox.kantata.filters import by_ids, stamped, when_true
from sandbox.store import Record

WORKING_DAYS = 5
MINUTES_A_DAY = 8 * 60


def _allocations(account: Account, resource: Record) -> list[Record]:
    return account.tables["workspace_allocations"].where("workspace_resource_id", [resource["id"]])


def _label(account: Account, resource: Record) -> str:
    named = resource.get("label")
    user = account.tables["users"].get(resource.get("user_id") or "")
    role = account.tables["roles"].get(resource.get("role_id") or "")
    return str(named or (user and user["full_name"]) or (role and role["name"]) or "Unnamed Resource")


def _named_after(table: str, column: str, name: str) -> Any:
    def read(account: Account, resource: Record) -> str | None:
        found = account.tables[table].get(resource.get(column) or "")
        return found[name] if found else None

    return read


def _rate(kind: str) -> Any:
    def read(account: Account, resource: Record) -> int | None:
        found = account.tables["account_memberships"].where("user_id", [resource.get("user_id")])
        return found[0].get(kind) if found else None

    return read


def workdays(start: str, end: str) -> int:
    """Mondays to Fridays from the first day to the last, both included."""
    first, last = date.fromisoformat(start), date.fromisoformat(end)
    weeks, rest = divmod((last - first).days + 1, 7)
    return weeks * WORKING_DAYS + sum((first.weekday() + day) % 7 < WORKING_DAYS for day in range(rest))


def _percentage(_account: Account, allocation: Record) -> int:
    """The minutes against a working week of 40 hours over the same days."""
    days = workdays(allocation["start_date"], allocation["end_date"])
    return round(100 * allocation["minutes"] / (days * MINUTES_A_DAY)) if days else 0


def _prepare(account: Account, record: Record | None, columns: Record) -> Record:
    merged = {**(record or {}), **columns}
    if merged["end_date"] < merged["start_date"]:
        raise InvalidError(Problem("end_date", "can't be before the start date"))
    if merged["minutes"] < 0:
        raise InvalidError(Problem("minutes", "must be greater than or equal to 0"))
    resource_id = columns.pop("resource_id", None)
    if resource_id is not None:
        resource = account.tables["workspace_resources"].get(resource_id)
        if resource is None:
            raise InvalidError(Problem("resource_id", "is invalid"))
        columns |= {
            "workspace_resource_id": resource_id,
            "workspace_id": resource["workspace_id"],
            "_user_id": resource.get("user_id"),
        }
    return columns if record is not None else {"hard": True, **columns}


def _prepare_resource(account: Account, record: Record | None, columns: Record) -> Record:
    """The label comes with the role and can be changed later on; who is unnamed needs a role."""
    merged = {**(record or {}), **columns}
    if merged.get("user_id") is None and merged.get("role_id") is None:
        raise InvalidError(Problem("role_id", "can't be blank"))
    if record is not None:
        return columns
    if columns.get("role_id") is None:
        memberships = account.tables["account_memberships"].where("user_id", [columns["user_id"]])
        columns["role_id"] = memberships[0].get("default_role_id") if memberships else None
    columns["label"] = _next_label(account, columns) if columns.get("user_id") is None else None
    return columns


def _next_label(account: Account, columns: Record) -> str:
    """`Architect`, then `Architect 2`: by role, and numbered within the project."""
    role = str(account.tables["roles"].rows[columns["role_id"]]["name"])
    taken = {
        _label(account, each)
        for each in account.tables["workspace_resources"].where("workspace_id", [columns["workspace_id"]])
    }
    return next(label for n in count(1) if (label := role if n == 1 else f"{role} {n}") not in taken)


def _keep_last(account: Account, resource: Record) -> None:
    """A person's last resource within a project stays."""
    if resource.get("user_id") is None:
        return
    others = account.tables["workspace_resources"].where("workspace_id", [resource["workspace_id"]])
    if not any(each["user_id"] == resource["user_id"] for each in others if each is not resource):
        raise InvalidError(Problem("base", "can't be deleted because it is the user's last resource in the project"))


def _rename(account: Account, resource: Record, _columns: Record) -> None:
    for allocation in _allocations(account, resource):
        if allocation.get("_user_id") != resource.get("user_id"):
            account.update("workspace_allocations", allocation["id"], {"_user_id": resource.get("user_id")})


def split(account: Account, allocation_id: str, day: str) -> list[Record]:
    """Cuts an allocation in two at `day`, which begins the second part; minutes go by working days."""
    allocation = account.tables["workspace_allocations"].get(allocation_id)
    if allocation is None:
        raise NotFoundError
    if not allocation["start_date"] < day <= allocation["end_date"]:
        raise InvalidError(Problem("split_date", "must be within the allocation"))
    eve = (date.fromisoformat(day) - timedelta(1)).isoformat()
    days = workdays(allocation["start_date"], allocation["end_date"])
    before = allocation["minutes"] * workdays(allocation["start_date"], eve) // days if days else 0
    copied = ("workspace_id", "workspace_resource_id", "hard", "notes", "_user_id")
    rest = {name: allocation.get(name) for name in copied}
    rest |= {"start_date": day, "end_date": allocation["end_date"], "minutes": allocation["minutes"] - before}
    first = account.update("workspace_allocations", allocation_id, {"end_date": eve, "minutes": before})
    return [first, account.insert("workspace_allocations", rest)]


def _overlapping(_account: Account, value: Any, _given: Given) -> Keep:
    start, separator, end = str(value).partition(":")
    if not separator:
        raise BadRequestError("overlaps_with_date_range takes two dates separated by a colon")
    return lambda row: (not end or row["start_date"] <= end) and (not start or row["end_date"] >= start)


def _of_type(_account: Account, value: Any, _given: Given) -> Keep | None:
    return (lambda row: bool(row["hard"]) is (value == "hard")) if value in {"hard", "soft"} else None


WORKSPACE_RESOURCES = Collection(
    name="workspace_resources",
    singular="workspace_resource",
    subject="WorkspaceResource",
    page="https://developer.kantata.com/tag/Workspace-Resources",
    verbs="LSCUD",
    attributes=(
        derived("label", _label),
        unshown("label"),
        derived("display_label", _label),
        derived("full_name", _named_after("users", "user_id", "full_name")),
        derived("role_name", _named_after("roles", "role_id", "name")),
        derived(
            "total_allocated_minutes", lambda account, row: sum(each["minutes"] for each in _allocations(account, row))
        ),
        derived("resource_bill_rate", _rate("bill_rate_in_cents"), optional=True),
        derived("resource_cost_rate", _rate("cost_rate_in_cents"), optional=True),
        *STAMPS,
    ),
    associations=(
        belongs_to("workspace", "workspaces", writable=True, required=True),
        belongs_to("user", "users", writable=True),
        belongs_to("role", "roles", writable=True),
        has_many("allocations", "workspace_allocations", by="workspace_resource_id"),
        hung_on("WorkspaceResource", "external_references"),
        hung_on("Resource", "custom_field_values"),
    ),
    filters={
        **stamped(),
        "workspace_id": by_ids("workspace_id"),
        "workspace_ids": by_ids("workspace_id"),
        "user_id": by_ids("user_id"),
        "role_id": by_ids("role_id"),
        "only_unnamed": when_true(lambda row: row.get("user_id") is None),
        "include_unnamed": Filter(),
        "matching": Filter(
            keep=lambda account, value, _given: lambda row: str(value).casefold() in _label(account, row).casefold()
        ),
    },
    orders=BY_STAMP,
    synced=True,
    bulk=200,
    rules=Rules(prepare=_prepare_resource, settle=_rename, part=_keep_last),
    event="workspace_resource",
    valued_as="Resource",
    parts=(("workspace_allocations", "workspace_resource_id"),),
)

WORKSPACE_ALLOCATIONS = Collection(
    name="workspace_allocations",
    singular="workspace_allocation",
    subject="WorkspaceAllocation",
    page="https://developer.kantata.com/tag/Workspace-Allocations",
    verbs="LSCUD",
    attributes=(
        writable("start_date", Kind.DATE, required=True),
        writable("end_date", Kind.DATE, required=True),
        writable("minutes", Kind.INTEGER, required=True),
        writable("hard", Kind.BOOLEAN, default=True),
        writable("notes"),
        transient("resource_id", Kind.ID, required=True),
        derived("percentage", _percentage),
        *STAMPS,
    ),
    associations=(
        belongs_to("workspace", "workspaces"),
        belongs_to("workspace_resource", "workspace_resources"),
        belongs_to("creator", "users"),
        hung_on("WorkspaceAllocation", "external_references"),
    ),
    filters={
        **stamped(),
        "user_ids": by_ids("_user_id"),
        "workspace_id": by_ids("workspace_id"),
        "workspace_ids": by_ids("workspace_id"),
        "workspace_resource_ids": by_ids("workspace_resource_id"),
        "overlaps_with_date_range": Filter(keep=_overlapping),
        "type": Filter(keep=_of_type),
        "named_resources_only": when_true(lambda row: row.get("_user_id") is not None),
        "unnamed_resources_only": when_true(lambda row: row.get("_user_id") is None),
    },
    orders=BY_STAMP,
    synced=True,
    bulk=200,
    rules=Rules(prepare=_prepare),
    event="workspace_allocation",
)
