"""A governed step: looked at, written down, looked for, done, read back, recorded; in this order and no other."""

from dataclasses import replace

import pytest

from platforms.slots import Priority
from schema.errors import Queue
from schema.ids import RecordKey, encode_id
from schema.roles import PlatformRole
from sync.effects import Create, Undo
from sync.keys import business_key, step_key
from sync.ledger.records import ApprovalState, RunStatus, Step, StepStatus
from tests.sync.watched import Watched, filed, filing_on, flow_of, in_order, new_name

PLATFORMS = ["salesforce", "kantata", "netsuite"]


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_a_first_try_writes_down_its_intent_writes_reads_back_and_records(
    watched: Watched, platform: str
) -> None:
    filing, name = filing_on(watched.office, platform), new_name()
    run = await watched.done(("filing", filing.create(name), Undo.REMOVE))
    assert run.status is RunStatus.SUCCEEDED
    steps = watched.witness.steps()
    intent, record = steps.index("begin filing"), steps.index("finish filing")
    written = [place for place, told in enumerate(steps) if told == f"write {platform}"]
    assert written, "something was written"
    assert all(intent < place < record for place in written)
    assert f"read {platform}" in steps[written[-1] : record], "what was written is read back before it is recorded"
    assert len(filed(watched.office, filing, name)) == 1


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_a_further_try_begins_with_a_look_for_what_may_have_landed(watched: Watched, platform: str) -> None:
    filing, name = filing_on(watched.office, platform), new_name()
    await watched.done(("warm up", filing.create(new_name()), Undo.REMOVE))  # signed in, references known
    watched.office.control.fault(platform, "drop_after", times=1, match={"method": _method(platform)})
    run = await watched.accepted(("filing", filing.create(name), Undo.REMOVE))
    await watched.worker().take(run.id)
    assert (await watched.office.steps(run))["filing"].possible_until is not None
    watched.witness.anew()
    assert (await watched.worked(run)).status is RunStatus.SUCCEEDED
    calls = [told for told in watched.witness.steps() if told.endswith(platform)]
    assert calls[0] == f"read {platform}"
    assert f"write {platform}" not in calls, "it was there"
    assert len(filed(watched.office, filing, name)) == 1


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_a_change_is_compared_before_and_after(watched: Watched, platform: str) -> None:
    filing, name, other = filing_on(watched.office, platform), new_name(), new_name()
    run = await watched.done(("filing", filing.create(name), Undo.REMOVE))
    made = (await watched.office.steps(run))["filing"].external_id
    assert made is not None
    watched.witness.anew()
    run = await watched.done(("renaming", filing.update(made, other), Undo.RESTORE))
    steps = watched.witness.steps()
    assert in_order(
        steps, f"read {platform}", "begin renaming", f"write {platform}", f"read {platform}", "finish renaming"
    )
    step = (await watched.office.steps(run))["renaming"]
    assert (step.before, step.asked) == ({filing.path: name}, {filing.path: other})


async def test_what_is_so_already_is_not_written(watched: Watched) -> None:
    filing, name = filing_on(watched.office, "salesforce"), new_name()
    made = (await _filed(watched, filing.create(name))).external_id
    watched.witness.anew()
    run = await watched.done(("renaming", filing.update(made, name), Undo.RESTORE))
    assert (await watched.office.steps(run))["renaming"].status is StepStatus.SKIPPED
    assert not any(seen.writes for seen in watched.witness.seen)


async def test_what_nobody_may_write_is_refused_before_anything_is_asked_or_written(watched: Watched) -> None:
    """Owner and policy stand before intent: a field that the platform keeps to itself never becomes a call."""
    effect = Create(
        platform="salesforce", type="Account", role=PlatformRole.CRM, values={"name": new_name(), "ownerName": "Eve"}
    )
    run = await watched.done(("filing", effect, Undo.REMOVE))
    assert run.status is RunStatus.FAILED
    assert "begin filing" not in watched.witness.steps()
    assert not watched.witness.of("salesforce")
    (problem,) = await watched.office.problems(run)
    assert problem.code == "OWNERSHIP"
    assert "CRM (salesforce)" in problem.message


async def test_a_later_step_that_may_not_be_done_takes_the_earlier_ones_back(watched: Watched) -> None:
    filing, name = filing_on(watched.office, "salesforce"), new_name()
    forbidden = Create(
        platform="salesforce", type="Account", role=PlatformRole.CRM, values={"name": new_name(), "ownerName": "Eve"}
    )
    run = await watched.done(("filing", filing.create(name), Undo.REMOVE), ("forbidden", forbidden, Undo.REMOVE))
    assert run.status is RunStatus.COMPENSATED
    assert not filed(watched.office, filing, name)


async def test_keys_are_the_same_for_every_try_and_for_nobody_else() -> None:
    assert step_key("run", "step") == step_key("run", "step")
    keys = {step_key("run", "step"), step_key("run", "step 2"), step_key("run 2", "step"), business_key("run", "step")}
    assert len(keys) == 4
    assert step_key("a", "bc") != step_key("ab", "c")
    assert all(key.isascii() and key.isalnum() and len(key) == 28 for key in keys)


async def test_the_record_bears_the_steps_key(watched: Watched) -> None:
    filing, name = filing_on(watched.office, "salesforce"), new_name()
    run = await watched.done(("filing", filing.create(name), Undo.REMOVE))
    (record,) = filed(watched.office, filing, name)
    assert record["CW_Key__c"] == step_key(run.id, "filing")


