"""Approved work is billed once, to the cent, and given lines as they are given."""

from collections import defaultdict
from decimal import Decimal
from typing import Any

from schema.errors import Queue
from sync.desk import RefusalCode
from sync.ledger.records import RunStatus
from tests.sync.flows.stories import client, entity_id, reasons, record, refused_before_anything, succeeded
from tests.sync.office import Office

WITH_MILESTONES = "proj-000023"
"""Approved time in EUR, and two milestones of its contract that are done."""
WITH_EXPENSES = "proj-000034"
MILESTONES_ALONE = "proj-000026"
CANCELLED_ONE = "proj-000025"
OF_NO_CLIENT = "proj-000059"


class Work:
    """What the answer key has of a project that is to be billed."""

    def __init__(self, office: Office, key: str) -> None:
        self.project = next(found for found in office.of_firm("Project") if found["key"] == key)
        self.id = office.id_of("Project", self.project)
        due = {"project": key, "approval": "APPROVED", "billingState": "UNBILLED"}
        self.time = office.of_firm("TimeEntry", **due)
        self.expenses = office.of_firm("Expense", **due)
        contract = next(
            (found for found in office.of_firm("Contract") if found["key"] == self.project["contract"]), None
        )
        agreed = {found["key"] for found in contract["milestones"]} if contract else set()
        self.milestones = [
            found
            for found in office.of_firm("Milestone", project=key)
            if found["key"] in agreed and found["status"] in ("COMPLETED", "ACCEPTED")
        ]

    @property
    def time_by_rate(self) -> dict[Decimal, Decimal]:
        found: dict[Decimal, Decimal] = defaultdict(Decimal)
        for entry in self.time:
            found[Decimal(entry["rate"]["amount"])] += Decimal(entry["hours"])
        return found

    @property
    def total(self) -> Decimal:
        amounts = [found["amount"]["amount"] for found in (*self.expenses, *self.milestones)]
        worked = sum((hours * rate for rate, hours in self.time_by_rate.items()), Decimal(0))
        return worked + sum(map(Decimal, amounts), Decimal(0))


def invoices_of(office: Office, work: Work) -> list[dict[str, Any]]:
    """The ERP's invoices that aren't of the firm as generated."""
    known = {office.external(found, "netsuite") for found in office.of_firm("Invoice")}
    return [found for found in office.control.records("netsuite", "invoice") if found["id"] not in known]


def amounts(invoice: dict[str, Any]) -> list[Decimal]:
    return [Decimal(str(line["amount"])) for line in invoice["item"]["items"]]


async def test_time_and_milestones_that_are_done_make_a_draft_to_the_cent(office: Office) -> None:
    work = Work(office, WITH_MILESTONES)
    assert work.time
    assert len(work.milestones) == 2
    run = await succeeded(office, "createInvoice", projectId=work.id)
    [invoice] = invoices_of(office, work)
    assert invoice["approvalStatus"]["id"] == "1", "a draft"
    assert sum(amounts(invoice)) == work.total
    assert sorted(amounts(invoice)) == sorted(
        [
            *(hours * rate for rate, hours in work.time_by_rate.items()),
            *(Decimal(found["amount"]["amount"]) for found in work.milestones),
        ]
    )
    lines = invoice["item"]["items"]
    assert {line["custcol_cw_milestone"] for line in lines if line.get("custcol_cw_milestone")} == {
        found["key"] for found in work.milestones
    }
    assert {line["job"]["id"] for line in lines} == {office.external(work.project, "netsuite")}
    assert invoice["tranDate"] == "2026-11-20"
    assert office.firm.record_id("Invoice", "netsuite", invoice["id"]) in run.records


async def test_the_entries_are_locked_in_the_psa_which_knows_the_erps_number(office: Office) -> None:
    work = Work(office, WITH_EXPENSES)
    assert work.expenses
    await succeeded(office, "createInvoice", projectId=work.id)
    [invoice] = invoices_of(office, work)
    assert sum(amounts(invoice)) == work.total
    [taken] = office.control.records("kantata", "invoice")
    assert sorted(taken["time_entry_ids"]) == sorted(office.external(found, "kantata") for found in work.time)
    assert sorted(taken["expense_ids"]) == sorted(office.external(found, "kantata") for found in work.expenses)
    references = office.control.records("kantata", "external_reference", service_model_ref=invoice["id"])
    assert [str(reference["subject_id"]) for reference in references] == [taken["id"]]
    for entry in work.time:
        assert record(office, "kantata", "time_entry", office.external(entry, "kantata"))["invoice_id"] == taken["id"]


