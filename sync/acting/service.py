"""Follows what happens and lets rules act upon it, in every process that works."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from platforms.slots import Priority
from platforms.urgency import urgency
from runtime.bell import BURST_SECONDS, Hearing
from runtime.clock import Clock
from sync.acting.following import Following
from sync.acting.looking import SECONDS, Looking
from sync.acting.modes import Modes
from sync.acting.rules import Rules
from sync.acting.tugs import ROUND
from sync.desk import Desk
from sync.firm import Firm
from sync.ledger.port import Ledger
from sync.ledger.port_of_acting import Trigger

PAUSE_SECONDS = 0.5
"""Between two looks for something to do where nothing rings."""
AT_ONCE = 8
"""Records that one process looks at side by side: one whose platform is slow must not keep the others waiting."""
LEASE_SECONDS = SECONDS + 30
"""After which another process looks at what this one took."""
FORGET_SECONDS = 3600.0
KEPT = 4 * ROUND
"""How long the latest changes of a path are known, after the last of them."""


class Acting:
    """One per process that works; any number of them share what there is to do through the ledger."""

    def __init__(
        self,
        ledger: Ledger,
        firm: Firm,
        desk: Desk,
        clock: Clock,
        *,
        rules: Rules,
        modes: Modes,
        seconds: float = PAUSE_SECONDS,
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._seconds = seconds
        self._following = Following(ledger, firm, rules, modes, clock)
        self._looking = Looking(ledger, firm, desk, rules, modes, clock)
        self._rung = Hearing(seconds=seconds, burst=BURST_SECONDS)
        self._due = Hearing(seconds=seconds, burst=BURST_SECONDS)
        self._troubled: set[str] = set()
        self._begun = False
        self._forgot = clock.monotonic()

    async def run(self) -> None:
        """Until it is cancelled. The database may be away: it goes on when it is back."""
        urgency.set(Priority.SYNC)  # nobody sits and waits
        self._ledger.bell.listen(self._rung.ring)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._every(self._rung, "read events for rules", self._follow))
                group.create_task(self._every(self._due, "let rules act", self.act))
        finally:
            self._ledger.bell.leave(self._rung.ring)

    async def follow(self) -> None:
        """Reads all events that there are."""
        await self._following.follow()

    async def act(self) -> None:
        """Until nothing is due, and all looks that were begun are done."""
        looks: set[asyncio.Task[None]] = set()
        try:
            while True:
                free = AT_ONCE - len(looks)
                taken = await self._ledger.triggers.take(most=free, seconds=LEASE_SECONDS) if free else ()
                looks |= {asyncio.create_task(self._look(trigger)) for trigger in taken}
                if not looks:
                    return
                # What becomes due while one of them takes its time isn't kept waiting by it.
                timeout = self._seconds if len(looks) < AT_ONCE else None
                done, looks = await asyncio.wait(looks, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
                for look in done:
                    look.result()
        finally:
            for look in looks:
                look.cancel()
            await asyncio.gather(*looks, return_exceptions=True)

    # ----------------------------------------------------------------------------------------------------------------

    async def _look(self, trigger: Trigger) -> None:
        await self._looking.look(trigger)

    async def _follow(self) -> None:
        if not self._begun:
            await self._following.tell_gap()
            self._begun = True
        if await self._following.follow():
            self._due.ring()
        if self._clock.monotonic() - self._forgot >= FORGET_SECONDS:
            self._forgot = self._clock.monotonic()
            await self._following.mark()
            await self._ledger.triggers.forget(before=self._clock.now() - KEPT)

    async def _every(self, hearing: Hearing, what: str, duty: Callable[[], Awaitable[None]]) -> None:
        """Does it whenever the bell rings, and now and then."""
        while True:
            try:
                await duty()
            except Exception as error:  # noqa: BLE001 - an edge: whatever it was, nothing would ever be acted upon again
                if what not in self._troubled:  # once, not twice a second
                    structlog.get_logger().warning(f"can't {what} for now", why=type(error).__name__)
                self._troubled.add(what)
            else:
                self._troubled.discard(what)
            await hearing.rung()
