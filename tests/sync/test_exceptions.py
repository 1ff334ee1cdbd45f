"""What the machine can't settle lies in its owners' queue, once, until it is settled or has settled itself."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from schema.errors import Queue
from sync.calendar import due_at
from sync.desk import ExceptionReply, RefusalCode
from sync.ledger.records import BusinessException, ExceptionState, Run, RunStatus
from tests.sync.office import Office

CRM = "CRM record in salesforce"
FRIDAY = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
MONDAY, TUESDAY = FRIDAY + timedelta(days=3), FRIDAY + timedelta(days=4)


@pytest.fixture
def firm(fresh_office: Office) -> Office:
    return fresh_office


async def refused_change(office: Office, place: int = 0, method: str = "PATCH", **wish: Any) -> Run:
    """A change of a client that the CRM refuses."""
    body = [{"errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "message": "Energy needs a permit."}]
    match = {"method": method, "path": "/sobjects/Account/"}
    fault = office.control.fault("salesforce", "status", status=400, body=body, match=match)
    run = await office.carried_out("updateAccount", id=client(office, place), **{"industry": "Energy", **wish})
    assert run.status is RunStatus.FAILED
    office.control.send("DELETE", f"/faults/{fault}")
    return run


def client(office: Office, place: int = 0) -> str:
    return office.id_of("Account", office.of_firm("Account")[place])


async def forbidden_change(office: Office, **wish: Any) -> Run:
    """A change for which our own user lacks a right in the CRM, as turns out once it is worked on."""
    run = await office.accepted("updateAccount", id=client(office), **wish)
    match = {"method": "GET", "path": "/sobjects/Account/"}
    body = [{"errorCode": "INSUFFICIENT_ACCESS", "message": "no"}]
    office.control.fault("salesforce", "status", status=403, body=body, match=match, times=1)
    return await office.worked(run.id)


async def refused_posting(office: Office) -> Run:
    """A posting of the draft that the ERP refuses, after finance has agreed to it."""
    (draft,) = office.of_firm("Invoice", status="DRAFT")
    run = await office.accepted("postInvoice", role="finance", invoiceId=office.id_of("Invoice", draft))
    await office.desk.approve(office.caller("finance", "omar"), run.id, comment=None)
    office.control.fault("netsuite", "status", status=400, body={"title": "No"}, times=1, match={"method": "PATCH"})
    return await office.worked(run.id)


async def opened(office: Office) -> list[BusinessException]:
    return [found for _, found in await office.ledger.exceptions(status=ExceptionState.OPEN, first=50)]


async def settled(office: Office, problem: BusinessException, role: str, **said: Any) -> ExceptionReply:
    words: dict[str, Any] = {"resolution": "Spoke to them.", "dismiss": False, **said}
    return await office.desk.resolve(office.caller(role), problem.id, **words)


def refusal(reply: ExceptionReply) -> RefusalCode:
    assert reply.exception is None
    (found,) = reply.refusals
    return found.code


# ------------------------------------------------------------------------------------------------------ what it says


async def test_a_problem_says_whose_it_is_what_happened_and_until_when(firm: Office) -> None:
    run = await refused_change(firm)
    (problem,) = await opened(firm)
    assert (problem.queue, problem.code, problem.status) == (Queue.SALES_OPS, "REJECTED", ExceptionState.OPEN)
    assert "salesforce" in problem.message
    assert "Energy needs a permit." in problem.message
    assert (problem.run_id, problem.step, problem.record_id) == (run.id, CRM, client(firm))
    assert (problem.raised_at, problem.due_at) == (FRIDAY, TUESDAY)
    assert (problem.amount, problem.currency) == (None, None)
    assert problem.seen == 1


async def test_the_money_at_stake_is_told(firm: Office) -> None:
    run = await refused_posting(firm)
    assert run.status is RunStatus.FAILED
    (problem,) = await opened(firm)
    assert problem.queue is Queue.FINANCE
    assert (problem.amount, problem.currency) == (Decimal("52994.71"), "EUR")


async def test_what_only_an_administrator_can_mend_is_in_the_integration_queue(firm: Office) -> None:
    await forbidden_change(firm, industry="Energy")
    (problem,) = await opened(firm)
    assert problem.queue is Queue.INTEGRATION
    assert problem.due_at == MONDAY


async def test_queues_are_listed_and_counted_by_owner(firm: Office) -> None:
    await refused_change(firm)
    await refused_posting(firm)
    for queue, code in ((Queue.SALES_OPS, "REJECTED"), (Queue.FINANCE, "REJECTED")):
        ((_, found),) = await firm.ledger.exceptions(queue=queue, first=9)
        assert (found.queue, found.code) == (queue, code)
    assert await firm.ledger.exceptions(queue=Queue.PMO, first=9) == ()
    assert await firm.ledger.count_exceptions(queue=None, status=ExceptionState.OPEN) == 2


@pytest.mark.parametrize(
    ("queue", "raised", "due"),
    [
        (Queue.INTEGRATION, FRIDAY, MONDAY),
        (Queue.FINANCE, FRIDAY, TUESDAY),
        (Queue.PMO, FRIDAY - timedelta(days=4), FRIDAY - timedelta(days=2)),
        (Queue.SALES_OPS, FRIDAY - timedelta(days=1), MONDAY),
        (Queue.INTEGRATION, FRIDAY + timedelta(days=1), MONDAY),
        (Queue.FINANCE, FRIDAY + timedelta(days=2), TUESDAY),
    ],
)
def test_saturdays_and_sundays_do_not_count(queue: Queue, raised: datetime, due: datetime) -> None:
    assert due_at(queue, raised) == due


# ------------------------------------------------------------------------------------------------------- once, and gone


async def test_the_same_problem_of_the_same_record_is_one(firm: Office) -> None:
    first = await refused_change(firm)
    firm.clock.advance(3_600)
    second = await refused_change(firm, website="https://other.example")
    (problem,) = await opened(firm)
    assert problem.seen == 2
    assert problem.run_id == second.id != first.id
    assert (problem.raised_at, problem.due_at) == (FRIDAY, TUESDAY)


async def test_a_problem_of_another_record_is_another(firm: Office) -> None:
    await refused_change(firm, 0)
    await refused_change(firm, 1)
    assert [problem.record_id for problem in await opened(firm)] == [client(firm, 0), client(firm, 1)]
    assert {problem.seen for problem in await opened(firm)} == {1}


async def test_it_closes_itself_when_the_run_is_retried_and_succeeds(firm: Office) -> None:
    run = await refused_change(firm)
    await firm.desk.retry(firm.caller("sales_ops"), run.id)
    assert len(await opened(firm)) == 1
    assert (await firm.worked(run.id)).status is RunStatus.SUCCEEDED
    ((_, problem),) = await firm.ledger.exceptions(first=9)
    assert (problem.status, problem.resolved_at) == (ExceptionState.RESOLVED, firm.clock.now())
    assert run.id in str(problem.resolved_by)
    assert problem.resolution


async def test_it_closes_itself_when_a_later_run_of_the_same_process_on_the_record_succeeds(firm: Office) -> None:
    await refused_change(firm, 0)
    await refused_change(firm, 1)
    later = await firm.carried_out("updateAccount", id=client(firm, 0), industry="Retail Banking")
    assert later.status is RunStatus.SUCCEEDED
    assert [problem.record_id for problem in await opened(firm)] == [client(firm, 1)]


async def test_it_stays_when_a_later_run_left_out_what_it_was_about(firm: Office) -> None:
    await refused_change(firm, website="https://other.example")
    later = await firm.carried_out("updateAccount", id=client(firm), industry="Retail Banking")
    assert later.status is RunStatus.SUCCEEDED
    assert len(await opened(firm)) == 1
    await firm.carried_out("updateAccount", id=client(firm), industry="Banking", website="https://third.example")
    assert await opened(firm) == []


async def test_each_invoice_that_could_not_be_made_is_a_problem_of_its_own(firm: Office) -> None:
    account = next(each for each in firm.of_firm("Account") if each["billing"] and "netsuite" in each["records"])
    wish = {"accountId": firm.id_of("Account", account), "lines": [{"description": "Advice", "amount": "100"}]}
    firm.control.fault("netsuite", "status", status=400, body={"title": "No"}, times=2, match={"method": "PUT"})
    runs = [await firm.carried_out("createInvoice", **wish) for _ in range(3)]
    assert [run.status for run in runs] == [RunStatus.FAILED, RunStatus.FAILED, RunStatus.SUCCEEDED]
    assert [problem.run_id for problem in await opened(firm)] == [run.id for run in runs[:2]]


async def test_it_stays_when_another_process_on_the_record_succeeds(firm: Office) -> None:
    record = next(found for found in firm.of_firm("Account") if found["billing"] is not None)
    place = firm.of_firm("Account").index(record)
    await refused_change(firm, place)
    other = await firm.carried_out("syncRecords", recordId=client(firm, place))
    assert other.status is RunStatus.SUCCEEDED
    assert [problem.record_id for problem in await opened(firm)] == [client(firm, place)]


async def test_it_stays_when_the_next_run_fails_for_another_reason(firm: Office) -> None:
    await refused_change(firm)
    await forbidden_change(firm, website="https://other.example")
    assert sorted(problem.queue for problem in await opened(firm)) == [Queue.INTEGRATION, Queue.SALES_OPS]


# ---------------------------------------------------------------------------------------------------- people settle it


@pytest.mark.parametrize("dismiss", [False, True])
async def test_its_owner_settles_it_in_words(firm: Office, dismiss: bool) -> None:
    run = await refused_change(firm)
    (problem,) = await opened(firm)
    reply = await settled(firm, problem, "sales_ops", resolution="They have a permit now.", dismiss=dismiss)
    assert reply.exception is not None
    status = ExceptionState.DISMISSED if dismiss else ExceptionState.RESOLVED
    assert (reply.exception.status, reply.exception.resolved_by) == (status, "sales_ops")
    assert reply.exception.resolution == "They have a permit now."
    assert await firm.ledger.exception(problem.id) == reply.exception
    entries = await firm.ledger.audit_log(record_id=None, correlation_id=run.correlation_id, first=50, after=None)
    assert entries[-1].action == ("exception.dismissed" if dismiss else "exception.resolved")
    assert entries[-1].detail == {"code": "REJECTED", "resolution": "They have a permit now."}
    assert (entries[-1].actor, entries[-1].run_id, entries[-1].record_id) == ("sales_ops", run.id, client(firm))


async def test_nobody_else_settles_it(firm: Office) -> None:
    await refused_change(firm)
    (problem,) = await opened(firm)
    for role in ("finance", "pmo", "delivery", "auditor", "portal", "nobody"):
        for dismiss in (False, True):
            assert refusal(await settled(firm, problem, role, dismiss=dismiss)) is RefusalCode.FORBIDDEN
    assert await opened(firm) == [problem]
    assert (await settled(firm, problem, "admin")).exception is not None


async def test_it_is_settled_with_words_and_once(firm: Office) -> None:
    await refused_change(firm)
    (problem,) = await opened(firm)
    for words in ("", " \n\t", "done\x00", "w" * 4_001):
        assert refusal(await settled(firm, problem, "sales_ops", resolution=words)) is RefusalCode.INVALID
    assert (await settled(firm, problem, "sales_ops")).exception is not None
    assert refusal(await settled(firm, problem, "sales_ops")) is RefusalCode.STATE
    assert refusal(await settled(firm, problem, "sales_ops", dismiss=True)) is RefusalCode.STATE


async def test_what_is_not_there_can_not_be_settled(firm: Office) -> None:
    reply = await firm.desk.resolve(firm.caller("admin"), "nothing", resolution="Done.", dismiss=False)
    assert refusal(reply) is RefusalCode.NOT_FOUND


@pytest.mark.parametrize("dismiss", [False, True])
async def test_after_it_was_settled_the_same_again_is_a_new_one(firm: Office, dismiss: bool) -> None:
    await refused_change(firm)
    (first,) = await opened(firm)
    await settled(firm, first, "sales_ops", dismiss=dismiss)
    firm.clock.advance(86_400 * 3)
    await refused_change(firm, website="https://other.example")
    (again,) = await opened(firm)
    assert again.id != first.id
    assert again.cause == first.cause
    assert (again.seen, again.due_at) == (1, FRIDAY + timedelta(days=5))
    kept = await firm.ledger.exception(first.id)
    assert kept is not None
    assert kept.resolution == "Spoke to them."


async def test_a_settled_problem_is_not_settled_again_by_a_run(firm: Office) -> None:
    run = await refused_change(firm)
    (problem,) = await opened(firm)
    await settled(firm, problem, "sales_ops", dismiss=True)
    await firm.desk.retry(firm.caller("sales_ops"), run.id)
    assert (await firm.worked(run.id)).status is RunStatus.SUCCEEDED
    kept = await firm.ledger.exception(problem.id)
    assert kept is not None
    assert (kept.status, kept.resolved_by) == (ExceptionState.DISMISSED, "sales_ops")
