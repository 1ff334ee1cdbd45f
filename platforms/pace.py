"""A pace for a platform that doesn't publish its limits: found by listening to its refusals (AIMD)."""

from collections import deque

from runtime.clock import Clock


class AdaptivePace:
    """No limit until the first refusal; then half the pace that was refused, growing steadily until the next.

    `least`: calls per second that are always allowed. `gain`: calls per second won back for each second in peace.
    """

    def __init__(self, clock: Clock, *, least: float = 0.5, gain: float = 1.0) -> None:
        self._clock = clock
        self._least = least
        self._gain = gain
        self._rate: float | None = None
        self._rate_at = 0.0
        self._next_at = 0.0
        self._cut_at = float("-inf")
        self._last_second: deque[float] = deque(maxlen=1000)

    @property
    def rate(self) -> float | None:
        """Calls per second now allowed; None: not limited."""
        if self._rate is None:
            return None
        return self._rate + self._gain * (self._clock.monotonic() - self._rate_at)

    def reserve(self, patience: float) -> float | None:
        """Seconds to wait before calling, with the turn reserved; None when that is longer than `patience`."""
        now = self._clock.monotonic()
        rate = self.rate
        wait = 0.0 if rate is None else max(0.0, self._next_at - now)
        if wait > patience:
            return None
        if rate is not None:
            self._next_at = now + wait + 1.0 / rate
        self._last_second.append(now + wait)
        return wait

    def refused(self) -> None:
        """The platform said "too many". Refusals of one burst, within a second, count once."""
        now = self._clock.monotonic()
        if now - self._cut_at < 1.0:
            return
        observed = float(sum(1 for at in self._last_second if at > now - 1.0))
        current = self.rate
        pace = observed if current is None else min(current, max(observed, self._least))
        self._rate = max(self._least, pace / 2)
        self._rate_at = self._cut_at = now
        self._next_at = now + 1.0 / self._rate