async def test_what_the_firm_has_once_is_taken_as_it_is(watched: Watched) -> None:
    filing, name, key = filing_on(watched.office, "kantata"), new_name(), business_key(new_name())
    first = await watched.done(("filing", filing.create(name, key=key), Undo.REMOVE))
    again = await watched.done(("filing", filing.create(name, key=key), Undo.REMOVE))
    mine, theirs = [(await watched.office.steps(run))["filing"] for run in (first, again)]
    assert (mine.status, theirs.status) == (StepStatus.SUCCEEDED, StepStatus.SKIPPED)
    assert mine.external_id == theirs.external_id
    assert (mine.created, theirs.created) == (True, False)
    assert len(filed(watched.office, filing, name)) == 1


async def test_result_link_and_audit_are_recorded_together(watched: Watched) -> None:
    filing, name = filing_on(watched.office, "netsuite"), new_name()
    owner = encode_id(RecordKey("Account", "salesforce", "001"))
    effect = replace(filing.create(name), of=owner)
    run = await watched.done(("filing", effect, Undo.REMOVE))
    step = (await watched.office.steps(run))["filing"]
    links = await watched.office.ledger.linked("netsuite", "customer", step.external_id or "")
    assert [(link.record_id, link.run_id, link.made_by) for link in links] == [(owner, run.id, "write")]
    entries = await watched.office.ledger.audit_log(record_id=owner, correlation_id=None, first=10, after=None)
    (entry,) = [each for each in entries if each.action == "step.done"]
    assert entry.correlation_id == run.correlation_id
    assert entry.detail["after"]["billing.legalName"] == name
    assert [call["status"] for call in entry.detail["calls"]][-1] == 200
    assert name not in str(entry.detail["calls"]), "calls are told without what they carried"


async def test_an_undone_change_is_told_of_the_record_it_befell(watched: Watched) -> None:
    filing = filing_on(watched.office, "salesforce")
    made = (await _filed(watched, filing.create(new_name()))).external_id
    run = await watched.done(("renaming", filing.update(made, new_name()), Undo.RESTORE))
    account = encode_id(RecordKey("Account", "salesforce", made))
    entries = await watched.office.ledger.audit_log(record_id=account, correlation_id=None, first=10, after=None)
    assert [entry.run_id for entry in entries if entry.action == "step.done"][-1] == run.id


async def test_a_version_that_the_caller_saw_is_held_to(watched: Watched) -> None:
    filing = filing_on(watched.office, "salesforce")
    made = (await _filed(watched, filing.create(new_name()))).external_id
    bound = replace(filing.update(made, new_name()), version="old")
    run = await watched.done(("renaming", bound, Undo.RESTORE))
    assert run.status is RunStatus.FAILED
    (problem,) = await watched.office.problems(run)
    assert problem.code == "CONFLICT"
    assert [field["field"] for field in problem.detail["fields"]] == ["name"]
    assert problem.detail["ifVersion"] == "old"


async def test_a_change_by_others_while_an_answer_was_lost_is_a_conflict_too(watched: Watched) -> None:
    """A lost try that came to nothing doesn't open the way past the version that the caller saw."""
    filing, name, theirs = filing_on(watched.office, "salesforce"), new_name(), new_name()
    made = (await _filed(watched, filing.create(name))).external_id
    door = watched.office.firm.door("salesforce", "Account", PlatformRole.CRM)
    assert door is not None
    seen = await door.writer.fetch(door.writable, made)
    assert seen is not None
    bound = replace(filing.update(made, new_name()), version=seen.version)
    watched.office.control.fault("salesforce", "drop_before", times=1, match={"method": "PATCH"})
    run = await watched.accepted(("renaming", bound, Undo.RESTORE))
    await watched.worker().take(run.id)
    watched.office.control.change("salesforce", "Account", made, Name=theirs)
    run = await watched.worked(run)
    assert run.status is RunStatus.FAILED
    assert [problem.code for problem in await watched.office.problems(run)] == ["CONFLICT"]
    assert len(filed(watched.office, filing, theirs)) == 1


async def test_calls_of_runs_give_way_to_people(watched: Watched) -> None:
    filing = filing_on(watched.office, "salesforce")
    await watched.done(("filing", filing.create(new_name()), Undo.REMOVE))
    assert {seen.urgent for seen in watched.witness.seen if seen.where != "ledger"} == {Priority.GOVERNED_WRITE}
    watched.witness.anew()
    flow = flow_of(("filing", filing.create(new_name()), Undo.REMOVE), urgency=Priority.SYNC)
    await watched.worked(await watched.accepted(flow=flow))
    assert {seen.urgent for seen in watched.witness.seen if seen.where != "ledger"} == {Priority.SYNC}


async def test_an_approved_run_is_planned_and_approved_before_its_first_intent(watched: Watched) -> None:
    filing = filing_on(watched.office, "salesforce")
    flow = flow_of(("filing", filing.create(new_name()), Undo.REMOVE), approver="finance", queue=Queue.FINANCE)
    run = await watched.worked(await watched.accepted(flow=flow))
    assert run.status is RunStatus.AWAITING_APPROVAL
    assert not any(seen.writes for seen in watched.witness.seen)
    approval = await watched.office.ledger.approval(run.id)
    assert approval is not None
    assert approval.state is ApprovalState.SUBMITTED


async def _filed(watched: Watched, effect: Create) -> Step:
    run = await watched.done(("filing", effect, Undo.REMOVE))
    return (await watched.office.steps(run))["filing"]


def _method(platform: str) -> str:
    return {"salesforce": "PATCH", "kantata": "POST", "netsuite": "PUT"}[platform]
