"""Reads rows beside the live feed: all of a facet that can't be asked for changes, or what is older than a feed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from runtime.clock import Clock
from sync.noticing.followed import FacetFeed
from sync.noticing.looking import Looking, Tally, Wanted
from sync.noticing.observer import Observer
from sync.noticing.pages import Row, Rows
from sync.noticing.positions import Backfill, Scan, Walk
from sync.noticing.rounds import NOTICED_BY


@dataclass(frozen=True, slots=True)
class Scanned:
    """`scan` is what becomes of it; `ended`: it has been through all of the rows that there were at `began_at`."""

    scan: Scan
    began_at: datetime
    ended: bool
    tally: Tally


@dataclass(frozen=True, slots=True)
class Filled:
    """`backfill` None: it is done."""

    backfill: Backfill | None
    tally: Tally


class Scans:
    """One facet's. Every step is one page, and may be done again."""

    def __init__(self, feed: FacetFeed, rows: Rows, looking: Looking, observer: Observer, clock: Clock) -> None:
        self._feed = feed
        self._rows = rows
        self._looking = looking
        self._observer = observer
        self._clock = clock

    async def scan(self, scan: Scan) -> Scanned:
        """The first one only writes down what there is."""
        walk = scan.walk or Walk(began_at=self._clock.now())
        page = await self._rows.page(walk)
        tally = await self._look(page.rows, baseline=scan.rounds == 0)
        if page.walk is not None:
            return Scanned(msgspec.structs.replace(scan, walk=page.walk), walk.began_at, ended=False, tally=tally)
        return Scanned(Scan(rounds=scan.rounds + 1), walk.began_at, ended=True, tally=tally)

    async def fill(self, backfill: Backfill) -> Filled:
        since = backfill.since if self._rows.askable else None
        walk = backfill.walk or Walk(since=since, until=backfill.until, began_at=self._clock.now())
        page = await self._rows.page(walk)
        rows = [row for row in page.rows if _is_meant(row, backfill.since, backfill.until)]
        tally = await self._look(rows, baseline=backfill.baseline, all_of_them=not backfill.everything)
        if page.walk is None:
            return Filled(None, tally)
        return Filled(msgspec.structs.replace(backfill, walk=page.walk, rows=backfill.rows + len(rows)), tally)

    async def _look(self, rows: Sequence[Row], *, baseline: bool, all_of_them: bool = False) -> Tally:
        feed = self._feed
        due = rows
        if feed.seen and self._rows.stamped and not all_of_them:
            stamps = {row.id: row.stamp for row in rows}
            new = frozenset(await self._observer.known(feed.platform.name, feed.type, feed.role, stamps))
            due = [row for row in rows if row.id in new]
        wanted = Wanted.of_rows(feed, due)
        tally = await self._looking.look(feed.platform, wanted, noticed_by=NOTICED_BY, baseline=baseline)
        tally.rows = len(rows)
        return tally


def _is_meant(row: Row, since: datetime | None, until: datetime | None) -> bool:
    """Rows without a stamp always are."""
    if row.stamp is None:
        return True
    return (since is None or row.stamp > since) and (until is None or row.stamp <= until)
