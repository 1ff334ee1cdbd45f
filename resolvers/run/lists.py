"""Root lists: streamed from each platform in its own order, or read whole, joined and ordered here."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from platforms.predicates import FALSE, Predicate, all_of, holds, paths
from platforms.readers import Facet, Order, Projection, ReadPage, ReadQuery
from resolvers.cursors import Cursor, Place, write_cursor
from resolvers.freshness import Origin
from resolvers.plan.nodes import Connection, Load, RootField
from resolvers.run.conditions import behind, localised, sort_key, split
from resolvers.run.connections import PageOf, connection_of
from resolvers.run.holding import facet_paths
from resolvers.run.joins import Matching
from resolvers.run.links import Held, Links, Window
from resolvers.run.operation import Operation, together
from resolvers.run.reads import MOST_ROWS, too_wide
from resolvers.run.settled import Settled
from schema.errors import BadUserInput

LOOK_AHEAD = 1


@dataclass(slots=True)
class Stream:
    """The rows of one platform in the asked order, from the cursor's place on, as far as they were needed."""

    platform: str
    facet: Facet
    projection: Projection
    pushed: Predicate | None
    local: Predicate | None
    place: Place | None
    rows: list[Any] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    """Per row, its position on the platform: how a list goes on where there is no keyset."""
    origin: Origin | None = None
    total: int | None = None
    ended: bool = False


class Lists:
    """Answers the root connections of a running operation."""

    def __init__(self, operation: Operation, links: Links) -> None:
        self._operation = operation
        self._links = links

    async def answer(self, root: RootField) -> Any:
        """The connection; raises the error that keeps the whole list from being told."""
        assert root.target is not None
        connection = root.connection
        settled = self._operation.settled(root, root.target, root.arguments)
        if connection is None:
            raise BadUserInput(f"No connected platform holds records of type {root.target}.")
        load = root.load
        assert load is not None
        where = await self._links.joins.resolved(settled.where, load.age)
        if where == FALSE or (settled.first == 0 and not connection.counts):
            return await self._shaped(connection, [], Window([], has_next=False, total=0), _nowhere(settled))
        if self._streams(load, where, settled, connection):
            return await self._streamed(connection, load, where, settled)
        return await self._joined(connection, load, where, settled)

    # ------------------------------------------------------------------------------------------------- streamed

    def _streams(self, load: Load, where: Predicate, settled: Settled, connection: Connection) -> bool:
        """Whether the platforms themselves can filter and order: all asked paths are their own."""
        bindings = self._operation.bindings
        asked = paths(where) | {item.path for item in settled.order}
        if facet_paths(bindings, load.type, frozenset(asked)).keys() - {load.role}:
            return False
        for holder in bindings.holders(load.type, load.role):
            facet = holder.reader.facets[load.type, load.role]
            if any(item.path not in facet.orders for item in settled.order):
                return False
            if connection.counts and split(localised(where, holder.name, bindings), facet).local is not None:
                return False
        return True

    async def _streamed(self, connection: Connection, load: Load, where: Predicate, settled: Settled) -> Any:
        holders = [holder.name for holder in self._operation.bindings.holders(load.type, load.role)]
        order_paths = {item.path for item in settled.order}
        streams = [self._stream(name, load, where, settled, order_paths) for name in holders]
        await together([self._fill(stream, settled, load) for stream in streams])
        merged = _merged(streams, settled.order)
        page = merged[: settled.first]
        total = await self._total(streams, settled) if connection.counts else 0
        read = [_held(stream) for stream in streams]
        window = Window([(s, [streams[s].rows[n]]) for s, n in page], len(merged) > settled.first, total or 0)
        if len(streams) == 1:
            window.runs = [(0, [streams[0].rows[n] for _, n in page])]
        cursors = _StreamCursors(streams, page, settled)
        page_of = PageOf(
            size=len(page),
            has_next=window.has_next,
            has_previous=settled.after is not None,
            total=total,
            cursor=cursors.at,
        )
        return await self._shaped(connection, read, window, page_of)

    def _stream(self, platform: str, load: Load, where: Predicate, settled: Settled, order_paths: set[str]) -> Stream:
        operation = self._operation
        facet = operation.bindings.facet(platform, load.type, load.role)
        parts = split(localised(where, platform, operation.bindings), facet)
        needed = load.paths | order_paths | (paths(parts.local) if parts.local is not None else set()) | {"id"}
        projection = operation.reads.projection(platform, load.type, load.role, frozenset(needed))
        place = settled.after.places.get(platform) if settled.after is not None else None
        return Stream(platform, facet, projection, parts.pushed, parts.local, place)

    async def _fill(self, stream: Stream, settled: Settled, load: Load) -> None:
        """Reads pages until there are enough rows for one page of the merged list and one more, or no more rows."""
        wanted = settled.first + LOOK_AHEAD
        where, offset = stream.pushed, 0
        if stream.place is not None and stream.facet.keyset:
            if len(stream.place.values) != len(settled.order):
                raise BadUserInput("`after` belongs to another list: use a cursor of this one.")
            rest = behind(settled.order, stream.place.values, stream.place.id)
            where = rest if where is None else all_of([where, rest])
        elif stream.place is not None:
            offset = stream.place.offset
        exact = stream.local is None
        resume: Any = None
        examined = 0
        while True:
            query = ReadQuery(
                where=where,
                order=settled.order,
                limit=wanted if exact else None,
                offset=offset if resume is None else 0,
                resume=resume,
            )
            origin, page = await self._operation.page(stream.platform, stream.projection, query, load.age, stream.local)
            stream.origin = stream.origin or origin
            if resume is None and stream.place is None:
                stream.total = page.total
            self._take(stream, page, offset + examined)
            examined += len(page.rows)
            if page.more is None:
                stream.ended = True
                return
            if len(stream.rows) >= wanted:
                return
            if examined >= MOST_ROWS:
                raise too_wide(stream.facet, stream.platform, MOST_ROWS)
            resume = page.more

    def _take(self, stream: Stream, page: ReadPage, position: int) -> None:
        local = stream.local
        if local is None:
            stream.rows += page.rows
            stream.places += range(position + 1, position + 1 + len(page.rows))
            return
        getters = {path: stream.projection.getter(path) for path in paths(local) & stream.projection.paths}
        for number, row in enumerate(page.rows, start=position + 1):

            def value_at(path: str, row: Any = row) -> Any:
                get = getters.get(path)
                return None if get is None else get(row)

            if holds(local, value_at):
                stream.rows.append(row)
                stream.places.append(number)

    async def _total(self, streams: list[Stream], settled: Settled) -> int | None:
        """How many records there are on all platforms; None where one of them can't tell."""
        totals: dict[str, int | None] = {}

        async def one(stream: Stream) -> None:
            if stream.total is not None:
                totals[stream.platform] = stream.total
            elif stream.ended and settled.after is None:
                totals[stream.platform] = len(stream.rows)
            else:
                totals[stream.platform] = await self._operation.reads.count(
                    stream.platform, stream.facet, stream.pushed
                )

        await together([one(stream) for stream in streams])
        found = list(totals.values())
        return None if any(total is None for total in found) else sum(total or 0 for total in found)

    # --------------------------------------------------------------------------------------------------- joined

    async def _joined(self, connection: Connection, load: Load, where: Predicate, settled: Settled) -> Any:
        """All matching records, ordered here; the cursor says behind which values and record to go on."""
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
                ((sort_key(row, settled.order), position, _id_key(id_of(part.rows[n]))), position, n)
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
        return await self._shaped(connection, read, Window(runs, page_of.has_next, len(keyed)), page_of)

    async def _shaped(self, connection: Connection, read: list[Held], window: Window, page: PageOf) -> Any:
        selected = await self._links.selected(connection.records, read, {"": window})
        return connection_of(connection, selected[""], page)


