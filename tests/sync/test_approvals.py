"""A draft invoice is posted once a second person has agreed to exactly this one; otherwise it is not."""

import asyncio
from typing import Any

import pytest

from sync.broker import RunQueue, embedded_broker
from sync.desk import RefusalCode, Reply
from sync.ledger.records import Approval, ApprovalState, Audited, Run, RunStatus
from sync.relay import Relay
from tests.sync.conftest import HeldClock
from tests.sync.office import APPROVAL_SECONDS, Office

MAYA, OMAR = "maya", "omar"


@pytest.fixture
def firm(fresh_office: Office) -> Office:
    return fresh_office


def draft(office: Office) -> dict[str, Any]:
    (found,) = office.of_firm("Invoice", status="DRAFT")
    return found


async def posting(office: Office, **more: Any) -> Run:
    """Maya of finance asks for the draft to be posted."""
    invoice_id = office.id_of("Invoice", draft(office))
    return await office.accepted("postInvoice", role="finance", asker=MAYA, invoiceId=invoice_id, **more)


async def approved_by(office: Office, run: Run, role: str = "finance", name: str = OMAR) -> Reply:
    return await office.desk.approve(office.caller(role, name), run.id, comment="Looks right.")


async def approval_of(office: Office, run: Run) -> Approval:
    found = await office.ledger.approval(run.id)
    assert found is not None
    return found


def posted(office: Office) -> bool:
    record = office.control.record("netsuite", "invoice", office.external(draft(office), "netsuite"))
    assert record is not None
    return bool(record["posting"])


def change(office: Office, **fields: Any) -> None:
    """Somebody changes the draft in the ERP."""
    office.control.change("netsuite", "invoice", office.external(draft(office), "netsuite"), **fields)


def refusal(reply: Reply) -> RefusalCode:
    assert reply.run is None
    (found,) = reply.refusals
    assert found.message
    return found.code


async def actions(office: Office, run: Run) -> list[str]:
    entries = await office.ledger.audit_log(record_id=None, correlation_id=run.correlation_id, first=50, after=None)
    return [entry.action for entry in entries]


async def test_nothing_is_written_before_a_second_person_has_agreed(firm: Office) -> None:
    run = await posting(firm)
    approval = await approval_of(firm, run)
    assert run.status is RunStatus.AWAITING_APPROVAL
    assert (approval.state, approval.required_role) == (ApprovalState.SUBMITTED, "finance")
    assert approval.plan_hash == run.plan_hash
    assert await firm.runner().take(run.id) is False
    assert firm.control.writes("netsuite") == 0
    reply = await approved_by(firm, run)
    assert reply.run is not None
    assert reply.run.status is RunStatus.PENDING
    assert (await firm.worked(run.id)).status is RunStatus.SUCCEEDED
    assert posted(firm)
    decided = await approval_of(firm, run)
    assert (decided.state, decided.decided_by, decided.comment) == (ApprovalState.APPROVED, OMAR, "Looks right.")
    assert decided.decided_at == firm.clock.now()


@pytest.mark.parametrize("role", ["finance", "admin"])
async def test_whoever_asked_can_neither_approve_nor_reject(firm: Office, role: str) -> None:
    run = await posting(firm)
    assert refusal(await approved_by(firm, run, role, MAYA)) is RefusalCode.FORBIDDEN
    rejected = await firm.desk.reject(firm.caller(role, MAYA), run.id, comment="No.")
    assert refusal(rejected) is RefusalCode.FORBIDDEN
    assert (await approval_of(firm, run)).state is ApprovalState.SUBMITTED


@pytest.mark.parametrize("role", ["service", "pmo", "sales_ops", "delivery", "auditor", "portal", "nobody"])
async def test_other_roles_do_not_decide(firm: Office, role: str) -> None:
    run = await posting(firm)
    assert refusal(await approved_by(firm, run, role)) is RefusalCode.FORBIDDEN
    rejected = await firm.desk.reject(firm.caller(role, OMAR), run.id, comment="No.")
    assert refusal(rejected) is RefusalCode.FORBIDDEN
    assert (await approval_of(firm, run)).state is ApprovalState.SUBMITTED
    assert await actions(firm, run) == ["run.requested"]


async def test_an_administrator_may_approve(firm: Office) -> None:
    run = await posting(firm)
    assert (await approved_by(firm, run, "admin", "ada")).run is not None


async def test_the_hash_is_of_the_live_values(firm: Office) -> None:
    first, same = await posting(firm), await posting(firm)
    assert first.plan_hash == same.plan_hash
    change(firm, item={"items": [{"line": 1, "quantity": "40.00"}]})
    assert (await posting(firm)).plan_hash != first.plan_hash


