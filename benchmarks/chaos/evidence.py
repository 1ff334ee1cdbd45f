"""Collects what ledger and platforms hold, patiently where the database was killed just then, for the verdict."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import TypeVar

from benchmarks.chaos.traces import Story
from benchmarks.chaos.verdict import ENTITIES, Judge, Verdict
from benchmarks.chaos.world import World, truth_of
from schema.errors import CrosswalkError
from sync.ledger.database import DatabaseLedger
from sync.ledger.port import RunQuery
from sync.ledger.records import BusinessException, Run, RunStatus, Step

PAUSE_SECONDS = 0.2
_PAGE = 500
T = TypeVar("T")
Ids = Mapping[tuple[str, str], frozenset[str]]


class Evidence:
    """`before` are the records that were there before anything was asked for."""

    def __init__(self, world: World, ledger: DatabaseLedger, before: Ids) -> None:
        self._world = world
        self._ledger = ledger
        self._before = before

    @classmethod
    async def begun(cls, world: World, ledger: DatabaseLedger) -> "Evidence":
        truth = await truth_of(world, ENTITIES)
        before = {
            place: frozenset(str(each.get("Id") or each["id"]) for each in found) for place, found in truth.items()
        }
        return cls(world, ledger, before)

    async def verdict(self, acknowledged: Mapping[str, str]) -> Verdict:
        problems = await self._problems()
        stories = [
            Story(run=run, steps=await self.steps(run.id), problems=tuple(problems[run.id]))
            for run in await self.runs()
        ]
        return Judge(await truth_of(self._world, ENTITIES), self._before, stories).verdict(acknowledged)

    async def count(self, *statuses: RunStatus) -> int:
        return await patiently(lambda: self._ledger.count_runs(RunQuery(statuses=statuses)))

    async def steps(self, run_id: str) -> tuple[Step, ...]:
        return await patiently(lambda: self._ledger.steps(run_id))

    async def runs(self) -> list[Run]:
        """Newest first."""
        found: list[Run] = []
        while True:
            before = found[-1].sequence if found else None
            page = await patiently(partial(self._ledger.runs, RunQuery(), first=_PAGE, before=before))
            if not page:
                return found
            found += page

    async def new_invoices(self) -> list[str]:
        """NetSuite's ids of those that runs have made."""
        made = []
        for run in await self.runs():
            if run.workflow == "createInvoice" and run.status is RunStatus.SUCCEEDED:
                made += [step.external_id for step in await self.steps(run.id) if step.type == "Invoice"]
        return [each for each in made if each is not None]

    async def audit(self) -> tuple[int, str | None]:
        return await patiently(self._ledger.verify_audit)

    async def _problems(self) -> dict[str | None, list[BusinessException]]:
        found: dict[str | None, list[BusinessException]] = defaultdict(list)
        after: int | None = None
        while True:
            page = await patiently(partial(self._ledger.exceptions, first=_PAGE, after=after))
            if not page:
                return found
            for number, problem in page:
                found[problem.run_id].append(problem)
                after = number


async def patiently(read: Callable[[], Awaitable[T]]) -> T:
    while True:
        try:
            return await read()
        except CrosswalkError:
            await asyncio.sleep(PAUSE_SECONDS)
