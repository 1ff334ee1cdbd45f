"""The edge's own figures, and the page that shows them with those of the platforms."""

from dataclasses import dataclass

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, generate_latest

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
OTHER = "other"
UNNAMED = "unnamed"


@dataclass(frozen=True, slots=True)
class _Series:
    """One operation's figures, looked up once."""

    operation: str
    kind: str
    seconds: Histogram
    outcomes: dict[str, Counter]


class EdgeMetrics:
    """One registry per application, so that two in a process don't add up.

    Callers choose operation names, so only the first `labels` of them get a series of their own.
    """

    def __init__(self, *, labels: int) -> None:
        self.registry = CollectorRegistry()
        self._labels = labels
        self._series: dict[tuple[str, str], _Series] = {}
        self._operations = Counter(
            "crosswalk_operations",
            "Operations by name, type and outcome.",
            ["operation", "type", "outcome"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            "crosswalk_operation_seconds",
            "Time from the request's head to the answer.",
            ["operation", "type"],
            buckets=SECONDS,
            registry=self.registry,
        )
        self._refusals = Counter(
            "crosswalk_refusals",
            "Requests refused before anything was executed, by error code.",
            ["code"],
            registry=self.registry,
        )
        self.subscriptions = Gauge("crosswalk_subscriptions", "Subscriptions that go on.", registry=self.registry)
        self.told = Counter(
            "crosswalk_subscription_answers", "Events answered, once per subscriber.", registry=self.registry
        )
        self._webhooks = Counter(
            "crosswalk_webhooks_in",
            "Requests to /webhooks/PLATFORM by what became of them: taken, again, or why they were refused.",
            ["platform", "outcome"],
            registry=self.registry,
        )
        self._webhook_seconds = Histogram(
            "crosswalk_webhooks_in_seconds",
            "Time from the head of a webhook to its answer.",
            ["platform"],
            buckets=SECONDS,
            registry=self.registry,
        )
        self.in_flight = Gauge("crosswalk_operations_in_flight", "Operations being executed.", registry=self.registry)

    def executed(self, *, operation: str | None, kind: str, outcome: str, seconds: float) -> None:
        """`outcome`: `ok`, `partial` (some errors), `failed`, `late` or `left` (the caller did)."""
        series = self._series.get((operation or UNNAMED, kind)) or self._begin(operation or UNNAMED, kind)
        series.seconds.observe(seconds)
        counter = series.outcomes.get(outcome)
        if counter is None:
            counter = series.outcomes[outcome] = self._operations.labels(series.operation, kind, outcome)
        counter.inc()

    def _begin(self, operation: str, kind: str) -> _Series:
        if len(self._series) >= self._labels:
            operation = OTHER
        known = self._series.get((operation, kind))
        if known is None:
            known = _Series(operation, kind, self._seconds.labels(operation, kind), {})
            self._series[operation, kind] = known
        return known

    def refused(self, code: str) -> None:
        self._refusals.labels(code).inc()

    def webhook(self, *, platform: str, outcome: str, seconds: float) -> None:
        self._webhooks.labels(platform, outcome).inc()
        self._webhook_seconds.labels(platform).observe(seconds)

    def page(self) -> bytes:
        """In Prometheus' text form; the platforms' figures come from the process's default registry."""
        return generate_latest(self.registry) + generate_latest(REGISTRY)
