"""What the ERP says of an invoice is what sales and delivery see, to the cent."""

from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from schema.roles import PlatformRole
from sync.desk import RefusalCode
from sync.ledger.records import RunStatus, StepStatus
from tests.sync.flows.stories import amount, kept, reasons, refused_before_anything, succeeded
from tests.sync.office import Office

UNSENT = ("DRAFT", "VOIDED")
STATUSES = {"PAID": "Paid", "OVERDUE": "Overdue", "VOIDED": "Voided", "POSTED": "Posted", "DRAFT": "Draft"}


class Books:
    """The answer key's invoices with what was credited on each."""

    def __init__(self, office: Office) -> None:
        self.invoices: list[dict[str, Any]] = office.of_firm("Invoice")
        self.credited: dict[str, Decimal] = defaultdict(Decimal)
        for memo in office.of_firm("CreditMemo"):
            self.credited[memo["invoice"]] += Decimal(memo["amount"]["amount"])

    def first(self, fits: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """One that leads to an account and a project."""
        return next(invoice for invoice in self.invoices if invoice["account"] and invoice["project"] and fits(invoice))

    def of_project(self, key: str) -> list[dict[str, Any]]:
        return [found for found in self.invoices if found["project"] == key and found["status"] not in UNSENT]


KINDS: dict[str, Callable[[Books, dict[str, Any]], bool]] = {
    "paid": lambda books, invoice: invoice["status"] == "PAID" and not books.credited[invoice["key"]],
    "overdue": lambda _, invoice: invoice["status"] == "OVERDUE",
    "open": lambda _, invoice: invoice["status"] == "POSTED",
    "credited": lambda books, invoice: books.credited[invoice["key"]] > 0,
    "voided": lambda _, invoice: invoice["status"] == "VOIDED",
    "draft": lambda _, invoice: invoice["status"] == "DRAFT",
}


@pytest.mark.parametrize("kind", KINDS)
async def test_the_crm_shows_the_invoice_and_the_psa_the_projects_figures(office: Office, kind: str) -> None:
    books = Books(office)
    invoice = books.first(lambda found: KINDS[kind](books, found))
    run = await succeeded(office, "syncInvoiceStatus", invoiceId=office.id_of("Invoice", invoice))
    [shown] = office.control.records("salesforce", "CW_Invoice__c", Name=invoice["number"])
    assert shown["Status__c"] == STATUSES[invoice["status"]]
    assert (shown["Issue_Date__c"], shown["Due_Date__c"]) == (invoice["issueDate"], invoice["dueDate"])
    assert Decimal(str(shown["Total__c"])) == amount(invoice["total"])
    assert Decimal(str(shown["Paid__c"])) == amount(invoice["amountPaid"])
    assert Decimal(str(shown["Balance__c"])) == amount(invoice["balance"])
    assert Decimal(str(shown["Credited__c"])) == books.credited[invoice["key"]]
    client = next(found for found in office.of_firm("Account") if found["key"] == invoice["account"])
    assert shown["Account__c"] == office.external(client, "salesforce")

    project = next(found for found in office.of_firm("Project") if found["key"] == invoice["project"])
    sent = books.of_project(invoice["project"])
    credited = sum((books.credited[found["key"]] for found in sent), Decimal(0))
    psa = await kept(office, "kantata", "Project", PlatformRole.PSA, office.external(project, "kantata"))
    assert psa is not None
    assert psa.values["billing.invoiced"] == sum(Decimal(found["total"]["amount"]) for found in sent)
    assert psa.values["billing.outstanding"] == sum(Decimal(found["balance"]["amount"]) for found in sent)
    assert psa.values["billing.credited"] == credited
    paid = sum(Decimal(found["amountPaid"]["amount"]) for found in sent)
    assert psa.values["billing.paid"] + credited == paid
    # What came in, what was credited and what is still owed are all that was billed.
    assert psa.values["billing.invoiced"] == paid + psa.values["billing.outstanding"]
    assert run.status is RunStatus.SUCCEEDED


async def test_told_again_nothing_is_changed(office: Office) -> None:
    books = Books(office)
    invoice = books.first(lambda found: found["status"] == "PAID")
    invoice_id = office.id_of("Invoice", invoice)
    await succeeded(office, "syncInvoiceStatus", invoiceId=invoice_id)
    office.control.calm()
    again = await succeeded(office, "syncInvoiceStatus", invoiceId=invoice_id)
    assert {step.status for step in (await office.steps(again)).values()} == {StepStatus.SKIPPED}
    assert office.control.writes("salesforce") == office.control.writes("kantata") == 0


async def test_a_payment_that_comes_in_is_told_and_the_rest_stays_open(office: Office) -> None:
    books = Books(office)
    invoice = books.first(lambda found: found["status"] == "POSTED")
    invoice_id = office.id_of("Invoice", invoice)
    await succeeded(office, "syncInvoiceStatus", invoiceId=invoice_id)
    number = office.external(invoice, "netsuite")
    client = next(found for found in office.of_firm("Account") if found["key"] == invoice["account"])
    office.control.add(
        "netsuite",
        "customerPayment",
        customer={"id": office.external(client, "netsuite")},
        payment=10.5,
        apply={"items": [{"doc": {"id": number}, "apply": True, "amount": 10.5}]},
    )
    await succeeded(office, "syncInvoiceStatus", invoiceId=invoice_id)
    [shown] = office.control.records("salesforce", "CW_Invoice__c", Name=invoice["number"])
    assert shown["Status__c"] == "Partially Paid"
    assert Decimal(str(shown["Paid__c"])) == Decimal("10.5")
    total = amount(invoice["total"])
    assert total is not None
    assert Decimal(str(shown["Balance__c"])) == total - Decimal("10.5")


async def test_what_changes_between_acceptance_and_telling_is_told_as_it_is_then(office: Office) -> None:
    books = Books(office)
    invoice = books.first(lambda found: found["status"] == "POSTED")
    run = await office.accepted("syncInvoiceStatus", invoiceId=office.id_of("Invoice", invoice))
    office.control.change("netsuite", "invoice", office.external(invoice, "netsuite"), dueDate="2026-12-31")
    assert (await office.worked(run.id)).status is RunStatus.SUCCEEDED
    [shown] = office.control.records("salesforce", "CW_Invoice__c", Name=invoice["number"])
    assert shown["Due_Date__c"] == "2026-12-31"


async def test_an_invoice_that_leads_to_no_account_is_told_to_nobody_in_the_crm(office: Office) -> None:
    invoice = next(found for found in office.of_firm("Invoice") if not found["account"])
    run = await succeeded(office, "syncInvoiceStatus", invoiceId=office.id_of("Invoice", invoice))
    assert "salesforce" not in {step.platform for step in (await office.steps(run)).values()}
    assert office.control.writes("salesforce") == 0


async def test_an_invoice_that_isnt_there_is_said(office: Office) -> None:
    gone = office.firm.record_id("Invoice", "netsuite", "999999999")
    reply = await refused_before_anything(office, "syncInvoiceStatus", invoiceId=gone)
    assert reasons(reply) == [(RefusalCode.NOT_FOUND, ("input", "invoiceId"))]
