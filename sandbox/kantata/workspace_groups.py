"""Workspace groups, which are the companies that projects are done for.

https://developer.kantata.com/tag/Workspace-Groups
"""

from sandbox.kantata.account import Account
from sandbox.kantata.attributes import STAMPS, Kind, transient, writable
from sandbox.kantata.collection import Collection, Rules, found_by, hung_on
from sandbox.kantata.custom_fields import CUSTOM_FILTERS
from sandbox.kantata.filters import equal, matching, stamped, when_true
from sandbox.store import Record


def workspaces_of(account: Account, group: Record) -> list[Record]:
    """The group's workspaces: those whose primary group it is, and those added to it."""
    table = account.tables["workspaces"]
    primary = table.where("primary_workspace_group_id", [group["id"]])
    added = table.where("id", group.get("added_workspace_ids") or ())
    return list({row["id"]: row for row in (*primary, *added)}.values())


def groups_of(account: Account, row: Record) -> list[Record]:
    groups = account.tables["workspace_groups"]
    primary = row.get("primary_workspace_group_id")
    return groups.where("id", [*([primary] if primary else []), *(row.get("workspace_group_ids") or ())])


def _regroup(account: Account, record: Record, columns: Record) -> None:
    added, removed = columns.get("add_workspace_ids") or [], columns.get("remove_workspace_ids") or []
    if added or removed:
        held = dict.fromkeys((*(record.get("added_workspace_ids") or ()), *added))
        account.update(
            "workspace_groups", record["id"], {"added_workspace_ids": [each for each in held if each not in removed]}
        )


WORKSPACE_GROUPS = Collection(
    name="workspace_groups",
    singular="workspace_group",
    subject="WorkspaceGroup",
    page="https://developer.kantata.com/tag/Workspace-Groups",
    verbs="LSCUD",
    attributes=(
        writable("name", required=True),
        writable("company", Kind.BOOLEAN, default=False),
        writable("contact_name"),
        writable("email"),
        writable("phone_number"),
        writable("address"),
        writable("website"),
        writable("notes"),
        *STAMPS,
        transient("add_workspace_ids", Kind.IDS),
        transient("remove_workspace_ids", Kind.IDS),
    ),
    associations=(
        found_by("workspaces", "workspaces", workspaces_of),
        hung_on("WorkspaceGroup", "custom_field_values"),
        hung_on("WorkspaceGroup", "external_references"),
    ),
    filters={
        **stamped(),
        **CUSTOM_FILTERS,
        "companies_only": when_true(lambda row: bool(row.get("company"))),
        "company": equal("company"),
        "matching": matching("name"),
    },
    orders={"name": "name", "created_at": "created_at", "updated_at": "updated_at"},
    default_order="name:asc",
    search=("name",),
    synced=True,
    rules=Rules(settle=_regroup),
    event="workspace_group",
)
