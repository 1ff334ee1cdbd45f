"""The one door to a platform: every call of every purpose passes its gate, and is held to its limits there."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import datetime

import msgspec

from platforms.breaker import Breaker, BreakerLimits
from platforms.budget import Budget, Holding, LocalBudget
from platforms.call_log import UpstreamCall, upstream_calls
from platforms.deadline import operation_deadline
from platforms.health import ILL, Health
from platforms.http import Failure, HttpRequest, HttpResponse, Transport, TransportError
from platforms.metrics import PLATFORM_METRICS, PlatformMetrics, RouteMetrics
from platforms.pace import AdaptivePace
from platforms.quota import Quota
from platforms.slots import Priority
from platforms.status_table import read_failure, read_status, retry_after
from platforms.urgency import urgency
from runtime.clock import Clock, SystemClock
from runtime.correlation import correlation_id
from schema.enums import PlatformHealth
from schema.errors import (
    DeadlineExceeded,
    Landed,
    PlatformError,
    RetryLater,
    UpstreamCircuitOpen,
    UpstreamInvalidResponse,
    UpstreamLocked,
    UpstreamQuotaExhausted,
    UpstreamRateLimited,
    UpstreamTimeout,
    UpstreamUnavailable,
)

Classify = Callable[[HttpResponse], PlatformError | None]
"""A vendor's reading of an answer: None where it is good, else the error it stands for; the gate adds its name."""

TRIES = 3
_REPEATED = (UpstreamUnavailable, UpstreamTimeout, UpstreamInvalidResponse, UpstreamRateLimited, UpstreamLocked)
_HOLDING = (UpstreamRateLimited, UpstreamQuotaExhausted, UpstreamUnavailable)
_QUOTA_PAUSE = 5.0  # seconds without calls after "allowance used up", where the platform names no time
_LONGEST_HOLD = 3600.0  # seconds; a longer Retry-After is asked about again
_BACKOFF = (0.1, 2.0)  # seconds: the first pause, doubling, and the longest


class _Stale(Exception):  # noqa: N818 - a signal between two methods
    """A safe request met a kept connection that was already closed: worth an immediate repeat."""


