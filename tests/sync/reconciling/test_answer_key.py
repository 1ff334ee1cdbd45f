"""Held against the answer key of the sandbox's firm: its own flaws are found, and two hundred that are put in."""

from collections import defaultdict
from decimal import Decimal
from typing import Any

from sync.ledger.port_of_reconciliations import ReconciliationStatus
from tests.sync.office import Office
from tests.sync.reconciling.comparing import Print, prints
from tests.sync.reconciling.conftest import Books

STATUSES = {"PAID": "Paid", "OVERDUE": "Overdue", "VOIDED": "Voided", "POSTED": "Posted", "DRAFT": "Draft",
            "PARTIALLY_PAID": "Partially Paid"}  # fmt: skip
Key = dict[str, Any]


def of_crm(record: Key) -> str:
    found: str = record["records"]["salesforce"]["id"]
    return found


def show_every_invoice(office: Office) -> dict[str, dict[str, Any]]:
    """The CRM shows each invoice as the answer key has it: by the ERP's id, what it shows."""
    credited: dict[str, Decimal] = defaultdict(Decimal)
    for memo in office.of_firm("CreditMemo"):
        credited[memo["invoice"]] += Decimal(memo["amount"]["amount"])
    accounts = {each["key"]: of_crm(each) for each in office.of_firm("Account")}
    contracts = {each["key"]: of_crm(each) for each in office.of_firm("Contract")}
    shown: dict[str, dict[str, Any]] = {}
    for invoice in office.of_firm("Invoice"):
        if not invoice["account"]:
            continue
        erp = office.external(invoice, "netsuite")
        shown[erp] = office.control.add(
            "salesforce",
            "CW_Invoice__c",
            CW_Key__c=f"netsuite-{erp}",
            Name=invoice["number"],
            Account__c=accounts[invoice["account"]],
            Contract__c=contracts.get(invoice["contract"]),
            Status__c=STATUSES[invoice["status"]],
            Issue_Date__c=invoice["issueDate"],
            Due_Date__c=invoice["dueDate"],
            CurrencyIsoCode=invoice["total"]["currency"],
            Total__c=float(invoice["total"]["amount"]),
            Paid__c=float(invoice["amountPaid"]["amount"]),
            Balance__c=float(invoice["balance"]["amount"]),
            Credited__c=float(credited[invoice["key"]]),
        )
    return shown


async def test_what_the_answer_key_says_is_the_same_is_found_to_be_the_same(books: Books) -> None:
    shown = show_every_invoice(books.office)
    found, told = await books.compared("invoices")
    assert (found.status, told) == (ReconciliationStatus.SUCCEEDED, [])
    assert len(shown) > 100
    for comparison in ("billing", "projectClients", "links"):
        found, told = await books.compared(comparison)
        assert (comparison, found.status, told) == (comparison, ReconciliationStatus.SUCCEEDED, [])
        assert found.counts["compared"] > 0 or comparison == "links"


async def test_the_firms_own_flaws_are_found_and_nothing_else(books: Books) -> None:
    office = books.office
    accounts = office.of_firm("Account")
    _, told = await books.compared("customers")
    expected: set[Print] = {
        ("MISSING", None, of_crm(each), None)
        for each in accounts
        if each["status"] in ("ACTIVE", "ON_HOLD") and "netsuite" not in each["records"]
    } | {
        ("EXTRA", None, None, each["unlinked"]["netsuite"]["id"])
        for each in accounts
        if "netsuite" in each.get("unlinked", {})
    }
    assert prints(told) == expected
    groups = {each["id"]: each for each in office.control.records("kantata", "workspace_group")}
    _, told = await books.compared("clients")
    spelled: set[Print] = {
        ("VALUE", "name", of_crm(each), group)
        for each in accounts
        if "kantata" in each["records"] and groups[group := office.external(each, "kantata")]["name"] != each["name"]
    }
    alone: set[Print] = {
        ("EXTRA", None, None, each["unlinked"]["kantata"]["id"])
        for each in accounts
        if "kantata" in each.get("unlinked", {})
    }
    assert prints(told) == spelled | alone