async def test_the_same_work_is_never_billed_twice(office: Office) -> None:
    work = Work(office, WITH_MILESTONES)
    await succeeded(office, "createInvoice", projectId=work.id)
    reply = await refused_before_anything(office, "createInvoice", projectId=work.id)
    assert reasons(reply) == [(RefusalCode.STATE, ("input", "projectId"))]
    assert "nothing approved that isn't billed yet" in reply.refusals[0].message
    assert len(invoices_of(office, work)) == 1


async def test_nor_by_two_who_ask_at_the_same_time(office: Office) -> None:
    for key in (WITH_MILESTONES, MILESTONES_ALONE):
        work = Work(office, key)
        before = len(invoices_of(office, work))
        first = await office.accepted("createInvoice", projectId=work.id)
        second = await office.accepted("createInvoice", projectId=work.id)
        ends = [await office.worked(run.id) for run in (first, second)]
        assert [run.status for run in ends] == [RunStatus.SUCCEEDED, RunStatus.FAILED]
        [problem] = await office.problems(ends[1])
        assert (problem.queue, problem.code) == (Queue.FINANCE, "STATE")
        assert len(invoices_of(office, work)) == before + 1


async def test_a_milestone_is_billed_once_also_by_hand(office: Office) -> None:
    work = Work(office, MILESTONES_ALONE)
    await succeeded(office, "createInvoice", projectId=work.id)
    [milestone] = work.milestones
    line = {"description": "Once more", "amount": "100", "milestoneKey": milestone["key"]}
    reply = await refused_before_anything(office, "createInvoice", projectId=work.id, lines=[line])
    assert reasons(reply) == [(RefusalCode.STATE, ("input", "lines", "0", "milestoneKey"))]


async def test_only_what_is_asked_for_is_billed(office: Office) -> None:
    work = Work(office, WITH_MILESTONES)
    await succeeded(office, "createInvoice", projectId=work.id, milestones=False)
    [invoice] = invoices_of(office, work)
    assert sum(amounts(invoice)) == sum(hours * rate for rate, hours in work.time_by_rate.items())
    await succeeded(office, "createInvoice", projectId=work.id, time=False)
    later = next(found for found in invoices_of(office, work) if found["id"] != invoice["id"])
    assert sum(amounts(later)) == sum(Decimal(found["amount"]["amount"]) for found in work.milestones)


async def test_work_after_the_day_waits_for_the_next_invoice(office: Office) -> None:
    work = Work(office, WITH_EXPENSES)
    last = max(found["date"] for found in (*work.time, *work.expenses))
    early = [found for found in (*work.time, *work.expenses) if found["date"] < last]
    assert early
    await succeeded(office, "createInvoice", projectId=work.id, until=max(found["date"] for found in early))
    [taken] = office.control.records("kantata", "invoice")
    assert sorted(taken["time_entry_ids"] + taken["expense_ids"]) == sorted(
        office.external(found, "kantata") for found in early
    )


async def test_it_is_due_by_the_clients_own_terms(office: Office) -> None:
    work = Work(office, WITH_MILESTONES)
    days = client(office, work.project["account"])["billing"]["paymentTermsDays"]
    await succeeded(office, "createInvoice", projectId=work.id, issueDate="2026-11-01")
    [invoice] = invoices_of(office, work)
    assert invoice["tranDate"] == "2026-11-01"
    assert invoice["dueDate"] == {14: "2026-11-15", 30: "2026-12-01", 45: "2026-12-16", 60: "2026-12-31"}[days]


async def test_given_lines_are_billed_as_they_are(office: Office) -> None:
    ours = client(office, "acct-0001")
    await succeeded(
        office,
        "createInvoice",
        accountId=office.id_of("Account", ours),
        purchaseOrder="PO-77",
        lines=[
            {"description": "Workshop", "quantity": "1.5", "unitPrice": "1000.10"},
            {"description": "Licence", "amount": "99.99"},
        ],
    )
    [invoice] = [
        found for found in office.control.records("netsuite", "invoice") if found.get("otherRefNum") == "PO-77"
    ]
    assert amounts(invoice) == [Decimal("1500.15"), Decimal("99.99")]
    assert invoice["entity"]["id"] == office.external(ours, "netsuite")
    assert office.control.writes("kantata") == 0


