"""Follows relations: from many parents at once to the records they lead to, grouped, ordered and paged per parent."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from platforms.predicates import FALSE, TRUE, Predicate, paths
from platforms.readers import Order, Projection
from resolvers.cursors import Cursor, Place, write_cursor
from resolvers.freshness import Origin
from resolvers.plan.nodes import Link, Record
from resolvers.plan.shapes import Failed
from resolvers.run.conditions import localised, sort_key, split
from resolvers.run.connections import PageOf, connection_of
from resolvers.run.holding import Values, facet_paths, held
from resolvers.run.joins import Joins
from resolvers.run.operation import Operation, together
from resolvers.run.records import AllFailed, Batch, Found, Records, known
from resolvers.run.settled import Settled
from schema.errors import CrosswalkError

WHOLE = Settled(first=0, after=None, where=TRUE, order=(), signature="")


@dataclass(slots=True)
class Held:
    """What one platform has for the asked keys: rows per key, in order, each key's rows of one origin."""

    platform: str
    projection: Projection
    rows: dict[str, list[Any]] = field(default_factory=dict)
    origins: dict[str, Origin] = field(default_factory=dict)
    failed: dict[str, CrosswalkError] = field(default_factory=dict)


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
        return sum(len(rows) for _, rows in self.runs)


class Links:
    """Follows the links of a running operation."""

    def __init__(self, operation: Operation) -> None:
        self._operation = operation
        self.joins = Joins(operation)
        self.records = Records(operation, self.follow)

    async def follow(self, operation: Operation, link: Link, platform: str, keys: Sequence[str]) -> Found:
        """The link's values by key; `platform` is where the keys were found."""
        if not keys:
            return {}
        if link.relation.theirs == "id":
            return await self._to_one(link, platform, keys)
        try:
            settled = WHOLE
            if link.connection is not None:
                settled = operation.settled(link, link.relation.target, link.arguments)
            return await self._to_many(link, platform, keys, settled)
        except CrosswalkError as error:
            operation.troubled = True
            return AllFailed(error)

    async def _to_one(self, link: Link, platform: str, keys: Sequence[str]) -> Found:
        bindings = self._operation.bindings
        peer = bindings.peer(platform, link.key_role)
        if peer is None or (link.relation.target, link.load.role) not in bindings.platforms[peer].reader.facets:
            return {}
        return await self.records.by_id(link.records[0], peer, keys)

    async def _to_many(self, link: Link, platform: str, keys: Sequence[str], settled: Settled) -> Found:
        where = await self.joins.resolved(settled.where, link.load.age)
        holders = self._holders(link, platform)
        several = len(holders) > 1
        read: list[Held] = []

        async def one(holder: str) -> None:
            read.append(await self._read(link, holder, keys, settled, where, several=several))

        if where != FALSE:
            await together([one(holder) for holder in holders])
            read.sort(key=lambda found: holders.index(found.platform))
        failed = {key: error for found in read for key, error in found.failed.items()}
        windows = {key: self._window(key, read, settled, link) for key in keys if key not in failed}
        values = await self._values(link, read, windows, settled)
        if failed:
            self._operation.troubled = True
            values.update((key, Failed(error)) for key, error in failed.items())
        return values

    def _holders(self, link: Link, platform: str) -> list[str]:
        """The platforms whose records carry the keys of this one."""
        bindings = self._operation.bindings
        target, role, theirs = link.relation.target, link.load.role, link.relation.theirs
        keys_of = platform if link.relation.mine == "id" else bindings.peer(platform, link.key_role)
        return [
            found.name
            for found in bindings.holders(target, role)
            if theirs in found.reader.facets[target, role].batch and bindings.peer(found.name, link.key_role) == keys_of
        ]

    async def _read(
        self, link: Link, holder: str, keys: Sequence[str], settled: Settled, where: Predicate, *, several: bool
    ) -> Held:
        load, target = link.load, link.relation.target
        bindings = self._operation.bindings
        facet = bindings.facet(holder, target, load.role)
        parts = split(localised(where, holder, bindings), facet)
        ordered = all(item.path in facet.orders for item in settled.order)
        needed = {item.path for item in settled.order}
        if parts.local is not None:
            needed |= paths(parts.local)
        own = facet_paths(bindings, target, frozenset(needed)).get(load.role, set())
        loader = self._operation.loader(
            load,
            holder,
            paths=own,
            where=parts.pushed,
            order=settled.order if ordered else (),
            limit=self._limit(link, keys, settled, whole=several or not ordered or parts.local is not None),
        )
        found = Held(holder, loader.projection)
        values = Values(self._operation, target, load.role, load.age)
        for read in await loader.load(keys):
            found.failed.update((key, error) for key, error in read.failed.items() if key in set(keys))
            for origin, groups in read.batches:
                for key in keys:
                    rows = groups.get(key)
                    if rows is None:
                        continue
                    if parts.local is not None:
                        rows = await held(values, holder, loader.projection, rows, parts.local)
                    if not ordered:
                        rows = await _sorted(values, holder, loader.projection, rows, settled.order)
                    found.rows[key] = rows
                    found.origins[key] = origin
        return found

    def _limit(self, link: Link, keys: Sequence[str], settled: Settled, *, whole: bool) -> int | None:
        """One parent's page alone can be cut by the platform; where more hangs on the read, all rows are needed."""
        if (
            whole
            or link.connection is None
            or len(keys) > 1
            or link.load.users > 1
            or settled.after is not None
            or link.connection.counts
        ):
            return None
        return settled.first + 1

    def _window(self, key: str, read: list[Held], settled: Settled, link: Link) -> Window:
        merged = _merged(key, read, settled.order)
        if link.connection is None:
            return Window(merged, has_next=False, total=0)
        total = sum(len(rows) for _, rows in merged)
        start = 0 if settled.after is None else _start(merged, read, settled.after, settled.order)
        runs = list(_cut(merged, start, start + settled.first))
        return Window(runs, has_next=total > start + settled.first, total=total)

    async def _values(
        self, link: Link, read: list[Held], windows: dict[str, Window], settled: Settled
    ) -> dict[str, Any]:
        """Per key the finished value: a connection, a list or the first record."""
        many = link.relation.many
        if many == "one":
            for window in windows.values():
                window.runs = list(_cut(window.runs, 0, 1))
        selected = await self.selected(link.records, read, windows)
        if many == "connection":
            assert link.connection is not None
            connection = link.connection
            return {
                key: connection_of(connection, selected[key], _page(window, read, settled))
                for key, window in windows.items()
            }
        (record,) = link.records
        only = {key: found[id(record)] for key, found in selected.items()}
        if many == "list":
            return dict(only)
        return {key: found[0] for key, found in only.items() if found}

    async def selected(
        self, records: Sequence[Record], read: list[Held], windows: dict[str, Window]
    ) -> dict[str, dict[int, list[Any]]]:
        """Per key and record selection (by identity) the selected records of the window, in order."""
        found: dict[str, dict[int, list[Any]]] = {key: {} for key in windows}

        async def select(record: Record) -> None:
            for key, values in (await self._selected(record, read, windows)).items():
                found[key][id(record)] = values

        await together([select(record) for record in records])
        return found

    async def _selected(self, record: Record, read: list[Held], windows: dict[str, Window]) -> dict[str, list[Any]]:
        """The selected records of every window, in order."""
        streams: list[Iterator[Any]] = [iter(()) for _ in read]

        async def one(position: int, holder: Held) -> None:
            pieces = [
                (holder.origins[key], rows)
                for key, window in windows.items()
                for found, rows in window.runs
                if found == position
            ]
            id_of = holder.projection.getter("id")
            ids = [id_of(row) for _, rows in pieces for row in rows]
            batches: list[Batch] = _joined(pieces) if record.own_row else [(None, ids)]
            streams[position] = iter(await self.records.selected(record, holder.platform, ids, known(batches)))

        await together([one(position, holder) for position, holder in enumerate(read)])
        return {
            key: [next(streams[position]) for position, rows in window.runs for _ in rows]
            for key, window in windows.items()
        }


