"""What a turn of a feed has done so far: kept whatever ends it, as all of it is in the ledger already."""

import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from runtime.settings.happenings import FeedsSettings
from sync.ledger.port_of_changes import Feed, FeedChange
from sync.ledger.records import Json
from sync.noticing.looking import Tally

GROWTH = 1.5
"""How much longer the next pause is when nothing has happened."""


@dataclass(slots=True)
class Progress:
    """`more`: there is more to do right away. `news`: changes that the live feed found, which make it ask sooner.
    `reached_at`: all that happened before has been seen. `rounds`: live rounds that came to their end.
    """

    position: Json = None
    backfill: Json = None
    filled: bool = False
    more: bool = False
    news: int = 0
    asked: bool = False
    """The live feed has been asked at all: it isn't in turns that go on with a backfill alone."""
    reached_at: datetime | None = None
    rounds: int = 0
    tally: Tally = field(default_factory=Tally)

    def add(self, tally: Tally) -> None:
        mine = self.tally
        mine.rows += tally.rows
        mine.looks += tally.looks
        mine.changes += tally.changes
        mine.deletions += tally.deletions
        mine.holes += tally.holes

    def change(self, feed: Feed, settings: FeedsSettings, now: datetime) -> FeedChange:
        """What becomes of a feed when all went well."""
        interval = self._interval(feed, settings)
        clear = {"error"} | ({"backfill"} if self.filled else set())
        return FeedChange(
            position=self.position,
            backfill=None if self.filled else self.backfill,
            next_at=now if self.more else _next(now, interval, settings),
            reached_at=self.reached_at,
            round_at=now if self.asked else None,
            interval=interval,
            failures=0,
            counts=self.counts(),
            clear=frozenset(clear),
        )

    def counts(self) -> dict[str, int]:
        tally = self.tally
        found = {
            "rounds": self.rounds,
            "rows": tally.rows,
            "changes": tally.changes,
            "deletions": tally.deletions,
            "holes": tally.holes,
        }
        return {name: number for name, number in found.items() if number}

    def _interval(self, feed: Feed, settings: FeedsSettings) -> float:
        """Sooner where something happens, and later and later where nothing does."""
        longest = max(settings.shortest_seconds, settings.longest_seconds)
        if self.news:
            return settings.shortest_seconds
        grown = feed.interval * GROWTH if self.asked else feed.interval
        return min(longest, max(settings.shortest_seconds, grown))


def _next(now: datetime, interval: float, settings: FeedsSettings) -> datetime:
    """Feeds that have nothing to tell are asked all at the same moments: in between nobody is disturbed."""
    if interval < settings.longest_seconds:
        return now + timedelta(seconds=interval)
    moments = math.floor(now.timestamp() / interval + 1.5)  # never sooner than after half the interval
    return datetime.fromtimestamp(moments * interval, now.tzinfo)


class Turn(Protocol):
    """How one feed is gone on with."""

    async def go(self, feed: Feed, progress: Progress) -> None:
        """Does a bounded part of what is to be done, and says in `progress` what of it is done. Raises the platform's
        errors and LedgerUnavailable.
        """
        ...
