"""Follows relations: from many parents at once to the records they lead to, grouped, ordered and paged per parent."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby, islice
from typing import Any

from platforms.predicates import FALSE, TRUE, Predicate, paths
from platforms.readers import Order
from resolvers.freshness import Origin
from resolvers.plan.nodes import Connection, Link, Record
from resolvers.plan.shapes import Failed, Hole, written
from resolvers.run.conditions import localised, sort_key, split
from resolvers.run.connections import connection_of, plain_shape
from resolvers.run.holding import Values, facet_paths, held
from resolvers.run.joins import Joins
from resolvers.run.operation import Operation, together
from resolvers.run.records import AllFailed, Batch, Found, Records, known
from resolvers.run.settled import Settled
from resolvers.run.windows import Held, Window, cut, merged_runs, page_of, window_of
from schema.errors import CrosswalkError


class Links:
    """Follows the links of a running operation."""

    def __init__(self, operation: Operation) -> None:
        self._operation = operation
        self.joins = Joins(operation)
        self.records = Records(operation, self.follow)

    async def follow(self, link: Link, platform: str, keys: Sequence[str]) -> Found:
        """The link's values by key; `platform` is where the keys were found."""
        if not keys:
            return {}
        if link.relation.theirs == "id":
            return await self._to_one(link, platform, keys)
        try:
            settled = self._settled(link)
            return await self._to_many(link, platform, keys, settled)
        except CrosswalkError as error:
            self._operation.troubled = True
            return AllFailed(error)

    def _settled(self, link: Link) -> Settled:
        relation, bindings = link.relation, self._operation.bindings
        usual = tuple(path for path in relation.order if bindings.owner(relation.target, path, (link.load.role,)))
        if link.connection is not None:
            return self._operation.settled(link, relation.target, relation.theirs, link.arguments, usual)
        order = tuple(Order(path) for path in usual)
        return Settled(first=0, after=None, where=TRUE, order=order, signature="")

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
        asked = [key for key in keys if key not in failed] if failed else keys
        if link.connection is not None and link.connection.plain and len(read) == 1 and settled.after is None:
            values = await self._first_nodes(link.connection, read[0], asked, settled)
        else:
            windows = {key: self._window(key, read, settled, link) for key in asked}
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
        needed = {item.path for item in settled.order}
        if parts.local is not None:
            needed |= paths(parts.local)
        own = facet_paths(bindings, target, frozenset(needed)).get(load.role, set())
        ordered = all(item.path in facet.orders and item.path in own for item in settled.order)
        loader = self._operation.loader(
            load,
            holder,
            paths=own,
            where=parts.pushed,
            order=settled.order if ordered else (),
            limit=self._limit(link, keys, settled, whole=several or not ordered or parts.local is not None),
            local=parts.local,
        )
        found = Held(holder, loader.projection)
        if parts.pushed == FALSE:
            return found
        wanted = set(keys)
        for read in await loader.load(keys):
            found.failed.update((key, error) for key, error in read.failed.items() if key in wanted)
            for origin, groups in read.batches:
                for key in groups.keys() & wanted:
                    found.rows[key] = groups[key]
                    found.origins[key] = origin
        values = Values(self._operation, target, load.role, load.age)
        if parts.local is not None:
            await _hold(found, values, parts.local)
        if not ordered:
            await _sort(found, values, settled.order)
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
        if link.connection is None:
            return Window(merged_runs(key, read, settled.order), has_next=False, total=0)
        return window_of(key, read, settled)

    async def _first_nodes(
        self, connection: Connection, held: Held, keys: Sequence[str], settled: Settled
    ) -> dict[str, Any]:
        """As `_values`, for what is asked most and of most parents at once: the nodes of one platform's first page."""
        shown: dict[str, list[Any]] = {}
        pieces: list[tuple[Origin, list[Any]]] = []
        for key in dict.fromkeys(keys):
            rows = held.rows.get(key) or []
            if len(rows) > settled.first:
                rows = rows[: settled.first]
            shown[key] = rows
            if rows:
                pieces.append((held.origins[key], rows))
        (record,) = connection.records
        if record.own_row and not record.links and not record.facets and not self._operation.compiled.plan.forbidden:
            return self._leaves(connection, held, shown)
        nodes = iter(await self._completed(record, held, pieces))
        made = plain_shape(connection)
        return {key: made(list(islice(nodes, len(rows)))) for key, rows in shown.items()}

    def _leaves(self, connection: Connection, held: Held, shown: Mapping[str, list[Any]]) -> dict[str, Any]:
        """The same for records that lead nowhere: made, written and let go key by key, while they are at hand."""
        (record,) = connection.records
        build = self._operation.compiled.record(record, held.platform)
        made = plain_shape(connection)
        values: dict[str, Any] = {key: made([]) for key, rows in shown.items() if not rows}
        for origin, found in groupby((key for key in shown if key not in values), held.origins.__getitem__):
            keys = list(found)
            for key, nodes in zip(keys, build([shown[key] for key in keys], origin, (), (), {}), strict=True):
                if Hole in set(map(type, nodes)):
                    self._operation.troubled = True
                    values[key] = made(nodes)
                else:
                    values[key] = written(made(nodes))
        return values

    async def _values(
        self, link: Link, read: list[Held], windows: dict[str, Window], settled: Settled
    ) -> dict[str, Any]:
        """Per key the finished value: a connection, a list or the first record."""
        many = link.relation.many
        if many == "one":
            for window in windows.values():
                window.runs = list(cut(window.runs, 0, 1))
        selected = await self.selected(link.records, read, windows)
        if many == "connection":
            assert link.connection is not None
            connection = link.connection
            return {
                key: connection_of(connection, selected[key], page_of(window, read, settled))
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
            streams[position] = iter(await self._completed(record, holder, pieces))

        await together([one(position, holder) for position, holder in enumerate(read)])
        return {
            key: [next(streams[position]) for position, rows in window.runs for _ in rows]
            for key, window in windows.items()
        }

    async def _completed(self, record: Record, held: Held, pieces: list[tuple[Origin, list[Any]]]) -> list[Any]:
        """The selected records of these rows, in order."""
        batches: list[Batch] = _joined(pieces)
        ids: list[str] = []
        if record.links or record.facets or not record.own_row:
            id_of = held.projection.getter("id")
            ids = [id_of(row) for _, rows in batches for row in rows]
        if not record.own_row:
            batches = [(None, ids)]
        return await self.records.selected(record, held.platform, ids, known(batches))


def _joined(pieces: list[tuple[Origin, list[Any]]]) -> list[Batch]:
    """Neighbouring pieces of the same origin as one batch."""
    batches: list[Batch] = []
    for origin, rows in pieces:
        if batches and batches[-1][0] is origin:
            batches[-1][1].extend(rows)
        else:
            batches.append((origin, list(rows)))
    return batches


async def _hold(found: Held, values: Values, where: Predicate) -> None:
    """Leaves the rows for which the condition holds, all keys looked up together."""
    rows = [row for group in found.rows.values() for row in group]
    kept = {id(row) for row in await held(values, found.platform, found.projection, rows, where)}
    found.rows = {key: [row for row in group if id(row) in kept] for key, group in found.rows.items()}


async def _sort(found: Held, values: Values, order: tuple[Order, ...]) -> None:
    """Puts every key's rows in order; rows with equal values stay as they came, by id."""
    rows = [row for group in found.rows.values() for row in group]
    lookups = await values.over(found.platform, found.projection, rows, frozenset(item.path for item in order))
    for row, value_at in zip(rows, lookups, strict=True):
        found.looked_up[id(row)] = tuple(value_at(item.path) for item in order)
    keys = {row: sort_key(looked_up, order) for row, looked_up in found.looked_up.items()}
    found.rows = {key: sorted(group, key=lambda row: keys[id(row)]) for key, group in found.rows.items()}
