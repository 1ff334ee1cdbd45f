"""Kantata for the contract suite."""

from typing import Any

from platforms.readers import Facet
from sandbox.kantata.platform import KantataPlatform

CREDENTIALS = ("access_token",)
PAGE_ROWS = 16
OPTIONS: dict[str, Any] = {"page_size": PAGE_ROWS}
UNTOLD = {
    "Account": {"name", "website"},  # the client's name as the PSA spells it; the answer key has the CRM's
}
COLLECTIONS = {
    "workspace_group": "workspace_groups",
    "workspace": "workspaces",
    "story": "stories",
    "workspace_allocation": "workspace_allocations",
    "time_entry": "time_entries",
    "expense": "expenses",
    "user": "users",
}


def strangers(type_name: str, count: int) -> list[str]:
    return [str(999_000_000_000 + number) for number in range(count)]


def fields(platform: KantataPlatform, facet: Facet) -> set[str]:
    """The attributes and associations; an association may be mapped by the id that it is told with."""
    collection = platform.account.collections[COLLECTIONS[facet.entity]]
    mapped = {field.name for row in facet.rows for field in row.fields}
    told = {attribute.name for attribute in collection.attributes if not attribute.unshown}
    linked = {
        f"{association.name}_id" if f"{association.name}_id" in mapped else association.name
        for association in collection.associations
    }
    return told | linked
