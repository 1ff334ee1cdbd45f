"""How many API requests the org may make in 24 hours, and how many at once."""

from datetime import timedelta

from sandbox.platform import Clock
from sandbox.salesforce.errors import concurrency_exceeded, daily_limit_exceeded

FULL_SANDBOX_REQUESTS = 5_000_000
_WINDOW_HOURS = 24


class Quota:
    """A rolling window of 24 hours, counted by the hour, beside a count of requests in flight."""

    def __init__(self, clock: Clock, *, daily_requests: int, concurrent_requests: int | None) -> None:
        self._clock = clock
        self.daily_requests = daily_requests
        self.concurrent_requests = concurrent_requests
        self.in_flight = 0
        self._by_hour: dict[str, int] = {}

    @property
    def used(self) -> int:
        oldest = _hour(self._clock() - timedelta(hours=_WINDOW_HOURS - 1))
        return sum(count for hour, count in self._by_hour.items() if hour >= oldest)

    @property
    def remaining(self) -> int:
        return max(0, self.daily_requests - self.used)

    def spend(self, requests: int = 1) -> None:
        """Counts requests; REQUEST_LIMIT_EXCEEDED when the day's are used up."""
        if self.used + requests > self.daily_requests:
            raise daily_limit_exceeded()
        now = _hour(self._clock())
        self._by_hour[now] = self._by_hour.get(now, 0) + requests

    def require_room(self) -> None:
        if self.concurrent_requests is not None and self.in_flight >= self.concurrent_requests:
            raise concurrency_exceeded()

    def header(self) -> str:
        """The value of `Sforce-Limit-Info`, see api_rest `headers_api_usage.htm`."""
        return f"api-usage={self.used}/{self.daily_requests}"

    def clear(self) -> None:
        self._by_hour.clear()


def _hour(moment: object) -> str:
    return f"{moment:%Y%m%d%H}"