def _joined(pieces: list[tuple[Origin, list[Any]]]) -> list[Batch]:
    """Neighbouring pieces of the same origin as one batch."""
    batches: list[Batch] = []
    for origin, rows in pieces:
        if batches and batches[-1][0] is origin:
            batches[-1][1].extend(rows)
        else:
            batches.append((origin, list(rows)))
    return batches


async def _sorted(
    values: Values, platform: str, projection: Projection, rows: list[Any], order: tuple[Order, ...]
) -> list[Any]:
    wanted = frozenset(item.path for item in order)
    found = await values.over(platform, projection, rows, wanted)
    keyed = [
        (sort_key([value_at(item.path) for item in order], order), position) for position, value_at in enumerate(found)
    ]
    return [rows[position] for _, position in sorted(keyed)]


def _merged(key: str, read: list[Held], order: tuple[Order, ...]) -> list[Run]:
    """The key's rows of all holders, in the asked order; without an order, holder after holder."""
    runs = [(position, found.rows[key]) for position, found in enumerate(read) if found.rows.get(key)]
    if len(runs) < 2 or not order:
        return runs
    keyed = []
    for position, rows in runs:
        getters = [read[position].projection.getter(item.path) for item in order]
        keyed += [(sort_key([get(row) for get in getters], order), position, n, row) for n, row in enumerate(rows)]
    keyed.sort(key=lambda item: item[:3])
    return [(position, [row]) for _, position, _, row in keyed]


def _start(merged: list[Run], read: list[Held], after: Cursor, order: tuple[Order, ...]) -> int:
    """How many rows lie before the cursor's place: behind its record, or where that would stand if it is gone."""
    place = after.places.get(after.last, Place(""))
    cut = sort_key(place.values, order) if len(place.values) == len(order) else None
    count = before = 0
    for position, rows in merged:
        found = read[position]
        id_of = found.projection.getter("id")
        getters = [found.projection.getter(item.path) for item in order]
        for row in rows:
            count += 1
            if found.platform == after.last and id_of(row) == place.id:
                return count
            if cut is not None and order and not cut < sort_key([get(row) for get in getters], order):
                before = count
    return before


def _cut(runs: list[Run], start: int, stop: int) -> Iterator[Run]:
    offset = 0
    for holder, rows in runs:
        low, high = max(start - offset, 0), min(stop - offset, len(rows))
        if low < high:
            yield holder, rows if (low, high) == (0, len(rows)) else rows[low:high]
        offset += len(rows)


def _page(window: Window, read: list[Held], settled: Settled) -> PageOf:
    def cursor(position: int) -> str:
        holder, row = window.at(position)
        found = read[holder]
        values = tuple(found.projection.getter(item.path)(row) for item in settled.order)
        place = Place(found.projection.getter("id")(row), values)
        return write_cursor(Cursor(settled.signature, found.platform, {found.platform: place}))

    return PageOf(
        size=window.size,
        has_next=window.has_next,
        has_previous=settled.after is not None,
        total=window.total,
        cursor=cursor,
    )
