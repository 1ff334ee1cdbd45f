"""A run goes on where it stands, by whichever version of its flow is deployed by then; no step is ever done twice."""

from schema.errors import Queue
from sync.effects import Undo
from sync.ledger.records import Run, RunStatus, StepStatus
from sync.process import Flow, Process
from tests.sync.watched import Named, Watched, filed, filing_on, flow_of, new_name

FORBIDDEN = [{"errorCode": "INSUFFICIENT_ACCESS_OR_READONLY", "message": "insufficient access rights on object id"}]


class HalfWay:
    """A run of three steps, of which two are done; the third is somebody's to make possible."""

    def __init__(self, watched: Watched) -> None:
        filing = filing_on(watched.office, "salesforce")
        self.watched = watched
        self.filing = filing
        self.names = [new_name() for _ in range(3)]
        self.steps: list[Named] = [
            (step, filing.create(name), Undo.REMOVE) for step, name in zip(("a", "b", "c"), self.names, strict=True)
        ]

    async def run(self) -> Run:
        office = self.watched.office
        await self.watched.done_before(self.filing)
        run = await self.watched.accepted(*self.steps)
        worker = self.watched.worker()
        begun = 0
        original = worker._governed.perform

        async def perform(task):  # type: ignore[no-untyped-def]
            nonlocal begun
            begun += 1
            if begun == 3:
                office.control.fault("salesforce", "status", status=403, body=FORBIDDEN, match={"method": "PATCH"})
            return await original(task)

        worker._governed.perform = perform  # type: ignore[method-assign]
        run = await office.worked(run.id, runner=worker)
        assert run.status is RunStatus.FAILED
        assert {name: step.status for name, step in (await office.steps(run)).items()} == {
            "a": StepStatus.SUCCEEDED,
            "b": StepStatus.SUCCEEDED,
            "c": StepStatus.FAILED,
        }
        office.control.calm()
        return run

    async def retried(self, run: Run, flow: Flow) -> Run:
        self.watched.flow = flow
        await self.watched.office.desk.retry(self.watched.office.caller("admin"), run.id)
        self.watched.witness.anew()
        return await self.watched.worked(run)

    async def stopped(self, run: Run, flow: Flow, words: str) -> None:
        """With a clear exception, without a single write."""
        run = await self.retried(run, flow)
        assert run.status is RunStatus.FAILED
        problems = {problem.code: problem for problem in await self.watched.office.problems(run)}
        assert problems["FLOW_CHANGED"].queue is Queue.INTEGRATION
        assert words in problems["FLOW_CHANGED"].message
        assert not any(seen.writes for seen in self.watched.witness.seen)
        assert [len(filed(self.watched.office, self.filing, name)) for name in self.names] == [1, 1, 0]


async def test_finished_steps_are_replayed_not_repeated(watched: Watched) -> None:
    half_way = HalfWay(watched)
    run = await half_way.run()
    before = await watched.office.steps(run)
    run = await half_way.retried(run, flow_of(*half_way.steps))
    assert run.status is RunStatus.SUCCEEDED
    after = await watched.office.steps(run)
    assert [after[name] for name in "ab"] == [before[name] for name in "ab"]
    assert sum(seen.writes for seen in watched.witness.seen) == 1
    assert [len(filed(watched.office, half_way.filing, name)) for name in half_way.names] == [1, 1, 1]


async def test_a_changed_flow_that_goes_on_further_is_finished(watched: Watched) -> None:
    half_way, more = HalfWay(watched), new_name()
    run = await half_way.run()
    longer = flow_of(*half_way.steps, ("d", half_way.filing.create(more), Undo.REMOVE), version=2)
    run = await half_way.retried(run, longer)
    assert run.status is RunStatus.SUCCEEDED
    assert len(filed(watched.office, half_way.filing, more)) == 1


