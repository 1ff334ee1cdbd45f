"""What becomes of an invoice in the ERP reaches CRM and PSA by itself."""

from decimal import Decimal
from typing import Any

from sync.ledger.records import RunStatus
from tests.sync.acting.scene import CRM, ERP, Happened, Scene
from tests.sync.office import Office


def bill(office: Office, status: str) -> dict[str, Any]:
    return next(found for found in office.of_firm("Invoice", status=status) if found["account"] and found["project"])


def changed(office: Office, invoice: dict[str, Any], **changes: tuple[Any, Any]) -> Happened:
    return Happened(
        type="Invoice",
        role=ERP,
        external_id=office.external(invoice, "netsuite"),
        changes=changes or {"status": ("DRAFT", "POSTED")},
    )


def shown(office: Office, invoice: dict[str, Any]) -> dict[str, Any]:
    [found] = office.control.records("salesforce", "CW_Invoice__c", Name=invoice["number"])
    return found


def pay(office: Office, invoice: dict[str, Any], amount: float) -> str:
    number = office.external(invoice, "netsuite")
    client = next(found for found in office.of_firm("Account") if found["key"] == invoice["account"])
    payment = office.control.add(
        "netsuite",
        "customerPayment",
        customer={"id": office.external(client, "netsuite")},
        payment=amount,
        apply={"items": [{"doc": {"id": number}, "apply": True, "amount": amount}]},
    )
    found: str = payment["id"]
    return found


async def test_a_posted_invoice_is_told(fresh_office: Office) -> None:
    office = fresh_office
    invoice, scene = bill(office, "POSTED"), Scene(office, syncInvoices="on")
    await scene.tell(changed(office, invoice))
    await scene.acted()
    [run] = await scene.worked()
    assert run.status is RunStatus.SUCCEEDED
    assert shown(office, invoice)["Status__c"] == "Posted"


async def test_a_payment_is_told_by_the_invoice_that_it_is_for(fresh_office: Office) -> None:
    office = fresh_office
    invoice, scene = bill(office, "POSTED"), Scene(office, syncInvoices="on")
    payment = pay(office, invoice, 10.5)
    await scene.tell(
        Happened(type="Payment", role=ERP, external_id=payment, changes={"amount.amount": (None, "10.5")}, first=True)
    )
    await scene.acted()
    await scene.worked()
    assert Decimal(str(shown(office, invoice)["Paid__c"])) == Decimal("10.5")


async def test_a_payment_that_is_gone_again_is_told_as_well(fresh_office: Office) -> None:
    """It names its invoice no more, and the invoice says what it said before: that was told once, and isn't now."""
    office = fresh_office
    invoice, scene = bill(office, "POSTED"), Scene(office, syncInvoices="on")
    number = office.external(invoice, "netsuite")
    await scene.tell(changed(office, invoice))
    await scene.acted()
    await scene.worked()
    payment = pay(office, invoice, 10.5)
    await scene.tell(
        Happened(type="Payment", role=ERP, external_id=payment, changes={"invoice": (None, number)}, first=True)
    )
    await scene.acted()
    await scene.worked()
    office.control.remove("netsuite", "customerPayment", payment)
    await scene.tell(
        Happened(type="Payment", role=ERP, external_id=payment, changes={"invoice": (number, None)}, gone=True)
    )
    await scene.acted()
    runs = await scene.worked()
    assert [run.status for run in runs] == [RunStatus.SUCCEEDED] * 3
    assert Decimal(str(shown(office, invoice)["Paid__c"])) == 0


async def test_a_draft_is_nobodys_business_yet(fresh_office: Office) -> None:
    office = fresh_office
    invoice, scene = bill(office, "DRAFT"), Scene(office, syncInvoices="on")
    await scene.tell(changed(office, invoice, status=(None, "DRAFT")))
    await scene.acted()
    assert await scene.runs() == []


async def test_what_concerns_neither_status_nor_money_starts_nothing(fresh_office: Office) -> None:
    office = fresh_office
    invoice, scene = bill(office, "POSTED"), Scene(office, syncInvoices="on")
    await scene.tell(changed(office, invoice, purchaseOrder=(None, "PO 7")))
    await scene.acted()
    assert await scene.runs() == []


async def test_what_is_only_proposed_waits_for_finance(fresh_office: Office) -> None:
    office = fresh_office
    invoice, scene = bill(office, "POSTED"), Scene(office, syncInvoices="propose")
    await scene.tell(changed(office, invoice))
    await scene.acted()
    [run] = await scene.worked()
    assert run.status is RunStatus.AWAITING_APPROVAL
    assert office.control.records("salesforce", "CW_Invoice__c", Name=invoice["number"]) == []
    decided = await office.desk.approve(office.caller("pmo"), run.id, comment=None)
    assert [refusal.code.value for refusal in decided.refusals] == ["FORBIDDEN"]
    assert (await office.desk.approve(office.caller("finance"), run.id, comment=None)).run is not None
    assert (await office.worked(run.id)).status is RunStatus.SUCCEEDED


async def test_what_was_agreed_to_is_asked_again_if_it_is_something_else_by_then(fresh_office: Office) -> None:
    office = fresh_office
    invoice, scene = bill(office, "POSTED"), Scene(office, syncInvoices="propose")
    await scene.tell(changed(office, invoice))
    await scene.acted()
    [run] = await scene.runs()
    await office.desk.approve(office.caller("finance"), run.id, comment=None)
    pay(office, invoice, 10.5)
    assert (await office.worked(run.id)).status is RunStatus.AWAITING_APPROVAL
    assert office.control.records("salesforce", "CW_Invoice__c", Name=invoice["number"]) == []


async def test_where_the_platform_is_away_nothing_is_proposed_that_nobody_could_look_at(fresh_office: Office) -> None:
    office = fresh_office
    invoice, scene = bill(office, "POSTED"), Scene(office, syncInvoices="propose")
    office.control.fault("kantata", "status", status=503)
    await scene.tell(changed(office, invoice))
    await scene.acted()
    assert await scene.runs() == []
    assert (await office.ledger.triggers.standings())["syncInvoices"].waiting == 1
    office.control.calm()
    office.clock.advance(600)
    await scene.acted()
    assert [run.status for run in await scene.runs()] == [RunStatus.AWAITING_APPROVAL]


async def test_the_crms_own_records_of_invoices_start_nothing(fresh_office: Office) -> None:
    office = fresh_office
    scene = Scene(office, syncInvoices="on")
    await scene.tell(Happened(type="Invoice", role=CRM, external_id="a01", changes={"status": ("Open", "Paid")}))
    await scene.acted()
    assert await scene.runs() == []
