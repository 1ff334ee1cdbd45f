"""Runs courses and fault matrices; its last line and its exit status say whether anything was lost or done twice."""

import argparse
import asyncio
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import uvloop

from benchmarks.chaos import events, matrix, promises, report
from benchmarks.chaos.course import Course, Figures
from benchmarks.chaos.matrix import Matrix
from benchmarks.chaos.stage import Plan, staged
from benchmarks.chaos.world import running_world
from benchmarks.pages import CHAOS, publish

ACCOUNTS = 300
RUNS = 1_000
MISHAPS = 0.08
"""Per wish."""
DEATHS, FULL_DEATHS = 8, 50
"""Of each process in the matrix, evenly spread over its boundaries; and with --full, all but of the longest."""
EMBEDDED, SERVED = "SQLite, in-process", "PostgreSQL and Redis, 2 workers"


def said(what: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {what}", flush=True)


async def measured(asked: argparse.Namespace, folder: Path) -> tuple[list[Figures], list[tuple[str, Matrix]]]:
    courses: list[Figures] = []
    matrices: list[tuple[str, Matrix]] = []
    places = [(EMBEDDED, False), (SERVED, True)]
    chosen = [place for place in places if asked.only is None or place[1] is (asked.only == "served")]
    deaths = asked.deaths if asked.deaths is not None else FULL_DEATHS if asked.full else DEATHS
    with running_world(folder, accounts=asked.accounts) as world:
        for name, served in chosen:
            for number, plan in enumerate(_plans(asked, name, served=served)):
                said(f"{plan.name}: {plan.wishes} wishes")
                async with staged(plan, world, folder / f"course-{served:d}-{number}") as stage:
                    courses.append(await Course(plan, stage, said).run())
                told(courses[-1])
            if deaths:
                said(f"{name}: deaths at boundaries")
                place = folder / f"matrix-{served:d}"
                filled = await matrix.filled(world, place, served=served, most=deaths, only=asked.process, say=said)
                matrices.append((name, filled))
    return courses, matrices


def _plans(asked: argparse.Namespace, name: str, *, served: bool) -> Iterator[Plan]:
    if not asked.runs:
        return
    mishaps = round(asked.runs * asked.mishaps)
    yield Plan(name=name, wishes=asked.runs, mishaps=mishaps, served=served, seed=asked.seed)
    if asked.full and served:
        yield from promises.courses(asked.runs // 4)


def told(figures: Figures) -> None:
    said(
        f"{figures.plan.name}: runs {figures.runs} kills {figures.kills} drops {figures.drops} lost {figures.lost} "
        f"duplicated {figures.duplicated}; took {figures.took:.0f} s, ended {figures.settled:.1f} s after the last kill"
    )
    said(f"  happened: {dict(figures.happened)}; sent again: {dict(figures.resent)}; refused: {dict(figures.refused)}")
    said(f"  after repair: {dict(figures.repaired.ended)}, in queues: {dict(figures.repaired.queued)}")
    said(f"  audit: {figures.audit_entries} entries, {figures.audit_problem or 'unbroken'}")
    for name, wrongs in (("LOST", figures.repaired.lost), ("DUPLICATED", figures.repaired.duplicated)):
        for wrong in wrongs:
            said(f"  after repair {name} {wrong}")


def main() -> int:
    if sys.argv[1:2] == ["events"]:
        return events.main(sys.argv[2:])
    asked = _options().parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # everything started ends with us, however we are stopped
    with (
        tempfile.TemporaryDirectory(prefix="cw-chaos-") as temporary,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        folder = asked.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        courses, matrices = runner.run(measured(asked, folder))
    text = report.text(_command(), courses, matrices)
    if asked.print:
        print(text)
    else:
        said(f"written to {publish(CHAOS, text)}")
    print(report.last_line(courses, matrices))
    whole = all(each.good for each in courses)
    return 0 if whole and not any(found.verdict.lost or found.verdict.duplicated for _, found in matrices) else 1


def _options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(prog="./run chaos", description=__doc__)
    options.add_argument("--full", action="store_true", help="the figures of RELIABILITY.md, R1 to R8: most of an hour")
    options.add_argument("--runs", type=int, default=RUNS, help=f"wishes per set-up (default {RUNS}; 0: no course)")
    options.add_argument("--mishaps", type=float, default=MISHAPS, help=f"mishaps per wish (default {MISHAPS})")
    options.add_argument("--deaths", type=int, help=f"boundaries tried per process (default {DEATHS}; 0: no matrix)")
    options.add_argument("--process", action="append", help="only this process in the matrix; may be repeated")
    options.add_argument("--only", choices=("embedded", "served"), help="only one of the two set-ups")
    options.add_argument("--accounts", type=int, default=ACCOUNTS, help=f"clients of the firm (default {ACCOUNTS})")
    options.add_argument("--seed", type=int, default=7, help="of the mix and the mishaps (default 7)")
    options.add_argument("--keep", type=Path, metavar="FOLDER", help="keep ledger and logs here, to look into")
    options.add_argument("--print", action="store_true", help=f"print the figures instead of writing {CHAOS}")
    return options


def _command() -> str:
    return " ".join(["./run chaos", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
