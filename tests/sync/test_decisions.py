"""What people may do with a run, by its status: cancel, retry, take back, or put other values into what failed."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from schema.roles import PlatformRole
from sync.desk import Caller, RefusalCode, Reply
from sync.edits import fitting
from sync.ledger.port import Hold, Outcome, RunChange
from sync.ledger.records import ApprovalState, Operation, Run, RunStatus, Step, StepError, StepStatus
from sync.process import Refused
from tests.sync.office import Office

NOTHING = Outcome()
CRM = "CRM record in salesforce"
CALL = StepError(code="UPSTREAM_REJECTED", message="It said no.", retryable=False)


async def wanted(office: Office, place: int = 0, **more: Any) -> Run:
    client = office.of_firm("Account")[place]
    return await office.accepted("updateAccount", id=office.id_of("Account", client), industry="Energy", **more)


async def held(office: Office, run: Run) -> Hold:
    claimed = await office.ledger.claim(run.id, "worker-1", seconds=30)
    assert claimed is not None
    return claimed[1]


def step_of(run: Run, status: StepStatus = StepStatus.FAILED, name: str = CRM, **more: Any) -> Step:
    return Step(
        run_id=run.id,
        name=name,
        position=1,
        platform="salesforce",
        type="Account",
        role="CRM",
        operation=Operation.UPDATE,
        status=status,
        attempts=1,
        external_id="001000000000000AAA",
        asked={"industry": "Energy"},
        **more,
    )


async def brought_to(office: Office, status: RunStatus, *steps: Callable[[Run], Step], place: int = 0) -> Run:
    """A run as a worker leaves it that got so far."""
    run = await wanted(office, place)
    if status is RunStatus.PENDING:
        return run
    hold = await held(office, run)
    for step in steps:
        await office.ledger.begin(hold, step(run), NOTHING)
    later = office.clock.now() + timedelta(seconds=60)
    return await office.ledger.release(hold, RunChange(status=status, next_at=later), NOTHING)


async def decided(office: Office, action: str, run: Run, caller: Caller | None = None) -> Reply:
    who = caller or office.caller("admin")
    desk = office.desk
    match action:
        case "cancel":
            return await desk.cancel(who, run.id)
        case "retry":
            return await desk.retry(who, run.id)
        case "compensate":
            return await desk.compensate(who, run.id)
    return await desk.edit_step(who, run.id, CRM, {"industry": "Retail"})


def refusal(reply: Reply) -> RefusalCode:
    assert reply.run is None
    (found,) = reply.refusals
    return found.code


# What becomes of the run; what isn't here is refused.
ALLOWED: Mapping[tuple[str, RunStatus, bool], RunStatus] = {
    ("cancel", RunStatus.PENDING, False): RunStatus.CANCELLED,
    ("cancel", RunStatus.RUNNING, False): RunStatus.CANCELLED,
    ("cancel", RunStatus.FAILED, False): RunStatus.CANCELLED,
    ("retry", RunStatus.FAILED, False): RunStatus.PENDING,
    ("retry", RunStatus.FAILED, True): RunStatus.PENDING,
    ("compensate", RunStatus.FAILED, False): RunStatus.COMPENSATING,
    ("compensate", RunStatus.FAILED, True): RunStatus.COMPENSATING,
    ("compensate", RunStatus.SUCCEEDED, False): RunStatus.COMPENSATING,
    ("compensate", RunStatus.SUCCEEDED, True): RunStatus.COMPENSATING,
    ("edit", RunStatus.FAILED, True): RunStatus.FAILED,
}
STANDINGS = [
    (status, begun)
    for status in RunStatus
    for begun in (False, True)
    if status is not RunStatus.AWAITING_APPROVAL and (status, begun) != (RunStatus.PENDING, True)
]


ACTIONS = ("cancel", "retry", "compensate", "edit")


@pytest.mark.parametrize(("status", "begun"), STANDINGS)
async def test_what_may_be_done_depends_on_how_far_a_run_is(office: Office, status: RunStatus, begun: bool) -> None:
    for place, action in enumerate(ACTIONS):
        run = await brought_to(office, status, *((step_of,) if begun else ()), place=place)
        reply = await decided(office, action, run)
        after = await office.ledger.run(run.id)
        assert after is not None
        expected = ALLOWED.get((action, status, begun))
        if expected is None:
            assert refusal(reply) is RefusalCode.STATE
            assert after == run
        else:
            assert reply.run == after
            assert after.status is expected


@pytest.mark.parametrize("status", [RunStatus.RUNNING, RunStatus.COMPENSATING])
async def test_nothing_is_done_to_a_run_that_a_worker_holds(office: Office, status: RunStatus) -> None:
    run = await wanted(office)
    hold = await held(office, run)
    working = await office.ledger.change(hold, RunChange(status=status), NOTHING)
    for action in ACTIONS:
        assert refusal(await decided(office, action, run)) is RefusalCode.STATE
    assert await office.ledger.run(run.id) == working
    await office.ledger.change(hold, RunChange(), NOTHING)  # it still is the worker's


async def test_what_a_dead_worker_held_and_had_not_begun_can_be_cancelled(office: Office) -> None:
    run = await wanted(office)
    await held(office, run)
    office.clock.advance(31)
    reply = await decided(office, "cancel", run)
    assert reply.run is not None
    assert reply.run.status is RunStatus.CANCELLED


async def test_a_run_that_waits_for_approval_can_only_be_cancelled(office: Office) -> None:
    (draft,) = office.of_firm("Invoice", status="DRAFT")
    run = await office.accepted("postInvoice", role="finance", invoiceId=office.id_of("Invoice", draft))
    for action in ("retry", "compensate", "edit"):
        assert refusal(await decided(office, action, run)) is RefusalCode.STATE
    assert (await decided(office, "cancel", run, office.caller("finance"))).run is not None
    approval = await office.ledger.approval(run.id)
    assert approval is not None
    assert approval.state is ApprovalState.DRAFT
    late = await office.desk.approve(office.caller("finance", "omar"), run.id, comment=None)
    assert refusal(late) is RefusalCode.STATE


async def test_a_run_that_is_not_there_is_not_found(office: Office) -> None:
    nothing = msgspec.structs.replace(await wanted(office), id="nothing")
    for action in ACTIONS:
        assert refusal(await decided(office, action, nothing)) is RefusalCode.NOT_FOUND


async def test_those_who_do_not_own_a_process_steer_none_of_its_runs(office: Office) -> None:
    run = await brought_to(office, RunStatus.FAILED)
    for role in ("finance", "pmo", "delivery", "auditor", "portal", "nobody"):
        for action in ACTIONS:
            assert refusal(await decided(office, action, run, office.caller(role))) is RefusalCode.FORBIDDEN
    assert await office.ledger.run(run.id) == run


async def test_whoever_asked_for_a_run_may_cancel_it(office: Office) -> None:
    run = await wanted(office, role="finance", asker="maya")
    assert refusal(await decided(office, "cancel", run, office.caller("finance", "omar"))) is RefusalCode.FORBIDDEN
    assert (await decided(office, "cancel", run, office.caller("finance", "maya"))).run is not None


# ------------------------------------------------------------------------------------------- what nobody knows yet


@pytest.mark.parametrize(
    ("status", "possible", "known"),
    [
        (StepStatus.RUNNING, False, False),
        (StepStatus.RUNNING, True, False),
        (StepStatus.RETRYING, True, False),
        (StepStatus.FAILED, True, False),
        (StepStatus.RETRYING, False, True),
        (StepStatus.FAILED, False, True),
    ],
)
async def test_what_may_have_been_done_is_found_out_first(
    office: Office, status: StepStatus, possible: bool, known: bool
) -> None:
    until = office.clock.now() if possible else None
    for place, action in enumerate(("compensate", "edit")):
        left = await brought_to(
            office, RunStatus.FAILED, lambda run: step_of(run, status, possible_until=until), place=place
        )
        reply = await decided(office, action, left)
        if known:
            assert reply.run is not None
        else:
            assert refusal(reply) is RefusalCode.STATE
            assert CRM in reply.refusals[0].message
            assert (await decided(office, "retry", left)).run is not None


async def test_a_run_whose_undoing_failed_goes_on_undoing(office: Office) -> None:
    run = await brought_to(office, RunStatus.FAILED, step_of, lambda run: step_of(run, name=f"undo {CRM}"))
    reply = await decided(office, "retry", run)
    assert reply.run is not None
    assert reply.run.status is RunStatus.COMPENSATING
    undoing = await brought_to(office, RunStatus.FAILED, lambda run: step_of(run, name=f"undo {CRM}"), place=1)
    edited = await office.desk.edit_step(office.caller("admin"), undoing.id, f"undo {CRM}", {"industry": "Retail"})
    assert refusal(edited) is RefusalCode.STATE


# ------------------------------------------------------------------------------------------ two at the same instant


@dataclass
class Meanwhile:
    """The ledger, where something happens just when a decision has looked at the steps."""

    ledger: Any
    happens: Callable[[], Awaitable[Any]]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.ledger, name)

    async def steps(self, run_id: str) -> tuple[Step, ...]:
        found: tuple[Step, ...] = await self.ledger.steps(run_id)
        await self.happens()
        return found


async def test_what_a_worker_begins_at_that_very_moment_is_not_cancelled(office: Office) -> None:
    run = await wanted(office)

    async def works() -> None:
        hold = await held(office, run)
        await office.ledger.begin(hold, step_of(run, StepStatus.RUNNING), NOTHING)
        retried = RunChange(next_at=office.clock.now() + timedelta(seconds=5))
        await office.ledger.stumble(hold, step_of(run, StepStatus.RETRYING), CALL, retried, NOTHING)

    office.desk.ledger = Meanwhile(office.ledger, works)
    assert refusal(await decided(office, "cancel", run)) is RefusalCode.STATE
    after = await office.ledger.run(run.id)
    assert after is not None
    assert after.status is RunStatus.RUNNING


async def test_of_two_decisions_at_one_instant_one_holds(office: Office) -> None:
    run = await brought_to(office, RunStatus.FAILED)
    replies = await asyncio.gather(*(decided(office, action, run) for action in ("retry", "compensate", "cancel")))
    (done,) = [reply.run for reply in replies if reply.run is not None]
    after = await office.ledger.run(run.id)
    assert after is not None
    assert after.status is done.status
    assert [refusal(reply) for reply in replies if reply.run is None] == [RefusalCode.STATE] * 2


async def test_of_two_edits_at_one_instant_none_is_lost_in_silence(office: Office) -> None:
    run = await brought_to(office, RunStatus.FAILED, step_of)
    caller = office.caller("admin")
    values = ({"industry": "Retail"}, {"website": "https://new.example"})
    replies = await asyncio.gather(*(office.desk.edit_step(caller, run.id, CRM, value) for value in values))
    after = await office.ledger.run(run.id)
    assert after is not None
    taken = {path for value, reply in zip(values, replies, strict=True) if reply.run is not None for path in value}
    assert after.facts[f"edited:{CRM}"].keys() == taken


# ---------------------------------------------------------------------------------------------------- other values


async def refused_by_salesforce(office: Office, place: int, *, method: str, status: int = 400) -> Run:
    """A run whose step has failed, once, at a call of this method."""
    body = [{"errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "message": "Energy needs a permit."}]
    run = await wanted(office, place)
    match = {"method": method, "path": "/sobjects/Account/"}
    office.control.fault("salesforce", "status", status=status, body=body, times=1, match=match)
    failed = await office.worked(run.id)
    assert failed.status is RunStatus.FAILED
    return failed


def industry(office: Office, place: int) -> Any:
    record = office.control.record(
        "salesforce", "Account", office.external(office.of_firm("Account")[place], "salesforce")
    )
    assert record is not None
    return record["Industry"]


async def test_a_person_puts_another_value_in_and_the_run_goes_on_with_it(fresh_office: Office) -> None:
    office = fresh_office
    was = industry(office, 0)
    run = await refused_by_salesforce(office, 0, method="PATCH")
    ann = office.caller("sales_ops", "ann")
    for value in ("Mining", "Utilities"):
        assert (await office.desk.edit_step(ann, run.id, CRM, {"industry": value})).run is not None
    assert industry(office, 0) == was
    await office.desk.retry(ann, run.id)
    assert (await office.worked(run.id)).status is RunStatus.SUCCEEDED
    assert industry(office, 0) == "Utilities"
    entries = await office.ledger.audit_log(record_id=None, correlation_id=run.correlation_id, first=50, after=None)
    edits = [(entry.actor, entry.detail) for entry in entries if entry.action == "step.edited"]
    assert edits == [
        ("ann", {"step": CRM, "before": {"industry": "Energy"}, "after": {"industry": "Mining"}, "role": "sales_ops"}),
        (
            "ann",
            {"step": CRM, "before": {"industry": "Mining"}, "after": {"industry": "Utilities"}, "role": "sales_ops"},
        ),
    ]
    (done,) = [entry for entry in entries if entry.action == "step.done"]
    assert (done.detail["before"], done.detail["after"]) == ({"industry": was}, {"industry": "Utilities"})


async def test_a_value_put_in_outlives_that_the_run_is_planned_anew(fresh_office: Office) -> None:
    office = fresh_office
    run = await refused_by_salesforce(office, 0, method="GET", status=403)
    assert [step.attempts for step in (await office.steps(run)).values()] == [0]
    caller = office.caller("admin")
    assert (await office.desk.edit_step(caller, run.id, CRM, {"industry": "Mining"})).run is not None
    await office.desk.retry(caller, run.id)
    assert (await office.worked(run.id)).status is RunStatus.SUCCEEDED
    assert industry(office, 0) == "Mining"


async def test_where_nothing_is_begun_a_retry_looks_again(fresh_office: Office) -> None:
    office = fresh_office
    run = await refused_by_salesforce(office, 0, method="GET", status=403)
    client = office.external(office.of_firm("Account")[0], "salesforce")
    office.control.change("salesforce", "Account", client, Industry="Shipping")
    await office.desk.retry(office.caller("admin"), run.id)
    done = await office.worked(run.id)
    assert done.status is RunStatus.SUCCEEDED
    assert done.plan is not None
    assert run.plan is not None
    assert [planned.changes[0].before for planned in (run.plan[0], done.plan[0])] == ["Retail", "Shipping"]
    assert done.plan_hash != run.plan_hash


async def test_what_was_approved_is_not_changed_afterwards(fresh_office: Office) -> None:
    office = fresh_office
    (draft,) = office.of_firm("Invoice", status="DRAFT")
    run = await office.accepted("postInvoice", role="finance", invoiceId=office.id_of("Invoice", draft))
    await office.desk.approve(office.caller("finance", "omar"), run.id, comment=None)
    office.control.fault("netsuite", "status", status=400, body={"title": "No"}, times=1, match={"method": "PATCH"})
    assert (await office.worked(run.id)).status is RunStatus.FAILED
    edit = await office.desk.edit_step(office.caller("finance"), run.id, "posting in ERP", {"purchaseOrder": "PO-1"})
    assert refusal(edit) is RefusalCode.STATE
    assert "approved" in edit.refusals[0].message


UNFIT: list[tuple[dict[str, Any], tuple[str, ...], str]] = [
    ({}, ("values",), "at least one"),
    ({"shoeSize": "44"}, ("values",), "lets nobody set 'shoeSize'"),
    ({"id": "001"}, ("values",), "lets nobody set 'id'"),
    ({"industry": 5}, ("values", "industry"), "Expected `str"),
    ({"industry": ["Energy"]}, ("values", "industry"), "Expected `str"),
    ({"industry": {"a": 1}}, ("values", "industry"), "Expected `str"),
    ({"industry": "Energy\x00"}, ("values", "industry"), "control character"),
    ({"industry": "\ud800"}, ("values", "industry"), "control character"),
    ({"industry": "E" * 4_001}, ("values", "industry"), "at most 4000"),
    ({"status": "SLEEPING"}, ("values", "status"), "Invalid enum value"),
    ({"name": None}, ("values", "name"), "can't be without name"),
    ({"name": ""}, ("values", "name"), "can't be without name"),
]


async def test_only_what_the_platform_takes_can_be_put_in(office: Office) -> None:
    run = await brought_to(office, RunStatus.FAILED, step_of)
    for values, place, said in UNFIT:
        reply = await office.desk.edit_step(office.caller("admin"), run.id, CRM, values)
        (found,) = reply.refusals
        assert (found.code, found.path) == (RefusalCode.INVALID, place)
        assert said in found.message
    assert await office.ledger.run(run.id) == run


async def test_everything_that_is_wrong_is_said_at_once(office: Office) -> None:
    run = await brought_to(office, RunStatus.FAILED, step_of)
    values = {"status": "SLEEPING", "industry": 5}
    reply = await office.desk.edit_step(office.caller("admin"), run.id, CRM, values)
    assert [found.path for found in reply.refusals] == [("values", "status"), ("values", "industry")]


async def test_an_amount_is_a_number_and_is_kept_as_it_was_written(office: Office) -> None:
    run = await wanted(office)
    step = step_of(run)
    psa = PlatformRole.PSA.value
    project = msgspec.structs.replace(step, platform="kantata", type="Project", role=psa)
    path = next(path for path in ("budget.amount", "budget") if path in writable_paths(office))
    assert fitting(office.firm, project, {path: "1250.10"}) == {path: "1250.10"}
    for wrong in ("NaN", "Infinity", "-Infinity", "much"):
        with pytest.raises(Refused):
            fitting(office.firm, project, {path: wrong})


def writable_paths(office: Office) -> set[str]:
    door = office.firm.door("kantata", "Project", PlatformRole.PSA)
    assert door is not None
    return set(door.writable.paths)