class Gate:
    """One configured platform's concurrency, time, breaker, quota and health.

    `timeout` is the time in seconds for one call with all its repeats. `budget` is what other processes share; without
    one, `slots` calls at once are this gate's own. `classify` is the vendor's table. `pace` is for vendors who don't
    publish their limits.
    """

    def __init__(
        self,
        platform: str,
        transport: Transport,
        *,
        timeout: float,
        slots: int,
        budget: Budget | None = None,
        classify: Classify = read_status,
        breaker: BreakerLimits | None = None,
        pace: AdaptivePace | None = None,
        metrics: PlatformMetrics = PLATFORM_METRICS,
        clock: Clock | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.platform = platform
        self._transport = transport
        self._timeout = timeout
        self._classify = classify
        self._clock = clock or SystemClock()
        self._budget: Budget = LocalBudget(slots) if budget is None else budget
        self._breaker = Breaker(self._clock, breaker)
        self._pace = pace
        self._health = Health(self._clock)
        self._sleep = sleep
        self._jitter = jitter
        self._metrics = RouteMetrics(
            metrics, platform, in_flight=lambda: self._budget.in_use, breaker=lambda: self._breaker.state
        )

    # ----------------------------------------------------------------------------------------------- what it tells

    @property
    def health(self) -> PlatformHealth:
        return self._health.state(self._breaker.state, exhausted=self.quota.exhausted)

    @property
    def quota(self) -> Quota:
        return self._budget.quota

    @property
    def last_contact_at(self) -> datetime | None:
        return self._health.last_contact_at

    def quota_seen(self, used: int | None, limit: int | None, resets_at: datetime | None = None) -> None:
        """The vendor's client tells what it read in an answer's headers."""
        self._budget.quota_seen(Quota(used=used, limit=limit, resets_at=resets_at, told_at=self._clock.now()))
        self._metrics.quota(used, limit)

    # -------------------------------------------------------------------------------------------------------- send

    async def send(self, request: HttpRequest, *, priority: Priority | None = None, safe: bool) -> HttpResponse:
        """The platform's good answer, or one of `schema.errors` with this platform's name.

        `safe`: doing it twice harms nobody (a read), so it is repeated after passing failures, at most twice and within
        the time. Anything else is sent once, and an error's `landed` says whether it may have been done.

        `priority` None: as urgent as its caller is.
        """
        priority = urgency.get() if priority is None else priority
        now = self._clock.monotonic()
        end = now + self._timeout
        deadline = operation_deadline.get()
        hurried = deadline is not None and deadline < end
        if hurried:
            assert deadline is not None
            end = deadline
        tries = stale = 0
        while True:
            tries += 1
            try:
                return await self._once(request, priority, end, attempt=tries, hurried=hurried, safe=safe and stale < 2)
            except _Stale:
                stale += 1
                tries -= 1
            except DeadlineExceeded as error:
                self._metrics.failed(request.route, error.code)
                raise
            except PlatformError as error:
                self._metrics.failed(request.route, error.code)
                if not safe or tries >= TRIES or not isinstance(error, _REPEATED) or self._breaker.refuses_for():
                    raise
                pause = self._pause(error, tries)
                if self._clock.monotonic() + pause >= end:
                    raise
                await self._sleep(pause)
                if self._clock.monotonic() >= end:
                    raise  # a busy process slept too long: what failed is the cause, not the want of time

    def _pause(self, error: PlatformError, tries: int) -> float:
        first, longest = _BACKOFF
        backoff: float = min(longest, first * 2 ** (tries - 1)) * (0.5 + self._jitter() / 2)
        return backoff if error.retry_after is None else error.retry_after + backoff * 0.1

    async def _once(
        self, request: HttpRequest, priority: Priority, end: float, *, attempt: int, hurried: bool, safe: bool
    ) -> HttpResponse:
        self._refuse_unsent(priority)
        if not self._budget.take_now(priority):
            await self._queue(priority, end, hurried=hurried)
        try:
            if self._pace is not None:
                await self._keep_pace(self._pace, end)
            self._refuse_unsent(priority)  # things may have changed while waiting
            left = end - self._clock.monotonic()
            if left <= 0:
                raise self._out_of_time(hurried=hurried)
            return await self._call(request, left, attempt=attempt, hurried=hurried, safe=safe)
        finally:
            self._budget.give_back()

    def _refuse_unsent(self, priority: Priority) -> None:
        if wait := self._breaker.refuses_for():
            detail = "it failed again and again a moment ago and is being left alone"
            raise UpstreamCircuitOpen(detail, platform=self.platform, retry_after=wait)
        budget = self._budget
        held = budget.held_until - self._clock.monotonic()
        if held > 0:
            raise budget.held_by("it asked for a pause", platform=self.platform, retry_after=held, landed=Landed.NO)
        if not budget.quota.allows(priority, self._clock.now()):
            detail = "what is left of the allowance is kept for more urgent calls"
            raise UpstreamQuotaExhausted(detail, platform=self.platform)

    async def _queue(self, priority: Priority, end: float, *, hurried: bool) -> None:
        try:
            async with asyncio.timeout(max(0.0, end - self._clock.monotonic())):
                while not await self._budget.take(priority):
                    self._refuse_unsent(priority)
        except TimeoutError:
            raise self._out_of_time(hurried=hurried) from None

    def _out_of_time(self, *, hurried: bool) -> DeadlineExceeded | UpstreamRateLimited:
        if hurried:
            return DeadlineExceeded("the operation's time ended before the platform was asked", platform=self.platform)
        detail = f"all {self._budget.places} places for calls at once were taken the whole time"
        return UpstreamRateLimited(detail, platform=self.platform)

    async def _keep_pace(self, pace: AdaptivePace, end: float) -> None:
        wait = pace.reserve(max(0.0, end - self._clock.monotonic()))
        if wait is None:
            raise UpstreamRateLimited("the pace it accepts is used up for now", platform=self.platform)
        if wait > 0:
            await self._sleep(wait)

    # ---------------------------------------------------------------------------------------------------- one call

    async def _call(
        self, request: HttpRequest, left: float, *, attempt: int, hurried: bool, safe: bool
    ) -> HttpResponse:
        if correlation := correlation_id.get():
            headers = {**request.headers, "X-Correlation-Id": correlation}
            request = msgspec.structs.replace(request, headers=headers)
        ticket = self._breaker.admit()
        started = self._clock.monotonic()
        status: int | None = None
        failed: PlatformError | DeadlineExceeded | None
        try:
            response = await self._transport.send(request, timeout=left)
            status = response.status
            self._health.answered()
            failed = self._read(response)
        except TransportError as error:
            if safe and error.failure is Failure.STALE:
                self._breaker.abandoned(ticket)
                raise _Stale from None
            failed = read_failure(error, self.platform)
            if isinstance(failed, UpstreamTimeout) and hurried and left < self._timeout / 2:
                failed = DeadlineExceeded("the operation's time ended while waiting for it", platform=self.platform)
        except BaseException:
            self._breaker.abandoned(ticket)  # its caller left
            raise
        self._conclude(ticket, failed, final=not safe or attempt >= TRIES or not isinstance(failed, _REPEATED))
        self._record(request, started, status, attempt, failed)
        if failed is not None:
            raise failed
        return response

    def _read(self, response: HttpResponse) -> PlatformError | None:
        error = self._classify(response)
        if error is None:
            return None
        error.platform = self.platform
        if error.retry_after is None and isinstance(error, RetryLater):
            error.retry_after = retry_after(response)
        return error

    def _conclude(self, ticket: int, failed: PlatformError | DeadlineExceeded | None, *, final: bool) -> None:
        """Health hears of every try; the breaker of a read's last one, so that one query's repeats don't open it."""
        if isinstance(failed, DeadlineExceeded):
            self._breaker.abandoned(ticket)  # it had too little time to be blamed
            return
        self._health.outcome(failed)
        if isinstance(failed, ILL):
            timed_out = isinstance(failed, UpstreamTimeout)
            if final or timed_out:
                self._breaker.failed(ticket, timed_out=timed_out)
            else:
                self._breaker.abandoned(ticket)
        else:
            self._breaker.succeeded(ticket)
        if isinstance(failed, UpstreamRateLimited) and self._pace is not None:
            self._pace.refused()
        if isinstance(failed, _HOLDING):
            self._hold(failed)

    def _hold(self, error: Holding) -> None:
        """Nobody calls before the time that the platform named."""
        pause = error.retry_after
        if pause is None and isinstance(error, UpstreamQuotaExhausted):
            pause = _QUOTA_PAUSE
        if pause:
            self._budget.hold(self._clock.monotonic() + min(pause, _LONGEST_HOLD), type(error))

    def _record(
        self,
        request: HttpRequest,
        started: float,
        status: int | None,
        attempt: int,
        failed: PlatformError | DeadlineExceeded | None,
    ) -> None:
        seconds = self._clock.monotonic() - started
        self._metrics.finished(request.route, seconds, status)
        calls = upstream_calls.get()
        if calls is None:
            return
        calls.append(
            UpstreamCall(
                platform=self.platform,
                route=request.route,
                statement=request.statement,
                ms=round(seconds * 1000, 3),
                status=status,
                attempt=attempt,
                code=None if failed is None else failed.code,
            )
        )
