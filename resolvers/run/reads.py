"""Reads of platforms for one operation: chunks of keys, pages to the end, the bound on rows, earlier reads."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from platforms.bindings import Bindings
from platforms.connected import Connected
from platforms.predicates import Predicate
from platforms.readers import Facet, Order, Projection, ReadPage, ReadQuery
from platforms.shared_calls import SharedCalls
from resolvers.freshness import Kept, Memory, Origin, Shelf
from resolvers.plan.nodes import Age
from runtime.clock import Clock
from schema.enums import Freshness
from schema.errors import CrosswalkError, DeadlineExceeded, TooWide
from schema.roles import PlatformRole

T = TypeVar("T")
MOST_ROWS = 10_000
"""How many rows one read may bring before it is too wide."""


@dataclass(frozen=True, slots=True)
class ReadNote:
    """One read of an operation: what was pushed to the platform, and what was held here."""

    platform: str
    projection: Projection
    by: str
    keys: int
    pushed: Predicate | None
    local: Predicate | None
    order: tuple[Order, ...]


@dataclass(slots=True)
class Keyed:
    """The outcome of a read by keys: batches of rows of one origin, and the keys that failed."""

    batches: list[tuple[Origin, dict[str, list[Any]]]] = field(default_factory=list)
    failed: dict[str, CrosswalkError] = field(default_factory=dict)


class Reads:
    """The reading side of a running engine, shared by its operations."""

    def __init__(self, bindings: Bindings, memory: Memory, clock: Clock) -> None:
        self.bindings = bindings
        self.memory = memory
        self.clock = clock
        self._flights: SharedCalls[Any] = SharedCalls(clock)
        self._projections: dict[tuple[str, str, PlatformRole, frozenset[str]], Projection] = {}

    def projection(self, platform: str, type_name: str, role: PlatformRole, paths: frozenset[str]) -> Projection:
        """The platform's row for these paths, those it doesn't know left out; made once."""
        identity = (platform, type_name, role, paths)
        found = self._projections.get(identity)
        if found is None:
            if len(self._projections) > 4_000:
                self._projections.clear()
            connected = self.bindings.platforms[platform]
            facet = connected.reader.facets[type_name, role]
            found = connected.reader.project(facet, paths & facet.by_path().keys())
            self._projections[identity] = found
        return found

    async def by_keys(
        self,
        platform: str,
        projection: Projection,
        by: str,
        keys: Sequence[str],
        *,
        where: Predicate | None,
        order: tuple[Order, ...],
        age: Age,
        limit: int | None = None,
    ) -> Keyed:
        """The rows whose `by` is one of `keys`, in as few calls as the platform's batch limit allows."""
        outcome = Keyed()
        shelf = Shelf(platform, projection, by, f"{where}{order}{limit}")
        missing = list(keys)
        if age.max_age:
            kept = await self.memory.recall(shelf, missing, age.max_age)
            _add(outcome, kept, Freshness.CACHED)
            missing = [key for key in missing if key not in kept]
        size = projection.facet.batch[by] if limit is None else 1  # a limit is one key's: together they'd share it
        chunks = [missing[start : start + size] for start in range(0, len(missing), size)]
        query = ReadQuery(by=by, where=where, order=order, limit=limit)
        if len(chunks) == 1:
            await self._chunk(outcome, shelf, query, chunks[0], age)
        elif chunks:
            async with asyncio.TaskGroup() as group:
                for chunk in chunks:
                    group.create_task(self._chunk(outcome, shelf, query, chunk, age))
        return outcome

    async def _chunk(self, outcome: Keyed, shelf: Shelf, query: ReadQuery, keys: list[str], age: Age) -> None:
        asked = ReadQuery(by=query.by, keys=tuple(keys), where=query.where, order=query.order, limit=query.limit)
        try:
            rows, fetched_at = await self.rows(shelf.platform, shelf.projection, asked)
        except CrosswalkError as error:
            kept: Mapping[str, Kept] = {}
            if age.stale_if_error:
                kept = await self.memory.recall(shelf, keys, age.stale_if_error)
                _add(outcome, kept, Freshness.STALE)
            outcome.failed.update((key, error) for key in keys if key not in kept)
            return
        grouped = _grouped(rows, keys, shelf.projection, shelf.by)
        outcome.batches.append((Origin(Freshness.LIVE, fetched_at), grouped))
        self.memory.keep(shelf, {key: Kept(found, fetched_at) for key, found in grouped.items()})

    async def page(self, platform: str, projection: Projection, query: ReadQuery, age: Age) -> tuple[Origin, ReadPage]:
        """One page of a list, from its start or behind `query.resume`."""
        # Set apart, so that 5 rows from the 11th on are never taken for 51 from the first on.
        condition = f"{query.where}|{query.order}|{query.limit}|{query.offset}|{query.resume}"
        shelf = Shelf(platform, projection, "", condition)
        if age.max_age:
            kept = await self.memory.recall(shelf, [""], age.max_age)
            if "" in kept:
                return _kept_page(kept[""], Freshness.CACHED)
        identity = (platform, projection.facet.type, projection.facet.role, projection.paths, "page", str(query))
        reader = self.bindings.platforms[platform].reader

        async def read() -> tuple[ReadPage, datetime]:
            started = self.clock.now()
            return await reader.read(projection, query), started

        try:
            page, started = await self._share(platform, identity, read)
        except CrosswalkError:
            kept = await self.memory.recall(shelf, [""], age.stale_if_error) if age.stale_if_error else {}
            if "" in kept:
                return _kept_page(kept[""], Freshness.STALE)
            raise
        self.memory.keep(shelf, {"": Kept(page.rows, started, page.total, page.more)})
        return Origin(Freshness.LIVE, started), page

    async def count(self, platform: str, facet: Facet, where: Predicate | None, age: Age) -> int | None:
        """How many rows there are; None where the platform can't count cheaply."""
        shelf = Shelf(platform, self.projection(platform, facet.type, facet.role, frozenset()), "", f"{where} counted")
        if age.max_age:
            kept = await self.memory.recall(shelf, [""], age.max_age)
            if "" in kept:
                return kept[""].total
        identity = (platform, facet.type, facet.role, "count", where)
        reader = self.bindings.platforms[platform].reader
        started = self.clock.now()
        try:
            found = await self._share(platform, identity, lambda: reader.count(facet, where))
        except CrosswalkError:
            kept = await self.memory.recall(shelf, [""], age.stale_if_error) if age.stale_if_error else {}
            if "" in kept:
                return kept[""].total
            raise
        self.memory.keep(shelf, {"": Kept([], started, found)})
        return found

    async def rows(self, platform: str, projection: Projection, query: ReadQuery) -> tuple[list[Any], datetime]:
        """Every row of the query, page after page, and when reading began. Identical reads in flight are shared."""
        identity = (platform, projection.facet.type, projection.facet.role, projection.paths, query)
        return await self._share(
            platform, identity, lambda: self._all_pages(self.bindings.platforms[platform], projection, query)
        )

    async def _share(self, platform: str, identity: Hashable, call: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """The call's result, from the flight under way where there is one."""
        try:
            found: T = await self._flights.share(identity, call)
        except DeadlineExceeded as error:
            if error.platform is not None:
                raise
            raise DeadlineExceeded(
                f"{platform} had not answered when the operation's time was over.", platform=platform
            ) from None
        return found

    async def _all_pages(
        self, platform: Connected, projection: Projection, query: ReadQuery
    ) -> tuple[list[Any], datetime]:
        started = self.clock.now()
        page = await platform.reader.read(projection, query)
        rows = page.rows
        while page.more is not None and (query.limit is None or len(rows) < query.limit):
            if len(rows) >= MOST_ROWS:
                raise too_wide(projection.facet, platform.name)
            following = ReadQuery(
                by=query.by, keys=query.keys, where=query.where, order=query.order, limit=query.limit, resume=page.more
            )
            page = await platform.reader.read(projection, following)
            rows = rows + page.rows
        return rows, started


def too_wide(facet: Facet, platform: str) -> TooWide:
    return TooWide(
        f"{facet.type} on {platform} has more than {MOST_ROWS:,} rows to look through for this: "
        "narrow the filter, or order by a field that the platform can order by itself.",
        part=facet.type,
        platform=platform,
    )


def _kept_page(kept: Kept, freshness: Freshness) -> tuple[Origin, ReadPage]:
    return Origin(freshness, kept.fetched_at), ReadPage(kept.rows, kept.more, kept.total)


def _add(outcome: Keyed, kept: Mapping[str, Kept], freshness: Freshness) -> None:
    by_time: dict[datetime, dict[str, list[Any]]] = {}
    for key, found in kept.items():
        by_time.setdefault(found.fetched_at, {})[key] = found.rows
    outcome.batches.extend((Origin(freshness, time), groups) for time, groups in by_time.items())


def _grouped(rows: list[Any], keys: Sequence[str], projection: Projection, by: str) -> dict[str, list[Any]]:
    """The rows by key, in their order; every asked key is there, so that an absence can be kept as well."""
    groups: dict[str, list[Any]] = {key: [] for key in keys}
    key_of = projection.getter(by)
    for row in rows:
        group = groups.get(key_of(row))
        if group is not None:
            group.append(row)
    return groups
