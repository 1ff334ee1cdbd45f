"""Measures gateway and baseline in one run and writes READS.md; fails where a goal isn't met.

`python -m benchmarks writes` measures governed writes instead, and writes WRITES.md; `python -m benchmarks streams`
subscriptions, and writes STREAMS.md.
"""

import argparse
import asyncio
import signal
import sys
from contextlib import ExitStack

import uvloop

from benchmarks.pages import READS, publish
from benchmarks.paging import Paged, page_through
from benchmarks.processes import Service, cores, running
from benchmarks.results import BASELINE, GATEWAY, Results
from benchmarks.rounds import compare, contenders, same_answer
from benchmarks.streams.__main__ import main as measure_streams
from benchmarks.writes.__main__ import main as measure_writes

ACCOUNTS = 20_000


async def measured(rounds: int) -> Results:
    served, others = cores()
    with ExitStack() as stack:
        upstream = stack.enter_context(running("upstream", "benchmarks.upstream", str(ACCOUNTS), core=others))

        def gateway() -> Service:
            return stack.enter_context(running(GATEWAY, "benchmarks.crosswalk_service", upstream.url, core=served))

        said("paging through all accounts")
        paged: list[Paged] = [await page_through(gateway(), first) for first in (50, 500)]
        asked = gateway()
        baseline = stack.enter_context(running(BASELINE, "benchmarks.baseline_service", upstream.url, core=served))
        same = await same_answer(asked, baseline)
        said("measuring CPU and latency, gateway and baseline in turn")
        comparison = await compare(await contenders(asked, baseline), upstream, rounds=rounds)
    return Results(comparison, paged, same=same, rounds=rounds)


def said(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


def main() -> int:
    if sys.argv[1:2] == ["writes"]:
        return measure_writes(sys.argv[2:])
    if sys.argv[1:2] == ["streams"]:
        return measure_streams(sys.argv[2:])
    options = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    options.add_argument("--rounds", type=int, default=7, help="rounds of each measure (default 7)")
    options.add_argument("--print", action="store_true", help="print the results instead of writing READS.md")
    asked = options.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the services end with us, however we are stopped
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        results = runner.run(measured(asked.rounds))
    if asked.print:
        print(results.text())
    else:
        said(f"written to {publish(READS, results.text())}")
    for goal, found, ok in results.goals:
        said(f"{'PASS' if ok else 'FAIL'}  {goal}: {found}")
    return 0 if results.passed else 1


if __name__ == "__main__":
    sys.exit(main())
