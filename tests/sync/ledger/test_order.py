"""Runs with one order key are done one after the other, as they were accepted."""

import asyncio

import pytest

from sync.ledger.port import LeaseLostError, Outcome, RunChange
from sync.ledger.records import RunStatus

NOTHING = Outcome()


@pytest.fixture
def queue(ledger, new_run):
    """Some runs with one order key, as accepted, of which nothing is in the outbox any more."""

    async def accepted(number: int, key: str = "account-1"):
        runs = [await ledger.accept(new_run(order_key=key)) for _ in range(number)]
        await ledger.sent([number for number, _ in await ledger.unsent(most=100)])
        return runs

    return accepted


async def test_an_earlier_run_goes_first(ledger, queue):
    first, second = await queue(2)
    assert await ledger.claim(second.id, "w1", seconds=30) is None
    _, hold = await ledger.claim(first.id, "w1", seconds=30)
    assert await ledger.claim(second.id, "w2", seconds=30) is None
    await ledger.release(hold, RunChange(status=RunStatus.SUCCEEDED), NOTHING)
    assert [run_id for _, run_id in await ledger.unsent(most=5)] == [second.id]
    assert await ledger.claim(second.id, "w2", seconds=30) is not None


async def test_other_keys_and_runs_without_one_pass(ledger, queue, claimed):
    first, _ = await queue(2)
    assert (await claimed(order_key="account-2"))[0].order_key == "account-2"
    assert (await claimed())[0].order_key is None
    assert await ledger.claim(first.id, "w1", seconds=30) is not None


async def test_a_run_between_two_tries_still_goes_first(ledger, clock, queue):
    first, second = await queue(2)
    _, hold = await ledger.claim(first.id, "w1", seconds=30)
    later = clock.now().replace(hour=10)
    await ledger.release(hold, RunChange(next_at=later, tries=1), NOTHING)
    assert await ledger.claim(second.id, "w2", seconds=30) is None
    assert await ledger.due(most=5, asked_before=later) == ()
    assert await ledger.unsent(most=5) == ()


@pytest.mark.parametrize("status", [RunStatus.FAILED, RunStatus.AWAITING_APPROVAL, RunStatus.CANCELLED])
async def test_a_run_that_no_worker_can_get_on_with_lets_others_pass(ledger, queue, status):
    first, second = await queue(2)
    _, hold = await ledger.claim(first.id, "w1", seconds=30)
    await ledger.release(hold, RunChange(status=status), NOTHING)
    assert [run_id for _, run_id in await ledger.unsent(most=5)] == [second.id]
    assert await ledger.claim(second.id, "w1", seconds=30) is not None


async def test_a_cancelled_run_wakes_the_next(ledger, queue, said_by):
    first, second = await queue(2)
    await ledger.steer(first.id, (RunStatus.PENDING,), RunChange(status=RunStatus.CANCELLED), said_by())
    assert [run_id for _, run_id in await ledger.unsent(most=5)] == [second.id]


async def test_a_retried_run_doesnt_cut_in_on_one_that_has_begun(ledger, clock, queue, said_by):
    first, second = await queue(2)
    _, hold = await ledger.claim(first.id, "w1", seconds=30)
    await ledger.release(hold, RunChange(status=RunStatus.FAILED), NOTHING)
    _, held = await ledger.claim(second.id, "w2", seconds=30)
    await ledger.steer(first.id, (RunStatus.FAILED,), RunChange(status=RunStatus.PENDING), said_by())
    assert await ledger.claim(first.id, "w1", seconds=30) is None
    await ledger.release(held, RunChange(next_at=clock.now().replace(hour=10)), NOTHING)
    assert await ledger.claim(first.id, "w1", seconds=30) is None
    clock.advance(3600)
    _, held = await ledger.claim(second.id, "w2", seconds=30)
    await ledger.release(held, RunChange(status=RunStatus.SUCCEEDED), NOTHING)
    assert await ledger.claim(first.id, "w1", seconds=30) is not None


async def test_a_run_being_undone_waits_for_one_that_is_held(ledger, queue, said_by):
    first, second = await queue(2)
    _, hold = await ledger.claim(first.id, "w1", seconds=30)
    await ledger.release(hold, RunChange(status=RunStatus.SUCCEEDED), NOTHING)
    _, held = await ledger.claim(second.id, "w2", seconds=30)
    await ledger.steer(first.id, (RunStatus.SUCCEEDED,), RunChange(status=RunStatus.COMPENSATING), said_by())
    assert await ledger.claim(first.id, "w1", seconds=30) is None
    await ledger.release(held, RunChange(status=RunStatus.SUCCEEDED), NOTHING)
    assert (await ledger.claim(first.id, "w1", seconds=30))[0].status is RunStatus.COMPENSATING


async def test_an_order_key_that_comes_late_takes_its_place_in_the_queue(ledger, queue, claimed):
    late, hold = await claimed()  # accepted first, and planned only now
    (other,) = await queue(1)
    _, held = await ledger.claim(other.id, "w2", seconds=30)
    with pytest.raises(LeaseLostError):
        await ledger.change(hold, RunChange(order_key="account-1", facts={"known": 1}), NOTHING)
    found = await ledger.run(late.id)
    assert (found.status, found.order_key, found.lease_owner) == (RunStatus.PENDING, "account-1", None)
    assert found.facts == {"known": 1}
    assert await ledger.claim(late.id, "w1", seconds=30) is None
    await ledger.release(held, RunChange(status=RunStatus.SUCCEEDED), NOTHING)
    assert [run_id for _, run_id in await ledger.unsent(most=5)] == [late.id]
    _, hold = await ledger.claim(late.id, "w1", seconds=30)
    assert (await ledger.change(hold, RunChange(order_key="account-1"), NOTHING)).status is RunStatus.RUNNING


async def test_an_order_key_that_comes_late_and_is_free_changes_nothing_else(ledger, queue, claimed):
    _, hold = await claimed()
    (other,) = await queue(1)
    run = await ledger.change(hold, RunChange(order_key="account-1"), NOTHING)
    assert run.status is RunStatus.RUNNING
    assert await ledger.claim(other.id, "w2", seconds=30) is None


async def test_of_one_key_never_two_are_held_however_many_claim_at_once(ledger, queue):
    runs = await queue(6)
    done = []
    while len(done) < len(runs):
        claims = await asyncio.gather(*(ledger.claim(run.id, f"w-{run.id}", seconds=30) for run in runs))
        ((run, hold),) = [claim for claim in claims if claim is not None]
        await ledger.release(hold, RunChange(status=RunStatus.SUCCEEDED), NOTHING)
        done.append(run.id)
    assert done == [run.id for run in runs]
