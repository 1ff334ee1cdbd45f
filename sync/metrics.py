"""What Prometheus is told about runs."""

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram

_BUCKETS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 7200.0, 86400.0)


class RunMetrics:
    """Of one process: what its workers came to."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.ended = Counter(
            "crosswalk_runs_ended", "Runs that came to an end here", ("workflow", "status"), registry=registry
        )
        self.seconds = Histogram(
            "crosswalk_run_seconds",
            "From a run's acceptance to its end",
            ("workflow",),
            buckets=_BUCKETS,
            registry=registry,
        )
        self.put_off = Counter(
            "crosswalk_runs_put_off",
            "Times that a run was left for later: after a failure that may pass, or because its platform is away",
            ("workflow", "why"),
            registry=registry,
        )
        self.raised = Counter(
            "crosswalk_exceptions_raised", "Problems given to people by runs", ("queue", "code"), registry=registry
        )


METRICS = RunMetrics(REGISTRY)
"""The process's own, as `/metrics` shows them."""
