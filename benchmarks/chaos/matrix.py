"""The fault matrix: each process of the firm, with a worker that dies at one boundary of its steps after the other."""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks.chaos.course import Say, tell
from benchmarks.chaos.evidence import Evidence
from benchmarks.chaos.stage import grounded
from benchmarks.chaos.trouble import refusal_of_customers
from benchmarks.chaos.verdict import Verdict
from benchmarks.chaos.wishes import Firm, Wish
from benchmarks.chaos.world import ROOT, World
from sync.runner import MOST_CRASHES

AT_ONCE = 3
SEED = 11
POISON = "createAccount, the death of each worker that takes it up"
REFUSED = "createAccount, refused by the ERP and taken back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A process, and how many boundaries its runs have come to die at."""

    name: str
    boundaries: int
    deaths: int
    ended: Counter[str]


@dataclass
class Matrix:
    rows: list[Row] = field(default_factory=list)
    verdict: Verdict = field(default_factory=Verdict)

    @property
    def deaths(self) -> int:
        return sum(row.deaths for row in self.rows)


class Dying:
    """One process that lets others die; tasks are done one after the other."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    @asynccontextmanager
    async def started(cls, settings: Path) -> AsyncIterator["Dying"]:
        command = [sys.executable, "-m", "benchmarks.chaos.deaths", str(settings)]
        with (settings.parent / "deaths.log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *command, cwd=ROOT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=log
            )
        try:
            yield cls(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            await process.wait()

    async def ask(self, wish: Wish, *, at: int | str, times: int = 1) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        task = {"workflow": wish.workflow, "key": wish.key, "input": wish.input, "at": at, "times": times}
        self._process.stdin.write(json.dumps(task).encode() + b"\n")
        await self._process.stdin.drain()
        said: dict[str, Any] = json.loads(await self._process.stdout.readline())
        return said


async def filled(
    world: World, folder: Path, *, served: bool, most: int, only: Sequence[str] | None, say: Say
) -> Matrix:
    """`most`: how many boundaries of each process are tried, evenly spread; all where it has fewer."""
    matrix = Matrix()
    async with AsyncExitStack() as stack:
        ground = await stack.enter_async_context(grounded(world, folder, served=served))
        firm = await asyncio.to_thread(Firm.of, world, seed=SEED, prefix="Matrix")
        evidence = await Evidence.begun(world, ground.ledger)
        settings = ground.installed.settings
        dying = [await stack.enter_async_context(Dying.started(settings)) for _ in range(AT_ONCE)]
        for name, wishes in _tried(firm):
            if only is not None and name not in only:
                continue
            if name == REFUSED:
                await asyncio.to_thread(refusal_of_customers, world)
            row = await _row(name, list(islice(_once(wishes), most + 1)), dying)
            await asyncio.to_thread(world.no_faults)
            say(f"{name}: {row.deaths} deaths at {row.boundaries} boundaries, {dict(row.ended)}")
            matrix.rows.append(row)
        if only is None:
            matrix.rows.append(await _poison(firm, dying[0]))
        matrix.verdict = await evidence.verdict({})
        tell(matrix.verdict, say)
    return matrix


def _tried(firm: Firm) -> Iterator[tuple[str, Iterator[Wish]]]:
    offers = firm.offers()
    both = (wish for wish in offers["updateAccount"] if {"website", "billing"} <= set(wish.input))
    yield from {**offers, "updateAccount": both, "createInvoice": firm.invoices_of_work()}.items()
    yield REFUSED, (wish for wish in firm.offers()["createAccount"] if "billing" in wish.input)
    wishes = firm.of_invoices((), 400)
    for name in ("postInvoice", "syncInvoiceStatus"):
        yield name, (wish for wish in wishes if wish.workflow == name)


def _once(wishes: Iterator[Wish]) -> Iterator[Wish]:
    """Those that are asked for twice, under two keys, but once."""
    last = None
    for wish in wishes:
        if {**wish.input, "purchaseOrder": None} != last:
            yield wish
        last = {**wish.input, "purchaseOrder": None}


async def _poison(firm: Firm, dying: Dying) -> Row:
    """A run that kills each worker that takes it up is put aside."""
    wish = next(_tried(firm))[1]
    said = await dying.ask(next(wish), at="create", times=MOST_CRASHES)
    return Row(name=POISON, boundaries=1, deaths=said["deaths"], ended=Counter([said["status"]]))


async def _row(name: str, wishes: list[Wish], dying: Sequence[Dying]) -> Row:
    first = await dying[0].ask(wishes[0], at=0)
    boundaries = int(first.get("boundaries", 0))
    ended = Counter([first.get("status", "refused")])
    deaths = 0
    tried = min(boundaries, len(wishes) - 1)
    waiting = iter([(wishes[1 + place], 1 + place * boundaries // tried) for place in range(tried)])

    async def take(one: Dying) -> None:
        nonlocal deaths
        for wish, at in waiting:
            said = await one.ask(wish, at=at)
            deaths += said["deaths"]
            ended[said.get("status", "refused")] += 1

    async with asyncio.TaskGroup() as group:
        for one in dying:
            group.create_task(take(one))
    return Row(name=name, boundaries=boundaries, deaths=deaths, ended=ended)
