"""A run is taken on as a whole, and once per caller and key."""

import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest

from sync.ledger.port import KeyTakenError, Outcome, RunChange, RunQuery
from sync.ledger.records import ApprovalState, Change, Operation, Planned, RunStatus

PLAN = (
    Planned(
        step="erp invoice",
        platform="netsuite",
        entity="invoice",
        operation=Operation.CREATE,
        changes=(Change(field="total", after=Decimal("12.30")),),
        calls=2,
    ),
)


async def test_a_run_is_read_back_as_it_was_written(ledger, clock, new_run):
    new = new_run(
        input={"é": [1, 2.5, None, {"b": 1, "a": "\u0000"}], "amount": Decimal("1.10")},
        plan=PLAN,
        plan_hash="p1",
        facts={"bill time": {"z": 1, "a": 2}},
        records=("acc-1", "acc-2"),
        order_key="account-1",
        reason="renamed",
    )
    run = await ledger.accept(new)
    assert run == await ledger.run(new.id) == await ledger.by_key("portal", new.idempotency_key)
    assert run.status is RunStatus.PENDING
    assert run.input == {"é": [1, 2.5, None, {"b": 1, "a": "\u0000"}], "amount": "1.10"}
    assert run.plan is not None
    assert run.plan[0].operation is Operation.CREATE
    assert run.plan[0].changes == (Change(field="total", after="12.30"),)
    assert list(run.facts["bill time"]) == ["z", "a"]
    assert run.records == ("acc-1", "acc-2")
    assert run.created_at == run.next_at == run.planned_at == clock.now()
    assert str(run.created_at) == str(clock.now())


async def test_with_the_run_come_outbox_audit_and_event(ledger, new_run, said_by):
    run = await ledger.accept(new_run(audit=(said_by(correlation_id="c-1"),)))
    assert [run_id for _, run_id in await ledger.unsent(most=10)] == [run.id]
    (entry,) = await ledger.audit_log(record_id=None, correlation_id="c-1", first=10, after=None)
    assert (entry.sequence, entry.action, entry.detail) == (1, "run.requested", None)
    (event,) = await ledger.events(after=0, kinds=["syncRun"], most=10)
    assert (event.cursor, event.subject, event.correlation_id) == (1, run.id, run.correlation_id)
    assert event.payload == {"status": "PENDING", "workflow": "updateAccount", "caller": "portal"}


async def test_the_same_key_has_one_run_and_another_callers_is_another(ledger, new_run, said_by):
    first = await ledger.accept(new_run(idempotency_key="k"))
    with pytest.raises(KeyTakenError) as caught:
        await ledger.accept(new_run(idempotency_key="k", audit=(said_by(),)))
    assert caught.value.run == first
    other = await ledger.accept(new_run(idempotency_key="k", caller="finance"))
    assert other.sequence > first.sequence
    assert await ledger.verify_audit() == (0, None)
    assert len(await ledger.unsent(most=10)) == len(await ledger.events(after=0, kinds=["syncRun"], most=10)) == 2


@pytest.mark.parametrize("order_key", [None, "account-1"])
async def test_of_twenty_twins_at_one_instant_one_wins(ledger, new_run, said_by, order_key):
    twins = [new_run(idempotency_key="k", order_key=order_key, audit=(said_by(),)) for _ in range(20)]
    answers = await asyncio.gather(*(ledger.accept(twin) for twin in twins), return_exceptions=True)
    (winner,) = [answer for answer in answers if not isinstance(answer, BaseException)]
    losers = [answer for answer in answers if isinstance(answer, KeyTakenError)]
    assert len(losers) == 19
    assert all(loser.run == winner for loser in losers)
    assert await ledger.count_runs(RunQuery()) == 1
    assert len(await ledger.unsent(most=50)) == 1
    assert await ledger.verify_audit() == (1, None)


async def test_a_run_that_needs_approval_waits_and_wakes_nobody(ledger, clock, new_run):
    until = clock.now() + timedelta(days=3)
    new = new_run(plan=PLAN, plan_hash="p1", approval_role="finance", approval_until=until, order_key="account-1")
    run = await ledger.accept(new)
    assert run.status is RunStatus.AWAITING_APPROVAL
    assert run.next_at is None
    approval = await ledger.approval(run.id)
    assert (approval.state, approval.required_role, approval.plan_hash) == (ApprovalState.SUBMITTED, "finance", "p1")
    assert (approval.requested_by, approval.requested_at, approval.expires_at) == ("portal", clock.now(), until)
    assert await ledger.unsent(most=10) == ()
    assert await ledger.due(most=10, asked_before=clock.now()) == ()
    assert await ledger.claim(run.id, "w1", seconds=30) is None


async def test_runs_are_told_newest_first_and_by_what_is_asked(ledger, clock, new_run, claimed):
    names = ["updateAccount", "createInvoice", "CreateInvoice", "post_time"]
    runs = [await ledger.accept(new_run(workflow=name, correlation_id=name)) for name in names]
    clock.advance(60)
    late, hold = await claimed(caller="Finance", workflow="createInvoice")
    await ledger.release(hold, RunChange(status=RunStatus.SUCCEEDED), Outcome())

    async def found(**asked):
        return [run.id for run in await ledger.runs(RunQuery(**asked), first=10, before=None)]

    everything = [late.id, *(run.id for run in reversed(runs))]
    assert await found() == everything
    assert [run.id for run in await ledger.runs(RunQuery(), first=2, before=runs[2].sequence)] == everything[3:5]
    assert await found(workflow={"eq": "createInvoice"}) == [late.id, runs[1].id]
    assert await found(workflow={"startsWith": "create"}) == [late.id, runs[1].id]
    assert await found(workflow={"startsWith": "Create"}) == [runs[2].id]
    assert await found(workflow={"contains": "Invoice"}) == [late.id, runs[2].id, runs[1].id]
    assert await found(workflow={"contains": "%"}) == await found(workflow={"contains": "t-t"}) == []
    assert await found(workflow={"contains": "_"}) == [runs[3].id]
    assert await found(workflow={"ne": "createInvoice", "in": names}) == [runs[3].id, runs[2].id, runs[0].id]
    assert await found(requested_by={"eq": "Finance"}) == [late.id]
    assert await found(statuses=(RunStatus.SUCCEEDED,)) == [late.id]
    assert await found(statuses=()) == []
    assert await found(correlation_ids=("post_time",)) == [runs[3].id]
    assert await found(created={"gt": runs[0].created_at}) == [late.id]
    assert await found(created={"gte": runs[0].created_at, "lt": late.created_at}) == everything[1:]
    assert await ledger.count_runs(RunQuery(workflow={"eq": "createInvoice"})) == 2


async def test_a_moment_without_a_zone_is_refused(ledger, new_run, clock):
    naive = clock.now().replace(tzinfo=None)
    with pytest.raises(Exception, match="has no time zone"):
        await ledger.accept(new_run(plan_hash="p", approval_role="finance", approval_until=naive))
    assert await ledger.count_runs(RunQuery()) == 0
