"""What Prometheus is told about noticing."""

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram


class NoticingMetrics:
    """Counted in the process that noticed it; each change is noticed once, in one process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.changes = Counter(
            "crosswalk_changes_noticed",
            "Changes of records that became events; `echo` tells whether they are of a governed run",
            ("platform", "type", "noticed_by", "echo"),
            registry=registry,
        )
        self.looks = Counter(
            "crosswalk_records_looked_at",
            "Records read again because something hinted at a change, by what was found",
            ("platform", "type", "found"),
            registry=registry,
        )


class LetterMetrics:
    """What becomes of webhooks that came in and were kept."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.letters = Counter(
            "crosswalk_letters",
            "Webhooks worked on by what became of them: done, failed (tried again), waits (the platform is away), "
            "set_aside",
            ("platform", "outcome"),
            registry=registry,
        )
        self.seconds = Histogram(
            "crosswalk_letter_seconds",
            "Time from receiving a webhook to having looked at what it names",
            ("platform",),
            buckets=(0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 15.0, 60.0, 300.0, 1800.0),
            registry=registry,
        )
        self.oldest = Gauge(
            "crosswalk_letters_oldest_seconds",
            "Age of the oldest webhook that isn't dealt with; 0: all are",
            ("platform",),
            registry=registry,
        )


LETTER_METRICS = LetterMetrics(REGISTRY)
NOTICING_METRICS = NoticingMetrics(REGISTRY)
"""The process's own, as `/metrics` shows them."""
