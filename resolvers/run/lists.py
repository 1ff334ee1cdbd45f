"""Root lists: streamed from each platform in its own order, or read whole, joined and ordered here."""

from typing import Any

from platforms.predicates import FALSE, Predicate, leaves, paths
from resolvers.cursors import Cursor, Place, write_cursor
from resolvers.plan.nodes import Connection, Load, RootField
from resolvers.run.conditions import id_key, localised, overlong, sort_key
from resolvers.run.connections import PageOf, connection_of
from resolvers.run.holding import facet_paths
from resolvers.run.joins import Matching
from resolvers.run.links import Links
from resolvers.run.operation import Operation, together
from resolvers.run.settled import Settled
from resolvers.run.streams import Stream, Streams, holds_order
from resolvers.run.windows import Held, Window
from schema.errors import BadUserInput


class Lists:
    """Answers the root connections of a running operation."""

    def __init__(self, operation: Operation, links: Links) -> None:
        self._operation = operation
        self._links = links

    async def answer(self, root: RootField) -> Any:
        """The connection; raises the error that keeps the whole list from being told."""
        assert root.target is not None
        connection = root.connection
        settled = self._operation.settled(root, root.target, "", root.arguments)
        if connection is None:
            raise BadUserInput(f"No connected platform holds records of type {root.target}.")
        load = root.load
        assert load is not None
        where = await self._links.joins.resolved(settled.where, load.age)
        self._check_places(load, settled)
        if where == FALSE:
            none = Window([], has_next=False, total=0)
            return connection_of(connection, await self._selected(connection, [], none), _nowhere(settled))
        if self._streams(load, where, settled):
            return await self._streamed(connection, load, where, settled)
        return await self._joined(connection, load, where, settled)

    def _check_places(self, load: Load, settled: Settled) -> None:
        """A cursor may only speak of platforms that hold such records."""
        holders = {holder.name for holder in self._operation.bindings.holders(load.type, load.role)}
        if settled.after is not None and not settled.after.places.keys() <= holders:
            raise BadUserInput("`after` names a platform that this list doesn't have: start again without it.")

    # ------------------------------------------------------------------------------------------------- streamed

    def _streams(self, load: Load, where: Predicate, settled: Settled) -> bool:
        """Whether the platforms themselves can filter and order: all asked paths are their own.

        Depends on nothing that may change from page to page, since a cursor only goes on the way it was made.
        """
        bindings = self._operation.bindings
        asked = paths(where) | {item.path for item in settled.order}
        if facet_paths(bindings, load.type, frozenset(asked)).keys() - {load.role}:
            return False
        for holder in bindings.holders(load.type, load.role):
            facet = holder.reader.facets[load.type, load.role]
            if not holds_order(facet, settled.order):
                return False
            if any(overlong(leaf, facet) for leaf in leaves(localised(where, holder.name, bindings))):
                return False
        return True

    async def _streamed(self, connection: Connection, load: Load, where: Predicate, settled: Settled) -> Any:
        read = Streams(self._operation, load, where, settled, counting=connection.counts)
        await read.fill()
        merged = read.merged()
        page = merged[: settled.first]
        has_next = len(merged) > settled.first
        streams = read.streams
        runs = [(s, [streams[s].rows[n]]) for s, n in page]
        if len(streams) == 1:
            runs = [(0, [streams[0].rows[n] for _, n in page])]
        window = Window(runs, has_next=has_next, total=0)
        totals: list[int | None] = []
        shaped: list[dict[int, list[Any]]] = []

        async def count() -> None:
            totals.append(await read.total() if connection.counts else None)

        async def select() -> None:
            shaped.append(await self._selected(connection, [_held(stream) for stream in streams], window))

        await together([select(), count()])
        page_of = PageOf(
            size=len(page),
            has_next=has_next,
            has_previous=settled.after is not None,
            total=totals[0],
            cursor=read.cursors(page),
        )
        return connection_of(connection, shaped[0], page_of)

    # --------------------------------------------------------------------------------------------------- joined

    async def _joined(self, connection: Connection, load: Load, where: Predicate, settled: Settled) -> Any:
        """All matching records, ordered here; the cursor says behind which values and record to go on."""
        if settled.after is not None:
            place = settled.after.places[settled.after.last]
            if len(place.values) != len(settled.order):
                raise BadUserInput("`after` belongs to another list: use a cursor of this one.")
        orders = frozenset(item.path for item in settled.order)
        found = await self._links.joins.matching(load.type, where, load.age, frozenset(load.paths), orders)
        keyed: list[tuple[Any, int, int]] = []
        values: list[list[tuple[Any, ...]]] = []
        for position, part in enumerate(found):
            lookups = await part.values.over(part.platform, part.projection, part.rows, orders)
            rows = [tuple(value_at(item.path) for item in settled.order) for value_at in lookups]
            values.append(rows)
            id_of = part.projection.getter("id")
            keyed += [
                ((sort_key(row, settled.order), position, id_key(id_of(part.rows[n]))), position, n)
                for n, row in enumerate(rows)
            ]
        keyed.sort(key=lambda item: item[0])
        start = _joined_start(keyed, found, settled)
        page = keyed[start : start + settled.first]

        def cursor(position: int) -> str:
            _, part, n = page[position]
            place = Place(found[part].projection.getter("id")(found[part].rows[n]), values[part][n])
            return write_cursor(Cursor(settled.signature, found[part].platform, {found[part].platform: place}))

        page_of = PageOf(
            size=len(page),
            has_next=len(keyed) > start + settled.first,
            has_previous=settled.after is not None,
            total=len(keyed),
            cursor=cursor,
        )
        read = [_held(part) for part in found]
        runs = [(part, [found[part].rows[n]]) for _, part, n in page]
        selected = await self._selected(connection, read, Window(runs, page_of.has_next, len(keyed)))
        return connection_of(connection, selected, page_of)

    async def _selected(self, connection: Connection, read: list[Held], window: Window) -> dict[int, list[Any]]:
        selected = await self._links.selected(connection.records, read, {"": window})
        return selected[""]


def _joined_start(keyed: list[tuple[Any, int, int]], found: list[Matching], settled: Settled) -> int:
    """How many records lie before the cursor's place."""
    if settled.after is None:
        return 0
    platforms = [part.platform for part in found]
    place = settled.after.places[settled.after.last]
    cut = (sort_key(place.values, settled.order), platforms.index(settled.after.last), id_key(place.id))
    return sum(1 for key, _, _ in keyed if not cut < key)


def _held(part: Stream | Matching) -> Held:
    """What follows needs of a list's rows: whose they are and how to read them."""
    found = Held(part.platform, part.projection)
    if part.origin is not None:
        found.origins[""] = part.origin
    return found


def _nowhere(settled: Settled) -> PageOf:
    return PageOf(size=0, has_next=False, has_previous=settled.after is not None, total=0, cursor=str)
