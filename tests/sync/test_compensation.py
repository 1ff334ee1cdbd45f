"""Taking back: last first, each undo a step like any other, and nobody's later change is lost to it."""

from dataclasses import replace
from decimal import Decimal

import pytest

from schema.errors import Queue
from sync.compensation import UNDO_CONFLICT
from sync.effects import Undo
from sync.keys import business_key
from sync.ledger.records import ExceptionState, Run, RunStatus, StepStatus
from sync.process import Process
from tests.sync.watched import Named, Seen, Watched, filed, filing_on, flow_of, in_order, new_name

INVALID = [{"errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "message": "A client needs a sponsor.", "fields": []}]
DEPENDED_ON = {"o:errorDetails": [{"detail": "This record cannot be deleted", "o:errorCode": "USER_ERROR"}]}


async def test_a_refused_step_takes_the_earlier_ones_back_last_first(watched: Watched) -> None:
    crm, psa, erp = (filing_on(watched.office, platform) for platform in ("salesforce", "kantata", "netsuite"))
    names = [new_name() for _ in range(4)]
    steps: tuple[Named, ...] = (
        ("client", crm.create(names[0]), Undo.REMOVE),
        ("plan", psa.create(names[1]), Undo.REMOVE),
        ("customer", erp.create(names[2]), Undo.REMOVE),
        ("sponsor", crm.create(names[3]), Undo.REMOVE),
    )
    run = await watched.accepted(*steps)
    await _refusing_the_second_write(watched, run)
    run = await watched.worked(run)
    assert run.status is RunStatus.COMPENSATED
    told = watched.witness.steps()
    assert in_order(
        told,
        "begin undo customer",
        "write netsuite",
        "finish undo customer",
        "begin undo plan",
        "write kantata",
        "finish undo plan",
        "begin undo client",
        "write salesforce",
        "finish undo client",
    )
    left = [filed(watched.office, filing, name) for filing, name in zip((crm, psa, erp, crm), names, strict=True)]
    assert left == [[], [], [], []]
    found = await watched.office.steps(run)
    assert [found[name].status for name in ("client", "plan", "customer")] == [StepStatus.COMPENSATED] * 3
    (problem,) = await watched.office.problems(run)
    assert (problem.code, problem.status) == ("REJECTED", ExceptionState.OPEN), "somebody should know why"


async def test_a_flow_may_say_that_it_stops_half_way(watched: Watched) -> None:
    crm, names = filing_on(watched.office, "salesforce"), [new_name(), new_name()]
    steps = tuple((name, crm.create(name), Undo.REMOVE) for name in names)
    run = await watched.accepted(flow=flow_of(*steps, on_refusal="stop"))
    await _refusing_the_second_write(watched, run)
    run = await watched.worked(run)
    assert run.status is RunStatus.FAILED
    assert [len(filed(watched.office, crm, name)) for name in names] == [1, 0]


@pytest.mark.parametrize("platform", ["salesforce", "kantata", "netsuite"])
async def test_old_values_come_back(watched: Watched, platform: str) -> None:
    filing, old, new = filing_on(watched.office, platform), new_name(), new_name()
    made = await _made(watched, platform, old)
    run = await watched.done(("renaming", filing.update(made, new), Undo.RESTORE))
    assert len(filed(watched.office, filing, new)) == 1
    run = await _taken_back(watched, run)
    assert run.status is RunStatus.COMPENSATED
    assert [len(filed(watched.office, filing, name)) for name in (old, new)] == [1, 0]


async def test_a_value_that_was_empty_becomes_empty_again(watched: Watched) -> None:
    filing = filing_on(watched.office, "salesforce")
    name = new_name()
    made = await _made(watched, "salesforce", name)
    run = await watched.done(("telling", filing.update(made, name, industry="Energy"), Undo.RESTORE))
    assert (await _taken_back(watched, run)).status is RunStatus.COMPENSATED
    (record,) = filed(watched.office, filing, name)
    assert record["Industry"] is None


async def test_what_others_changed_meanwhile_is_left_and_somebody_decides(watched: Watched) -> None:
    filing, old, new, theirs = filing_on(watched.office, "salesforce"), *(new_name() for _ in range(3))
    made = await _made(watched, "salesforce", old)
    run = await watched.done(("renaming", filing.update(made, new), Undo.RESTORE))
    watched.office.control.change("salesforce", "Account", made, Name=theirs)
    run = await _taken_back(watched, run)
    assert run.status is RunStatus.FAILED
    (problem,) = await watched.office.problems(run)
    assert (problem.code, problem.queue) == (UNDO_CONFLICT, Queue.PMO)
    assert problem.detail == {"found": {"name": theirs}, "asked": {"name": new}}
    assert problem.due_at is not None
    assert len(filed(watched.office, filing, theirs)) == 1
    # Retried it goes on going back: never on again.
    again = await _retried(watched, run)
    assert again.status is RunStatus.FAILED
    assert len(filed(watched.office, filing, theirs)) == 1
    watched.office.control.change("salesforce", "Account", made, Name=old)
    run = await _retried(watched, again)
    assert run.status is RunStatus.COMPENSATED
    assert {each.status for each in await watched.office.problems(run)} == {ExceptionState.RESOLVED}
    assert len(filed(watched.office, filing, old)) == 1


async def test_money_at_stake_is_told_of_an_undo_that_failed_as_well(watched: Watched) -> None:
    filing, old, new = filing_on(watched.office, "salesforce"), new_name(), new_name()
    made = await _made(watched, "salesforce", old)

    async def weighed(run: Process, _: object) -> None:
        run.at_stake(Decimal("1250.60"), "EUR")
        await run.step("renaming", filing.update(made, new), undo=Undo.RESTORE)

    run = await watched.worked(await watched.accepted(flow=replace(flow_of(), process=weighed)))
    watched.office.control.change("salesforce", "Account", made, Name=new_name())
    run = await _taken_back(watched, run)
    (problem,) = await watched.office.problems(run)
    assert (problem.code, problem.amount, problem.currency) == (UNDO_CONFLICT, Decimal("1250.60"), "EUR")


async def test_what_was_there_before_stays(watched: Watched) -> None:
    filing, name, key = filing_on(watched.office, "netsuite"), new_name(), business_key(new_name())
    await watched.done(("filing", filing.create(name, key=key), Undo.REMOVE))
    run = await watched.done(("filing", filing.create(name, key=key), Undo.REMOVE))
    assert (await watched.office.steps(run))["filing"].status is StepStatus.SKIPPED
    run = await _taken_back(watched, run)
    assert run.status is RunStatus.COMPENSATED
    assert len(filed(watched.office, filing, name)) == 1


async def test_what_cant_be_unsaid_is_left(watched: Watched) -> None:
    filing, name = filing_on(watched.office, "salesforce"), new_name()
    run = await watched.done(("filing", filing.create(name), Undo.NONE))
    run = await _taken_back(watched, run)
    assert run.status is RunStatus.COMPENSATED
    assert len(filed(watched.office, filing, name)) == 1


async def test_what_is_gone_already_is_no_trouble(watched: Watched) -> None:
    filing, name = filing_on(watched.office, "salesforce"), new_name()
    run = await watched.done(("filing", filing.create(name), Undo.REMOVE))
    made = (await watched.office.steps(run))["filing"].external_id
    assert made is not None
    watched.office.control.remove("salesforce", "Account", made)
    assert (await _taken_back(watched, run)).status is RunStatus.COMPENSATED


async def test_an_undo_that_fails_is_a_problem_and_a_retry_goes_on_undoing(watched: Watched) -> None:
    crm, erp = filing_on(watched.office, "salesforce"), filing_on(watched.office, "netsuite")
    names = [new_name(), new_name()]
    run = await watched.done(("one", erp.create(names[0]), Undo.REMOVE), ("two", crm.create(names[1]), Undo.REMOVE))
    fault = watched.office.control.fault("netsuite", "status", status=400, body=DEPENDED_ON, match={"method": "DELETE"})
    run = await _taken_back(watched, run)
    assert run.status is RunStatus.FAILED
    assert [len(filed(watched.office, filing, name)) for filing, name in zip((erp, crm), names, strict=True)] == [1, 0]
    (problem,) = await watched.office.problems(run)
    assert (problem.code, problem.step) == ("REJECTED", "undo one")
    watched.office.control.send("DELETE", f"/faults/{fault}")
    watched.witness.anew()
    run = await _retried(watched, run)
    assert run.status is RunStatus.COMPENSATED
    assert not watched.witness.of("salesforce"), "what is taken back already isn't again"
    assert not filed(watched.office, erp, names[0])
    (problem,) = await watched.office.problems(run)
    assert problem.status is ExceptionState.RESOLVED


async def test_what_the_failed_step_left_is_taken_back_too(watched: Watched) -> None:
    """A record that isn't as it was asked for is there nevertheless."""
    filing, name = filing_on(watched.office, "salesforce"), new_name()
    watched.office.control.fault("salesforce", "ignore_field", entity="Account", field="Industry")
    run = await watched.done(("filing", filing.create(name, industry="Energy"), Undo.REMOVE))
    assert run.status is RunStatus.FAILED
    assert len(filed(watched.office, filing, name)) == 1
    run = await _taken_back(watched, run)
    assert run.status is RunStatus.COMPENSATED
    assert not filed(watched.office, filing, name)


async def test_a_change_that_can_be_made_but_not_read_back_is_taken_back(watched: Watched) -> None:
    filing, old, new = filing_on(watched.office, "salesforce"), new_name(), new_name()
    made = await _made(watched, "salesforce", old)
    run = await watched.accepted(("renaming", filing.update(made, new), Undo.RESTORE))
    struck: list[str] = []

    async def refuse_the_next_read(seen: Seen) -> None:
        if seen.writes and not struck:
            more = {"status": 400, "body": INVALID, "match": {"method": "GET"}, "times": 1}
            struck.append(watched.office.control.fault("salesforce", "status", **more))

    watched.witness.pause = refuse_the_next_read
    run = await watched.worked(run)
    assert (run.status, len(struck)) == (RunStatus.COMPENSATED, 1)
    assert [len(filed(watched.office, filing, name)) for name in (old, new)] == [1, 0]


async def test_a_platform_that_is_away_holds_the_undoing_up(watched: Watched) -> None:
    filing, name = filing_on(watched.office, "netsuite"), new_name()
    run = await watched.done(("filing", filing.create(name), Undo.REMOVE))
    watched.office.control.fault("netsuite", "status", status=503)
    await watched.office.desk.compensate(watched.office.caller("admin"), run.id)
    worker = watched.worker()
    for _ in range(12):
        await worker.take(run.id)
        watched.office.clock.advance(30)
    waiting = await watched.office.ledger.run(run.id)
    assert waiting is not None
    assert (waiting.status, waiting.tries <= 2, waiting.parked is not None) == (RunStatus.COMPENSATING, True, True)
    watched.office.control.calm()
    assert (await watched.worked(run)).status is RunStatus.COMPENSATED
    assert not filed(watched.office, filing, name)


async def test_the_chain_tells_of_doing_and_undoing(watched: Watched) -> None:
    filing, name = filing_on(watched.office, "salesforce"), new_name()
    run = await _taken_back(watched, await watched.done(("filing", filing.create(name), Undo.REMOVE)))
    ledger = watched.office.ledger
    entries = await ledger.audit_log(record_id=None, correlation_id=run.correlation_id, first=50, after=None)
    told = [(entry.action, entry.detail.get("step")) for entry in entries]
    assert in_order([f"{action} {step}" for action, step in told], "step.done filing", "step.done undo filing")
    assert told[-1][0] == "run.compensated"
    made = (await watched.office.steps(run))["filing"].external_id
    assert not await ledger.linked("salesforce", "Account", made or ""), "nothing is called by what is gone"
    removal = next(entry for entry in entries if entry.detail.get("step") == "undo filing")
    creation = next(entry for entry in entries if entry.detail.get("step") == "filing")
    assert removal.record_id == creation.record_id
    count, problem = await ledger.verify_audit()
    assert (count >= len(entries), problem) == (True, None)


# ------------------------------------------------------------------------------------------------------------- pieces


async def _refusing_the_second_write(watched: Watched, run: Run) -> None:
    """Salesforce takes the run's first record, and refuses its next one."""
    worker = watched.worker()
    original = worker._governed.perform

    async def perform(task):  # type: ignore[no-untyped-def]
        if task.effect.platform == "salesforce" and task.position > 1:
            watched.office.control.fault(
                "salesforce", "status", status=400, body=INVALID, match={"method": "PATCH"}, times=1
            )
        return await original(task)

    worker._governed.perform = perform  # type: ignore[method-assign]
    await worker.take(run.id)
    watched.office.control.calm()


async def _made(watched: Watched, platform: str, name: str) -> str:
    run = await watched.done(("filing", filing_on(watched.office, platform).create(name), Undo.REMOVE))
    made = (await watched.office.steps(run))["filing"].external_id
    assert made is not None
    return made


async def _taken_back(watched: Watched, run: Run) -> Run:
    reply = await watched.office.desk.compensate(watched.office.caller("admin"), run.id)
    assert reply.run is not None, reply.refusals
    return await watched.worked(run)


async def _retried(watched: Watched, run: Run) -> Run:
    reply = await watched.office.desk.retry(watched.office.caller("admin"), run.id)
    assert reply.run is not None, reply.refusals
    return await watched.worked(run)
