"""A worker claims a run, writes down what it does, and gives it back; whoever has lost it writes nothing."""

import asyncio
from dataclasses import replace
from decimal import Decimal

import msgspec
import pytest

from schema.errors import Queue
from sync.ledger.port import LeaseLostError, Outcome, RunChange
from sync.ledger.records import (
    Approval,
    ApprovalState,
    ExceptionState,
    Link,
    RunStatus,
    StepError,
    StepStatus,
)

NOTHING = Outcome()
ERROR = StepError(code="UPSTREAM_TIMEOUT", message="slow", retryable=True)


async def statuses(ledger):
    return [event.payload["status"] for event in await ledger.events(after=0, kinds=["syncRun"], most=100)]


async def test_a_claimed_run_is_running_and_nobody_elses(ledger, clock, claimed):
    run, hold = await claimed()
    assert (run.status, run.lease_owner, run.fence, run.crashes) == (RunStatus.RUNNING, "w1", 1, 0)
    assert hold.until == run.lease_until
    assert (hold.until - clock.now()).total_seconds() == 30
    assert await ledger.claim(run.id, "w2", seconds=30) is None
    assert await ledger.claim("nothing", "w2", seconds=30) is None
    assert await statuses(ledger) == ["PENDING", "RUNNING"]


async def test_of_many_workers_at_once_one_gets_the_run(ledger, new_run):
    run = await ledger.accept(new_run())
    claims = await asyncio.gather(*(ledger.claim(run.id, f"w{n}", seconds=30) for n in range(12)))
    assert len([claim for claim in claims if claim is not None]) == 1


async def test_an_expired_lease_is_taken_over_and_counted_until_the_run_gets_on(ledger, clock, claimed, new_step):
    run, _ = await claimed()
    clock.advance(29.9)
    assert await ledger.claim(run.id, "w2", seconds=30) is None
    clock.advance(0.2)
    again, hold = await ledger.claim(run.id, "w2", seconds=30)
    assert (again.crashes, again.fence, again.lease_owner) == (1, 2, "w2")
    assert await statuses(ledger) == ["PENDING", "RUNNING"]
    await ledger.begin(hold, new_step(run.id), NOTHING)
    assert (await ledger.run(run.id)).crashes == 1
    await ledger.finish(hold, new_step(run.id, status=StepStatus.SUCCEEDED), NOTHING)
    assert (await ledger.run(run.id)).crashes == 0


async def test_a_worker_that_has_lost_the_run_writes_nothing(ledger, clock, claimed, new_step, new_exception, said_by):
    run, dead = await claimed()
    clock.advance(31)
    _, hold = await ledger.claim(run.id, "w1", seconds=30)  # a new lease of the same worker is another lease
    outcome = Outcome(audit=(said_by(),), raised=(new_exception(),))
    ended = RunChange(status=RunStatus.SUCCEEDED)
    step = new_step(run.id)
    for write in (
        ledger.renew(dead, seconds=30),
        ledger.begin(dead, step, outcome),
        ledger.note(dead, step),
        ledger.finish(dead, step, outcome),
        ledger.stumble(dead, step, ERROR, ended, outcome),
        ledger.change(dead, ended, outcome),
        ledger.release(dead, ended, outcome),
        ledger.release(replace(hold, owner="w2"), ended, outcome),
    ):
        with pytest.raises(LeaseLostError):
            await write
    assert await ledger.steps(run.id) == ()
    assert await ledger.count_exceptions(queue=None, status=None) == 0
    assert await ledger.verify_audit() == (0, None)
    assert (await ledger.run(run.id)).status is RunStatus.RUNNING


async def test_a_lease_that_is_renewed_or_only_late_still_holds(ledger, clock, claimed, new_step):
    run, hold = await claimed()
    clock.advance(20)
    hold = await ledger.renew(hold, seconds=30)
    clock.advance(20)
    assert await ledger.claim(run.id, "w2", seconds=30) is None
    clock.advance(20)  # over, but nobody has come
    await ledger.begin(hold, new_step(run.id), NOTHING)
    assert len(await ledger.steps(run.id)) == 1


