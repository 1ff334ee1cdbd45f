"""Measures services in turn within one run, so that whatever else the machine does falls on all of them alike."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import cycle, islice
from statistics import median
from typing import Any

from benchmarks.driver import Spent, answer_of, ask_all, control, places, posted, requests_for
from benchmarks.processes import Service
from benchmarks.queries import REF, REF_SOURCES, SMALL, SMALL_SOURCES, TRIVIAL, Query

PAGES = 100
"""Pages of 50 accounts that the requests go round: more than are ever in flight."""
LATENCY = 50
"""Milliseconds that the slow upstream takes for every answer."""
CALM, CROWDED = 8, 64
"""Requests in flight without latency, and with it."""


@dataclass(frozen=True, slots=True)
class Contender:
    """A service with a query, and how many requests make a round of some tenths of a second at least."""

    service: Service
    query: Query
    requests: Sequence[bytes] = field(repr=False)
    per_round: int

    def round(self, in_flight: int) -> list[bytes]:
        return list(islice(cycle(self.requests), max(self.per_round, in_flight)))


@dataclass(slots=True)
class Measured:
    """The rounds of one contender at one latency."""

    rounds: list[Spent] = field(default_factory=list)
    calls: list[float] = field(default_factory=list)

    @property
    def cpu(self) -> float:
        """CPU milliseconds per request, the median of the rounds."""
        return median(spent.cpu for spent in self.rounds)


Key = tuple[str, str, int]
"""(service, query, upstream latency in milliseconds)"""


@dataclass(slots=True)
class Comparison:
    """Everything that was measured."""

    cpu: dict[Key, Measured] = field(default_factory=dict)
    alone: dict[Key, Spent] = field(default_factory=dict)
    """One request at a time, at `LATENCY`."""


async def contenders(gateway: Service, baseline: Service) -> list[list[Contender]]:
    """By measured query, those that are compared with one another."""
    at = {service.name: await places(service, PAGES) for service in (gateway, baseline)}

    def contender(service: Service, query: Query, per_round: int) -> Contender:
        return Contender(service, query, requests_for(service, query, *at[service.name]), per_round)

    return [
        [contender(gateway, TRIVIAL, 1_000), contender(baseline, TRIVIAL, 300)],
        [contender(gateway, SMALL, 400), contender(gateway, SMALL_SOURCES, 400), contender(baseline, SMALL, 80)],
        [contender(gateway, REF, 100), contender(gateway, REF_SOURCES, 100), contender(baseline, REF, 20)],
    ]


async def compare(groups: Sequence[Sequence[Contender]], upstream: Service, *, rounds: int) -> Comparison:
    found = Comparison()
    for group in groups:
        control(upstream, "PUT", "/latency/0")
        for one in group:  # the upstream prepares its answers, the services their plans and connections
            await ask_all(one.service, one.requests, in_flight=CALM)
        for _ in range(rounds):
            for latency, in_flight in ((0, CALM), (LATENCY, CROWDED)):
                control(upstream, "PUT", f"/latency/{latency}")
                for one in group:
                    await _round(one, upstream, latency, in_flight, found)
        control(upstream, "PUT", f"/latency/{LATENCY}")
        for one in group:
            alone = await ask_all(one.service, one.requests[:60], in_flight=1)
            found.alone[one.service.name, one.query.name, LATENCY] = alone
    return found


async def _round(one: Contender, upstream: Service, latency: int, in_flight: int, found: Comparison) -> None:
    requests = one.round(in_flight)
    control(upstream, "DELETE", "/calls")
    spent = await ask_all(one.service, requests, in_flight=in_flight)
    calls = sum(control(upstream, "GET", "/calls").values()) / len(requests)
    measured = found.cpu.setdefault((one.service.name, one.query.name, latency), Measured())
    measured.rounds.append(spent)
    measured.calls.append(calls)


async def same_answer(gateway: Service, baseline: Service) -> bool:
    """Whether both tell the same of a page of accounts; ids and the way to write UTC are each service's own."""
    request = {service: posted(service.port, REF.text, {"after": None}) for service in (gateway, baseline)}
    first, second = [_comparable(await answer_of(service, text)) for service, text in request.items()]
    return bool(first == second)


def _comparable(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _comparable(part) for key, part in value.items() if key != "id"}
    if isinstance(value, list):
        return [_comparable(part) for part in value]
    return value.replace("+00:00", "Z") if isinstance(value, str) else value