async def test_a_changed_flow_that_leaves_out_what_was_never_begun_is_finished(watched: Watched) -> None:
    filing, names = filing_on(watched.office, "salesforce"), [new_name(), new_name()]
    run = await watched.accepted(*((name, filing.create(name), Undo.REMOVE) for name in names))
    await watched.dies_at(13, run.id)
    steps = await watched.office.steps(run)
    assert [name for name in names if name in steps] == names[:1]
    watched.flow = flow_of((names[0], filing.create(names[0]), Undo.REMOVE), version=2)
    run = await watched.worked(run)
    assert run.status is RunStatus.SUCCEEDED
    assert [len(filed(watched.office, filing, name)) for name in names] == [1, 0]


async def test_a_new_step_in_front_stops_it(watched: Watched) -> None:
    half_way = HalfWay(watched)
    run = await half_way.run()
    front = ("zero", half_way.filing.create(new_name()), Undo.REMOVE)
    await half_way.stopped(run, flow_of(front, *half_way.steps, version=2), "'zero' comes before 'a'")


async def test_another_order_stops_it(watched: Watched) -> None:
    half_way = HalfWay(watched)
    run = await half_way.run()
    a, b, c = half_way.steps
    await half_way.stopped(run, flow_of(b, a, c, version=2), "'b' comes at another place")


async def test_a_finished_step_that_is_left_out_stops_it(watched: Watched) -> None:
    half_way = HalfWay(watched)
    run = await half_way.run()
    a, _, c = half_way.steps
    await half_way.stopped(run, flow_of(a, c, version=2), "'c' comes at another place")


async def test_a_finished_step_that_the_end_doesnt_reach_stops_it(watched: Watched) -> None:
    half_way = HalfWay(watched)
    run = await half_way.run()
    a, _, _ = half_way.steps
    await half_way.stopped(run, flow_of(a, version=2), "it doesn't know the step 'b'")


async def test_a_step_on_another_platform_stops_it(watched: Watched) -> None:
    half_way = HalfWay(watched)
    run = await half_way.run()
    _, b, c = half_way.steps
    moved = ("a", filing_on(watched.office, "netsuite").create(new_name()), Undo.REMOVE)
    await half_way.stopped(run, flow_of(moved, b, c, version=2), "'a' was done to a Account on salesforce")


async def test_a_renamed_step_whose_outcome_is_open_is_not_done_under_its_new_name(watched: Watched) -> None:
    """It may have landed under its old one."""
    filing, name = filing_on(watched.office, "salesforce"), new_name()
    await watched.done_before(filing)
    run = await watched.accepted(("filing", filing.create(name), Undo.REMOVE))
    watched.office.control.fault("salesforce", "drop_after", times=1, match={"method": "PATCH"})
    await watched.worker().take(run.id)
    watched.flow = flow_of(("filing, better", filing.create(name), Undo.REMOVE), version=2)
    run = await watched.worked(run)
    assert run.status is RunStatus.FAILED
    assert [problem.code for problem in await watched.office.problems(run)] == ["FLOW_CHANGED"]
    assert len(filed(watched.office, filing, name)) == 1
    watched.flow = flow_of(("filing", filing.create(name), Undo.REMOVE), version=3)
    await watched.office.desk.retry(watched.office.caller("admin"), run.id)
    assert (await watched.worked(run)).status is RunStatus.SUCCEEDED
    assert len(filed(watched.office, filing, name)) == 1


async def test_what_a_stopped_run_had_under_way_is_found_out_so_that_it_can_be_taken_back(watched: Watched) -> None:
    filing, names = filing_on(watched.office, "salesforce"), [new_name(), new_name()]
    await watched.done_before(filing)
    run = await watched.accepted(*((name, filing.create(name), Undo.REMOVE) for name in names))
    watched.office.control.fault("salesforce", "drop_after", times=1, match={"method": "PATCH"})
    await watched.worker().take(run.id)
    assert [len(filed(watched.office, filing, name)) for name in names] == [1, 0]
    watched.flow = flow_of(("another", filing.create(new_name()), Undo.REMOVE), version=2)
    run = await watched.worked(run)
    assert [problem.code for problem in await watched.office.problems(run)] == ["FLOW_CHANGED"]
    assert {step.status for step in (await watched.office.steps(run)).values()} == {StepStatus.SUCCEEDED}
    reply = await watched.office.desk.compensate(watched.office.caller("admin"), run.id)
    assert not reply.refusals
    assert (await watched.worked(run)).status is RunStatus.COMPENSATED
    assert [len(filed(watched.office, filing, name)) for name in names] == [0, 0]


