"""Reads records again as they are now, and tells apart what is not there and what can't be read."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from platforms.bindings import Bindings
from platforms.mapping import plain
from platforms.readers import Projection, ReadQuery
from schema.errors import UpstreamInvalidResponse, UpstreamTooLarge
from sync.ledger.records import Json
from sync.noticing.tracked import Tracked
from sync.values import to_json

MOST_BROKEN = 40
"""Answers that may be broken in one look, while it is searched for what breaks them; then the platform itself is."""
_UNREADABLE = (UpstreamInvalidResponse, UpstreamTooLarge)


class ShortAnswer(UpstreamInvalidResponse):
    """Less came than the platform itself says that there is, or there is always more to come."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One record as it is: its compared values as JSON, and when the platform says that it was changed last."""

    values: Mapping[str, Json]
    modified_at: datetime | None


@dataclass(slots=True)
class Sight:
    """What one look at some records showed, by external id. Whoever is in neither wasn't answered."""

    seen: dict[str, Seen] = field(default_factory=dict)
    unreadable: set[str] = field(default_factory=set)

    def missing(self, external_ids: Sequence[str]) -> list[str]:
        return [each for each in external_ids if each not in self.seen and each not in self.unreadable]


class Eye:
    """Looks at the platforms through their readers. An error of the platform's is raised as it is."""

    def __init__(self, bindings: Bindings) -> None:
        self._bindings = bindings
        self._projections: dict[tuple[str, str, str], Projection] = {}

    async def look(self, tracked: Tracked, external_ids: Sequence[str]) -> Sight:
        """The ids may be more than the platform takes at once."""
        sight, left = Sight(), _Broken(MOST_BROKEN)
        for some in batches(tracked, external_ids):
            await self._look(tracked, some, sight, left)
        # Either they are broken, or the platform answers garbage: then this raises, and nothing is believed.
        if sight.unreadable and not sight.seen and not await self.sees_any(tracked):
            raise ShortAnswer("no record at all can be read", platform=tracked.platform)
        return sight

    async def sees_any(self, tracked: Tracked) -> bool:
        """Whether the platform answers any record of the facet."""
        reader = self._bindings.platforms[tracked.platform].reader
        return bool((await reader.read(self._projection(tracked), ReadQuery(limit=1))).rows)

    async def _look(self, tracked: Tracked, external_ids: Sequence[str], sight: Sight, left: "_Broken") -> None:
        """One broken record makes an answer that can't be decoded: by halves it is found, and the others are read."""
        try:
            rows = await self._rows(tracked, external_ids)
        except ShortAnswer:
            raise
        except _UNREADABLE:
            if not left.one():
                raise
            if len(external_ids) == 1:
                sight.unreadable.update(external_ids)
                return
            middle = len(external_ids) // 2
            await self._look(tracked, external_ids[:middle], sight, left)
            await self._look(tracked, external_ids[middle:], sight, left)
            return
        self._take(tracked, rows, frozenset(external_ids), sight)

    async def _rows(self, tracked: Tracked, external_ids: Sequence[str]) -> list[Any]:
        reader = self._bindings.platforms[tracked.platform].reader
        projection = self._projection(tracked)
        rows: list[Any] = []
        total: int | None = None
        resume: Any = None
        for _ in range(len(external_ids) + 1):
            query = ReadQuery(by="id", keys=tuple(external_ids), resume=resume)
            page = await reader.read(projection, query)
            total = page.total if total is None else total
            rows += page.rows
            resume = page.more
            if resume is None:
                break
        else:
            raise ShortAnswer("its pages have no end", platform=tracked.platform)
        if total is not None and len(rows) < total:
            detail = f"{total} records were announced, and {len(rows)} came"
            raise ShortAnswer(detail, platform=tracked.platform)
        return rows

    def _take(self, tracked: Tracked, rows: Sequence[Any], asked: frozenset[str], sight: Sight) -> None:
        projection = self._projection(tracked)
        id_of = projection.getter("id")
        for row in rows:
            external_id = id_of(row)
            if external_id not in asked or external_id in sight.seen:
                continue
            try:
                sight.seen[external_id] = _seen(tracked, projection, row)
            except (ValueError, TypeError, ArithmeticError):  # a foreign value that no mapping could tame
                sight.unreadable.add(external_id)

    def _projection(self, tracked: Tracked) -> Projection:
        identity = (tracked.platform, tracked.type, tracked.role.value)
        found = self._projections.get(identity)
        if found is None:
            stamp = {"modifiedAt"} if tracked.stamped else set()
            reader = self._bindings.platforms[tracked.platform].reader
            found = self._projections[identity] = reader.project(tracked.facet, tracked.compared | stamp)
        return found


class _Broken:
    """How many more answers may be broken."""

    def __init__(self, most: int) -> None:
        self._left = most

    def one(self) -> bool:
        """One more is; False: it is too many."""
        self._left -= 1
        return self._left >= 0


def batches(tracked: Tracked, external_ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """As many ids together as the platform takes, and as one transaction should write."""
    size = min(tracked.facet.batch["id"], AT_ONCE)
    for start in range(0, len(external_ids), size):
        yield external_ids[start : start + size]


AT_ONCE = 200
"""Records that are looked at together."""


def _seen(tracked: Tracked, projection: Projection, row: Any) -> Seen:
    values = {path: _plain(projection.getter(path)(row)) for path in tracked.compared}
    return Seen(values, projection.getter("modifiedAt")(row) if tracked.stamped else None)


def _plain(value: Any) -> Json:
    """Numbers are told alike whatever zeros a platform puts at their end, empty text and lists as missing."""
    if isinstance(value, Decimal):
        value = plain(value)
    return None if value in ("", ()) else to_json(value)
