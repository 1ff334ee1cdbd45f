"""Carries what the ledger has accepted to the broker, and announces again what nobody came for."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import structlog
from dramatiq.errors import BrokerError
from redis.exceptions import RedisError

from runtime.clock import Clock
from schema.errors import CrosswalkError
from sync.broker import RunQueue
from sync.ledger.port import Ledger

SWEEP_SECONDS = 0.5
MOST_AT_ONCE = 200
ASK_AGAIN = timedelta(seconds=5)
"""How long an announced run may lie before it is announced again: the broker may have lost it."""
_EXPIRY_SWEEPS = 20
"""Sweeps after which approvals are looked over that nobody decided in time."""


class Relay:
    """One per process that announces runs. Several may run at once: what one has handed over the others leave alone."""

    def __init__(self, ledger: Ledger, queue: RunQueue, clock: Clock, *, seconds: float = SWEEP_SECONDS) -> None:
        self._ledger = ledger
        self._queue = queue
        self._clock = clock
        self._seconds = seconds
        self._bell = asyncio.Event()
        self._troubled = False

    def ring(self) -> None:
        """Something was written down just now."""
        self._bell.set()

    async def run(self) -> None:
        """Until it is cancelled. The database or the broker may be away: it goes on when they are back."""
        sweeps = 0
        while True:
            rung = await self._rung()
            try:
                await self._relay()
                if not rung:
                    await self._sweep()
                    sweeps += 1
                    if sweeps % _EXPIRY_SWEEPS == 0:
                        await self._ledger.expire_approvals()
                self._troubled = False
            except (CrosswalkError, BrokerError, RedisError, OSError) as error:
                if not self._troubled:  # once, not twice a second
                    structlog.get_logger().warning("runs can't be announced for now", why=type(error).__name__)
                self._troubled = True

    async def _rung(self) -> bool:
        try:
            async with asyncio.timeout(self._seconds):
                await self._bell.wait()
        except TimeoutError:
            return False
        self._bell.clear()
        return True

    async def _relay(self) -> None:
        while waiting := await self._ledger.unsent(most=MOST_AT_ONCE):
            announced = await self._announce([run_id for _, run_id in waiting])
            await self._ledger.sent([outbox_id for outbox_id, _ in waiting[:announced]])
            if len(waiting) < MOST_AT_ONCE:
                return

    async def _sweep(self) -> None:
        due = await self._ledger.due(most=MOST_AT_ONCE, asked_before=self._clock.now() - ASK_AGAIN)
        if due:
            await self._announce(due)

    async def _announce(self, run_ids: Sequence[str]) -> int:
        return await asyncio.to_thread(self._queue.announce, run_ids)
