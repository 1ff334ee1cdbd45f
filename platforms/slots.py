"""Places in flight at one platform, handed out by how urgent the caller is."""

import asyncio
from collections import deque
from contextlib import suppress
from enum import IntEnum


class Priority(IntEnum):
    """Why a call is made; the lower number goes first."""

    INTERACTIVE = 0
    GOVERNED_WRITE = 1
    SYNC = 2
    BACKFILL = 3


_SHARE = {Priority.INTERACTIVE: 1.0, Priority.GOVERNED_WRITE: 1.0, Priority.SYNC: 0.75, Priority.BACKFILL: 0.5}
"""How much of the places a class may fill, so that a long backfill never stands in a person's way."""


class _Turn(asyncio.Future[bool]):
    """One caller's place in the queue."""

    def __init__(self, *, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop=loop)
        self.since = loop.time()


class Slots:
    """`limit` calls at once. Whoever waits longest goes first within a class, the more urgent class before all.

    With a limit of 0 nobody goes before `admit` names the class: somebody else decides who may.
    """

    __slots__ = ("_caps", "_waiting", "in_use", "limit")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.in_use = 0
        self._caps = class_caps(limit)
        self._waiting: tuple[deque[_Turn], ...] = tuple(deque() for _ in Priority)

    def take_now(self, priority: Priority) -> bool:
        """Takes a place if one is free and nobody as urgent waits for it."""
        if self.in_use >= self._caps[priority] or any(self._waiting[: priority + 1]):
            return False
        self.in_use += 1
        return True

    async def take(self, priority: Priority) -> bool:
        """Waits for a place; False: sent away without one."""
        if self.take_now(priority):
            return True
        turn = _Turn(loop=asyncio.get_running_loop())
        self._waiting[priority].append(turn)
        try:
            return await turn
        except asyncio.CancelledError:
            if not turn.done() or turn.cancelled():
                with suppress(ValueError):
                    self._waiting[priority].remove(turn)
            elif turn.result():
                self.give_back()  # the place came in the moment of leaving
            raise

    def give_back(self) -> None:
        self.in_use -= 1
        self._serve()

    # ------------------------------------------------------------------------------------- where another decides

    @property
    def waiting(self) -> tuple[int, ...]:
        """How many wait, by class."""
        return tuple(len(queue) for queue in self._waiting)

    def longest_wait(self, priority: Priority, now: float) -> float:
        """Seconds for which the first of a class has been waiting, `now` being the event loop's time."""
        queue = self._waiting[priority]
        return max(0.0, now - queue[0].since) if queue else 0.0

    def admit(self, priority: Priority) -> bool:
        """Gives a place beyond any limit to the first of a class; False: nobody waits there any more."""
        return self._admit_first(self._waiting[priority])

    def send_away(self) -> None:
        """Everybody who waits goes without a place."""
        for queue in self._waiting:
            while queue:
                turn = queue.popleft()
                if not turn.done():
                    turn.set_result(False)

    def resize(self, limit: int) -> None:
        self.limit = limit
        self._caps = class_caps(limit)
        self._serve()

    def _serve(self) -> None:
        for cap, queue in zip(self._caps, self._waiting, strict=True):
            while queue and self.in_use < cap:
                self._admit_first(queue)

    def _admit_first(self, queue: deque[_Turn]) -> bool:
        while queue:
            turn = queue.popleft()
            if not turn.done():
                self.in_use += 1
                turn.set_result(True)
                return True
        return False


def class_caps(limit: int) -> tuple[int, ...]:
    """The most places that may be taken when a call of each class comes, so that one place serves every class."""
    return tuple(max(1, int(limit * _SHARE[priority])) if limit else 0 for priority in Priority)
