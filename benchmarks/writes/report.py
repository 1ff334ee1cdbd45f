"""Writes what was measured down: medians of the rounds, the ratios, and whether each goal was reached."""

import platform
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from importlib.metadata import version
from statistics import median

from benchmarks.results import machine
from benchmarks.writes.measures import CLIENTS, Backlog, Steady
from benchmarks.writes.places import Place
from benchmarks.writes.sending import percentile
from benchmarks.writes.wishes import CREATE_ACCOUNT, UPDATE_ACCOUNT, Flow

MOST_TRANSACTIONS = 5
MOST_ACCEPTANCE = 50
"""Milliseconds, the 99th percentile at `GOAL_PACE`."""
CALM_PACE, GOAL_PACE = 10, 50
"""Mutations per second."""
PACKAGES = ("sqlalchemy", "psycopg", "dramatiq", "redis", "strawberry-graphql", "uvicorn", "uvloop")
FLOWS = (UPDATE_ACCOUNT, CREATE_ACCOUNT)

HOW = """\
Gateway and workers are put together as `crosswalk serve` and `crosswalk worker` put themselves together, at their
default settings: edge, API key, log, ledger, relay, broker, gate, and with Valkey the budget that processes share. The
platforms are fakes that keep their records in memory and answer at once, behind a connector with real mapping rows, so
that what is measured is ours. The databases wait for the disk with every commit. Everything of the product and its
servers may use both cores; driver and fake platforms are pinned to the first one.

Each ledger begins empty. **accepted**: a closed loop of {clients} clients while nobody works on the runs, and once more
while they are carried out. **finished**: runs of that backlog carried out per second, by the ledger's stamps, its first
and last tenth left out; every run must succeed, and the platforms must have seen each write exactly once. updateAccount
on distinct accounts has 1 step, createAccount with billing has 3. **transactions** are all that our processes begin,
reads too, from the claim of a run to its end and for handing it over, without those that relays begin every half
second, whether there is work or not. On SQLite several runs share one where they write at the same time. **of a
constant** is what a query for one takes at the same pace when nothing else is to be done: the machine's share of the
time. **sent again** are mutations at a steady pace that weren't acknowledged in time. **plain jobs** are Dramatiq with
its defaults and an actor that returns at once.

**Trust the ratios and the CPU, not the rates**: other work on the machine takes most of both cores, and makes
everything slower. CPU is that of our own processes, without databases and driver.
"""


@dataclass(slots=True)
class Measured:
    """The rounds of one place."""

    backlogs: dict[str, list[Backlog]] = field(default_factory=dict)
    """By flow."""
    busy: list[float] = field(default_factory=list)
    steady: dict[int, list[Steady]] = field(default_factory=dict)
    """By mutations per second."""
    plain: list[float] = field(default_factory=list)

    def of(self, flow: Flow, figure: Callable[[Backlog], float]) -> float:
        return median(figure(one) for one in self.backlogs[flow.name])

    def acceptance(self, pace: int, share: float) -> float:
        return median(percentile(one.accepted, share) for one in self.steady[pace])

    @property
    def repeated(self) -> int:
        return sum(one.repeated for rounds in self.steady.values() for one in rounds)

    def bare(self, pace: int, share: float) -> float:
        return median(percentile(one.bare, share) for one in self.steady[pace])

    def begun(self, pace: int, share: float) -> float:
        return median(percentile(one.begun, share) for one in self.steady[pace])


