"""Measures subscriptions beside those of Node in one run, and writes STREAMS.md; fails where a goal isn't met."""

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AbstractContextManager
from typing import Any, TypeVar

import uvloop

from benchmarks.pages import STREAMS, publish
from benchmarks.processes import Service, cores, running
from benchmarks.streams.measures import Crowd, Stream, crowd, stream
from benchmarks.streams.report import Report
from benchmarks.streams.services import GATEWAY, NODE, gateway, install_node, node, versions

T = TypeVar("T")
SIZES = (1_000, 5_000)
EVENTS = {1_000: 11, 5_000: 6}
"""Of each size; the first one isn't counted."""
LISTENERS = 200
"""Of the steady stream."""
SERVICES: dict[str, Callable[[Service], AbstractContextManager[Service]]] = {GATEWAY: gateway, NODE: node}


def measured(rounds: int, seconds: float) -> Report:
    _, others = cores()
    crowds: dict[str, list[Crowd]] = {name: [] for name in SERVICES}
    streams: dict[str, Stream] = {}
    with running("upstream", "benchmarks.upstream", "20000", core=others) as upstream:
        os.sched_setaffinity(0, others)  # the driver itself; services move to theirs
        for number in range(rounds):
            for size in SIZES:
                for name, start in SERVICES.items():
                    said(f"round {number + 1} of {rounds}: one event to {size:,}, {name}")
                    with start(upstream) as service:
                        crowds[name].append(run(crowd(service, size, events=EVENTS[size])))
        for name, start in SERVICES.items():
            said(f"a steady stream, {name}")
            with start(upstream) as service:
                streams[name] = run(stream(service, LISTENERS, seconds=seconds))
    return Report(crowds=crowds, streams=streams, node=versions(), rounds=rounds)


def run(measure: Coroutine[Any, Any, T]) -> T:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(measure)


def said(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


def main(arguments: Sequence[str]) -> int:
    options = argparse.ArgumentParser(prog="python -m benchmarks.streams", description=__doc__)
    options.add_argument("--rounds", type=int, default=2, help="rounds of each measure (default 2)")
    options.add_argument("--seconds", type=float, default=60.0, help="of the steady stream (default 60)")
    options.add_argument("--print", action="store_true", help="print the results instead of writing STREAMS.md")
    asked = options.parse_args(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the services end with us, however we are stopped
    install_node()
    report = measured(asked.rounds, asked.seconds)
    if asked.print:
        print(report.text())
    else:
        said(f"written to {publish(STREAMS, report.text())}")
    for goal, found, ok in report.goals:
        said(f"{'PASS' if ok else 'FAIL'}  {goal}: {found}")
    return 0 if all(ok for _, _, ok in report.goals) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
