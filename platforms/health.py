"""What recent calls say about a platform: HEALTHY, DEGRADED, DOWN or in MAINTENANCE."""

from collections import deque
from datetime import datetime

from platforms.breaker import BreakerState
from runtime.clock import Clock
from schema.enums import PlatformHealth
from schema.errors import (
    PlatformError,
    UpstreamInvalidResponse,
    UpstreamMaintenance,
    UpstreamQuotaExhausted,
    UpstreamRateLimited,
    UpstreamTimeout,
    UpstreamUnauthorized,
    UpstreamUnavailable,
)

ILL = (UpstreamUnavailable, UpstreamTimeout, UpstreamInvalidResponse)
"""Errors that say that the platform itself is ill, not that it disliked a request."""

_WINDOW = 60.0  # seconds after which an outcome is forgotten
_DEGRADED_SHARE = 0.1
_DOWN_IN_A_ROW = 3  # one read and both its repeats


class Health:
    """Remembers the outcomes of a platform's calls. Without any outcome yet a platform counts as HEALTHY."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._recent: deque[tuple[float, bool]] = deque(maxlen=200)
        self._ill_in_a_row = 0
        self._last: PlatformError | None = None
        self.last_contact_at: datetime | None = None
        """When the platform last answered anything at all."""

    def answered(self) -> None:
        self.last_contact_at = self._clock.now()

    def outcome(self, error: PlatformError | None) -> None:
        ill = isinstance(error, ILL)
        self._ill_in_a_row = self._ill_in_a_row + 1 if ill else 0
        self._last = error
        self._recent.append((self._clock.monotonic(), ill))

    def state(self, breaker: BreakerState, *, exhausted: bool) -> PlatformHealth:
        last = self._last
        if isinstance(last, UpstreamMaintenance):
            return PlatformHealth.MAINTENANCE
        if breaker is not BreakerState.CLOSED or self._ill_in_a_row >= _DOWN_IN_A_ROW:
            return PlatformHealth.DOWN
        if isinstance(last, UpstreamUnauthorized):
            return PlatformHealth.DOWN
        since = self._clock.monotonic() - _WINDOW
        recent = [ill for at, ill in self._recent if at >= since]
        often_ill = bool(recent) and sum(recent) / len(recent) > _DEGRADED_SHARE
        hindered = isinstance(last, (*ILL, UpstreamRateLimited, UpstreamQuotaExhausted))
        return PlatformHealth.DEGRADED if exhausted or often_ill or hindered else PlatformHealth.HEALTHY
