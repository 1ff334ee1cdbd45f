"""A circuit breaker: after a run of failures a platform is left alone for a while, then asked once."""

from collections import deque
from enum import IntEnum

import msgspec

from runtime.clock import Clock


class BreakerState(IntEnum):
    """As the metric shows it."""

    CLOSED = 0
    HALF_OPEN = 1
    OPEN = 2


class BreakerLimits(msgspec.Struct, frozen=True, kw_only=True):
    """When to open, and for how many seconds."""

    failures_in_a_row: int = 5
    timeouts_in_a_row: int = 3  # a timeout costs its caller the platform's whole time, so fewer are suffered
    window: int = 20
    failed_share: float = 0.5  # of the last `window` calls
    rest: float = 5.0


class Breaker:
    """Counts only what says that the platform is ill: no answer, a timeout, garbage, a server error."""

    def __init__(self, clock: Clock, limits: BreakerLimits | None = None) -> None:
        self._clock = clock
        self._limits = limits or BreakerLimits()
        self._period = 0  # grows with each change of state: an outcome of an earlier period says nothing any more
        self._failures = 0
        self._timeouts = 0
        self._recent: deque[bool] = deque(maxlen=self._limits.window)
        self._open_until: float | None = None
        self._probing = False

    @property
    def state(self) -> BreakerState:
        if self._open_until is None:
            return BreakerState.CLOSED
        return BreakerState.HALF_OPEN if self._clock.monotonic() >= self._open_until else BreakerState.OPEN

    def refuses_for(self) -> float:
        """Seconds until a call is worth trying; 0 lets it through."""
        if self._open_until is None:
            return 0.0
        left = self._open_until - self._clock.monotonic()
        if left > 0:
            return left
        return 1.0 if self._probing else 0.0  # the probe's outcome is near

    def admit(self) -> int:
        """Begins a call that `refuses_for` let through; the ticket is handed back with its outcome."""
        if self._open_until is not None:
            self._probing = True
        return self._period

    def succeeded(self, ticket: int) -> None:
        if ticket != self._period:
            return
        if self._open_until is not None:
            self._turn(open_until=None)
        self._failures = self._timeouts = 0
        self._recent.append(True)

    def failed(self, ticket: int, *, timed_out: bool) -> None:
        if ticket != self._period:
            return
        limits = self._limits
        self._failures += 1
        self._timeouts = self._timeouts + 1 if timed_out else 0
        self._recent.append(False)
        too_many = len(self._recent) == limits.window and self._recent.count(False) >= (
            limits.window * limits.failed_share
        )
        if (
            self._open_until is not None
            or too_many
            or self._failures >= limits.failures_in_a_row
            or self._timeouts >= limits.timeouts_in_a_row
        ):
            self._turn(open_until=self._clock.monotonic() + limits.rest)

    def abandoned(self, ticket: int) -> None:
        """The call ended without saying anything about the platform: its caller left."""
        if ticket == self._period:
            self._probing = False

    def _turn(self, *, open_until: float | None) -> None:
        self._open_until = open_until
        self._period += 1
        self._probing = False
        self._failures = self._timeouts = 0
        self._recent.clear()
