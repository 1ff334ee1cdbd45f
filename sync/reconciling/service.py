"""Compares by itself: what was asked for, and everything once a day."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, time, timedelta

import structlog

from runtime.clock import Clock
from schema.errors import CrosswalkError
from sync.ledger.port import Ledger
from sync.ledger.port_of_reconciliations import Reconciliation, ReconciliationStatus
from sync.reconciling.asking import Asking
from sync.reconciling.metrics import RECONCILING_METRICS, ReconcilingMetrics
from sync.reconciling.reconciler import Reconciler

PAUSE_SECONDS = 2.0
"""Between two looks for something to compare."""
TIDY_SECONDS = 600.0
"""Between two looks at how much differs, and at what may be forgotten."""


class ReconcilingService:
    """Several processes may run it: each comparison is one's at a time, and a day's are started once.

    `daily_at`: the time of the day in UTC, None: only what is asked for. `keep`: how long comparisons are kept after
    their end.
    """

    def __init__(
        self,
        ledger: Ledger,
        reconciler: Reconciler,
        asking: Asking,
        clock: Clock,
        *,
        daily_at: time | None,
        keep: timedelta,
        metrics: ReconcilingMetrics = RECONCILING_METRICS,
    ) -> None:
        self._ledger = ledger
        self._reconciler = reconciler
        self._asking = asking
        self._clock = clock
        self._daily_at = daily_at
        self._keep = keep
        self._metrics = metrics
        self._started: datetime | None = None
        self._tidied: float | None = None
        self._troubled: set[str] = set()

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            await self.turn()
            await asyncio.sleep(PAUSE_SECONDS)

    async def turn(self) -> None:
        """Does all that there is to do at this moment."""
        await self._attempt("start the day's comparisons", self.start_daily)
        await self._attempt("compare", self.compare)
        if self._tidied is None or self._clock.monotonic() - self._tidied >= TIDY_SECONDS:
            self._tidied = self._clock.monotonic()
            await self._attempt("tidy comparisons up", self.tidy)

    async def start_daily(self) -> None:
        now = self._clock.now()
        if self._daily_at is None or now.time() < self._daily_at:
            return
        if self._started is None or self._started.date() != now.date():
            await self._asking.ask_daily(now.date())
            self._started = now

    async def compare(self) -> None:
        while (held := await self._reconciler.take()) is not None:
            ended = await self._worked_on(held)
            if ended is not None and ended.status is not ReconciliationStatus.RUNNING:
                self._metrics.ended(ended)
                self._metrics.drifted(await self._ledger.reconciliations.drift())

    async def tidy(self) -> None:
        self._metrics.drifted(await self._ledger.reconciliations.drift())
        forgotten = 1
        while forgotten:
            forgotten = await self._ledger.reconciliations.forget(before=self._clock.now() - self._keep)

    async def _worked_on(self, held: Reconciliation) -> Reconciliation | None:
        try:
            return await self._reconciler.work(held)
        except CrosswalkError:
            raise
        except Exception as error:  # noqa: BLE001 - an edge: taken up again and again it would fail again and again
            structlog.get_logger().exception("a comparison failed by a mistake of ours", comparison=held.comparison)
            return await self._reconciler.give_up(held.id, f"A mistake of Crosswalk's own ({type(error).__name__}).")

    async def _attempt(self, what: str, duty: Callable[[], Awaitable[None]]) -> None:
        try:
            await duty()
        except Exception as error:  # noqa: BLE001 - an edge: whatever it was, nothing would ever be compared again
            if what not in self._troubled:  # once, not every two seconds
                structlog.get_logger().warning(f"can't {what} for now", why=type(error).__name__)
            self._troubled.add(what)
        else:
            self._troubled.discard(what)