async def test_two_hundred_differences_of_every_kind_are_all_found_and_none_is_made_up(books: Books) -> None:
    office, control = books.office, books.office.control
    shown = show_every_invoice(office)
    before = {name: prints((await books.compared(name))[1]) for name in ("clients", "projects")}
    expected: dict[str, set[Print]] = defaultdict(set)
    ids = list(shown)
    for number, erp in enumerate(ids[:90]):
        crm = shown[erp]["Id"]
        field, path, value = [
            ("Paid__c", "amountPaid.amount", float(shown[erp]["Paid__c"]) + 0.01),
            ("Due_Date__c", "dueDate", "2031-01-01"),
            ("Name", "number", f"changed {number}"),
        ][number % 3]
        control.change("salesforce", "CW_Invoice__c", crm, **{field: value})
        expected["invoices"].add(("VALUE", path, erp, crm))
    for erp in ids[90:110]:
        crm, other = shown[erp]["Id"], "Sent"
        control.change("salesforce", "CW_Invoice__c", crm, Status__c=other)
        expected["invoices"].add(("STATUS", "status", erp, crm))
    statuses = {office.external(each, "netsuite"): each["status"] for each in office.of_firm("Invoice")}
    for erp in [each for each in ids[110:] if statuses[each] not in ("DRAFT", "VOIDED")][:20]:
        control.remove("salesforce", "CW_Invoice__c", shown[erp]["Id"])
        expected["invoices"].add(("MISSING", None, erp, None))
    for number in range(20):
        like = shown[ids[0]]
        stale = control.add(
            "salesforce", "CW_Invoice__c", Name=f"stale {number}", Account__c=like["Account__c"],
            CW_Key__c=f"netsuite-99{number:05}",
        )  # fmt: skip
        expected["invoices"].add(("STALE_LINK", None, None, stale["Id"]))
        extra = control.add("salesforce", "CW_Invoice__c", Name=f"extra {number}", Account__c=like["Account__c"])
        expected["invoices"].add(("EXTRA", None, None, extra["Id"]))
    jobs = [each for each in control.records("netsuite", "job") if each.get("externalId")]
    for job in jobs[:30]:
        control.change("netsuite", "job", job["id"], startDate="2019-01-01")
        expected["projects"].add(("VALUE", "startDate", job["externalId"], job["id"]))
    assert sum(map(len, expected.values())) == 200
    _, told = await books.compared("invoices")
    assert prints(told) == expected["invoices"]
    _, told = await books.compared("projects")
    assert prints(told) == before["projects"] | expected["projects"]
    _, told = await books.compared("clients")
    assert prints(told) == before["clients"]


async def test_a_legal_entity_and_a_period_bound_what_is_compared(books: Books) -> None:
    office = books.office
    show_every_invoice(office)
    entities = {each["key"]: office.external(each, "netsuite") for each in office.of_firm("LegalEntity")}
    accounts = {each["key"]: each for each in office.of_firm("Account")}
    invoices = {office.external(each, "netsuite"): each for each in office.of_firm("Invoice")}
    for row in office.control.records("salesforce", "CW_Invoice__c"):
        office.control.change("salesforce", "CW_Invoice__c", row["Id"], Due_Date__c="2031-01-01")
    _, told = await books.compared(
        "invoices", legal_entity=["netsuite", entities["le-de"]], since="2026-01-01", until="2026-06-30"
    )
    expected = {
        erp
        for erp, each in invoices.items()
        if each["account"]
        and accounts[each["account"]]["billing"]["legalEntity"] == "le-de"
        and "2026-01-01" <= each["issueDate"] <= "2026-06-30"
    }
    assert {each.left_id for each in told} == expected
    assert expected


async def test_rows_of_the_crosswalk_table_that_point_at_nothing_are_found(books: Books) -> None:
    office = books.office
    told_of = [each for each in office.of_firm("Invoice") if each["status"] == "PAID" and each["account"]][:3]
    for invoice in told_of:
        await office.carried_out("syncInvoiceStatus", invoiceId=office.id_of("Invoice", invoice))
    found, told = await books.compared("links")
    assert (found.status, told) == (ReconciliationStatus.SUCCEEDED, [])
    assert found.counts["compared"] >= 3
    [shown] = office.control.records("salesforce", "CW_Invoice__c", Name=told_of[1]["number"])
    office.control.remove("salesforce", "CW_Invoice__c", shown["Id"])
    _, told = await books.compared("links")
    assert [(each.kind.value, each.left_platform, each.left_id, each.record_id) for each in told] == [
        ("STALE_LINK", "salesforce", shown["Id"], office.id_of("Invoice", told_of[1]))
    ]