async def test_where_the_erp_refuses_the_work_is_free_again(office: Office) -> None:
    work = Work(office, WITH_EXPENSES)
    fault = office.control.fault(
        "netsuite",
        "status",
        status=400,
        body={"o:errorDetails": [{"detail": "The period is closed.", "o:errorCode": "USER_ERROR"}]},
        match={"method": "PUT", "path": "/invoice/"},
    )
    run = await office.carried_out("createInvoice", projectId=work.id)
    assert run.status is RunStatus.COMPENSATED
    [problem] = await office.problems(run)
    assert (problem.queue, problem.code, problem.amount) == (Queue.FINANCE, "REJECTED", work.total)
    for entry in work.time:
        assert record(office, "kantata", "time_entry", office.external(entry, "kantata"))["invoice_id"] is None
    office.control.send("DELETE", f"/faults/{fault}")
    await succeeded(office, "createInvoice", projectId=work.id)
    assert sum(amounts(invoices_of(office, work)[0])) == work.total


async def test_a_project_that_leads_to_no_client_is_billed_to_the_one_that_is_named(office: Office) -> None:
    work = Work(office, OF_NO_CLIENT)
    reply = await refused_before_anything(office, "createInvoice", projectId=work.id)
    assert reasons(reply) == [(RefusalCode.STATE, ("input", "accountId"))]
    payer = next(found for found in office.of_firm("Account") if (found["billing"] or {}).get("currency") == "EUR")
    await succeeded(office, "createInvoice", projectId=work.id, accountId=office.id_of("Account", payer))
    [invoice] = invoices_of(office, work)
    assert invoice["entity"]["id"] == office.external(payer, "netsuite")


async def test_nothing_of_a_cancelled_project_is_billed(office: Office) -> None:
    reply = await refused_before_anything(office, "createInvoice", projectId=Work(office, CANCELLED_ONE).id)
    assert reasons(reply) == [(RefusalCode.STATE, ("input", "projectId"))]


async def test_a_client_that_no_company_bills_yet_is_onboarded_first(office: Office) -> None:
    ours = next(
        found
        for found in office.of_firm("Account")
        if "netsuite" not in {**found["records"], **found.get("unlinked", {})}
    )
    reply = await refused_before_anything(
        office,
        "createInvoice",
        accountId=office.id_of("Account", ours),
        lines=[{"description": "Workshop", "amount": "10"}],
    )
    assert reasons(reply) == [(RefusalCode.STATE, ("input", "accountId"))]
    assert "onboardCustomer" in reply.refusals[0].message


async def test_of_several_companies_that_bill_a_client_one_is_named(office: Office) -> None:
    ours = client(office, "acct-0001")
    account = office.id_of("Account", ours)
    await succeeded(
        office,
        "onboardCustomer",
        accountId=account,
        legalEntityIds=[entity_id(office, "le-uk")],
        taxId="GB123456789",
        billTo={"lines": ["Quay 1"], "country": "GB"},
    )
    lines = [{"description": "Workshop", "amount": "10"}]
    unclear = await office.ask("createInvoice", accountId=account, lines=lines)
    assert reasons(unclear) == [(RefusalCode.INVALID, ("input", "legalEntityId"))]
    await succeeded(
        office, "createInvoice", accountId=account, legalEntityId=entity_id(office, "le-uk"), lines=lines,
        purchaseOrder="PO-78",
    )  # fmt: skip
    [invoice] = [
        found for found in office.control.records("netsuite", "invoice") if found.get("otherRefNum") == "PO-78"
    ]
    assert (invoice["subsidiary"]["id"], invoice["currency"]["refName"]) == ("1", "GBP")


async def test_an_invoice_of_a_further_company_is_told_to_the_same_client_in_the_crm(office: Office) -> None:
    ours = client(office, "acct-0001")
    account = office.id_of("Account", ours)
    await succeeded(
        office,
        "onboardCustomer",
        accountId=account,
        legalEntityIds=[entity_id(office, "le-uk")],
        taxId="GB123456789",
        billTo={"lines": ["Quay 1"], "country": "GB"},
    )
    run = await succeeded(
        office,
        "createInvoice",
        accountId=account,
        legalEntityId=entity_id(office, "le-uk"),
        lines=[{"description": "Workshop", "amount": "10"}],
    )
    invoice_id = next(found for found in run.records if found != account)
    await succeeded(office, "syncInvoiceStatus", invoiceId=invoice_id)
    [shown] = office.control.records("salesforce", "CW_Invoice__c", Account__c=office.external(ours, "salesforce"))
    assert shown["Status__c"] == "Draft"
