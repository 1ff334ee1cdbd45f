"""Makes deliveries of events, and tries each until it has arrived: one per working process, any number at once."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog

from runtime.bell import BURST_SECONDS, Hearing
from runtime.clock import Clock
from sync.delivering import metrics, troubles
from sync.delivering.kinds import followed
from sync.delivering.metrics import DeliveringMetrics
from sync.delivering.trying import Trying
from sync.ledger.port import Ledger, NewException
from sync.ledger.port_of_webhooks import DeliveryStatus, Hook, Taken, Verdict

SECONDS = 1.0
"""Between two looks where nothing rings."""
PAGE = 500
"""Events that one look brings."""
AT_ONCE = 32
"""Deliveries that one process has under way."""
PER_HOOK = 4
"""Deliveries to one webhook that all processes have under way."""
_LEASE_SECONDS = 30.0
"""Beyond the receiver's time: after that another process takes up what this one has left."""
_STOP_SECONDS = 2.0
"""For what is under way when the process is told to stop."""
_PASSING_SECONDS = 60.0
"""Between two moves past events that no webhook is told: none is read anew, and none of them counts as missed."""
_OWNERS_SECONDS = 2.0
"""Between two looks at who has a key."""
_TIDYING_SECONDS = 600.0
_FIGURES_SECONDS = 10.0


class Delivering:
    """What it does is in the ledger first, so that it may die at any time: what it had is tried again, maybe twice."""

    def __init__(
        self,
        ledger: Ledger,
        trying: Trying,
        clock: Clock,
        *,
        keep: timedelta,
        look_at_owners: Callable[[], None],
        figures: DeliveringMetrics = metrics.DELIVERING_METRICS,
        seconds: float = SECONDS,
        at_once: int = AT_ONCE,
        per_hook: int = PER_HOOK,
    ) -> None:
        self._ledger = ledger
        self._trying = trying
        self._clock = clock
        self._keep = keep
        self._look_at_owners = look_at_owners
        self._figures = figures
        self._at_once = at_once
        self._per_hook = per_hook
        self._kinds = followed()
        self._hearing = Hearing(seconds=seconds, burst=BURST_SECONDS)
        self._under_way: dict[asyncio.Task[None], Taken] = {}
        self._done_at: dict[str, float] = {}
        self._troubled: set[str] = set()

    async def run(self) -> None:
        """Until it is cancelled. The database may be away: it goes on when it is back."""
        self._ledger.bell.listen(self._hearing.ring)
        try:
            while True:
                await self._attempt("look for events for webhooks", self.look)
                await self._attempt("tidy up deliveries", self._tidy)
                await self._attempt("count deliveries", self._count)
                await self._hearing.rung()
        finally:
            self._ledger.bell.leave(self._hearing.ring)
            await self._attempt("leave deliveries to others", self._stop)

    async def look(self) -> None:
        """Makes deliveries of what has happened, and begins those that are due; `settled` waits for these."""
        if self._is_time("owners", _OWNERS_SECONDS):
            await asyncio.to_thread(self._look_at_owners)
        backlog = await self._ledger.hooks.backlog(self._kinds)
        if backlog.behind or (backlog.passed and self._is_time("pass", _PASSING_SECONDS)):
            while await self._distribute() == PAGE:
                pass
            await self._begin()
        elif backlog.due:
            await self._begin()

    async def settled(self) -> None:
        """Until nothing is under way."""
        await asyncio.gather(*self._under_way, return_exceptions=True)

    async def _stop(self) -> None:
        """What is under way has a moment to end; what doesn't is left to others at once."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=_STOP_SECONDS)
        left = dict(self._under_way)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        if left:
            await self._ledger.deliveries.give_back(tuple(left.values()))

    async def _distribute(self) -> int:
        return await self._ledger.hooks.distribute(self._trying.audience.is_meant, self._kinds, self._missed, most=PAGE)

    def _missed(self, hook: Hook, events: int) -> NewException:
        return troubles.missed(hook, events, self._clock.now())

    async def _begin(self) -> None:
        free = self._at_once - len(self._under_way)
        if free <= 0:
            return
        seconds = self._trying.seconds + _LEASE_SECONDS
        for taken in await self._ledger.deliveries.take(most=free, per_hook=self._per_hook, seconds=seconds):
            task = asyncio.create_task(self._deliver(taken))
            self._under_way[task] = taken
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._under_way.pop(task, None)
        self._hearing.ring()  # the next of that record may be waiting

    async def _deliver(self, taken: Taken) -> None:
        async def deliver() -> None:
            began = self._clock.monotonic()
            verdict = await self._trying.verdict(taken)
            if await self._ledger.deliveries.end(taken, verdict):
                self._figures.tries.labels(_outcome(verdict)).inc()
                self._figures.seconds.observe(self._clock.monotonic() - began)

        await self._attempt("deliver to webhooks", deliver)

    # ------------------------------------------------------------------------------------------------- now and then

    async def _tidy(self) -> None:
        if self._is_time("tidy", _TIDYING_SECONDS):
            while await self._ledger.hooks.forget(before=self._clock.now() - self._keep):
                pass

    async def _count(self) -> None:
        if self._is_time("count", _FIGURES_SECONDS):
            waiting = await self._ledger.deliveries.waiting()
            since = self._clock.now() if waiting.since is None else waiting.since
            self._figures.waiting.set(waiting.count)
            self._figures.lag.set((self._clock.now() - since).total_seconds())

    def _is_time(self, what: str, seconds: float) -> bool:
        now = self._clock.monotonic()
        if now - self._done_at.get(what, now - seconds) < seconds:
            return False
        self._done_at[what] = now
        return True

    async def _attempt(self, what: str, duty: Callable[[], Awaitable[None]]) -> None:
        try:
            await duty()
        except Exception as error:  # noqa: BLE001 - an edge: whatever it was, nobody would ever be told again
            if what not in self._troubled:  # once, not every second
                structlog.get_logger().warning(f"can't {what} for now", why=type(error).__name__)
            self._troubled.add(what)
        else:
            self._troubled.discard(what)


def _outcome(verdict: Verdict) -> str:
    if verdict.disable is not None:
        return metrics.DISABLED
    return {
        DeliveryStatus.DELIVERED: metrics.DELIVERED,
        DeliveryStatus.PENDING: metrics.RETRIED,
        DeliveryStatus.FAILED: metrics.FAILED,
        DeliveryStatus.DROPPED: metrics.DROPPED,
    }[verdict.status]
