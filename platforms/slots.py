"""Places in flight at one platform, handed out by how urgent the caller is."""

import asyncio
from collections import deque
from enum import IntEnum


class Priority(IntEnum):
    """Why a call is made; the lower number goes first."""

    INTERACTIVE = 0
    GOVERNED_WRITE = 1
    SYNC = 2
    BACKFILL = 3


_SHARE = {Priority.INTERACTIVE: 1.0, Priority.GOVERNED_WRITE: 1.0, Priority.SYNC: 0.75, Priority.BACKFILL: 0.5}
"""How much of the places a class may fill, so that a long backfill never stands in a person's way."""


class Slots:
    """`limit` calls at once. Whoever waits longest goes first within a class, the more urgent class before all."""

    __slots__ = ("_caps", "_waiting", "in_use", "limit")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.in_use = 0
        self._caps = tuple(max(1, int(limit * _SHARE[priority])) for priority in Priority)
        self._waiting: tuple[deque[asyncio.Future[None]], ...] = tuple(deque() for _ in Priority)

    def take_now(self, priority: Priority) -> bool:
        """Takes a place if one is free and nobody as urgent waits for it."""
        if self.in_use >= self._caps[priority] or any(self._waiting[: priority + 1]):
            return False
        self.in_use += 1
        return True

    async def take(self, priority: Priority) -> None:
        if self.take_now(priority):
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[priority].append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.give_back()  # the place came in the moment of leaving
            raise

    def give_back(self) -> None:
        self.in_use -= 1
        for cap, queue in zip(self._caps, self._waiting, strict=True):
            while queue and self.in_use < cap:
                turn = queue.popleft()
                if not turn.done():
                    self.in_use += 1
                    turn.set_result(None)
