"""What people decide is written once, and sets the run on its way."""

import asyncio
from datetime import timedelta

import pytest

from sync.ledger.port import LeaseLostError, Outcome, RunChange
from sync.ledger.records import ApprovalState, RunStatus, StepStatus

NOTHING = Outcome()


@pytest.fixture
def waiting(ledger, clock, new_run):
    async def accept(**said):
        until = clock.now() + timedelta(hours=72)
        return await ledger.accept(new_run(plan_hash="p", approval_role="finance", approval_until=until, **said))

    return accept


async def test_an_approved_run_is_due_and_wakes_a_worker(ledger, clock, waiting, said_by):
    run = await waiting()
    clock.advance(60)
    decided, approval = await ledger.decide(
        run.id, state=ApprovalState.APPROVED, by="Ann", comment="fine", audit=said_by("Ann", "run.approved")
    )
    assert (decided.status, decided.next_at) == (RunStatus.PENDING, clock.now())
    assert (approval.state, approval.decided_by, approval.comment) == (ApprovalState.APPROVED, "Ann", "fine")
    assert approval.decided_at == clock.now()
    assert [run_id for _, run_id in await ledger.unsent(most=5)] == [run.id]
    assert (await ledger.claim(run.id, "w1", seconds=30))[0].status is RunStatus.RUNNING


async def test_a_rejected_run_is_cancelled(ledger, clock, waiting, said_by):
    run = await waiting()
    decided, approval = await ledger.decide(
        run.id, state=ApprovalState.REJECTED, by="Ann", comment="no", audit=said_by("Ann", "run.rejected")
    )
    assert (decided.status, decided.finished_at) == (RunStatus.CANCELLED, clock.now())
    assert approval.state is ApprovalState.REJECTED
    assert await ledger.unsent(most=5) == ()


async def test_of_several_decisions_at_once_one_counts(ledger, waiting, said_by):
    run = await waiting()
    states = [ApprovalState.APPROVED, ApprovalState.REJECTED] * 4
    answers = await asyncio.gather(
        *(ledger.decide(run.id, state=state, by="Ann", comment=None, audit=said_by()) for state in states)
    )
    ((decided, approval),) = [answer for answer in answers if answer is not None]
    assert await ledger.run(run.id) == decided
    assert await ledger.approval(run.id) == approval
    assert await ledger.verify_audit() == (1, None)


async def test_what_nobody_waits_for_is_not_decided(ledger, clock, claimed, waiting, said_by):
    run, _ = await claimed()
    late = await waiting()
    clock.advance(73 * 3600)
    for run_id in (run.id, late.id, "nothing"):
        assert (
            await ledger.decide(run_id, state=ApprovalState.APPROVED, by="Ann", comment=None, audit=said_by()) is None
        )


async def test_an_approval_that_comes_too_late_ends_the_run(ledger, clock, waiting):
    run, other = await waiting(correlation_id="c"), await waiting()
    assert await ledger.expire_approvals() == ()
    clock.advance(72 * 3600)
    ended = await ledger.expire_approvals()
    assert {each.id for each in ended} == {run.id, other.id}
    assert {each.status for each in ended} == {RunStatus.CANCELLED}
    assert (await ledger.approval(run.id)).state is ApprovalState.DRAFT
    (entry,) = await ledger.audit_log(record_id=None, correlation_id="c", first=5, after=None)
    assert (entry.actor, entry.action, entry.run_id) == ("crosswalk", "approval.expired", run.id)
    assert await ledger.expire_approvals() == ()


async def test_a_failed_run_goes_on_with_a_clean_slate(ledger, clock, claimed, said_by):
    run, _ = await claimed()
    clock.advance(31)
    _, hold = await ledger.claim(run.id, "w2", seconds=30)
    await ledger.release(hold, RunChange(status=RunStatus.FAILED, tries=3), NOTHING)
    sent = await ledger.unsent(most=5)
    await ledger.sent([number for number, _ in sent])
    clock.advance(5)
    steered = await ledger.steer(run.id, (RunStatus.FAILED,), RunChange(status=RunStatus.PENDING), said_by("Ann"))
    assert (steered.status, steered.crashes, steered.tries) == (RunStatus.PENDING, 0, 0)
    assert (steered.finished_at, steered.next_at) == (None, clock.now())
    assert [run_id for _, run_id in await ledger.unsent(most=5)] == [run.id]
    assert await ledger.steer(run.id, (RunStatus.FAILED,), RunChange(tries=1), said_by("Ann")) is None


async def test_a_run_that_a_worker_holds_is_not_steered(ledger, clock, claimed, said_by, new_step):
    run, hold = await claimed()
    change = RunChange(status=RunStatus.CANCELLED)
    assert await ledger.steer(run.id, (RunStatus.RUNNING,), change, said_by()) is None
    clock.advance(31)  # the worker is thought dead
    assert (await ledger.steer(run.id, (RunStatus.RUNNING,), change, said_by())).status is RunStatus.CANCELLED
    with pytest.raises(LeaseLostError):
        await ledger.begin(hold, new_step(run.id), NOTHING)


async def test_a_withdrawn_run_asks_nobody_for_approval(ledger, waiting, said_by):
    run = await waiting()
    await ledger.steer(run.id, (RunStatus.AWAITING_APPROVAL,), RunChange(status=RunStatus.CANCELLED), said_by())
    assert (await ledger.approval(run.id)).state is ApprovalState.DRAFT
    assert await ledger.approvals(state=ApprovalState.SUBMITTED, role=None, first=5, after=None) == ()


async def test_only_an_unfinished_step_of_a_failed_run_is_edited(ledger, claimed, new_step, said_by):
    run, hold = await claimed()
    await ledger.begin(hold, new_step(run.id, "done", status=StepStatus.SUCCEEDED), NOTHING)
    await ledger.begin(hold, new_step(run.id, "failed", asked={"name": "A"}), NOTHING)
    assert await ledger.edit_step(run.id, "failed", {"name": "B"}, said_by()) is None
    await ledger.release(hold, RunChange(status=RunStatus.FAILED), NOTHING)
    assert await ledger.edit_step(run.id, "done", {"name": "B"}, said_by()) is None
    edited = await ledger.edit_step(run.id, "failed", {"name": "B"}, said_by())
    assert edited.asked == {"name": "B"}
    assert edited in await ledger.steps(run.id)
    assert await ledger.verify_audit() == (1, None)
