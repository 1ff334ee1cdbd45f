"""Follows a facet's rows by their stamps: each change is noticed, however late it shows.

A row may become visible later than it is stamped, so that each round begins `overlap` before the newest stamp. Two
changes may bear one stamp, and the second may show late as well, so that what leaves that window is looked at a last
time whatever is known of it. Where it begins is told by the platform's own stamps, never by our clock.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec

from runtime.clock import Clock
from sync.noticing.followed import FacetFeed
from sync.noticing.looking import Looking, Tally, Wanted
from sync.noticing.observer import Observer
from sync.noticing.pages import Row, Rows
from sync.noticing.positions import Live, Position, Walk, later

NOTICED_BY = "feed"
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
AHEAD = timedelta(minutes=10)
"""How far a platform's clock may be before ours; a stamp beyond it is an error and moves nothing."""


@dataclass(frozen=True, slots=True)
class Step:
    """One page's work. `ended`: nothing is left to be told for now of what happened before `began_at`."""

    live: Live
    began_at: datetime
    ended: bool
    tally: Tally


class Rounds:
    """A facet's live feed."""

    def __init__(self, feed: FacetFeed, rows: Rows, looking: Looking, observer: Observer, clock: Clock) -> None:
        self._feed = feed
        self._rows = rows
        self._looking = looking
        self._observer = observer
        self._clock = clock
        self._window = feed.traits.overlap + feed.traits.precision

    async def start(self) -> Live:
        """From the newest row on, as the platform stamps it; where it can't tell that, from now on by our clock."""
        newest = await self._rows.newest()
        now = self._clock.now()
        if newest is None and self._rows.tells_newest:
            return Live(high_at=now)
        high = now if newest is None else min(newest, now + AHEAD)
        return Live(high=high, high_at=now, settled=high - self._window)

    async def step(self, position: Position) -> Step:
        """Reads a page, and looks at what is in it. Nothing is kept of it before the ledger has all that came of it."""
        assert position.live is not None
        live = position.live if position.live.walk is not None else self._begun(position.live)
        assert live.walk is not None
        began_at = live.walk.began_at
        page = await self._rows.page(live.walk)
        now = self._clock.now()
        new = await self._new(page.rows, live)
        due = [row for row in page.rows if row.id in new or self._must(row, live)]
        tally = await self._look(due, position.start)
        tally.rows = len(page.rows)
        live = msgspec.structs.replace(self._raised(live, page.rows, now), walk=page.walk)
        if page.walk is None:
            live = msgspec.structs.replace(live, settled=later(live.settled, live.final))
        return Step(live, began_at, ended=page.walk is None, tally=tally)

    # ------------------------------------------------------------------------------------------------ what is due

    async def _new(self, rows: Sequence[Row], live: Live) -> Collection[str]:
        """Ids of rows that don't look as they did when they were last seen."""
        if not rows:
            return frozenset()
        feed = self._feed
        if not feed.seen:
            before = (live.before or BEGINNING) - feed.traits.precision  # no snapshot tells what was looked at
            return {row.id for row in rows if row.stamp is not None and row.stamp > before}
        stamps = {row.id: row.stamp for row in rows}
        return frozenset(await self._observer.known(feed.platform.name, feed.type, feed.role, stamps))

    @staticmethod
    def _must(row: Row, live: Live) -> bool:
        return row.stamp is None or (live.final is not None and row.stamp <= live.final)

    async def _look(self, rows: Sequence[Row], start: datetime | None) -> Tally:
        """What was there before anybody followed it isn't news."""
        old = [row for row in rows if start is not None and row.stamp is not None and row.stamp <= start]
        news = [row for row in rows if start is None or row.stamp is None or row.stamp > start]
        platform, total = self._feed.platform, Tally()
        for some, baseline in ((old, True), (news, False)):
            wanted = Wanted.of_rows(self._feed, some)
            found = await self._looking.look(platform, wanted, noticed_by=NOTICED_BY, baseline=baseline)
            total.looks += found.looks
            total.changes += found.changes
            total.deletions += found.deletions
        return total

    # ------------------------------------------------------------------------------------------- where it has come

    def _begun(self, live: Live) -> Live:
        """A walk from what is settled to the newest row."""
        now = self._clock.now()
        final = live.settled
        if live.high is not None:
            final = later(final, live.high - self._window)
            if live.high_at is not None and now - live.high_at >= self._window:
                final = live.high  # for so long nothing newer came, that nothing older can come any more
        walk = Walk(since=live.settled or BEGINNING, began_at=now)
        return msgspec.structs.replace(live, walk=walk, final=final, before=live.high)

    @staticmethod
    def _raised(live: Live, rows: Sequence[Row], now: datetime) -> Live:
        stamps = [row.stamp for row in rows if row.stamp is not None and row.stamp <= now + AHEAD]
        high = later(live.high, max(stamps, default=None))
        return msgspec.structs.replace(live, high=high, high_at=now if high != live.high else live.high_at)
