"""What Prometheus is told about reconciliation: how much differs, and how comparisons end."""

from collections.abc import Mapping

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge

from sync.ledger.port_of_reconciliations import DifferenceKind, Reconciliation


class ReconcilingMetrics:
    """`drift` is the same in every process: what the last whole comparison found."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.drift = Gauge(
            "crosswalk_drift",
            "Differences that the last whole comparison found",
            ("comparison", "kind"),
            registry=registry,
        )
        self.reconciliations = Counter(
            "crosswalk_reconciliations", "Comparisons that have ended", ("comparison", "status"), registry=registry
        )

    def ended(self, found: Reconciliation) -> None:
        self.reconciliations.labels(found.comparison, found.status.value).inc()

    def drifted(self, by_comparison: Mapping[str, Mapping[str, int]]) -> None:
        for comparison, counts in by_comparison.items():
            for kind in DifferenceKind:
                self.drift.labels(comparison, kind.value).set(counts.get(kind.value, 0))


RECONCILING_METRICS = ReconcilingMetrics(REGISTRY)
"""The process's own, as `/metrics` shows them."""
