"""Shapes one page of records as a Relay connection."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from resolvers.plan.nodes import Connection, ConnectionSlot
from resolvers.plan.shapes import shape_of


@dataclass(frozen=True, slots=True, kw_only=True)
class PageOf:
    """One page: how many records it shows, where it stands, and how to write the cursor of its n-th record."""

    size: int
    has_next: bool
    has_previous: bool
    total: int | None
    cursor: Callable[[int], str]


Selected = Mapping[int, Sequence[Any]]
"""By the identity of a record selection: the selected records of the page, in order."""


def connection_of(connection: Connection, selected: Selected, page: PageOf) -> msgspec.Struct:
    """The connection as its selection wants it."""
    values = [_slot(connection, slot, selected, page) for slot in connection.slots]
    return shape_of(slot.key for slot in connection.slots)(*values)


def plain_shape(connection: Connection) -> Callable[[list[Any]], msgspec.Struct]:
    """Makes a `plain` connection of its nodes."""
    return shape_of(slot.key for slot in connection.slots)


def _slot(connection: Connection, slot: ConnectionSlot, selected: Selected, page: PageOf) -> Any:
    match slot.kind:
        case "nodes":
            return list(selected[id(slot.records[""])])
        case "edges":
            return _edges(connection, slot, selected, page)
        case "pageInfo":
            made = shape_of(key for key, _ in slot.fields)
            return made(*[_page_info(name, page) for _, name in slot.fields])
        case "totalCount":
            return page.total
        case "__typename":
            return f"{connection.node}Connection"


def _edges(connection: Connection, slot: ConnectionSlot, selected: Selected, page: PageOf) -> list[Any]:
    made = shape_of(key for key, _ in slot.fields)
    columns: list[Sequence[Any]] = []
    for key, name in slot.fields:
        match name:
            case "node":
                columns.append(selected[id(slot.records[key])])
            case "cursor":
                columns.append([page.cursor(position) for position in range(page.size)])
            case _:
                columns.append([f"{connection.node}Edge"] * page.size)
    return [made(*values) for values in zip(*columns, strict=True)] if columns else []


def _page_info(name: str, page: PageOf) -> Any:
    match name:
        case "hasNextPage":
            return page.has_next
        case "hasPreviousPage":
            return page.has_previous
        case "startCursor":
            return page.cursor(0) if page.size else None
        case "endCursor":
            return page.cursor(page.size - 1) if page.size else None
        case _:
            return "PageInfo"