async def test_a_step_is_read_back_as_it_was_written_last(ledger, clock, claimed, new_step):
    run, hold = await claimed()
    begun = await ledger.begin(hold, new_step(run.id, attempts=1, asked={"b": "1", "a": None}, key="k"), NOTHING)
    assert begun.started_at == clock.now()
    noted = msgspec.structs.replace(begun, absent=True, before={"name": "Old"})
    await ledger.note(hold, noted)
    assert await ledger.steps(run.id) == (noted,)
    await ledger.begin(hold, new_step(run.id, "erp customer", position=2), NOTHING)
    clock.advance(5)
    finished = msgspec.structs.replace(
        noted, status=StepStatus.SUCCEEDED, external_id="001", created=True, result={"id": "001"}, undo="remove"
    )
    done = await ledger.finish(hold, finished, NOTHING)
    assert (done.started_at, done.finished_at) == (begun.started_at, clock.now())
    assert [step.name for step in await ledger.steps(run.id)] == ["crm account", "erp customer"]
    assert (await ledger.steps(run.id))[0] == done


async def test_a_step_that_had_not_to_be_begun_is_finished_too(ledger, claimed, new_step):
    run, hold = await claimed()
    await ledger.finish(hold, new_step(run.id, status=StepStatus.SKIPPED), NOTHING)
    (step,) = await ledger.steps(run.id)
    assert step.status is StepStatus.SKIPPED


async def test_a_stumble_gives_the_run_back_until_its_time(ledger, clock, claimed, new_step, said_by):
    run, hold = await claimed()
    step = await ledger.begin(hold, new_step(run.id, attempts=1), NOTHING)
    later = clock.now().replace(minute=1)
    failed = msgspec.structs.replace(step, status=StepStatus.RETRYING)
    change = RunChange(next_at=later, tries=1, parked="netsuite: circuit open")
    await ledger.stumble(hold, failed, ERROR, change, Outcome(audit=(said_by(),)))
    found = await ledger.run(run.id)
    assert (found.status, found.lease_owner, found.tries, found.next_at) == (RunStatus.RUNNING, None, 1, later)
    assert found.parked == "netsuite: circuit open"
    (step,) = await ledger.steps(run.id)
    assert (step.status, step.error) == (StepStatus.RETRYING, ERROR)
    assert await ledger.claim(run.id, "w2", seconds=30) is None
    clock.advance(60)
    again, hold = await ledger.claim(run.id, "w2", seconds=30)
    assert (again.crashes, again.tries) == (0, 1)
    run = await ledger.change(hold, RunChange(clear=frozenset({"parked"})), NOTHING)
    assert run.parked is None


async def test_a_run_that_ends_says_when_and_is_due_no_more(ledger, clock, claimed):
    run, hold = await claimed()
    clock.advance(3)
    change = RunChange(status=RunStatus.SUCCEEDED, records=("acc-1",), facts={"a": 1})
    ended = await ledger.release(hold, change, NOTHING)
    assert ended == await ledger.run(run.id)
    assert (ended.status, ended.records, ended.facts) == (RunStatus.SUCCEEDED, ("acc-1",), {"a": 1})
    assert (ended.finished_at, ended.next_at, ended.lease_owner) == (clock.now(), None, None)
    assert await statuses(ledger) == ["PENDING", "RUNNING", "SUCCEEDED"]
    clock.advance(100)
    assert await ledger.claim(run.id, "w1", seconds=30) is None


async def test_what_a_transaction_learns_is_written_with_it(ledger, clock, claimed, new_step, new_exception, said_by):
    run, hold = await claimed(correlation_id="c")
    link = Link(
        record_id="acc-1", platform="netsuite", entity="customer", external_id="7", made_by="write", at=clock.now()
    )
    raised = new_exception(amount=Decimal("1200.50"), currency="EUR", run_id=run.id, detail={"found": "x"})
    outcome = Outcome(audit=(said_by(record_id="acc-1"),), links=(link,), raised=(raised,))
    await ledger.finish(hold, new_step(run.id, status=StepStatus.SUCCEEDED), outcome)
    assert await ledger.links("acc-1") == await ledger.linked("netsuite", "customer", "7") == (link,)
    ((_, found),) = await ledger.exceptions(run_id=run.id, first=10)
    assert (found.amount, found.currency, found.raised_at) == (Decimal("1200.50"), "EUR", clock.now())
    assert str(found.amount) == "1200.50"
    assert found == await ledger.exception(found.id)
    (event,) = await ledger.events(after=0, kinds=["exception"], most=10)
    assert (event.subject, event.correlation_id) == (found.id, "c")
    assert event.payload == {"queue": "FINANCE", "code": "MISMATCH"}
    newer = msgspec.structs.replace(link, made_by="Ann", run_id=run.id)
    await ledger.change(hold, RunChange(), Outcome(links=(newer,)))
    assert await ledger.links("acc-1") == (newer,)


