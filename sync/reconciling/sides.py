"""A side that is read from one kind of record on the platforms of one role."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from platforms.copies import copies_of
from platforms.predicates import Compare, Predicate, all_of
from platforms.readers import Facet, Projection, ReadQuery
from schema.roles import PlatformRole
from sync.firm import Firm
from sync.ledger.records import Json
from sync.reconciling.links import LinkedBy
from sync.reconciling.seen import Key, Page, Reading, Scope, Seen

MOST_COMPARED = 200
"""Values of one condition, where the platform isn't asked by ids: it must fit in a URL."""
_STAMPS = frozenset({"modifiedAt", "createdAt"})


@dataclass(frozen=True, slots=True, kw_only=True)
class FacetSide:
    """`type` names a facet of the graph, or a copy (`platforms.copies`). Paths that a platform doesn't have read as
    None.
    """

    type: str
    role: PlatformRole
    paths: tuple[str, ...]
    linked: LinkedBy

    def platforms(self, firm: Firm) -> list[str]:
        return [each.name for each in firm.bindings.roles.get(self.role, ()) if self._known(firm, each.name)]

    async def page(self, reading: Reading, platform: str, after: Json, *, most: int, where: Predicate | None) -> Page:
        facet = self._facet(reading.firm, platform)
        size = min(most, facet.page_size)
        if facet.keyset:
            behind = () if after is None else (Compare("id", "gt", str(after)),)
            parts = (*behind, *(() if where is None else (where,)))
            query = ReadQuery(where=all_of(parts) if parts else None, limit=size)
        else:
            query = ReadQuery(where=where, offset=int(after or 0), limit=size)
        seen = await self._read(reading, platform, facet, query)
        if facet.keyset:
            return Page(seen, seen[-1].external_id if len(seen) == size else None)
        # A row that the platform's list holds and that isn't of this kind still takes its place there.
        return Page(seen, int(after or 0) + size if seen else None)

    async def of(self, reading: Reading, keys: Iterable[Key]) -> list[Seen]:
        wanted = tuple(dict.fromkeys(keys))
        found: list[Seen] = []
        for platform in self.platforms(reading.firm):
            asked = await self.linked.asked(reading, platform, wanted)
            found += await self._by(reading, platform, self.linked.path, asked)
        meant = frozenset(wanted)
        return [seen for seen in found if seen.key in meant]

    async def again(self, reading: Reading, platform: str, external_ids: Iterable[str]) -> list[Seen]:
        return await self._by(reading, platform, "id", list(dict.fromkeys(external_ids)))

    async def count(self, reading: Reading, platform: str, where: Predicate | None) -> int | None:
        facet = self._facet(reading.firm, platform)
        return await reading.firm.bindings.platforms[platform].reader.count(facet, where)

    def where(self, firm: Firm, platform: str, path: str, scope: Scope) -> Predicate | None:
        facet = self._facet(firm, platform)
        pushable = facet.pushable.get(path)
        if pushable is None or not pushable.exact or path not in facet.by_path():
            return None
        parts: list[Predicate] = []
        if scope.since is not None and "gte" in pushable.operators:
            parts.append(Compare(path, "gte", _first(scope.since) if path in _STAMPS else scope.since))
        if scope.until is not None and {"lt", "lte"} <= pushable.operators:
            behind = scope.until + timedelta(days=1)
            stamp = path in _STAMPS
            parts.append(Compare(path, "lt", _first(behind)) if stamp else Compare(path, "lte", scope.until))
        return all_of(parts) if parts else None

    # ---------------------------------------------------------------------------------------------------------- pieces

    def _known(self, firm: Firm, platform: str) -> bool:
        reader = firm.bindings.platforms[platform].reader
        return (self.type, self.role) in reader.facets or (self.type, self.role) in copies_of(reader)

    def _facet(self, firm: Firm, platform: str) -> Facet:
        reader = firm.bindings.platforms[platform].reader
        found = reader.facets.get((self.type, self.role))
        return copies_of(reader)[self.type, self.role] if found is None else found

    async def _by(self, reading: Reading, platform: str, path: str, values: Sequence[str]) -> list[Seen]:
        if not values:
            return []
        facet = self._facet(reading.firm, platform)
        in_bulk = path in facet.batch
        found: list[Seen] = []
        for some in _batches(values, facet.batch[path] if in_bulk else MOST_COMPARED):
            query = ReadQuery(by=path, keys=some) if in_bulk else ReadQuery(where=Compare(path, "in", some))
            found += await self._read(reading, platform, facet, query)
        return found

    async def _read(self, reading: Reading, platform: str, facet: Facet, query: ReadQuery) -> list[Seen]:
        reader = reading.firm.bindings.platforms[platform].reader
        known = facet.by_path().keys()
        asked = {*self.paths, self.linked.path, "modifiedAt"} & known
        projection = reader.project(facet, asked)
        found: list[Seen] = []
        resume = query.resume
        while True:
            page = await reader.read(
                projection,
                ReadQuery(
                    by=query.by,
                    keys=query.keys,
                    where=query.where,
                    limit=query.limit,
                    offset=query.offset,
                    resume=resume,
                ),
            )
            found += [self._seen(reading, platform, projection, raw) for raw in page.rows]
            if page.more is None or (query.limit is not None and len(found) >= query.limit):
                return found
            resume = page.more

    def _seen(self, reading: Reading, platform: str, projection: Projection, raw: Any) -> Seen:
        def value(path: str) -> Any:
            return projection.getter(path)(raw) if path in projection.paths else None

        external_id: str = value("id")
        return Seen(
            platform=platform,
            external_id=external_id,
            key=self.linked.key(reading, platform, external_id, value(self.linked.path)),
            values={path: value(path) for path in self.paths},
            modified_at=value("modifiedAt"),
        )


def _batches(values: Sequence[str], size: int) -> Iterator[tuple[str, ...]]:
    for start in range(0, len(values), size):
        yield tuple(values[start : start + size])


def _first(day: Any) -> datetime:
    """The first instant of a day, in UTC."""
    return datetime.combine(day, time(), UTC)
