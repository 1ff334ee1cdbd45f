"""The collections that are read: what each takes and gives, as https://developer.kantata.com documents them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from platforms.kantata.client import Parameters
from platforms.kantata.conditions import Condition
from platforms.kantata.keys import Keys
from platforms.readers import Facet
from platforms.rows import Field


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """`always` are the parameters without which the defaults would hide records; `steady` the order of plain lists.

    Ids can't be ordered by. The steady order is by creation where there is one, in which a new record comes last and
    moves none; of equal ones the API puts the lower id first.
    """

    collection: str
    always: Parameters = ()
    associations: Mapping[str, str] = field(default_factory=dict)
    listed: Mapping[str, str] = field(default_factory=dict)
    """Attributes that are lists of ids, with the association whose include brings them."""
    optional: frozenset[str] = frozenset()
    steady: str = "created_at:asc"


@dataclass(frozen=True, slots=True, kw_only=True)
class KantataFacet(Facet):
    """A facet that knows its endpoint, and how the endpoint finds, narrows and orders."""

    endpoint: Endpoint
    keys: Mapping[str, Keys]
    conditions: Mapping[str, Condition]
    sorts: Mapping[str, str]
    """The endpoint's order for a path."""
    kinds: tuple[Field, frozenset[object]] | None = None
    """A field and the values that it has in records of this facet, where the collection holds others too."""


WORKSPACE_GROUPS = Endpoint(
    collection="workspace_groups",
    always=(("companies_only", "true"),),
    associations={"external_references": "external_references"},
)
WORKSPACES = Endpoint(
    collection="workspaces",
    always=(("include_archived", "true"),),
    associations={
        "external_references": "external_references",
        "custom_field_values": "custom_field_values",
        "primary_maven": "users",
    },
    optional=frozenset({"estimated_minutes"}),
)
WORKSPACE_ALLOCATIONS = Endpoint(
    collection="workspace_allocations",
    associations={"workspace": "workspaces", "workspace_resource": "workspace_resources"},
    steady="updated_at:asc",
)
TIME_ENTRIES = Endpoint(
    collection="time_entries",
    always=(("on_my_account", "false"), ("from_archived_workspaces", "true")),
    associations={
        "workspace": "workspaces",
        "user": "users",
        "story": "stories",
        "recent_submission": "timesheet_submissions",
    },
)
EXPENSES = Endpoint(
    collection="expenses",
    always=(("on_my_account", "false"), ("from_archived_workspaces", "true")),
    associations={"workspace": "workspaces", "user": "users", "recent_submission": "expense_report_submissions"},
)
USERS = Endpoint(
    collection="users",
    # Without it, only those who take part in a project are found.
    always=(("on_my_account", "true"),),
    associations={"account_membership": "account_memberships", "custom_field_values": "custom_field_values"},
    steady="alphabetical:asc",
)

WORKSPACE_RESOURCES = Endpoint(
    collection="workspace_resources",
    always=(("include_unnamed", "true"),),
    associations={
        "external_references": "external_references",
        "custom_field_values": "custom_field_values",
        "workspace": "workspaces",
    },
)
INVOICES = Endpoint(
    collection="invoices",
    associations={
        "external_references": "external_references",
        "workspaces": "workspaces",
        "time_entries": "time_entries",
        "expenses": "expenses",
        "additional_items": "additional_items",
    },
    listed={"workspace_ids": "workspaces", "time_entry_ids": "time_entries", "expense_ids": "expenses"},
)


def stories(*types: str) -> Endpoint:
    """The stories of some of their types."""
    return Endpoint(
        collection="stories",
        always=(
            ("all_on_account", "true"),
            ("show_archived", "true"),
            ("show_from_archived_workspaces", "true"),
            ("story_types", ",".join(types)),
        ),
        associations={"workspace": "workspaces", "parent": "stories", "external_references": "external_references"},
    )
