"""One parent's page of related records: cut from the rows that platforms hold for it, in the asked order."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from platforms.readers import Order, Projection
from resolvers.cursors import Cursor, Place, write_cursor
from resolvers.freshness import Origin
from resolvers.run.conditions import id_key, sort_key
from resolvers.run.connections import PageOf
from resolvers.run.settled import Settled
from schema.errors import BadUserInput, CrosswalkError


@dataclass(slots=True)
class Held:
    """What one platform has for the asked keys: rows per key, in order, each key's rows of one origin."""

    platform: str
    projection: Projection
    rows: dict[str, list[Any]] = field(default_factory=dict)
    origins: dict[str, Origin] = field(default_factory=dict)
    failed: dict[str, CrosswalkError] = field(default_factory=dict)
    looked_up: dict[int, tuple[Any, ...]] = field(default_factory=dict)
    """By a row's identity its order values, where they are not all in the row itself."""

    def order_values(self, row: Any, order: tuple[Order, ...]) -> tuple[Any, ...]:
        found = self.looked_up.get(id(row))
        return tuple(self.projection.getter(item.path)(row) for item in order) if found is None else found


Run = tuple[int, list[Any]]
"""Neighbouring rows of one page that come from the same platform, by its position among the holders."""


@dataclass(slots=True)
class Window:
    """One parent's page: its runs of rows, and what lies around them."""

    runs: list[Run]
    has_next: bool
    total: int

    def at(self, position: int) -> tuple[int, Any]:
        for holder, rows in self.runs:
            if position < len(rows):
                return holder, rows[position]
            position -= len(rows)
        raise IndexError(position)

    @property
    def size(self) -> int:
        return sum([len(rows) for _, rows in self.runs])


def merged_runs(key: str, read: list[Held], order: tuple[Order, ...]) -> list[Run]:
    """The key's rows of all holders, in the asked order; without an order, holder after holder."""
    runs = [(position, found.rows[key]) for position, found in enumerate(read) if found.rows.get(key)]
    if len(runs) < 2 or not order:
        return runs
    keyed = [
        (sort_key(read[position].order_values(row, order), order), position, n, row)
        for position, rows in runs
        for n, row in enumerate(rows)
    ]
    keyed.sort(key=lambda item: item[:3])
    return [(position, [row]) for _, position, _, row in keyed]


def start_of(merged: list[Run], read: list[Held], settled: Settled) -> int:
    """How many rows lie before the cursor's place: behind its record, or where that would stand if it is gone."""
    after, order = settled.after, settled.order
    assert after is not None
    if not merged:
        return 0
    place = after.places[after.last]
    platforms = [found.platform for found in read]
    if len(place.values) != len(order) or after.last not in platforms:
        raise BadUserInput("`after` belongs to another list: use a cursor of this one.")
    edge = (sort_key(place.values, order), platforms.index(after.last), id_key(place.id))
    count = before = 0
    for position, rows in merged:
        id_of = read[position].projection.getter("id")
        for row in rows:
            count += 1
            if position == edge[1] and id_of(row) == place.id:
                return count
            if not edge < (sort_key(read[position].order_values(row, order), order), position, id_key(id_of(row))):
                before = count
    return before


def window_of(key: str, read: list[Held], settled: Settled) -> Window:
    """The page that the arguments ask for; raises BadUserInput for a cursor of another list."""
    merged = merged_runs(key, read, settled.order)
    total = sum(len(rows) for _, rows in merged)
    start = 0 if settled.after is None else start_of(merged, read, settled)
    runs = list(cut(merged, start, start + settled.first))
    return Window(runs, has_next=total > start + settled.first, total=total)


def cut(runs: list[Run], start: int, stop: int) -> Iterator[Run]:
    offset = 0
    for holder, rows in runs:
        low, high = max(start - offset, 0), min(stop - offset, len(rows))
        if low < high:
            yield holder, rows if (low, high) == (0, len(rows)) else rows[low:high]
        offset += len(rows)


def page_of(window: Window, read: list[Held], settled: Settled) -> PageOf:
    def cursor(position: int) -> str:
        holder, row = window.at(position)
        found = read[holder]
        place = Place(found.projection.getter("id")(row), found.order_values(row, settled.order))
        return write_cursor(Cursor(settled.signature, found.platform, {found.platform: place}))

    return PageOf(
        size=window.size,
        has_next=window.has_next,
        has_previous=settled.after is not None,
        total=window.total,
        cursor=cursor,
    )