async def test_one_problem_is_open_once_until_it_is_settled(ledger, claimed, new_exception, said_by):
    _, hold = await claimed()
    first = new_exception(amount=Decimal(5), currency="EUR", message="first")
    await ledger.change(hold, RunChange(), Outcome(raised=(first,)))
    await ledger.change(hold, RunChange(), Outcome(raised=(new_exception(message="again", queue=Queue.PMO),)))
    ((_, found),) = await ledger.exceptions(first=10)
    assert (found.seen, found.message, found.queue, found.amount) == (2, "again", Queue.PMO, Decimal(5))
    settled = await ledger.settle(
        found.id, status=ExceptionState.RESOLVED, by="Ann", resolution="mended", audit=said_by("Ann")
    )
    assert (settled.status, settled.resolved_by, settled.resolution) == (ExceptionState.RESOLVED, "Ann", "mended")
    assert (
        await ledger.settle(found.id, status=ExceptionState.DISMISSED, by="Bob", resolution="no", audit=said_by("Bob"))
        is None
    )
    await ledger.change(hold, RunChange(), Outcome(raised=(new_exception(),)))
    assert await ledger.count_exceptions(queue=None, status=None) == 2
    assert await ledger.count_exceptions(queue=Queue.FINANCE, status=ExceptionState.OPEN) == 1
    assert len(await ledger.events(after=0, kinds=["exception"], most=10)) == 2
    assert [entry.actor for entry in await ledger.audit_log(record_id=None, correlation_id=None, first=9, after=0)] == [
        "Ann"
    ]


async def test_a_run_that_gets_past_a_problem_closes_it(ledger, clock, claimed, new_exception):
    run, hold = await claimed()
    raised = [
        new_exception(cause) for cause in ("rename:a:LOST:", "rename:A:LOST:", "rename:ab:LOST:", "rename:_:LOST:")
    ]
    await ledger.change(hold, RunChange(), Outcome(raised=tuple(raised)))
    await ledger.change(hold, RunChange(), Outcome(settled_subject="rename:a:"))
    await ledger.change(hold, RunChange(), Outcome(settled_subject="rename:_:"))
    found = {entry.cause: entry for _, entry in await ledger.exceptions(first=10)}
    resolved = {cause for cause, entry in found.items() if entry.status is ExceptionState.RESOLVED}
    assert resolved == {"rename:a:LOST:", "rename:_:LOST:"}
    assert found["rename:a:LOST:"].resolved_at == clock.now()
    assert run.id in found["rename:a:LOST:"].resolved_by


async def test_a_problem_that_comes_again_is_due_no_later(ledger, clock, claimed, new_exception):
    _, hold = await claimed()
    due = [None, clock.now(), clock.now().replace(day=25)]
    for at in due:
        await ledger.change(hold, RunChange(), Outcome(raised=(new_exception(due_at=at),)))
    ((_, found),) = await ledger.exceptions(first=10)
    assert (found.seen, found.due_at) == (3, clock.now())


async def test_problems_of_one_cause_raised_at_one_instant_are_one(ledger, claimed, new_exception):
    holds = [(await claimed())[1] for _ in range(8)]
    outcome = Outcome(raised=(new_exception(),))
    await asyncio.gather(*(ledger.change(hold, RunChange(), outcome) for hold in holds))
    ((_, found),) = await ledger.exceptions(first=10)
    assert found.seen == 8
    assert len(await ledger.events(after=0, kinds=["exception"], most=10)) == 1


async def test_a_worker_asks_for_an_approval_and_a_changed_plan_voids_it(ledger, clock, claimed):
    run, hold = await claimed()
    approval = Approval(
        run_id=run.id,
        state=ApprovalState.SUBMITTED,
        required_role="finance",
        plan_hash="p1",
        requested_by="portal",
        requested_at=clock.now(),
        expires_at=clock.now().replace(day=25),
    )
    waiting = await ledger.release(hold, RunChange(status=RunStatus.AWAITING_APPROVAL), Outcome(approval=approval))
    assert (waiting.status, waiting.next_at, waiting.lease_owner) == (RunStatus.AWAITING_APPROVAL, None, None)
    assert await ledger.approval(run.id) == approval
    ((number, listed),) = await ledger.approvals(state=ApprovalState.SUBMITTED, role="finance", first=5, after=None)
    assert listed == approval
    assert await ledger.approvals(state=None, role=None, first=5, after=number) == ()
    assert await ledger.approvals(state=None, role="pmo", first=5, after=None) == ()


async def test_only_some_fields_of_a_run_can_be_emptied(ledger, claimed):
    _, hold = await claimed()
    with pytest.raises(ValueError, match="status"):
        await ledger.change(hold, RunChange(clear=frozenset({"status"})), NOTHING)