async def test_a_stopped_run_whose_step_came_to_nothing_has_nothing_to_take_back(watched: Watched) -> None:
    filing, name = filing_on(watched.office, "salesforce"), new_name()
    await watched.done_before(filing)
    run = await watched.accepted((name, filing.create(name), Undo.REMOVE))
    watched.office.control.fault("salesforce", "drop_before", times=1, match={"method": "PATCH"})
    await watched.worker().take(run.id)
    watched.flow = flow_of(("another", filing.create(new_name()), Undo.REMOVE), version=2)
    run = await watched.worked(run)
    assert {step.status for step in (await watched.office.steps(run)).values()} == {StepStatus.FAILED}
    await watched.office.desk.compensate(watched.office.caller("admin"), run.id)
    assert (await watched.worked(run)).status is RunStatus.COMPENSATED
    assert filed(watched.office, filing, name) == []


async def test_a_fact_that_a_changed_flow_reads_otherwise_stops_it(watched: Watched) -> None:
    filing, name = filing_on(watched.office, "salesforce"), new_name()

    first = ("first", filing.create(new_name()), Undo.REMOVE)

    def reading(kind: type, value: object) -> Flow:
        async def process(run: Process) -> None:
            async def gather() -> object:
                return value

            await run.fact("size", kind, gather)
            await run.step("second", filing.create(name, industry="Energy"), undo=Undo.REMOVE)

        return flow_of(first, then=process)

    await watched.done_before(filing)
    watched.office.control.fault("salesforce", "ignore_field", entity="Account", field="Industry", times=1)
    run = await watched.worked(await watched.accepted(flow=reading(str, "large")))
    assert (run.status, run.facts["size"]) == (RunStatus.FAILED, "large")
    watched.flow = reading(int, 3)
    await watched.office.desk.retry(watched.office.caller("admin"), run.id)
    run = await watched.worked(run)
    assert run.status is RunStatus.FAILED
    problems = {problem.code: problem.message for problem in await watched.office.problems(run)}
    assert "'size'" in problems["FLOW_CHANGED"]
    assert len(filed(watched.office, filing, name)) == 1


async def test_what_was_found_out_once_is_not_asked_again(watched: Watched) -> None:
    filing, asked = filing_on(watched.office, "salesforce"), []

    async def process(run: Process) -> None:
        async def gather() -> str:
            asked.append("looked")
            return f"name {len(asked)}"

        name = await run.fact("name", str, gather)
        await run.step("second", filing.create(name, industry="Energy"), undo=Undo.REMOVE)

    flow = flow_of(("first", filing.create(new_name()), Undo.REMOVE), then=process)
    await watched.done_before(filing)
    run = await watched.accepted(flow=flow)
    watched.office.control.fault("salesforce", "ignore_field", entity="Account", field="Industry", times=1)
    run = await watched.worked(run)
    assert run.status is RunStatus.FAILED
    await watched.office.desk.retry(watched.office.caller("admin"), run.id)
    run = await watched.worked(run)
    assert run.status is RunStatus.SUCCEEDED
    assert run.facts["name"] == f"name {len(asked)}"
    assert len(asked) <= 1


async def test_two_runs_of_one_flow_have_nothing_in_common(watched: Watched) -> None:
    effect = filing_on(watched.office, "salesforce").create(new_name())
    first = await watched.done(("filing", effect, Undo.REMOVE))
    second = await watched.done(("filing", effect, Undo.REMOVE))
    ids = {(await watched.office.steps(run))["filing"].external_id for run in (first, second)}
    assert len(ids) == 2
