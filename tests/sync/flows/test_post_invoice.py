"""A draft becomes a receivable once a second person has agreed to exactly this one."""

from typing import Any

from sync.desk import RefusalCode
from sync.ledger.records import RunStatus
from tests.sync.flows.stories import reasons, record, refused_before_anything
from tests.sync.office import Office

PENDING, APPROVED = "1", "2"


def draft(office: Office) -> dict[str, Any]:
    return office.of_firm("Invoice", status="DRAFT")[0]


async def test_a_draft_is_posted_when_another_person_of_finance_approves(office: Office) -> None:
    invoice = draft(office)
    number = office.external(invoice, "netsuite")
    run = await office.accepted("postInvoice", role="finance", asker="ada", invoiceId=office.id_of("Invoice", invoice))
    assert run.status is RunStatus.AWAITING_APPROVAL
    assert not await office.runner().take(run.id)
    assert record(office, "netsuite", "invoice", number)["approvalStatus"]["id"] == PENDING
    herself = await office.desk.approve(office.caller("finance", "ada"), run.id, comment=None)
    assert reasons(herself) == [(RefusalCode.FORBIDDEN, None)]
    agreed = await office.desk.approve(office.caller("finance", "bo"), run.id, comment="as agreed")
    assert agreed.run is not None
    assert (await office.worked(run.id)).status is RunStatus.SUCCEEDED
    assert record(office, "netsuite", "invoice", number)["approvalStatus"]["id"] == APPROVED


async def test_one_that_is_rejected_stays_a_draft(office: Office) -> None:
    invoice = draft(office)
    run = await office.accepted("postInvoice", role="finance", asker="ada", invoiceId=office.id_of("Invoice", invoice))
    await office.desk.reject(office.caller("finance", "bo"), run.id, comment="wrong client")
    ended = await office.ledger.run(run.id)
    assert ended is not None
    assert ended.status is RunStatus.CANCELLED
    assert (
        record(office, "netsuite", "invoice", office.external(invoice, "netsuite"))["approvalStatus"]["id"] == PENDING
    )


async def test_an_approval_is_of_the_amount_that_was_seen(office: Office) -> None:
    """A draft that is changed after the approval waits for a new one, which says what changed."""
    invoice = draft(office)
    number = office.external(invoice, "netsuite")
    run = await office.accepted("postInvoice", role="finance", asker="ada", invoiceId=office.id_of("Invoice", invoice))
    await office.desk.approve(office.caller("finance", "bo"), run.id, comment=None)
    office.control.change("netsuite", "invoice", number, tranId="INV-CHANGED")
    waiting = await office.worked(run.id)
    assert waiting.status is RunStatus.AWAITING_APPROVAL
    approval = await office.ledger.approval(run.id)
    assert approval is not None
    assert approval.comment is not None
    assert "INV-CHANGED" in approval.comment
    assert record(office, "netsuite", "invoice", number)["approvalStatus"]["id"] == PENDING
    await office.desk.approve(office.caller("finance", "bo"), run.id, comment=None)
    assert (await office.worked(run.id)).status is RunStatus.SUCCEEDED


async def test_only_a_draft_can_be_posted(office: Office) -> None:
    for status in ("PAID", "OVERDUE", "VOIDED"):
        invoice = office.of_firm("Invoice", status=status)[0]
        reply = await refused_before_anything(office, "postInvoice", invoiceId=office.id_of("Invoice", invoice))
        assert reasons(reply) == [(RefusalCode.STATE, ("input", "invoiceId"))]
        assert status in reply.refusals[0].message
