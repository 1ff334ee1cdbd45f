"""Looks at known records in turn, for what no stamp shows: formulas, the calendar, a deletion that nobody tells of."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from platforms.predicates import And, Compare
from platforms.readers import ReadQuery
from runtime.clock import Clock
from sync.ledger.port_of_changes import Snapshot, Snapshots
from sync.noticing.checking import Checking
from sync.noticing.followed import FacetFeed
from sync.noticing.looking import Tally
from sync.noticing.positions import Position, Rotation

AT_ONCE = 100
"""Records of one turn."""
SCANNED = 10
"""Pages of known records that one turn may go through to find those that are still open."""
DUE = "dueDate"
QUARTER = timedelta(minutes=15)
"""Days end on a quarter of an hour, whatever the zone."""
DAYS = 2
"""How long ago a date may have passed, in UTC, that passes just now somewhere."""
MOST_DUE = 1_000
_CLOSED = frozenset({"PAID", "VOIDED", "CANCELLED", "CLOSED", "COMPLETED", "WON", "LOST", "TERMINATED", "EXPIRED"})
"""Statuses in which neither a formula nor the calendar changes anything that anybody waits for."""


class Turning:
    """One facet's rotation."""

    def __init__(self, feed: FacetFeed, checking: Checking, snapshots: Snapshots, clock: Clock) -> None:
        self._feed = feed
        self._checking = checking
        self._snapshots = snapshots
        self._clock = clock
        told = feed.facet.pushable.get(DUE)
        self._dated = bool(feed.traits.restamps) and told is not None and {"gte", "lte"} <= told.operators

    async def turn(self, position: Position) -> tuple[Rotation, Tally]:
        """The next of them; after the last one, the first."""
        rotation = position.rotation
        ids, after = await self._next(rotation.after)
        tally = await self._checking.check(position, ids)
        return msgspec.structs.replace(rotation, after=after), tally

    async def _next(self, after: str) -> tuple[Sequence[str], str]:
        feed, found = self._feed, list[str]()
        for _ in range(SCANNED):
            page = await self._snapshots.page(
                feed.platform.name, feed.type, feed.role.value, after=after, most=AT_ONCE - len(found)
            )
            if not page:
                return found, ""
            after = page[-1].external_id
            found += [each.external_id for each in page if not feed.traits.restamps or _is_open(each)]
            if len(found) >= AT_ONCE:
                break
        return found, after

    def is_calendar_due(self, position: Position) -> bool:
        at = position.rotation.calendar_at
        return self._dated and (at is None or _quarter(self._clock.now()) > at)

    async def pass_days(self, position: Position) -> tuple[Rotation, Tally]:
        """Looks at what fell due a moment ago, wherever its platform may be."""
        now = self._clock.now()
        ids = await self._due(now)
        tally = await self._checking.check(position, ids)
        return msgspec.structs.replace(position.rotation, calendar_at=_quarter(now)), tally

    async def _due(self, now: datetime) -> Sequence[str]:
        reader, facet = self._feed.platform.reader, self._feed.facet
        today = now.astimezone(UTC).date()
        where = And((Compare(DUE, "gte", today - timedelta(days=DAYS)), Compare(DUE, "lte", today)))
        projection = reader.project(facet, ("id",))
        id_of = projection.getter("id")
        found: list[str] = []
        query: ReadQuery | None = ReadQuery(where=where)
        while query is not None and len(found) < MOST_DUE:
            page = await reader.read(projection, query)
            found += [id_of(row) for row in page.rows]
            query = ReadQuery(where=where, resume=page.more) if page.more is not None and page.rows else None
        known = await self._snapshots.get(self._feed.platform.name, facet.type, facet.role.value, found)
        return [each for each in found if each in known and _is_open(known[each])]


def _quarter(now: datetime) -> datetime:
    """When the running quarter of an hour began."""
    return now.replace(minute=now.minute // 15 * 15, second=0, microsecond=0)


def _is_open(snapshot: Snapshot) -> bool:
    return (snapshot.values.get("status") or snapshot.values.get("stage")) not in _CLOSED
