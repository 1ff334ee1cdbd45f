"""Forgets what the settings don't keep any longer: events, messages that were dealt with, and records' last states.

What belongs to runs stays for ever. Deliveries, comparisons and the like are forgotten by those who make them.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from runtime.clock import Clock
from runtime.settings import Settings
from schema.errors import LedgerUnavailable
from sync.ledger.port import Ledger

NAME = "retention"
"""Of the cursor that says when it was done last."""
EVERY = timedelta(hours=1)
LOOK_SECONDS = 300.0
"""Between two looks whether it is time."""
PAUSE_SECONDS = 0.2
"""Between two transactions of some thousand rows each, in which others have their turn."""
MOST_TRANSACTIONS = 1_000
"""Of one kind, each hour."""


class Retention:
    """One of the processes does it, each hour; two at once would do no harm. `pause`: how others get a turn."""

    def __init__(
        self,
        ledger: Ledger,
        clock: Clock,
        *,
        events: timedelta,
        snapshots: timedelta,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._events = events
        self._snapshots = snapshots
        self._pause = pause
        self._troubled = False

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            try:
                await self.forget()
                self._troubled = False
            except LedgerUnavailable:
                if not self._troubled:
                    structlog.get_logger().warning("can't forget what is old: the ledger doesn't answer")
                self._troubled = True
            await self._pause(LOOK_SECONDS)

    async def forget(self) -> int:
        """How many rows it was; none where it was done within the hour."""
        now = self._clock.now()
        cursor = await self._ledger.cursors.get(NAME)
        if cursor.version and now < datetime.fromisoformat(cursor.position["at"]) + EVERY:
            return 0
        if not await self._ledger.cursors.move(NAME, version=cursor.version, position={"at": now.isoformat()}):
            return 0
        forgotten = await self._until_none(self._ledger.forget, now - self._events)
        forgotten += await self._until_none(self._ledger.snapshots.forget, now - self._snapshots)
        if forgotten:
            structlog.get_logger().info("forgot what is kept no longer", rows=forgotten)
        return forgotten

    async def _until_none(self, forget: "Forgetting", before: datetime) -> int:
        forgotten = 0
        for _ in range(MOST_TRANSACTIONS):
            some = await forget(before=before)
            if not some:
                break
            forgotten += some
            await self._pause(PAUSE_SECONDS)
        return forgotten


class Forgetting(Protocol):
    async def __call__(self, *, before: datetime) -> int: ...


def keeping(settings: Settings, ledger: Ledger, clock: Clock) -> Retention:
    """By the settings of an installation."""
    kept = settings.retention
    return Retention(
        ledger, clock, events=timedelta(days=kept.events_days), snapshots=timedelta(days=kept.snapshots_days)
    )
