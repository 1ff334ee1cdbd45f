"""Carries what the ledger has accepted to the broker, and announces again what nobody came for."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

import structlog

from runtime.bell import Hearing
from runtime.clock import Clock
from sync.broker import RunQueue
from sync.ledger.port import Ledger

SWEEP_SECONDS = 0.5
EXPIRY_SECONDS = 10.0
"""Between two looks for approvals that nobody decided in time."""
MOST_AT_ONCE = 200
ENOUGH = 1_000
"""Runs in the queue past which none are announced again: those that were lost have their turn behind these anyway."""
ASK_AGAIN = timedelta(seconds=5)
"""How long an announced run may lie before it is announced again: the broker may have lost it."""
EACH_IN_FRONT = timedelta(seconds=0.1)
"""How much longer it may lie for each run in the queue: one announced twice is claimed twice, for nothing."""


class Relay:
    """One per process that announces runs. Several may run at once: what one has handed over the others leave alone."""

    def __init__(self, ledger: Ledger, queue: RunQueue, clock: Clock, *, seconds: float = SWEEP_SECONDS) -> None:
        self._ledger = ledger
        self._queue = queue
        self._clock = clock
        self._seconds = seconds
        self._hearing = Hearing(seconds=seconds)
        self._troubled: set[str] = set()

    def ring(self) -> None:
        """Something was written down just now."""
        self._hearing.ring()

    async def run(self) -> None:
        """Until it is cancelled. The database or the broker may be away: it goes on when they are back."""
        swept = expired = self._clock.monotonic()
        while True:
            await self._hearing.rung()
            await self._attempt("hand over runs", self.hand_over)
            now = self._clock.monotonic()
            if now - swept >= self._seconds:
                swept = now
                await self._attempt("announce runs again", self.sweep)
            if now - expired >= EXPIRY_SECONDS:
                expired = now
                await self._attempt("end the wait for approvals", self.expire)

    async def hand_over(self) -> None:
        """Announces what was accepted or woken, oldest first."""
        while waiting := await self._ledger.unsent(most=MOST_AT_ONCE):
            await self._announce([run_id for _, run_id in waiting])
            await self._ledger.sent([outbox_id for outbox_id, _ in waiting])
            if len(waiting) < MOST_AT_ONCE:
                return

    async def sweep(self) -> None:
        """Announces what is due: its time has come, its worker died, or its message was lost."""
        while (waiting := await asyncio.to_thread(self._queue.waiting)) < ENOUGH:
            patience = ASK_AGAIN + waiting * EACH_IN_FRONT
            due = await self._ledger.due(most=MOST_AT_ONCE, asked_before=self._clock.now() - patience)
            await self._announce(due)
            if len(due) < MOST_AT_ONCE:
                return

    async def expire(self) -> None:
        await self._ledger.expire_approvals()

    async def _announce(self, run_ids: Sequence[str]) -> None:
        """In a thread: the broker may be slow, and frozen for seconds."""
        if run_ids:
            await asyncio.to_thread(self._queue.announce, run_ids)

    async def _attempt(self, what: str, duty: Callable[[], Awaitable[None]]) -> None:
        try:
            await duty()
        except Exception as error:  # noqa: BLE001 - an edge: whatever it was, nothing would ever be announced again
            if what not in self._troubled:  # once, not twice a second
                structlog.get_logger().warning(f"can't {what} for now", why=type(error).__name__)
            self._troubled.add(what)
        else:
            self._troubled.discard(what)
