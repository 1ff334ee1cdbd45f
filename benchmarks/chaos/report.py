"""Writes the figures down: what was done to whom, what was lost, and how long it took to settle."""

import os
import platform
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date

from benchmarks.chaos.course import Figures
from benchmarks.chaos.matrix import Matrix

HOW = """\
Every figure is decided by the invented platforms' own records, which no kill touches: each accepted run has its
effects exactly once, or was undone and left nothing, or waits in an exception queue. Whatever else is on a platform at
the end, beyond what was there at the beginning, counts as duplicated. *lost* and *duplicated* are counted twice: when
everything has ended, and again after people have retried what waited for them.

Load: all processes mixed, sent by twelve clients that repeat each key until it is acknowledged. Trouble: of all
writes, one in ten never reaches the platform, and of one in ten the answer never comes back; one read in fifty is lost;
platforms say that calls are too many; some customers are refused for good, so that runs are taken back. Meanwhile
processes and servers are killed with SIGKILL (Redis comes back with an empty memory) and messages are sent thrice, so
that several workers come for one run. The fault matrix kills a worker just before and just after each write of the
ledger and each call of a platform, one after the other.
"""


def text(command: str, courses: Sequence[Figures], matrices: Sequence[tuple[str, Matrix]]) -> str:
    return "\n".join([*_head(command), *_courses(courses), *_matrices(matrices), ""])


def last_line(courses: Sequence[Figures], matrices: Sequence[tuple[str, Matrix]]) -> str:
    """What the command says in the end, over everything that it did."""
    verdicts = [matrix.verdict for _, matrix in matrices]
    runs = sum(each.runs for each in courses) + sum(sum(each.ended.values()) for each in verdicts)
    kills = sum(each.kills for each in courses) + sum(matrix.deaths for _, matrix in matrices)
    lost = sum(each.lost for each in courses) + sum(len(each.lost) for each in verdicts)
    duplicated = sum(each.duplicated for each in courses) + sum(len(each.duplicated) for each in verdicts)
    drops = sum(each.drops for each in courses)
    return f"runs {runs} kills {kills} drops {drops} lost {lost} duplicated {duplicated}"


def _head(command: str) -> Iterator[str]:
    yield "# Chaos"
    yield ""
    today = date.today().isoformat()  # noqa: DTZ011 - the machine's own day
    machine = f"{os.cpu_count()} cores, Linux {platform.release().partition('-')[0]}"
    yield f"`{command}` of {today}, on {machine}, shared with other work: times are longer than they need to be."
    yield ""
    yield HOW


def _courses(courses: Sequence[Figures]) -> Iterator[str]:
    yield "## Under load"
    yield ""
    yield "| course | runs | kills | drops | lost | duplicated | after the last kill | slowest answer | audit chain |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for each in courses:
        settled = f"{each.settled:.1f} s" if each.kills else "-"
        chain = each.audit_problem or f"whole, {each.audit_entries:,} entries"
        yield (
            f"| {each.plan.name} | {each.runs:,} | {each.kills} | {each.drops:,} | {each.lost} | {each.duplicated} | "
            f"{settled} | {each.slowest:.1f} s | {chain} |"
        )
    yield ""
    yield "| course | ended | waiting in a queue, by code | after people retried | what happened |"
    yield "|---|---|---|---|---|"
    for each in courses:
        ended, queued = _listed(each.verdict.ended), _listed(each.verdict.queued)
        yield f"| {each.plan.name} | {ended} | {queued} | {_listed(each.repaired.ended)} | {_listed(each.happened)} |"
    yield ""


def _matrices(matrices: Sequence[tuple[str, Matrix]]) -> Iterator[str]:
    for name, matrix in matrices:
        lost, duplicated = len(matrix.verdict.lost), len(matrix.verdict.duplicated)
        yield f"## A death at every boundary: {name}"
        yield ""
        yield f"{matrix.deaths} deaths, lost {lost}, duplicated {duplicated}."
        yield ""
        yield "| process | boundaries of a run | deaths | ended |"
        yield "|---|---|---|---|"
        for row in matrix.rows:
            yield f"| {row.name} | {row.boundaries} | {row.deaths} | {_listed(row.ended)} |"
        yield ""


def _listed(counted: Counter[str]) -> str:
    return ", ".join(f"{many} {name}" for name, many in counted.most_common()) or "none"