Goal = tuple[str, str, bool]
"""(goal, what was found, reached)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    measured: dict[Place, Measured]
    rounds: int
    amounts: str
    load: float
    """The machine's load average before anything was measured: what others run beside us."""

    @property
    def goals(self) -> list[Goal]:
        return list(self._judged())

    def text(self) -> str:
        parts = (self._head(), self._goal_lines(), self._accepting(), self._finishing(), self._waiting())
        return "\n".join([line for part in parts for line in part])

    def _judged(self) -> Iterator[Goal]:
        for place, found in self.measured.items():
            p99 = found.acceptance(GOAL_PACE, 0.99)
            goal = f"{place.name}: accepted within {MOST_ACCEPTANCE} ms (p99) at {GOAL_PACE}/s"
            bare = found.bare(GOAL_PACE, 0.99)
            yield goal, f"{p99:.0f} ms; a constant alone {bare:.0f} ms", p99 < MOST_ACCEPTANCE
        for place, found in self.measured.items():
            for flow in FLOWS:
                count = found.of(flow, lambda one: one.transactions)
                goal = f"{place.name}, {flow.name}: at most {MOST_TRANSACTIONS} database transactions a step"
                yield goal, f"{count:.2f}", count <= MOST_TRANSACTIONS

    def _head(self) -> Iterator[str]:
        today = date.today().isoformat()  # noqa: DTZ011 - the machine's own day
        packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
        yield "# Governed writes"
        yield ""
        yield f"`python -m benchmarks.writes` of {today}, on {machine()}."
        yield f"Python {platform.python_version()}, {packages}."
        yield f"{self.rounds} rounds, medians, each of {self.amounts}."
        yield f"The load average of the cores was {self.load:.1f} before this began."
        yield ""
        yield HOW.format(clients=CLIENTS)

    def _goal_lines(self) -> Iterator[str]:
        yield "## Goals"
        yield ""
        yield from _table("| | goal | found |", [_judgement(goal) for goal in self.goals])

    def _accepting(self) -> Iterator[str]:
        yield "## Mutations accepted"
        yield ""
        head = (
            "| | per second, nobody works | per second, while runs are carried out | CPU ms each | transactions each "
            f"| p50 / p99 ms at {CALM_PACE}/s | p50 / p99 ms at {GOAL_PACE}/s "
            f"| of a constant, at {GOAL_PACE}/s | sent again |"
        )
        rows = [
            f"| {place.name} | {found.of(UPDATE_ACCOUNT, lambda one: one.accepted):.0f} | {median(found.busy):.0f} "
            f"| {found.of(UPDATE_ACCOUNT, lambda one: one.accept_cpu):.1f} "
            f"| {found.of(UPDATE_ACCOUNT, lambda one: one.accept_transactions):.2f} "
            f"| {_span(found.acceptance, CALM_PACE)} | {_span(found.acceptance, GOAL_PACE)} "
            f"| {_span(found.bare, GOAL_PACE)} | {found.repeated} |"
            for place, found in self.measured.items()
        ]
        yield from _table(head, rows)

    def _finishing(self) -> Iterator[str]:
        yield "## Runs finished"
        yield ""
        head = (
            "| | flow | runs/s | steps/s | CPU ms a run | transactions a step | idle transactions/s | plain jobs/s "
            "| plain jobs for a run | plain jobs for a step |"
        )
        rows = []
        for place, found in self.measured.items():
            jobs = median(found.plain)
            for flow in FLOWS:
                rate = found.of(flow, lambda one: one.finished)
                rows.append(
                    f"| {place.name} | {flow.name} | {rate:.1f} | {rate * flow.steps:.1f} "
                    f"| {found.of(flow, lambda one: one.work_cpu):.1f} "
                    f"| {found.of(flow, lambda one: one.transactions):.2f} "
                    f"| {found.of(flow, lambda one: one.idle_transactions):.1f} | {jobs:.0f} | {jobs / rate:.0f} "
                    f"| {jobs / rate / flow.steps:.0f} |"
                )
        yield from _table(head, rows)

    def _waiting(self) -> Iterator[str]:
        yield "## From the acknowledged mutation to the platform's first sight of a write, ms"
        yield ""
        yield "The platform's own stamp, against the driver's when the answer was there; 0 where the write came first."
        yield ""
        head = f"| | p50 / p99 at {CALM_PACE}/s | p50 / p99 at {GOAL_PACE}/s |"
        rows = [
            f"| {place.name} | {_span(found.begun, CALM_PACE)} | {_span(found.begun, GOAL_PACE)} |"
            for place, found in self.measured.items()
        ]
        yield from _table(head, rows)


def _span(figure: Callable[[int, float], float], pace: int) -> str:
    return f"{figure(pace, 0.5):.0f} / {figure(pace, 0.99):.0f}"


def _judgement(goal: Goal) -> str:
    said, found, ok = goal
    return f"| {'PASS' if ok else '**FAIL**'} | {said} | {found} |"


def _table(head: str, rows: Sequence[str]) -> Iterator[str]:
    yield head
    yield "|" + "---|" * (head.count("|") - 1)
    yield from rows
    yield ""
