"""What Prometheus is told about webhooks that are sent."""

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram

_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
DELIVERED, RETRIED, FAILED, DROPPED, DISABLED = "delivered", "retried", "failed", "dropped", "disabled"


class DeliveringMetrics:
    """Counted in the process that tried; what waits is the same in every process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.tries = Counter(
            "crosswalk_webhook_deliveries",
            "Tries to deliver an event to a webhook by what came of them: delivered, retried, failed for good, dropped "
            "because it wasn't to be sent any more, disabled together with its webhook",
            ("outcome",),
            registry=registry,
        )
        self.seconds = Histogram(
            "crosswalk_webhook_seconds", "Time of one try to deliver", buckets=_BUCKETS, registry=registry
        )
        self.waiting = Gauge(
            "crosswalk_webhook_deliveries_waiting", "Deliveries to active webhooks that wait", registry=registry
        )
        self.lag = Gauge(
            "crosswalk_webhook_lag_seconds", "Age of the oldest delivery to an active webhook", registry=registry
        )


DELIVERING_METRICS = DeliveringMetrics(REGISTRY)
"""The process's own, as `/metrics` shows them."""
