"""Writes what was measured down: the tables, the ratios, and whether each goal was reached."""

import os
import platform
from collections.abc import Iterator, Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path

from benchmarks.paging import Paged
from benchmarks.queries import REF, REF_SOURCES, SMALL, SMALL_SOURCES, TRIVIAL, Query
from benchmarks.rounds import CALM, CROWDED, LATENCY, Comparison

GATEWAY, BASELINE = "gateway", "baseline"
PLAIN = {SMALL_SOURCES.name: SMALL, REF_SOURCES.name: REF}
"""What the baseline, which tells no provenance, is asked in place of a query with it."""
MOST_SHARE = {SMALL.name: 1 / 5, SMALL_SOURCES.name: 1 / 5, REF.name: 1 / 10, REF_SOURCES.name: 1 / 10}
MOST_STRETCH = 1.25
MOST_CROWDED = 1.5
MOST_MEMORY = 150
PACKAGES = ("strawberry-graphql", "graphql-core", "msgspec", "uvicorn", "uvloop", "httptools", "aiodataloader", "httpx")
MEASURED = (TRIVIAL, SMALL, SMALL_SOURCES, REF, REF_SOURCES)

HOW = """\
The gateway is the whole product as it is served: edge, API key, log, cache at its default settings, over a connector
with real mapping rows, through the real gate and HTTP client. The baseline is hand-written with Strawberry,
aiodataloader, httpx and uvicorn; it batches by parent ids and asks only the needed columns, and it has no keys, no log,
no limits and no provenance. Both run under uvicorn, uvloop and httptools, pinned to the same core; upstream and driver
have the rest. CPU is the serving process's own, user and system.

Gateway and baseline were measured in turn, round by round, in one run. **Trust the ratios, not the values**: other work
on the machine makes everything slower, and falls on both alike.

small: one account by id with its projects and invoices. ref: 50 accounts with 5 projects, 3 contracts and 12 invoices
each, about 8 fields of each of 1,050 records. trivial: a constant field. No two requests in flight ask for the same, so
that none is spared a call by another.
"""


class Results:
    """One run's."""

    def __init__(self, comparison: Comparison, paged: Sequence[Paged], *, same: bool, rounds: int) -> None:
        self._found = comparison
        self._paged = paged
        self._same = same
        self._rounds = rounds
        self.goals = list(self._judged())

    @property
    def passed(self) -> bool:
        return all(ok for _, _, ok in self.goals)

    def text(self) -> str:
        return "\n".join([*self._head(), *self._goal_lines(), *self._tables(), ""])

    # ------------------------------------------------------------------------------------------------------ goals

    def _judged(self) -> Iterator[tuple[str, str, bool]]:
        """(goal, what was found, reached)"""
        yield "gateway and baseline answer the same", "yes" if self._same else "no", self._same
        for query in MEASURED[1:]:
            calls = [count for ms in (0, LATENCY) for count in self._found.cpu[GATEWAY, query.name, ms].calls]
            told = f"{min(calls):g} to {max(calls):g}" if min(calls) < max(calls) else f"{max(calls):g}"
            goal = f"{query.name}: {query.calls} upstream calls, the least that the batch limits allow"
            yield goal, told, set(calls) == {query.calls}
        for query in (SMALL, REF):
            path = query.round_trips * LATENCY
            took = self._found.alone[GATEWAY, query.name, LATENCY].percentile(0.5)
            goal = f"{query.name}: answered within {MOST_STRETCH} x its critical path of {path} ms"
            yield goal, f"{took:.1f} ms, {took / path:.2f} x", took <= MOST_STRETCH * path
        for query in MEASURED[1:]:
            share = self._cpu(GATEWAY, query, 0) / self._cpu(BASELINE, PLAIN.get(query.name, query), 0)
            most = MOST_SHARE[query.name]
            goal = f"{query.name}: CPU per request at most 1/{1 / most:g} of the baseline's"
            yield goal, f"1/{1 / share:.1f}", share <= most
        for query in MEASURED[1:]:
            ratio = self._cpu(GATEWAY, query, LATENCY) / self._cpu(GATEWAY, query, 0)
            crowded = f"CPU at {LATENCY} ms and {CROWDED} in flight"
            goal = f"{query.name}: {crowded} at most {MOST_CROWDED} x that without latency"
            yield goal, f"{ratio:.2f} x", ratio <= MOST_CROWDED
        for walk in self._paged:
            goal = f"memory stays below {MOST_MEMORY} MB, pages of {walk.first}"
            yield goal, f"{walk.most:.0f} MB at most", walk.most < MOST_MEMORY

    def _cpu(self, service: str, query: Query, latency: int) -> float:
        return self._found.cpu[service, query.name, latency].cpu

    # ------------------------------------------------------------------------------------------------------- text

    def _head(self) -> Iterator[str]:
        today = date.today().isoformat()  # noqa: DTZ011 - the machine's own day
        packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
        yield "# Reads"
        yield ""
        yield f"`python -m benchmarks` of {today}, on {machine()}."
        yield f"Python {platform.python_version()}, {packages}."
        yield f"{self._rounds} rounds of each measure, medians."
        yield ""
        yield HOW

    def _goal_lines(self) -> Iterator[str]:
        yield "## Goals"
        yield ""
        yield "| | goal | found |"
        yield "|---|---|---|"
        for goal, found, ok in self.goals:
            yield f"| {'PASS' if ok else '**FAIL**'} | {goal} | {found} |"
        yield ""

    def _tables(self) -> Iterator[str]:
        for latency, in_flight in ((0, CALM), (LATENCY, CROWDED)):
            yield f"## CPU milliseconds per request: upstream latency {latency} ms, {in_flight} requests in flight"
            yield ""
            yield "| query | gateway | baseline | ratio |"
            yield "|---|---|---|---|"
            for query in MEASURED:
                ours = self._cpu(GATEWAY, query, latency)
                theirs = self._cpu(BASELINE, PLAIN.get(query.name, query), latency)
                yield f"| {query.name} | {ours:.3f} | {theirs:.2f} | 1/{theirs / ours:.1f} |"
            yield ""
        yield f"## Milliseconds of one request at a time: upstream latency {LATENCY} ms"
        yield ""
        yield "| query | critical path | gateway p50 / p99 | baseline p50 / p99 |"
        yield "|---|---|---|---|"
        for query in MEASURED[1:]:
            asked = ((GATEWAY, query), (BASELINE, PLAIN.get(query.name, query)))
            alone = [self._found.alone[service, found.name, LATENCY] for service, found in asked]
            spans = [f"{found.percentile(0.5):.1f} / {found.percentile(0.99):.1f}" for found in alone]
            yield f"| {query.name} | {query.round_trips * LATENCY} | {spans[0]} | {spans[1]} |"
        yield ""
        yield "## Memory of the gateway, resident MB, while all accounts are paged through with their invoices"
        yield ""
        yield "| accounts a page | accounts | invoices | before | most |"
        yield "|---|---|---|---|---|"
        for walk in self._paged:
            yield f"| {walk.first} | {walk.accounts:,} | {walk.invoices:,} | {walk.before:.0f} | {walk.most:.0f} |"


def machine() -> str:
    """How many cores of which kind, for the head of a report."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown CPU")
    return f"{os.cpu_count()} cores ({model}), Linux {platform.release().partition('-')[0]}, shared with other work"
