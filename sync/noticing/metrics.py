"""What Prometheus is told about noticing."""

from prometheus_client import REGISTRY, CollectorRegistry, Counter


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


NOTICING_METRICS = NoticingMetrics(REGISTRY)
"""The process's own, as `/metrics` shows them."""
