"""One turn of whatever feed was taken, and what becomes of the feed, also where the platform fails it."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from random import Random

import structlog

from platforms.bindings import Bindings
from runtime.clock import Clock
from runtime.settings.happenings import FeedsSettings
from schema.errors import CrosswalkError, LedgerUnavailable, PlatformError, RetryLater, UpstreamInvalidResponse
from sync.ledger.port import Ledger
from sync.ledger.port_of_changes import Feed, FeedChange
from sync.noticing.alarms import Alarms
from sync.noticing.checking import Checking
from sync.noticing.feed_metrics import FEED_METRICS
from sync.noticing.followed import FacetFeed, Followed, LogFeed, followed
from sync.noticing.logs import LogRounds
from sync.noticing.looking import Looking
from sync.noticing.observer import Observer
from sync.noticing.pages import Rows
from sync.noticing.probes import Probes
from sync.noticing.progress import Progress, Turn
from sync.noticing.rotation import Turning
from sync.noticing.rounds import Rounds
from sync.noticing.scans import Scans
from sync.noticing.turns_of_facets import FacetTurn
from sync.noticing.turns_of_logs import LogTurn

TURN_SECONDS = 240.0
"""After which a turn is given up, whatever it waits for; what it has done is kept."""
LONGEST_PAUSE = 900.0
"""Seconds between two tries of a feed that fails again and again, where the platform names no longer time."""
TOLD = 3
"""Failures in a row from which a person is told of what won't get better by waiting."""


class Turns:
    """All feeds of an installation. `random` chooses what probes look at."""

    def __init__(
        self,
        bindings: Bindings,
        ledger: Ledger,
        observer: Observer,
        settings: FeedsSettings,
        clock: Clock,
        *,
        random: Random | None = None,
    ) -> None:
        self.feeds: Mapping[str, Followed] = followed(bindings)
        self._ledger = ledger
        self._observer = observer
        self._settings = settings
        self._clock = clock
        self._random = random or Random()  # noqa: S311 - it only spreads work
        self._alarms = Alarms(ledger)
        looking = Looking(self.feeds, bindings, ledger.snapshots, observer)
        self._turns: Mapping[str, Turn] = {
            name: self._of_facet(feed, looking) if isinstance(feed, FacetFeed) else self._of_log(feed, looking)
            for name, feed in self.feeds.items()
        }

    async def turn(self, feed: Feed, progress: Progress) -> FeedChange:
        """Raises LedgerUnavailable, and whatever a bug raises; `progress` then says what was done."""
        try:
            async with asyncio.timeout(TURN_SECONDS):
                await self._turns[feed.name].go(feed, progress)
        except LedgerUnavailable:
            raise
        except CrosswalkError as error:
            return await self.failed(feed, progress, error)
        except TimeoutError:
            late = RetryLater(f"a turn took longer than {TURN_SECONDS:.0f} seconds", platform=feed.platform)
            return await self.failed(feed, progress, late)
        FEED_METRICS.counted(feed.name, progress.counts())
        if feed.failures >= TOLD:
            await self._alarms.going_on(feed.name)
        return progress.change(feed, self._settings, self._clock.now())

    async def failed(self, feed: Feed, progress: Progress, error: Exception) -> FeedChange:
        """It tries again later and later. What was looked at stays looked at; nothing else moves."""
        code = getattr(error, "code", None) or type(error).__name__
        detail = error.detail if isinstance(error, CrosswalkError) else type(error).__name__
        failures = feed.failures + 1
        FEED_METRICS.counted(feed.name, progress.counts())
        FEED_METRICS.errors.labels(feed.name, str(code)).inc()
        if failures == 1:
            structlog.get_logger().warning("a feed fails for now", feed=feed.name, code=str(code), why=detail)
        passing = isinstance(error, RetryLater) and not isinstance(error, UpstreamInvalidResponse)
        if failures >= TOLD and not passing:
            await self._alarms.failing(feed.name, feed.platform, detail, failures)
        return FeedChange(
            position=progress.position,
            backfill=None if progress.filled else progress.backfill,
            next_at=self._clock.now() + timedelta(seconds=self._pause(error, failures)),
            failures=failures,
            error=f"{code}: {detail}",
            counts=progress.counts(),
            clear=frozenset({"backfill"} if progress.filled else ()),
        )

    def _pause(self, error: Exception, failures: int) -> float:
        longest = max(LONGEST_PAUSE, self._settings.longest_seconds)
        pause = min(longest, self._settings.shortest_seconds * 2.0 ** min(failures, 20))
        named = error.retry_after if isinstance(error, PlatformError) and isinstance(error, RetryLater) else None
        return max(pause, named or 0.0)

    def _of_facet(self, feed: FacetFeed, looking: Looking) -> FacetTurn:
        rows, snapshots, clock = Rows(feed), self._ledger.snapshots, self._clock
        checking = Checking(feed, looking, snapshots)
        return FacetTurn(
            feed,
            rows,
            Rounds(feed, rows, looking, self._observer, clock),
            Scans(feed, rows, looking, self._observer, clock),
            Turning(feed, checking, snapshots, clock),
            Probes(feed, rows, checking, snapshots, self._random),
            checking,
            self._alarms,
            self._settings,
            clock,
            self._random,
        )

    def _of_log(self, feed: LogFeed, looking: Looking) -> LogTurn:
        facets = [
            name
            for name, each in self.feeds.items()
            if isinstance(each, FacetFeed) and each.platform is feed.platform and each.seen
        ]
        return LogTurn(LogRounds(feed, looking), self._ledger.feeds, self._clock, facets=facets)
