"""What Prometheus is told about rules."""

from prometheus_client import REGISTRY, CollectorRegistry, Counter


class ActingMetrics:
    """Of one process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.looks = Counter(
            "crosswalk_trigger_looks",
            "Looks of rules at records, by what came of it: fired, open, same, refused, parked, led, gone, failed",
            ("rule", "outcome"),
            registry=registry,
        )
        self.unreadable = Counter(
            "crosswalk_trigger_unreadable_events", "Events of changed records that can't be read", registry=registry
        )
        self.paused = Counter(
            "crosswalk_trigger_paused_changes",
            "Changes that no rule acts upon, because two platforms write against each other",
            registry=registry,
        )


METRICS = ActingMetrics(REGISTRY)
"""The process's own, as `/metrics` shows them."""
