"""Outbox and sweeper: what wants a worker is handed to the broker, and handed again if nothing comes of it."""

from datetime import timedelta

from sync.ledger.port import Outcome, RunChange
from sync.ledger.records import RunStatus

NOTHING = Outcome()


async def test_what_was_sent_is_not_sent_again(ledger, clock, new_run):
    runs = [await ledger.accept(new_run()) for _ in range(3)]
    unsent = await ledger.unsent(most=2)
    assert [run_id for _, run_id in unsent] == [runs[0].id, runs[1].id]
    await ledger.sent([number for number, _ in unsent])
    await ledger.sent([])
    assert [run_id for _, run_id in await ledger.unsent(most=5)] == [runs[2].id]


async def test_a_run_whose_message_is_lost_is_due_again(ledger, clock, new_run):
    run = await ledger.accept(new_run())
    await ledger.sent([number for number, _ in await ledger.unsent(most=5)])
    assert await ledger.due(most=5, asked_before=clock.now()) == ()
    clock.advance(10)
    assert await ledger.due(most=5, asked_before=clock.now() - timedelta(seconds=5)) == (run.id,)
    assert await ledger.due(most=5, asked_before=clock.now() - timedelta(seconds=5)) == ()
    assert await ledger.due(most=5, asked_before=clock.now() + timedelta(seconds=1)) == (run.id,)


async def test_what_is_due_is_active_free_and_its_time_has_come(ledger, clock, new_run, claimed):
    _, held = await claimed()
    _, hold = await claimed()
    await ledger.release(hold, RunChange(next_at=clock.now() + timedelta(seconds=20)), NOTHING)
    retried = hold.run_id
    _, hold = await claimed()
    await ledger.release(hold, RunChange(status=RunStatus.FAILED), NOTHING)
    first, second = [await ledger.accept(new_run(order_key="k")) for _ in range(2)]

    async def due():
        return set(await ledger.due(most=9, asked_before=clock.now() + timedelta(seconds=1)))

    assert await due() == {first.id}
    clock.advance(20)
    assert await due() == {first.id, retried}
    clock.advance(10)
    assert await due() == {first.id, retried, held.run_id}
    assert second.id not in await due()
    assert len(await ledger.due(most=1, asked_before=clock.now() + timedelta(seconds=1))) == 1


async def test_a_retry_is_due_at_its_time_though_it_was_sent_a_moment_ago(ledger, clock, new_run):
    run = await ledger.accept(new_run())
    await ledger.sent([number for number, _ in await ledger.unsent(most=5)])
    _, hold = await ledger.claim(run.id, "w1", seconds=30)
    await ledger.release(hold, RunChange(next_at=clock.now() + timedelta(seconds=1)), NOTHING)
    clock.advance(1)
    assert await ledger.due(most=5, asked_before=clock.now() - timedelta(seconds=10)) == (run.id,)