async def test_another_total_voids_the_approval_and_is_told(firm: Office) -> None:
    run = await posting(firm)
    await approved_by(firm, run)
    change(firm, item={"items": [{"line": 1, "quantity": "40.00"}]})
    waiting = await firm.worked(run.id)
    assert waiting.status is RunStatus.AWAITING_APPROVAL
    assert not posted(firm)
    assert firm.control.writes("netsuite") == 0
    asked = await approval_of(firm, run)
    assert (asked.state, asked.decided_by) == (ApprovalState.SUBMITTED, None)
    assert asked.plan_hash == waiting.plan_hash != run.plan_hash
    assert asked.comment == (
        "An earlier approval is void, since the plan changed: standing.total was '52994.71', now '53511.17'"
    )
    assert (await actions(firm, run))[-1] == "approval.voided"
    await approved_by(firm, run, name="olga")
    assert (await firm.worked(run.id)).status is RunStatus.SUCCEEDED
    assert posted(firm)
    assert (await approval_of(firm, run)).decided_by == "olga"


async def test_another_number_voids_the_approval_too(firm: Office) -> None:
    run = await posting(firm)
    await approved_by(firm, run)
    change(firm, tranId="INV-OTHER")
    assert (await firm.worked(run.id)).status is RunStatus.AWAITING_APPROVAL
    assert "standing.number was 'INV100141', now 'INV-OTHER'" in str((await approval_of(firm, run)).comment)
    assert not posted(firm)


async def test_a_draft_that_somebody_posted_meanwhile_is_finances_to_look_at(firm: Office) -> None:
    run = await posting(firm)
    await approved_by(firm, run)
    change(firm, approvalStatus={"id": "2"})
    ended = await firm.worked(run.id)
    assert ended.status is RunStatus.FAILED
    assert firm.control.writes("netsuite") == 0
    (problem,) = await firm.problems(run)
    assert (problem.queue.value, problem.code) == ("FINANCE", "STATE")
    assert "Only a draft can be posted" in problem.message


async def test_an_approval_that_was_given_to_another_plan_is_none(firm: Office) -> None:
    """A second approver who still sees the first plan doesn't approve the second one by that."""
    run = await posting(firm)
    await approved_by(firm, run)
    change(firm, tranId="INV-OTHER")
    await firm.worked(run.id)
    given = Audited(actor="olga", action="approval.given", detail=None)
    yes = ApprovalState.APPROVED
    late = await firm.ledger.decide(run.id, state=yes, by="olga", comment=None, plan_hash=run.plan_hash, audit=given)
    assert late is None
    assert (await approval_of(firm, run)).state is ApprovalState.SUBMITTED


async def test_the_values_are_read_again_before_anything_is_written(firm: Office) -> None:
    run = await posting(firm)
    await approved_by(firm, run)
    firm.control.calm()
    firm.control.fault("netsuite", "status", status=500, match={"method": "PATCH"})
    await firm.runner().take(run.id)
    reads = [route for route in firm.control.calls("netsuite") if "suiteql" in route or route.startswith("GET ")]
    assert reads
    assert not posted(firm)


async def test_a_decision_that_nobody_makes_in_time_ends_the_run(firm: Office, clock: HeldClock) -> None:
    relay = Relay(firm.ledger, RunQueue(embedded_broker()), clock)
    run = await posting(firm)
    clock.advance(APPROVAL_SECONDS - 1)
    await relay.expire()
    assert (await firm.ledger.run(run.id)) == run
    clock.advance(1)
    assert refusal(await approved_by(firm, run)) is RefusalCode.STATE
    await relay.expire()
    ended = await firm.ledger.run(run.id)
    assert ended is not None
    assert (ended.status, ended.finished_at) == (RunStatus.CANCELLED, clock.now())
    assert (await approval_of(firm, run)).state is ApprovalState.DRAFT
    assert (await actions(firm, run))[-1] == "approval.expired"
    assert refusal(await approved_by(firm, run)) is RefusalCode.STATE
    assert not posted(firm)


async def test_an_approval_given_in_time_holds_though_the_work_is_late(firm: Office, clock: HeldClock) -> None:
    relay = Relay(firm.ledger, RunQueue(embedded_broker()), clock)
    run = await posting(firm)
    await approved_by(firm, run)
    clock.advance(APPROVAL_SECONDS * 5)
    await relay.expire()
    assert (await firm.worked(run.id)).status is RunStatus.SUCCEEDED


