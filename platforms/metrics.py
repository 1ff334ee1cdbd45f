"""What Prometheus is told about the platforms: calls, errors, latency, and how full, ill or throttled each is."""

from collections.abc import Callable

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram

_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class PlatformMetrics:
    """The metrics of all platforms of a process. Routes are templates, so their number is small."""

    def __init__(self, registry: CollectorRegistry) -> None:
        by_route = ("platform", "route")
        self.calls = Counter(
            "crosswalk_platform_calls", "HTTP answers by status", (*by_route, "status"), registry=registry
        )
        self.errors = Counter(
            "crosswalk_platform_errors", "Calls that failed, by error code", (*by_route, "code"), registry=registry
        )
        self.seconds = Histogram(
            "crosswalk_platform_call_seconds", "Time of one HTTP call", by_route, buckets=_BUCKETS, registry=registry
        )
        self.in_flight = Gauge("crosswalk_platform_in_flight", "Calls under way", ("platform",), registry=registry)
        self.breaker = Gauge(
            "crosswalk_platform_breaker_state", "0 closed, 1 half-open, 2 open", ("platform",), registry=registry
        )
        self.quota_used = Gauge(
            "crosswalk_platform_quota_used", "Calls spent of the allowance", ("platform",), registry=registry
        )
        self.quota_limit = Gauge(
            "crosswalk_platform_quota_limit", "Calls allowed per window", ("platform",), registry=registry
        )


class RouteMetrics:
    """One platform's share of the metrics, with the labels looked up once per route."""

    def __init__(
        self,
        metrics: PlatformMetrics,
        platform: str,
        *,
        in_flight: Callable[[], float],
        breaker: Callable[[], float],
    ) -> None:
        self._metrics = metrics
        self._platform = platform
        self._calls: dict[tuple[str, int], Counter] = {}
        self._seconds: dict[str, Histogram] = {}
        metrics.in_flight.labels(platform).set_function(in_flight)  # read when scraped: costs a call nothing
        metrics.breaker.labels(platform).set_function(breaker)

    def finished(self, route: str, seconds: float, status: int | None) -> None:
        histogram = self._seconds.get(route)
        if histogram is None:
            histogram = self._seconds[route] = self._metrics.seconds.labels(self._platform, route)
        histogram.observe(seconds)
        if status is None:
            return
        counter = self._calls.get((route, status))
        if counter is None:
            counter = self._calls[route, status] = self._metrics.calls.labels(self._platform, route, str(status))
        counter.inc()

    def failed(self, route: str, code: str) -> None:
        self._metrics.errors.labels(self._platform, route, code).inc()

    def quota(self, used: int | None, limit: int | None) -> None:
        if used is not None:
            self._metrics.quota_used.labels(self._platform).set(used)
        if limit is not None:
            self._metrics.quota_limit.labels(self._platform).set(limit)


PLATFORM_METRICS = PlatformMetrics(REGISTRY)
"""The process's own, as `/metrics` shows them."""
