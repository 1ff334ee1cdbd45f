"""What Prometheus is told about feeds: how far each is behind, what it has done, and what it has missed."""

from collections.abc import Mapping

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge


class FeedMetrics:
    """Counted in the process that did the round; the lag is told alike by every process that follows feeds."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.lag = Gauge(
            "crosswalk_feed_lag_seconds",
            "Age of the oldest change that may not be known yet",
            ("feed",),
            registry=registry,
        )
        self.paused = Gauge("crosswalk_feed_paused", "1 where somebody has paused it", ("feed",), registry=registry)
        self.rounds = Counter("crosswalk_feed_rounds", "Rounds that came to their end", ("feed",), registry=registry)
        self.rows = Counter("crosswalk_feed_rows", "Rows that a platform told", ("feed",), registry=registry)
        self.changes = Counter("crosswalk_feed_changes", "Changes found by it", ("feed",), registry=registry)
        self.deletions = Counter("crosswalk_feed_deletions", "Records found to be gone", ("feed",), registry=registry)
        self.holes = Counter(
            "crosswalk_feed_holes", "Changes that it missed, found by probes", ("feed",), registry=registry
        )
        self.errors = Counter(
            "crosswalk_feed_errors", "Rounds that failed, by code", ("feed", "code"), registry=registry
        )

    def counted(self, feed: str, counts: Mapping[str, int]) -> None:
        """As `progress.Progress.counts` names them."""
        for name, number in counts.items():
            found: Counter = getattr(self, name)
            found.labels(feed).inc(number)


FEED_METRICS = FeedMetrics(REGISTRY)
"""The process's own, as `/metrics` shows them."""
