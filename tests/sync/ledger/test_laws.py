"""Laws that hold however workers, crashes and people's decisions interleave."""

import asyncio
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from schema.errors import Queue
from sync.ledger.database import DatabaseLedger, open_ledger
from sync.ledger.port import Hold, LeaseLostError, NewException, NewRun, Outcome, RunChange, RunQuery
from sync.ledger.records import (
    ACTIVE,
    Audited,
    ExceptionState,
    Operation,
    Run,
    RunStatus,
    Step,
    StepError,
    StepStatus,
)
from sync.ledger.tables import metadata

WORKERS = ("w1", "w2")
KEYS = ("a", "a", "a", None)
"""Order keys of the runs, by their sequence."""
BEGUN = (RunStatus.RUNNING, RunStatus.COMPENSATING)
SAID = Audited(actor="w", action="step.done", detail={"calls": []})
_DEEDS = ["begin", "finish", "later", "fail", "renew", "raise", "retry", "undo"]
deeds = st.tuples(
    st.sampled_from([*["claim"] * 3, *["succeed"] * 2, *_DEEDS]),
    st.sampled_from(WORKERS),
    st.integers(0, len(KEYS) - 1),
)
moments = st.tuples(st.lists(deeds, min_size=1, max_size=4), st.sampled_from([0, 0, 0, 5, 31]))
"""What happens at one instant, all at once, and how many seconds pass after it."""


@dataclass
class World:
    """What the workers believe. One that crashes simply does nothing until its lease is over, or comes back later."""

    ledger: DatabaseLedger
    clock: "object"
    runs: list[Run] = field(default_factory=list)
    holds: dict[tuple[str, int], Hold] = field(default_factory=dict)
    """The last lease that each worker had on each run, whether it still has it or not."""
    fences: set[tuple[str, int]] = field(default_factory=set)

    async def do(self, deed: str, worker: str, at: int) -> None:
        run_id = self.runs[at].id
        if deed == "claim":
            await self._claim(worker, at)
        elif deed in ("retry", "undo"):
            status = RunStatus.PENDING if deed == "retry" else RunStatus.COMPENSATING
            await self.ledger.steer(run_id, (RunStatus.FAILED, RunStatus.SUCCEEDED), RunChange(status=status), SAID)
        elif (worker, at) in self.holds:
            await self._write(deed, worker, at)

    async def _claim(self, worker: str, at: int) -> None:
        claimed = await self.ledger.claim(self.runs[at].id, worker, seconds=30)
        if claimed is not None:
            run, hold = claimed
            assert (run.id, hold.fence) not in self.fences, "a fence was given twice"
            self.fences.add((run.id, hold.fence))
            self.holds[worker, at] = hold

    async def _write(self, deed: str, worker: str, at: int) -> None:
        hold, run = self.holds[worker, at], self.runs[at]
        before = await self.ledger.run(run.id)
        step = Step(
            run_id=run.id,
            name=f"step {at}",
            position=1,
            platform="netsuite",
            type="Invoice",
            role="ERP",
            operation=Operation.CREATE,
            status=StepStatus.RUNNING,
        )
        raised = NewException(queue=Queue.FINANCE, code="X", message="x", cause=f"cause {at % 2}", run_id=run.id)
        outcome = Outcome(audit=(SAID,), raised=(raised,) if deed in ("raise", "fail") else ())
        try:
            match deed:
                case "begin":
                    await self.ledger.begin(hold, step, outcome)
                case "finish":
                    await self.ledger.finish(hold, step, outcome)
                case "renew":
                    self.holds[worker, at] = await self.ledger.renew(hold, seconds=30)
                case "later":
                    change = RunChange(next_at=self.clock.now(), tries=1)
                    await self.ledger.stumble(
                        hold, step, StepError(code="X", message="x", retryable=True), change, outcome
                    )
                case "succeed" | "fail":
                    status = RunStatus.SUCCEEDED if deed == "succeed" else RunStatus.FAILED
                    await self.ledger.release(hold, RunChange(status=status), outcome)
                case "raise":
                    await self.ledger.change(hold, RunChange(), outcome)
        except LeaseLostError:
            assert not _holds(await self.ledger.run(run.id), hold)
        else:
            assert _holds(before, hold), "who has lost a run wrote to it"

    async def nobody_shares(self) -> None:
        """Of one order key at most one run is held, and only what is active."""
        held = [run for run in await self._all_runs() if run.lease_owner and run.lease_until > self.clock.now()]
        assert all(run.status in ACTIVE for run in held)
        ordered = [run.order_key for run in held if run.order_key]
        assert len(set(ordered)) == len(ordered)

    async def books_are_kept(self) -> None:
        problems = [problem for _, problem in await self.ledger.exceptions(status=ExceptionState.OPEN, first=50)]
        assert len({problem.cause for problem in problems}) == len(problems)
        assert (await self.ledger.verify_audit())[1] is None
        events = await self.ledger.events(after=0, kinds=["syncRun", "exception"], most=1_000)
        assert [event.cursor for event in events] == list(range(1, len(events) + 1))
        last = {event.subject: event.payload["status"] for event in events if event.kind == "syncRun"}
        assert last == {run.id: run.status for run in await self._all_runs()}

    async def _all_runs(self) -> tuple[Run, ...]:
        return await self.ledger.runs(RunQuery(), first=10, before=None)