async def test_a_rejection_says_why_and_ends_the_run(firm: Office) -> None:
    run = await posting(firm)
    omar = firm.caller("finance", OMAR)
    assert refusal(await firm.desk.reject(omar, run.id, comment=" \n")) is RefusalCode.INVALID
    reply = await firm.desk.reject(omar, run.id, comment="The rate of line 3 is last year's.")
    assert reply.run is not None
    assert reply.run.status is RunStatus.CANCELLED
    decided = await approval_of(firm, run)
    assert (decided.state, decided.decided_by) == (ApprovalState.REJECTED, OMAR)
    assert decided.comment == "The rate of line 3 is last year's."
    assert await firm.runner().take(run.id) is False
    assert not posted(firm)
    assert refusal(await approved_by(firm, run, name="olga")) is RefusalCode.STATE
    assert refusal(await firm.desk.retry(omar, run.id)) is RefusalCode.STATE


async def test_what_is_decided_is_not_decided_again(firm: Office) -> None:
    run = await posting(firm)
    await approved_by(firm, run)
    for name in (OMAR, "olga"):
        assert refusal(await approved_by(firm, run, name=name)) is RefusalCode.STATE
    late = await firm.desk.reject(firm.caller("finance", "olga"), run.id, comment="No!")
    assert refusal(late) is RefusalCode.STATE
    assert (await actions(firm, run)).count("approval.given") == 1


async def test_what_needs_no_approval_or_is_not_there_can_not_be_approved(firm: Office) -> None:
    client = firm.of_firm("Account")[0]
    run = await firm.accepted("updateAccount", id=firm.id_of("Account", client), industry="Energy")
    assert refusal(await approved_by(firm, run)) is RefusalCode.STATE
    nobody = await firm.desk.approve(firm.caller("finance", OMAR), "nothing", comment=None)
    assert refusal(nobody) is RefusalCode.NOT_FOUND


async def test_of_ten_approvers_at_one_instant_one_decides(firm: Office) -> None:
    run = await posting(firm)
    replies = await asyncio.gather(*(approved_by(firm, run, name=f"approver-{number}") for number in range(10)))
    assert len([reply for reply in replies if reply.run is not None]) == 1
    assert {refusal(reply) for reply in replies if reply.run is None} == {RefusalCode.STATE}
    assert await actions(firm, run) == ["run.requested", "approval.given"]
    assert len(await firm.ledger.unsent(most=9)) == 1


async def test_yes_and_no_at_one_instant_are_one_decision(firm: Office) -> None:
    run = await posting(firm)
    omar, olga = firm.caller("finance", OMAR), firm.caller("finance", "olga")
    replies = await asyncio.gather(
        firm.desk.approve(omar, run.id, comment=None), firm.desk.reject(olga, run.id, comment="No.")
    )
    (decided,) = [reply.run for reply in replies if reply.run is not None]
    approval = await approval_of(firm, run)
    assert (decided.status, approval.state) in (
        (RunStatus.PENDING, ApprovalState.APPROVED),
        (RunStatus.CANCELLED, ApprovalState.REJECTED),
    )


async def test_what_is_approved_waits_for_a_platform_that_is_down(firm: Office) -> None:
    run = await posting(firm)
    await approved_by(firm, run)
    firm.control.fault("netsuite", "down")
    for _ in range(3):
        await firm.runner().take(run.id)
        waiting = await firm.ledger.run(run.id)
        assert waiting is not None
        assert waiting.status is RunStatus.RUNNING
        assert waiting.next_at is not None
        firm.clock.advance((waiting.next_at - firm.clock.now()).total_seconds())
    firm.control.calm()
    assert (await firm.worked(run.id)).status is RunStatus.SUCCEEDED
    assert posted(firm)
    assert (await actions(firm, run)).count("approval.given") == 1


async def test_what_could_not_be_planned_is_put_before_an_approver_when_it_can(firm: Office) -> None:
    firm.control.fault("netsuite", "down")
    run = await posting(firm)
    assert (run.status, run.plan, run.plan_hash) == (RunStatus.PENDING, None, None)
    assert refusal(await approved_by(firm, run)) is RefusalCode.STATE
    firm.control.calm()
    waiting = await firm.worked(run.id)
    assert waiting.status is RunStatus.AWAITING_APPROVAL
    assert (await approval_of(firm, run)).plan_hash == waiting.plan_hash
    assert not posted(firm)
    await approved_by(firm, run)
    assert (await firm.worked(run.id)).status is RunStatus.SUCCEEDED