class _StreamCursors:
    """Writes the cursors of a streamed page: where each platform stands behind the n-th record."""

    def __init__(self, streams: list[Stream], page: list[tuple[int, int]], settled: Settled) -> None:
        self._streams = streams
        self._page = page
        self._settled = settled

    def at(self, position: int) -> str:
        places = {stream.platform: stream.place for stream in self._streams if stream.place is not None}
        for s, n in self._page[: position + 1]:
            stream = self._streams[s]
            places[stream.platform] = self._place(stream, n)
        last = self._streams[self._page[position][0]].platform
        return write_cursor(Cursor(self._settled.signature, last, places))

    def _place(self, stream: Stream, n: int) -> Place:
        row, projection = stream.rows[n], stream.projection
        external_id = projection.getter("id")(row)
        if not stream.facet.keyset:
            return Place(external_id, (), stream.places[n])
        return Place(external_id, tuple(projection.getter(item.path)(row) for item in self._settled.order))


def _merged(streams: list[Stream], order: tuple[Order, ...]) -> list[tuple[int, int]]:
    """(stream, row) in the asked order: each stream keeps its own order, heads are compared."""
    if len(streams) == 1:
        return [(0, n) for n in range(len(streams[0].rows))]
    getters: list[list[Callable[[Any], Any]]] = [
        [stream.projection.getter(item.path) for item in order] for stream in streams
    ]
    heads = [0] * len(streams)
    merged: list[tuple[int, int]] = []
    while True:
        candidates = [
            (sort_key([get(stream.rows[heads[s]]) for get in getters[s]], order), s)
            for s, stream in enumerate(streams)
            if heads[s] < len(stream.rows)
        ]
        if not candidates:
            return merged
        _, s = min(candidates)
        merged.append((s, heads[s]))
        heads[s] += 1


def _joined_start(keyed: list[tuple[Any, int, int]], found: list[Matching], settled: Settled) -> int:
    """How many records lie before the cursor's place."""
    if settled.after is None:
        return 0
    platforms = [part.platform for part in found]
    if settled.after.last not in platforms or settled.after.last not in settled.after.places:
        raise BadUserInput("`after` names a platform that this list doesn't have: start again without it.")
    place = settled.after.places[settled.after.last]
    if len(place.values) != len(settled.order):
        raise BadUserInput("`after` belongs to another list: use a cursor of this one.")
    cut = (sort_key(place.values, settled.order), platforms.index(settled.after.last), _id_key(place.id))
    return sum(1 for key, _, _ in keyed if not cut < key)


def _id_key(external_id: str) -> tuple[int, str]:
    """Ids in a platform's own order: numbers by value, others as text."""
    return (len(external_id), external_id) if external_id.isdigit() else (0, external_id)


def _held(part: Stream | Matching) -> Held:
    """What follows needs of a list's rows: whose they are and how to read them."""
    found = Held(part.platform, part.projection)
    if part.origin is not None:
        found.origins[""] = part.origin
    return found


def _nowhere(settled: Settled) -> PageOf:
    return PageOf(size=0, has_next=False, has_previous=settled.after is not None, total=0, cursor=str)
