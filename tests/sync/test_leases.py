"""A run is one worker's at a time; whoever has lost it writes nothing any more, to ledger or platform."""

import asyncio

from sync.effects import Undo
from sync.ledger.records import RunStatus, StepStatus
from tests.sync.watched import Seen, Watched, filed, filing_on, new_name


class Held:
    """Holds one worker's call back until it is let go."""

    def __init__(self, watched: Watched, what: str) -> None:
        self._watched = watched
        self._what = what
        self.reached, self.free = asyncio.Event(), asyncio.Event()
        watched.witness.pause = self._pause

    async def _pause(self, seen: Seen) -> None:
        if seen.what.startswith(self._what) and not self.reached.is_set():
            self.reached.set()
            await self.free.wait()


async def test_two_workers_at_one_instant_do_it_once(watched: Watched) -> None:
    filing, names = filing_on(watched.office, "salesforce"), [new_name() for _ in range(3)]
    run = await watched.accepted(*((name, filing.create(name), Undo.REMOVE) for name in names))
    workers = [watched.worker(f"worker {number}") for number in range(4)]
    await asyncio.gather(*(worker.take(run.id) for worker in workers))
    found = await watched.office.ledger.run(run.id)
    assert found is not None
    assert (found.status, found.fence) == (RunStatus.SUCCEEDED, 1)
    assert [seen.what for seen in watched.witness.seen if seen.step].count("begin") == 3
    assert [len(filed(watched.office, filing, name)) for name in names] == [1, 1, 1]


async def test_a_worker_that_was_thought_dead_writes_nothing_past_its_successor(watched: Watched) -> None:
    """It comes back when another has done the run: its intent, and with it the write, is refused."""
    filing, name = filing_on(watched.office, "salesforce"), new_name()
    run = await watched.accepted(("filing", filing.create(name), Undo.REMOVE))
    held = Held(watched, "begin")
    late = asyncio.create_task(watched.worker("late").take(run.id))
    await held.reached.wait()
    watched.office.clock.advance(31)
    run = await watched.worked(run, owner="heir")
    assert run.status is RunStatus.SUCCEEDED
    before = (await watched.office.steps(run), await watched.office.ledger.verify_audit())
    watched.witness.anew()
    held.free.set()
    assert await late is False
    assert not any(seen.writes for seen in watched.witness.seen)
    assert (await watched.office.steps(run), await watched.office.ledger.verify_audit()) == before
    assert len(filed(watched.office, filing, name)) == 1


async def test_a_call_that_comes_late_makes_nothing_twice_and_records_nothing(watched: Watched) -> None:
    """It was held up on its way out, and the other worker's write under the same key was there first."""
    filing, name = filing_on(watched.office, "netsuite"), new_name()
    await watched.done_before(filing)
    run = await watched.accepted(("filing", filing.create(name), Undo.REMOVE))
    held = Held(watched, "PUT")
    late = asyncio.create_task(watched.worker("late").take(run.id))
    await held.reached.wait()
    watched.office.clock.advance(31)
    run = await watched.worked(run, owner="heir")
    assert run.status is RunStatus.SUCCEEDED
    steps = await watched.office.steps(run)
    held.free.set()
    assert await late is False
    assert await watched.office.steps(run) == steps
    assert len(filed(watched.office, filing, name)) == 1
    assert (await watched.office.ledger.run(run.id)) == run


async def test_a_lease_that_is_over_forbids_the_write_also_where_nobody_has_taken_over(watched: Watched) -> None:
    filing, name = filing_on(watched.office, "salesforce"), new_name()
    await watched.done_before(filing)
    run = await watched.accepted(("filing", filing.create(name), Undo.REMOVE))
    held = Held(watched, "begin")
    late = asyncio.create_task(watched.worker("late").take(run.id))
    await held.reached.wait()
    watched.office.clock.advance(31)
    held.free.set()
    assert await late is False
    assert not filed(watched.office, filing, name)
    assert (await watched.office.steps(run))["filing"].status is StepStatus.RUNNING
    run = await watched.worked(run, owner="heir")
    assert run.status is RunStatus.SUCCEEDED
    assert len(filed(watched.office, filing, name)) == 1


async def test_a_lease_is_kept_alive_for_as_long_as_a_call_takes(watched: Watched) -> None:
    filing, name = filing_on(watched.office, "salesforce"), new_name()
    run = await watched.accepted(("filing", filing.create(name), Undo.REMOVE))
    held = Held(watched, "begin")
    renewed = asyncio.Event()
    pause = watched.witness.pause

    async def watching(seen: Seen) -> None:
        if seen.what == "renew":
            renewed.set()
        assert pause is not None
        await pause(seen)

    watched.witness.pause = watching
    work = asyncio.create_task(watched.worker("slow", lease_seconds=0.3).take(run.id))
    await held.reached.wait()
    for _ in range(4):  # far longer than the lease, in its own time
        watched.office.clock.advance(0.1)
        renewed.clear()
        await renewed.wait()
        await _settled(watched, run.id)
        assert not await watched.worker("heir").take(run.id), "it is held"
    held.free.set()
    await work
    found = await watched.office.ledger.run(run.id)
    assert found is not None
    assert (found.status, found.fence) == (RunStatus.SUCCEEDED, 1)


async def _settled(watched: Watched, run_id: str) -> None:
    """Until the renewal that was just begun stands in the ledger."""
    while True:
        found = await watched.office.ledger.run(run_id)
        assert found is not None
        assert found.lease_until is not None
        if (found.lease_until - watched.office.clock.now()).total_seconds() > 0.25:
            return