async def live(url: str, clock: "object", story: list) -> None:
    ledger = open_ledger(url, clock=clock)
    world = World(ledger, clock)
    try:
        for number, key in enumerate(KEYS):
            world.runs.append(await ledger.accept(_new(number, key)))
        for together, seconds in story:
            await asyncio.gather(*(world.do(*deed) for deed in together))
            await world.nobody_shares()
            clock.advance(seconds)
        await world.books_are_kept()
        await _finish_all(world)
    finally:
        await ledger.close()


async def _finish_all(world: World) -> None:
    """Nothing is stuck: a worker that keeps asking for what is due gets everything done, in order."""
    world.clock.advance(60)
    runs = await world.ledger.runs(RunQuery(statuses=tuple(ACTIVE)), first=10, before=None)
    meant = sorted(runs, key=lambda run: (run.status not in BEGUN, run.sequence))
    ended: list[Run] = []
    while due := await world.ledger.due(most=10, asked_before=world.clock.now()):
        for run_id in due:
            claimed = await world.ledger.claim(run_id, "last", seconds=30)
            assert claimed is not None, "what is due can be claimed"
            ended.append(await world.ledger.release(claimed[1], RunChange(status=RunStatus.SUCCEEDED), Outcome()))
        world.clock.advance(1)
    left = await world.ledger.runs(RunQuery(statuses=tuple(ACTIVE)), first=10, before=None)
    assert left == ()
    for key in set(KEYS) - {None}:
        assert [run.id for run in ended if run.order_key == key] == [run.id for run in meant if run.order_key == key]
    await world.books_are_kept()


def _holds(run: Run | None, hold: Hold) -> bool:
    assert run is not None
    return (run.lease_owner, run.fence) == (hold.owner, hold.fence)


def _new(number: int, key: str | None) -> NewRun:
    return NewRun(
        id=f"run-{number}",
        workflow="postInvoice",
        version=1,
        correlation_id=f"c-{number}",
        caller="portal",
        role="portal",
        idempotency_key=f"key-{number}",
        input_hash="h",
        input={},
        reason=None,
        order_key=key,
        plan=None,
        plan_hash=None,
        facts={},
        records=(),
    )


SHARED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
UNSHRUNK = (Phase.explicit, Phase.reuse, Phase.generate)  # a story is short enough as it is, and takes a second


@settings(max_examples=settings.default.max_examples // 4, deadline=None, phases=UNSHRUNK, suppress_health_check=SHARED)
@given(story=st.lists(moments, max_size=12))
def test_on_sqlite(story, sqlite_template: Path, tmp_path: Path, new_clock) -> None:
    path = tmp_path / f"{uuid4().hex}.db"
    shutil.copy(sqlite_template, path)
    asyncio.run(live(f"sqlite:///{path}", new_clock(), story))


@settings(
    max_examples=settings.default.max_examples // 10, deadline=None, phases=UNSHRUNK, suppress_health_check=SHARED
)
@given(story=st.lists(moments, max_size=12))
def test_on_postgresql(story, postgres_ledger: str, new_clock) -> None:
    with psycopg.connect(postgres_ledger) as connection:
        connection.execute(f"truncate {', '.join(metadata.tables)} restart identity")
        connection.execute("insert into head (id, audits, hash, events) values (1, 0, repeat('0', 64), 0)")
    asyncio.run(live(postgres_ledger, new_clock(), story))


@pytest.fixture
def new_clock(clock):
    return type(clock)
