"""A worker may die anywhere, and another goes on: everything is done once, and what is done isn't done again."""

from collections.abc import Iterator

from sync.effects import Undo
from sync.ledger.records import FINISHED, Run, RunStatus, StepStatus
from tests.sync.watched import Filing, Named, Watched, filed, filing_on, new_name, thorough

LEASE_OVER = 31.0


class Story:
    """A record on each platform, one of which is renamed: every kind of call that a run makes."""

    def __init__(self, watched: Watched) -> None:
        self.watched = watched
        self.filings = [filing_on(watched.office, platform) for platform in ("salesforce", "kantata", "netsuite")]
        self.names = [new_name() for _ in self.filings]
        self.renamed = new_name()
        self.old = new_name()

    async def begin(self) -> Run:
        crm = self.filings[0]
        for filing in self.filings:
            await self.watched.done_before(filing)
        made = await self.watched.done(("filing", crm.create(self.old), Undo.REMOVE))
        record = (await self.watched.office.steps(made))["filing"].external_id
        assert record is not None
        steps: list[Named] = [
            (filing.platform, filing.create(name), Undo.REMOVE)
            for filing, name in zip(self.filings, self.names, strict=True)
        ]
        renaming: Named = ("renaming", crm.update(record, self.renamed), Undo.RESTORE)
        self.steps = (steps[0], renaming, *steps[1:])
        return await self.watched.accepted(*self.steps)

    def there(self) -> list[int]:
        counts = [len(filed(self.watched.office, each, name)) for each, name in self._named()]
        return [*counts, len(filed(self.watched.office, self.filings[0], self.old))]

    def _named(self) -> Iterator[tuple[Filing, str]]:
        yield from zip(self.filings, self.names, strict=True)
        yield self.filings[0], self.renamed


DONE, UNDONE = [1, 1, 1, 1, 0], [0, 0, 0, 0, 1]


async def test_a_run_ends_the_same_wherever_its_worker_died(watched: Watched) -> None:
    for point in await _points(watched, undoing=False):
        story = Story(watched)
        run = await story.begin()
        assert await watched.dies_at(point, run.id), point
        done_before = {
            name: step for name, step in (await watched.office.steps(run)).items() if step.status in FINISHED
        }
        watched.office.clock.advance(LEASE_OVER)
        run = await watched.worked(run, owner="heir")
        assert (run.status, run.crashes) in ((RunStatus.SUCCEEDED, 0), (RunStatus.SUCCEEDED, 1)), point
        assert story.there() == DONE, point
        steps = await watched.office.steps(run)
        assert all(steps[name] == step for name, step in done_before.items()), point
        assert all(step.status is StepStatus.SUCCEEDED for step in steps.values()), point
    assert (await watched.office.ledger.verify_audit())[1] is None


async def test_a_run_is_taken_back_the_same_wherever_its_worker_died(watched: Watched) -> None:
    for point in await _points(watched, undoing=True):
        story = Story(watched)
        run = await watched.worked(await story.begin())
        await watched.office.desk.compensate(watched.office.caller("admin"), run.id)
        assert await watched.dies_at(point, run.id), point
        watched.office.clock.advance(LEASE_OVER)
        run = await watched.worked(run, owner="heir")
        assert run.status is RunStatus.COMPENSATED, point
        assert story.there() == UNDONE, point
    assert (await watched.office.ledger.verify_audit())[1] is None


async def test_one_that_dies_again_and_again_gets_there_all_the_same(watched: Watched) -> None:
    """Each worker comes a little further than the one before."""
    story = Story(watched)
    run = await story.begin()
    point = 9
    while await watched.dies_at(point, run.id, owner=f"mortal {point}"):
        found = await watched.office.ledger.run(run.id)
        assert found is not None
        if found.status is not RunStatus.RUNNING or found.crashes >= 2:
            break
        watched.office.clock.advance(LEASE_OVER)
        point += 1
    watched.office.clock.advance(LEASE_OVER)
    run = await watched.worked(run)
    assert (run.status, story.there()) == (RunStatus.SUCCEEDED, DONE)


# ------------------------------------------------------------------------------------------------------------- pieces


async def _points(watched: Watched, *, undoing: bool) -> list[int]:
    """The moments at which a clean run makes or has made a call: on either database every second of them, of a long
    undoing every fourth; all of them where the tests are thorough.
    """
    await watched.worked(await Story(watched).begin())  # what a process asks for once is asked for
    story = Story(watched)
    run = await story.begin()
    if undoing:
        run = await watched.worked(run)
        await watched.office.desk.compensate(watched.office.caller("admin"), run.id)
    assert not await watched.dies_at(10_000, run.id)
    moments = range(1, watched.witness.points + 1)
    assert len(moments) > 30
    sqlite = watched.office.ledger._transactions._database.is_postgres is False  # type: ignore[attr-defined]
    if thorough():
        return list(moments)
    return list(moments)[int(sqlite) :: 4 if undoing else 2]
