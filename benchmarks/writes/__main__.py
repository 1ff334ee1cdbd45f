"""Measures governed writes on SQLite, and on PostgreSQL and Valkey, and writes WRITES.md; fails where a goal fails."""

import argparse
import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvloop

from benchmarks.chaos.servers import PostgreSQL, Valkey
from benchmarks.pages import WRITES, publish
from benchmarks.processes import cores, running
from benchmarks.writes.measures import backlog, busy, plain_jobs, steady
from benchmarks.writes.places import PLACES, Place, Servers
from benchmarks.writes.report import CALM_PACE, GOAL_PACE, Measured, Report
from benchmarks.writes.wishes import CREATE_ACCOUNT, UPDATE_ACCOUNT, Wishes


@dataclass(frozen=True, slots=True)
class Amounts:
    """How much is measured in a round: runs, seconds at a steady pace, jobs."""

    updates: int = 1_000
    creates: int = 400
    calm_seconds: int = 20
    goal_seconds: int = 30
    jobs: int = 10_000

    def __str__(self) -> str:
        return (
            f"{self.updates} runs of updateAccount, {self.creates} of createAccount, {self.calm_seconds} and "
            f"{self.goal_seconds} s at a steady pace, {self.jobs} plain jobs"
        )


BRIEF = Amounts(updates=100, creates=40, calm_seconds=3, goal_seconds=3, jobs=2_000)


@contextmanager
def servers() -> Iterator[Servers]:
    _, first = cores()
    every = os.sched_getaffinity(0)
    with tempfile.TemporaryDirectory(prefix="cw-writes-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        postgres, valkey = PostgreSQL(folder), Valkey(folder)
        postgres.create()
        try:
            postgres.start()
            valkey.start()
            with running("upstream", "benchmarks.writes.upstream", core=first) as upstream:
                os.sched_setaffinity(0, first)  # the driver itself; those started before have all cores
                yield Servers(folder, upstream, postgres, valkey, every)
        finally:
            valkey.stop()
            postgres.stop()


async def measured(rounds: int, amounts: Amounts) -> Report:
    found = {place: Measured() for place in PLACES}
    wishes = Wishes()
    load = os.getloadavg()[1]  # of others: of the last five minutes, before anything of ours runs
    with servers() as running_servers:
        for number in range(rounds):
            for place in PLACES:
                said(f"round {number + 1} of {rounds}: {place.name}")
                await _round(place, running_servers, wishes, amounts, found[place])
    return Report(measured=found, rounds=rounds, amounts=str(amounts), load=load)


async def _round(place: Place, servers: Servers, wishes: Wishes, amounts: Amounts, into: Measured) -> None:
    into.plain.append(await plain_jobs(servers, workers=place.workers, many=amounts.jobs))
    for flow, many in ((UPDATE_ACCOUNT, amounts.updates), (CREATE_ACCOUNT, amounts.creates)):
        done = await backlog(place, servers, wishes, flow, many)
        into.backlogs.setdefault(flow.name, []).append(done)
    into.busy.append(await busy(place, servers, wishes, amounts.updates // 2))
    for pace, seconds in ((CALM_PACE, amounts.calm_seconds), (GOAL_PACE, amounts.goal_seconds)):
        told = await steady(place, servers, wishes, per_second=pace, seconds=seconds)
        into.steady.setdefault(pace, []).append(told)


def said(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    options = argparse.ArgumentParser(prog="python -m benchmarks.writes", description=__doc__)
    options.add_argument("--rounds", type=int, default=3, help="rounds of each measure (default 3)")
    options.add_argument("--brief", action="store_true", help="a tenth of each measure, to see that all is well")
    options.add_argument("--print", action="store_true", help="print the results instead of writing WRITES.md")
    asked = options.parse_args(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the services end with us, however we are stopped
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        report = runner.run(measured(asked.rounds, BRIEF if asked.brief else Amounts()))
    if asked.print:
        print(report.text())
    else:
        said(f"written to {publish(WRITES, report.text())}")
    for goal, found, ok in report.goals:
        said(f"{'PASS' if ok else 'FAIL'}  {goal}: {found}")
    return 0 if all(ok for _, _, ok in report.goals) else 1


if __name__ == "__main__":
    sys.exit(main())
