"""Lets workers die at chosen moments: `python -m benchmarks.chaos.deaths SETTINGS`, with a task per line of its input.

Each task is done by a process of its own, forked here, which is killed by itself at the boundary that the task names:
just before or just after one of the ledger's writes or one of a platform's calls. Another process then does what the
firm's client and another worker would do: it sends the same wish with the same key, and takes the run to its end.
"""

import asyncio
import json
import os
import signal
import sys
import traceback
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.chaos.clients import APPROVER, REQUESTER
from platforms.registry import connect
from resolvers.assembly import bindings_of
from runtime.clock import SystemClock
from runtime.log import configure_logging
from runtime.settings import Settings, read_settings
from sync.desk import Caller, Request
from sync.firm import Firm
from sync.flows import flows
from sync.ledger.database import DatabaseLedger, open_ledger
from sync.ledger.records import ENDED, RunStatus
from sync.reception import FrontDesk
from sync.runner import Runner
from sync.services import templates_of

LEASE_SECONDS = 0.6
APPROVAL_SECONDS = 3600.0
PAUSE_SECONDS, MOST_LOOKS = 0.05, 2_000
LEDGER_WRITES = ("accept", "decide", "claim", "change", "begin", "note", "finish", "stumble", "release")
PLATFORM_CALLS = ("find", "fetch", "create", "update", "remove")
Call = Callable[..., Awaitable[Any]]


class Death:
    """Comes at the boundary of that number, counted from 1, or before the first call of that name; 0: never, the
    boundaries are only counted.
    """

    def __init__(self, at: int | str) -> None:
        self.passed = 0
        self._at = at

    def around(self, name: str, call: Call) -> Call:
        async def surrounded(*arguments: Any, **named: Any) -> Any:
            self._pass(name)
            result = await call(*arguments, **named)
            self._pass("")
            return result

        return surrounded

    def _pass(self, name: str) -> None:
        self.passed += 1
        if self._at in (self.passed, name):
            os.kill(os.getpid(), signal.SIGKILL)


@dataclass
class Place:
    """A desk and a worker over one ledger, in one process."""

    desk: FrontDesk
    runner: Runner
    ledger: DatabaseLedger
    close: Callable[[], Awaitable[None]]

    @classmethod
    def of(cls, settings: Settings, death: Death) -> "Place":
        clock = SystemClock()
        ledger = open_ledger(settings.ledger.url.get_secret_value(), clock=clock)
        platforms = connect(settings, clock=clock)
        firm = Firm(bindings_of(settings, platforms), templates_of(settings))
        for name in LEDGER_WRITES:
            setattr(ledger, name, death.around(name, getattr(ledger, name)))
        for platform in platforms.values():
            for name in PLATFORM_CALLS if platform.writer is not None else ():
                setattr(platform.writer, name, death.around(name, getattr(platform.writer, name)))
        desk = FrontDesk(ledger, firm, flows(), clock, ring=lambda: None, approval_seconds=APPROVAL_SECONDS)
        runner = Runner(
            ledger,
            firm,
            flows(),
            clock,
            owner=f"{os.getpid()}",
            approval_seconds=APPROVAL_SECONDS,
            lease_seconds=LEASE_SECONDS,
        )

        async def close() -> None:
            for platform in platforms.values():
                await platform.close()
            await ledger.close()

        return cls(desk, runner, ledger, close)


async def done(settings: Settings, task: Mapping[str, Any], death: Death) -> dict[str, Any]:
    """Sends the wish, sees to its approval, and works on it until it has ended."""
    place = Place.of(settings, death)
    try:
        request = Request(
            workflow=task["workflow"],
            wish=task["input"],
            idempotency_key=task["key"],
            reason=None,
            dry_run=False,
            if_version=None,
        )
        reply = await place.desk.request(_caller(REQUESTER), request)
        if reply.run is None:
            return {"refused": str(reply.refusals)}
        run_id = reply.run.id
        run = reply.run
        for _ in range(MOST_LOOKS):
            run = await place.ledger.run(run_id) or run
            if run.status in ENDED:
                break
            if run.status is RunStatus.AWAITING_APPROVAL:
                await place.desk.approve(_caller(APPROVER), run_id, comment=None)
            elif not await place.runner.take(run_id):
                await asyncio.sleep(PAUSE_SECONDS)
        return {"run": run_id, "status": run.status.value, "boundaries": death.passed}
    finally:
        await place.close()


def _caller(role: str) -> Caller:
    return Caller(name=role, role=role, correlation_id=f"chaos-{os.getpid()}")


def in_a_process_of_its_own(settings: Settings, task: Mapping[str, Any], at: int | str) -> dict[str, Any] | None:
    """What it had to tell; None where it was killed."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reading)
            told = asyncio.run(done(settings, task, Death(at)))
            os.write(writing, json.dumps(told).encode())
        finally:  # what the parent goes on with isn't the child's to do
            if sys.exc_info()[1] is not None:
                traceback.print_exc()
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    found: dict[str, Any] | None = json.loads(said) if said else None
    return found


def main() -> None:
    settings = read_settings(Path(sys.argv[1]), environ={})
    configure_logging(level="error", style="json")
    for line in sys.stdin:
        task = json.loads(line)
        told, deaths = None, 0
        while told is None and deaths <= task["times"]:
            told = in_a_process_of_its_own(settings, task, task["at"] if deaths < task["times"] else 0)
            deaths += told is None
        print(json.dumps({"deaths": deaths, **(told or {"status": "FAILED WITHOUT BEING KILLED"})}), flush=True)


if __name__ == "__main__":
    main()
