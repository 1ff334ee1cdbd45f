"""Rows of a root list, streamed from each platform in its own order and merged into one page."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from platforms.predicates import FALSE, And, Predicate, conjuncts, holds, paths
from platforms.readers import Facet, Order, Projection, ReadPage, ReadQuery
from resolvers.cursors import Cursor, Place, write_cursor
from resolvers.freshness import Origin, lesser
from resolvers.plan.nodes import Age, Load
from resolvers.run.conditions import behind, localised, sort_key, split
from resolvers.run.operation import Operation, together
from resolvers.run.reads import MOST_ROWS, too_wide
from resolvers.run.settled import Settled
from schema.errors import BadUserInput

LOOK_AHEAD = 1


@dataclass(slots=True)
class Stream:
    """The rows of one platform in the asked order, from the cursor's place on, as far as they were needed."""

    platform: str
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

    @property
    def facet(self) -> Facet:
        return self.projection.facet


class Streams:
    """The streams of one list and page; `counting` where the number of all records is asked as well."""

    def __init__(self, operation: Operation, load: Load, where: Predicate, settled: Settled, *, counting: bool) -> None:
        self._operation = operation
        self._age: Age = load.age
        self._settled = settled
        self._counting = counting
        holders = operation.bindings.holders(load.type, load.role)
        self.streams = [self._stream(holder.name, load, where) for holder in holders]

    async def fill(self) -> None:
        """Reads as far as the page and the look behind it need."""
        await together([self._fill(stream) for stream in self.streams])

    def merged(self) -> list[tuple[int, int]]:
        """(stream, row) in the asked order: each stream keeps its own order, heads are compared."""
        streams, order = self.streams, self._settled.order
        if len(streams) == 1:
            return [(0, n) for n in range(len(streams[0].rows))]
        getters = [[stream.projection.getter(item.path) for item in order] for stream in streams]
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

    async def total(self) -> int | None:
        """How many records there are on all platforms; None where one of them can't tell, or not within the bound."""
        totals: list[int | None] = []

        async def one(stream: Stream) -> None:
            totals.append(await self._total(stream))

        await together([one(stream) for stream in self.streams])
        return None if any(found is None for found in totals) else sum(found or 0 for found in totals)

    def cursors(self, page: Sequence[tuple[int, int]]) -> Callable[[int], str]:
        """A function from a position on the page to the cursor of that record."""

        def cursor(position: int) -> str:
            places = {stream.platform: stream.place for stream in self.streams if stream.place is not None}
            places.update(
                (self.streams[s].platform, self._place(self.streams[s], n))
                for s, n in dict(page[: position + 1]).items()
            )
            last = self.streams[page[position][0]].platform
            return write_cursor(Cursor(self._settled.signature, last, places))

        return cursor

    # ------------------------------------------------------------------------------------------------- one stream

    def _stream(self, platform: str, load: Load, where: Predicate) -> Stream:
        operation, settled = self._operation, self._settled
        facet = operation.bindings.facet(platform, load.type, load.role)
        parts = split(localised(where, platform, operation.bindings), facet)
        needed = load.paths | {item.path for item in settled.order} | {"id"}
        if parts.local is not None:
            needed |= paths(parts.local)
        projection = operation.reads.projection(platform, load.type, load.role, frozenset(needed))
        place = settled.after.places.get(platform) if settled.after is not None else None
        return Stream(platform, projection, parts.pushed, parts.local, place)

    async def _fill(self, stream: Stream) -> None:
        """Reads pages until there are enough rows for one page of the merged list and one more, or no more rows.

        A first page that is to be counted here is read to its end, up to the bound.
        """
        if stream.pushed == FALSE:
            stream.ended = True
            return
        wanted = self._settled.first + LOOK_AHEAD
        where, offset = self._from(stream)
        limit = wanted if stream.local is None else None
        counting = self._counting and stream.local is not None and stream.place is None
        query = ReadQuery(where=where, order=self._settled.order, limit=limit, offset=offset)
        examined = 0
        while True:
            origin, page = await self._page(stream, query)
            stream.origin = lesser(stream.origin, origin)
            if query.resume is None and stream.place is None:
                stream.total = page.total
            self._take(stream, page, offset + examined)
            examined += len(page.rows)
            if page.more is None:
                stream.ended = limit is None or len(stream.rows) < limit
                return
            enough = len(stream.rows) >= wanted
            if enough and not counting:
                return
            if examined >= MOST_ROWS:
                if enough:
                    return
                raise too_wide(stream.facet, stream.platform)
            query = ReadQuery(where=where, order=self._settled.order, limit=limit, resume=page.more)

    async def _page(self, stream: Stream, query: ReadQuery) -> tuple[Origin, ReadPage]:
        return await self._operation.page(stream.platform, stream.projection, query, self._age, stream.local)

    def _from(self, stream: Stream) -> tuple[Predicate | None, int]:
        """The condition and the position that the rows behind the cursor's place have."""
        place = stream.place
        if place is None:
            return stream.pushed, 0
        if not stream.facet.keyset:
            return stream.pushed, place.offset
        if len(place.values) != len(self._settled.order):
            raise BadUserInput("`after` belongs to another list: use a cursor of this one.")
        rest = behind(self._settled.order, place.values, place.id)
        if stream.pushed is None:
            return rest, 0
        # Joined as they are: whether an id lies behind another is for the platform to say, not for text comparison.
        return And((*conjuncts(stream.pushed), *conjuncts(rest))), 0

    def _take(self, stream: Stream, page: ReadPage, position: int) -> None:
        if stream.local is None:
            stream.rows += page.rows
            stream.places += range(position + 1, position + 1 + len(page.rows))
            return
        for number, row in enumerate(page.rows, start=position + 1):
            if _holds(stream, row):
                stream.rows.append(row)
                stream.places.append(number)

    async def _total(self, stream: Stream) -> int | None:
        if stream.pushed == FALSE or (stream.ended and stream.place is None):
            return len(stream.rows)
        if stream.local is not None:
            return None if stream.place is None else await self._counted(stream)
        if stream.total is not None:
            return stream.total
        return await self._operation.reads.count(stream.platform, stream.facet, stream.pushed, self._age)

    async def _counted(self, stream: Stream) -> int | None:
        """Counts here, where the platform's condition is not exact; None past the bound."""
        query = ReadQuery(where=stream.pushed)
        examined = found = 0
        while True:
            _, page = await self._page(stream, query)
            found += sum(1 for row in page.rows if _holds(stream, row))
            examined += len(page.rows)
            if page.more is None:
                return found
            if examined >= MOST_ROWS:
                return None
            query = ReadQuery(where=stream.pushed, resume=page.more)

    def _place(self, stream: Stream, n: int) -> Place:
        row, projection = stream.rows[n], stream.projection
        external_id = projection.getter("id")(row)
        if not stream.facet.keyset:
            return Place(external_id, (), stream.places[n])
        return Place(external_id, tuple(projection.getter(item.path)(row) for item in self._settled.order))


def holds_order(facet: Facet, order: Sequence[Order]) -> bool:
    """Whether the platform can order by all of it."""
    return all(item.path in facet.orders for item in order)


def _holds(stream: Stream, row: Any) -> bool:
    """Whether the row fulfils what the platform could not make sure of; a path that it doesn't know is missing."""
    projection = stream.projection

    def value_at(path: str) -> Any:
        return projection.getter(path)(row) if path in projection.paths else None

    assert stream.local is not None
    return holds(stream.local, value_at)
