"""The answer key tells what links allow, in the words of the public contract."""

from datetime import UTC, date, datetime
from decimal import Decimal

import msgspec
import pytest

from sandbox.firm.answer_key import TYPES, answer_key
from sandbox.firm.generate import generate

AS_OF = date(2026, 11, 20)


def on(day):
    return lambda: datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def firm():
    return generate(seed=7, accounts=120, as_of=AS_OF)


@pytest.fixture(scope="module")
def key(firm):
    return answer_key(firm, {}, on(AS_OF))


def by_key(records):
    return {record["key"]: record for record in records}


def amount(money):
    return Decimal(money["amount"])


def test_it_has_a_list_for_every_type_and_is_plain_json(key):
    assert set(key) == {"seed", "asOf", *TYPES}
    assert msgspec.json.decode(msgspec.json.encode(key)) == key
    assert all(key[name] for name in TYPES)


def test_an_account_without_a_link_has_no_billing(firm, key):
    accounts = by_key(key["Account"])
    for client in firm.clients:
        assert (accounts[client.key]["billing"] is None) == (not client.erp_linked)


def test_billing_adds_up_to_the_accounts_open_invoices(key):
    for account in key["Account"]:
        if account["billing"]:
            mine = [invoice for invoice in key["Invoice"] if invoice["account"] == account["key"]]
            owed = [invoice for invoice in mine if invoice["status"] not in {"DRAFT", "VOIDED"}]
            late = [invoice for invoice in owed if invoice["status"] == "OVERDUE"]
            assert amount(account["billing"]["balance"]) == sum(amount(invoice["balance"]) for invoice in owed)
            assert amount(account["billing"]["overdue"]) == sum(amount(invoice["balance"]) for invoice in late)


def test_projects_and_invoices_follow_the_links_only(firm, key):
    clients, jobs = by_key_of(firm.clients), by_key_of(firm.projects)
    told = by_key(key["Project"])
    for project in firm.projects:
        linked = project.client is not None and clients[project.client].psa_linked
        assert told[project.key]["account"] == (project.client if linked else None)
        assert (told[project.key]["financials"] is not None) == project.erp_linked
    told = by_key(key["Invoice"])
    for invoice in firm.invoices:
        assert told[invoice.key]["account"] == (invoice.client if clients[invoice.client].erp_linked else None)
        linked = invoice.project is not None and jobs[invoice.project].erp_linked
        assert told[invoice.key]["project"] == (invoice.project if linked else None)


def by_key_of(records):
    return {record.key: record for record in records}


def test_a_projects_billed_and_paid_are_its_posted_invoices(key):
    for project in key["Project"]:
        if project["financials"]:
            mine = [invoice for invoice in key["Invoice"] if invoice["project"] == project["key"]]
            posted = [invoice for invoice in mine if invoice["status"] not in {"DRAFT", "VOIDED"}]
            assert amount(project["financials"]["billed"]) == sum(amount(invoice["total"]) for invoice in posted)
            assert amount(project["financials"]["paid"]) == sum(amount(invoice["amountPaid"]) for invoice in posted)


def test_the_status_of_an_invoice_follows_money_and_clock(key, firm):
    for invoice in key["Invoice"]:
        paid, balance = amount(invoice["amountPaid"]), amount(invoice["balance"])
        late = invoice["dueDate"] < AS_OF.isoformat()
        match invoice["status"]:
            case "VOIDED":
                assert (paid, balance) == (0, 0)
            case "DRAFT":
                assert paid == 0
            case "PAID":
                assert balance == 0
            case "OVERDUE":
                assert late
                assert balance > 0
            case "PARTIALLY_PAID":
                assert not late
                assert paid > 0 < balance
            case "POSTED":
                assert not late
                assert paid == 0 < balance
            case other:
                pytest.fail(f"unforeseen status {other}")
    later = answer_key(firm, {}, on(date(2028, 1, 1)), frozenset({"Invoice"}))
    assert {invoice["status"] for invoice in later["Invoice"]} == {"VOIDED", "DRAFT", "PAID", "OVERDUE"}


def test_an_opportunity_leads_through_its_contract_to_the_first_project(key):
    projects = sorted(key["Project"], key=lambda project: project["code"])
    found = 0
    for opportunity in key["Opportunity"]:
        on_contract = [one["key"] for one in projects if one["contract"] and one["contract"] == opportunity["contract"]]
        assert opportunity["project"] == (on_contract[0] if on_contract else None)
        found += len(on_contract) > 0
    assert found > 10


def test_values_are_written_as_the_contract_writes_them(key):
    monies = [invoice["total"] for invoice in key["Invoice"]]
    for money in monies:
        places = len(money["amount"].partition(".")[2])
        assert places == (0 if money["currency"] == "JPY" else 2)
    assert {money["currency"] for money in monies} >= {"JPY", "EUR"}
    for entry in key["TimeEntry"]:
        assert Decimal(entry["hours"]) > 0
        assert len(entry["hours"].partition(".")[2]) <= 2
    assert all(account["updatedAt"].endswith("Z") for account in key["Account"])
    margins = [project["financials"]["margin"] for project in key["Project"] if project["financials"]]
    assert None in margins
    assert any(margin and margin.startswith("-") for margin in margins)


def test_only_people_who_deliver_are_resources(firm, key):
    assert {resource["key"] for resource in key["Resource"]} == {one.key for one in firm.people if one.delivers}
    assert {assignment["resource"] for assignment in key["Assignment"]} <= set(by_key(key["Resource"]))
