"""Writes what was measured down: medians of the rounds, side by side, and whether each goal was reached."""

import platform
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from statistics import median

from benchmarks.results import machine
from benchmarks.streams.measures import PACE, TOGETHER, WARMING, Burst, Crowd, Stream
from benchmarks.streams.services import GATEWAY, NODE

MOST_MEMORY = 40
"""kB for each idle subscriber."""
PACKAGES = ("strawberry-graphql", "graphql-core", "msgspec", "uvicorn", "uvloop", "websockets")
Goal = tuple[str, str, bool]
"""(goal, what was found, reached)"""

HOW = """\
Both are served over WebSockets by graphql-transport-ws, pinned to the same core one after the other; subscribers, and
the platform that both ask, have the other one. Crosswalk is the whole product as it is served: keys, log, limits, gate
and HTTP client, a ledger on SQLite that waits for the disk with every commit, and cursors to resume behind. The other
is graphql-yoga and graphql-ws as their own guide puts them together, with its pub/sub in memory: it keeps nothing and
resumes nothing, and throws once 1,024 events wait for a subscriber, which ends the process. Both ask the platform once
for each event's project, and together for those of one moment.

**One event to all**: every subscriber asks for eight fields of the event and seven of its project. Time is from the
moment that it is said to have happened until the first, and the last, subscriber has read it. Memory is what the
service has grown by for each subscriber that waits, {warming} others having come and gone before. **Steady**: {pace}
events a second, {together} written at a time, as a feed's round writes them, to 200 subscribers.

**Trust the comparison, not the values**: other work on the machine makes everything slower, and falls on both alike.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    crowds: dict[str, list[Crowd]]
    """By service, a round after the other."""
    streams: dict[str, Stream]
    node: str
    """What Node is, and runs."""
    rounds: int

    @property
    def goals(self) -> list[Goal]:
        return list(self._judged())

    def text(self) -> str:
        parts = (self._head(), self._goal_lines(), self._crowd_lines(), self._stream_lines())
        return "\n".join([line for part in parts for line in part])

    def _judged(self) -> Iterator[Goal]:
        for number in self._sizes():
            ours = self._burst(GATEWAY, number, lambda one: one.last)
            theirs = self._burst(NODE, number, lambda one: one.last)
            if number == 1_000:
                yield (
                    f"last of {number:,} not later than Node's",
                    f"{ours:.0f} ms, Node {theirs:.0f} ms",
                    ours <= theirs,
                )
            memory = self._memory(GATEWAY, number)
            yield (
                f"memory of {number:,} idle subscribers under {MOST_MEMORY} kB each",
                f"{memory:.1f} kB",
                memory < MOST_MEMORY,
            )
        steady = self.streams[GATEWAY]
        whole = steady.least == steady.sent and not steady.repeated and steady.alike
        found = f"{steady.least:,} of {steady.sent:,} at every subscriber, {steady.repeated} repeated"
        yield f"{PACE} events/s to {steady.subscribers} for {steady.seconds:.0f} s, nothing lost", found, whole

    def _sizes(self) -> list[int]:
        return sorted({one.subscribers for one in self.crowds[GATEWAY]})

    def _of(self, service: str, number: int) -> list[Crowd]:
        return [one for one in self.crowds[service] if one.subscribers == number]

    def _burst(self, service: str, number: int, figure: Callable[[Burst], float]) -> float:
        return median(figure(burst) for one in self._of(service, number) for burst in one.bursts)

    def _memory(self, service: str, number: int) -> float:
        return median(one.memory for one in self._of(service, number))

    def _head(self) -> Iterator[str]:
        today = date.today().isoformat()  # noqa: DTZ011 - the machine's own day
        yield "# Subscriptions"
        yield ""
        yield f"`./run bench streams` of {today}, on {machine()}."
        yield f"Python {platform.python_version()}, {', '.join(f'{name} {version(name)}' for name in PACKAGES)}."
        yield f"{self.node}."
        yield f"{self.rounds} rounds in turn, medians."
        yield ""
        yield HOW.format(pace=PACE, together=TOGETHER, warming=WARMING)

    def _goal_lines(self) -> Iterator[str]:
        yield "## Goals"
        yield ""
        rows = [f"| {'PASS' if ok else '**FAIL**'} | {goal} | {found} |" for goal, found, ok in self.goals]
        yield from _table("| | goal | found |", rows)

    def _crowd_lines(self) -> Iterator[str]:
        yield "## One event to all"
        yield ""
        rows = []
        for number in self._sizes():
            for service in (GATEWAY, NODE):
                first, last, cpu = (
                    self._burst(service, number, figure)
                    for figure in (lambda one: one.first, lambda one: one.last, lambda one: one.cpu)
                )
                opening = median(one.opening for one in self._of(service, number))
                rows.append(
                    f"| {number:,} | {service} | {first:.0f} | {last:.0f} | {cpu:.0f} "
                    f"| {self._memory(service, number):.1f} | {opening:.1f} |"
                )
        yield from _table("| subscribers | | first ms | last ms | CPU ms | kB each, idle | opened in s |", rows)

    def _stream_lines(self) -> Iterator[str]:
        yield f"## {PACE} events a second"
        yield ""
        rows = [
            f"| {service} | {one.sent:,} | {one.least:,} | {one.repeated} | {one.behind} | {one.after * 1000:.0f} "
            f"| {one.cpu:.0%} | {one.broke.partition(';')[0]} |"
            for service, one in self.streams.items()
        ]
        head = (
            "| | sent | came to the slowest | repeated | behind at most, events | last one after ms | CPU of a core "
            "| broke |"
        )
        yield from _table(head, rows)


def _table(head: str, rows: Sequence[str]) -> Iterator[str]:
    yield head
    yield "|" + "---|" * (head.count("|") - 1)
    yield from rows
    yield ""
