"""Goes on with the feeds that are due, platform by platform; every process that works takes what nobody has."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

import structlog

from platforms.bindings import Bindings
from runtime.clock import Clock
from runtime.settings import Settings
from runtime.settings.happenings import FeedsSettings
from schema.errors import LedgerUnavailable
from sync.ledger.port import Ledger
from sync.ledger.port_of_changes import Feed, FeedChange
from sync.noticing.feed_metrics import FEED_METRICS
from sync.noticing.observer import Observer
from sync.noticing.progress import Progress
from sync.noticing.turns import Turns

LEASE_SECONDS = 20.0
"""How long a feed stays with a process that is heard of no more."""
_RENEWALS = 3  # within one lease
AT_ONCE = 3
"""Feeds of one platform that one process goes on with at the same time: a slow backfill holds up no other."""
LOOK_SECONDS = 1.0
"""Between two looks for feeds that are due, at most: what a person has asked for begins by then."""
PAUSE_SECONDS = 2.0
"""After the ledger didn't answer."""


class Schedule:
    """Any number of processes may run one over the same ledger."""

    def __init__(self, turns: Turns, ledger: Ledger, settings: FeedsSettings, clock: Clock) -> None:
        self._turns = turns
        self._ledger = ledger
        self._settings = settings
        self._clock = clock
        self._look_seconds = min(LOOK_SECONDS, settings.shortest_seconds)
        self._names: dict[str, list[str]] = {}
        for name, feed in turns.feeds.items():
            self._names.setdefault(feed.platform.name, []).append(name)
        self._busy: dict[str, set[asyncio.Task[None]]] = {platform: set() for platform in self._names}
        self._declared = False
        self._troubled = False

    async def run(self) -> None:
        """Until it is cancelled: then what is under way is given back as far as it has come."""
        try:
            while True:
                try:
                    await self.look()
                except LedgerUnavailable as error:
                    self._complain(error.detail)
                    await self._rest(PAUSE_SECONDS)
                else:
                    self._troubled = False
                    await self._rest(self._look_seconds)
        finally:
            tasks = self.under_way
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def declare(self) -> None:
        """Makes rows for feeds that have none."""
        platforms = {name: feed.platform.name for name, feed in self._turns.feeds.items()}
        if platforms:
            await self._ledger.feeds.declare(platforms, interval=self._settings.shortest_seconds)
        self._declared = True

    async def look(self) -> None:
        """Begins with what is due, as far as there is room, and waits for none of it. Raises LedgerUnavailable."""
        if not self._declared:
            await self.declare()
        feeds = [feed for feed in await self._ledger.feeds.all() if feed.name in self._turns.feeds]
        now = self._clock.now()
        _tell(feeds, now)
        for platform, names in self._names.items():
            due = sum(1 for feed in feeds if feed.platform == platform and _is_due(feed, now))
            for _ in range(min(due, AT_ONCE - len(self._busy[platform]))):
                taken = await self._ledger.feeds.take(names, seconds=LEASE_SECONDS)
                if taken is None:
                    break
                self._begin(platform, taken)

    @property
    def under_way(self) -> Sequence[asyncio.Task[None]]:
        return [task for tasks in self._busy.values() for task in tasks]

    async def turn(self, names: Sequence[str]) -> bool:
        """Goes on with the one of these that is due longest, to the end of its turn; False where none is."""
        taken = await self._ledger.feeds.take(names, seconds=LEASE_SECONDS)
        if taken is None:
            return False
        await self._go_on(taken)
        return True

    # ------------------------------------------------------------------------------------------------- one turn

    def _begin(self, platform: str, feed: Feed) -> None:
        task = asyncio.create_task(self._guarded(feed))
        self._busy[platform].add(task)
        task.add_done_callback(self._busy[platform].discard)

    async def _guarded(self, feed: Feed) -> None:
        try:
            await self._go_on(feed)
        except LedgerUnavailable as error:
            self._complain(error.detail)  # the lease ends some time, and then somebody goes on

    async def _go_on(self, feed: Feed) -> None:
        progress = Progress()
        keeping = asyncio.create_task(self._keep(feed))
        try:
            change = await self._turns.turn(feed, progress)
        except asyncio.CancelledError:
            with suppress(LedgerUnavailable):
                await self._ledger.feeds.give_back(feed, _as_far_as(progress))
            raise
        except LedgerUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - an edge: whatever it was, it would fail at once for ever
            structlog.get_logger().exception("a feed met a bug", feed=feed.name)
            change = await self._turns.failed(feed, progress, error)
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)
        if not await self._ledger.feeds.give_back(feed, change):
            structlog.get_logger().info("a feed was taken over or begun anew meanwhile", feed=feed.name)

    async def _keep(self, feed: Feed) -> None:
        while True:
            await asyncio.sleep(LEASE_SECONDS / _RENEWALS)
            with suppress(LedgerUnavailable):
                if not await self._ledger.feeds.keep(feed, seconds=LEASE_SECONDS):
                    return

    async def _rest(self, seconds: float) -> None:
        """Until then, or until one of those under way has ended and there may be room for the next."""
        if busy := self.under_way:
            await asyncio.wait(busy, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        else:
            await asyncio.sleep(seconds)

    def _complain(self, why: str) -> None:
        if not self._troubled:  # once, not every two seconds
            structlog.get_logger().warning("can't go on with feeds for now", why=why)
        self._troubled = True


def following_feeds(
    settings: Settings, bindings: Bindings, ledger: Ledger, observer: Observer, clock: Clock
) -> Schedule | None:
    """None where an installation doesn't follow feeds."""
    if not settings.feeds.enabled:
        return None
    return Schedule(Turns(bindings, ledger, observer, settings.feeds, clock), ledger, settings.feeds, clock)


def _is_due(feed: Feed, now: datetime) -> bool:
    return not feed.paused and feed.next_at <= now and (feed.taken_until is None or feed.taken_until <= now)


def _as_far_as(progress: Progress) -> FeedChange:
    """Of a turn that was broken off: another process goes on with it at once."""
    return FeedChange(
        position=progress.position,
        backfill=None if progress.filled else progress.backfill,
        counts=progress.counts(),
        clear=frozenset({"backfill"} if progress.filled else ()),
    )


def _tell(feeds: Sequence[Feed], now: datetime) -> None:
    for feed in feeds:
        FEED_METRICS.paused.labels(feed.name).set(feed.paused)
        if feed.reached_at is not None:
            FEED_METRICS.lag.labels(feed.name).set((now - feed.reached_at).total_seconds())
