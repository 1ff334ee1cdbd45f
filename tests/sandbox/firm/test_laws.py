"""Laws that hold in a firm of any seed and size, to the cent."""

from collections import Counter
from datetime import UTC, date, datetime, time
from functools import lru_cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.firm.generate import generate
from sandbox.firm.ids import ordinal
from sandbox.firm.receivables import unapproved_time, unbilled_work
from sandbox.firm.words import TAX_RATES

RECIPES = st.tuples(st.integers(0, 10**9), st.integers(1, 60), st.dates(date(2024, 1, 1), date(2027, 12, 31)))
laws = settings(max_examples=25, deadline=None)


@lru_cache(maxsize=32)
def made(seed, accounts, as_of):
    return generate(seed=seed, accounts=accounts, as_of=as_of)


@laws
@given(RECIPES)
def test_an_invoice_adds_up(recipe):
    firm = made(*recipe)
    for invoice in firm.invoices:
        for line in invoice.lines:
            assert line.amount * 100 == line.quantity_hundredths * line.unit_price
        assert invoice.subtotal == sum(line.amount for line in invoice.lines)
        assert invoice.total == invoice.subtotal + invoice.tax
        exact = sum(line.amount * TAX_RATES[line.tax_code] for line in invoice.lines)
        codes = {line.tax_code for line in invoice.lines}
        assert abs(invoice.tax * 1000 - exact) <= 500 * len(codes)
        assert [line.number for line in invoice.lines] == list(range(1, len(invoice.lines) + 1))


@laws
@given(RECIPES)
def test_what_is_settled_and_what_is_left_make_the_total(recipe):
    firm = made(*recipe)
    for invoice in firm.invoices:
        parts = [part.amount for part in invoice.payments] + [part.amount for part in invoice.credit_memos]
        assert all(part > 0 for part in parts)
        if invoice.state == "OPEN":
            assert 0 <= invoice.balance == invoice.total - sum(parts)
        else:
            assert parts == []
        for part in (*invoice.payments, *invoice.credit_memos):
            assert invoice.issue_date <= part.day < firm.as_of


@laws
@given(RECIPES)
def test_a_contracts_milestones_make_its_value_and_are_billed_once(recipe):
    firm = made(*recipe)
    values = {contract.key: contract for contract in firm.contracts}
    amounts = {}
    for contract in firm.contracts:
        if contract.milestones:
            assert sum(milestone.amount for milestone in contract.milestones) == contract.value
        amounts.update({milestone.key: milestone.amount for milestone in contract.milestones})
    lines = [line for invoice in firm.invoices for line in invoice.lines if line.milestone]
    assert max(Counter(line.milestone for line in lines).values(), default=1) == 1
    assert all(line.amount == amounts[line.milestone] for line in lines)
    for invoice in firm.invoices:
        for line in invoice.lines:
            if line.milestone:
                assert line.milestone in {one.key for one in values[invoice.contract].milestones}


@laws
@given(RECIPES)
def test_a_projects_books_close(recipe):
    firm = made(*recipe)
    for project in firm.projects:
        assert (project.financials is not None) == project.in_erp
        if project.financials:
            books = project.financials
            billed = sum(i.subtotal for i in firm.invoices if i.project == project.key and i.state == "OPEN")
            assert books.unbilled == unbilled_work(project)
            assert books.work_in_progress == unapproved_time(project)
            assert books.recognized_revenue + books.deferred_revenue == billed + books.unbilled
            assert min(books.recognized_revenue, books.deferred_revenue, books.cost) >= 0


@laws
@given(RECIPES)
def test_links_lead_to_records_that_agree(recipe):
    firm = made(*recipe)
    clients = {client.key: client for client in firm.clients}
    contracts = {contract.key: contract for contract in firm.contracts}
    deals = {deal.key: deal for deal in firm.deals}
    projects = {project.key: project for project in firm.projects}
    people = {person.key: person for person in firm.people}
    for client in firm.clients:
        assert people[client.owner].seller
        assert client.parent is None or clients[client.parent].key < client.key
        assert all(contact.client == client.key for contact in client.contacts)
    for contract in firm.contracts:
        assert contract.currency == clients[contract.client].currency
        if contract.deal:
            deal = deals[contract.deal]
            assert (deal.contract, deal.client, deal.stage) == (contract.key, contract.client, "WON")
            assert deal.amount == contract.value
    for deal in firm.deals:
        assert (deal.contract is not None) == (deal.stage == "WON")
    for project in firm.projects:
        if project.client:
            client = clients[project.client]
            assert client.in_psa
            assert (project.currency, project.legal_entity) == (client.currency, client.legal_entity)
            assert client.in_erp or not project.in_erp
        else:
            assert not project.in_erp
        if project.contract:
            assert contracts[project.contract].client == project.client
        assert project.manager is None or people[project.manager].delivers
        tasks = {task.key for task in project.tasks}
        assert all(task.parent is None or task.parent in tasks for task in project.tasks)
        assert all(entry.task is None or entry.task in tasks for entry in project.time_entries)
    for invoice in firm.invoices:
        client = clients[invoice.client]
        assert client.in_erp
        assert (invoice.currency, invoice.legal_entity) == (client.currency, client.legal_entity)
        assert invoice.project is None or projects[invoice.project].in_erp
        assert invoice.contract == (projects[invoice.project].contract if invoice.project else None)
        for line in invoice.lines:
            assert line.project is None or projects[line.project].client == invoice.client


@laws
@given(RECIPES)
def test_time_and_expenses_are_in_states_that_can_be(recipe):
    firm = made(*recipe)
    for project in firm.projects:
        for work in (*project.time_entries, *project.expenses):
            assert (work.billing_state == "NOT_BILLABLE") == (not work.billable)
            assert work.billing_state != "BILLED" or work.approval == "APPROVED"
            assert work.day < firm.as_of
        for entry in project.time_entries:
            assert entry.minutes > 0
            assert entry.minutes % 3 == 0  # so that hours have at most two decimals
            assert (entry.rate is not None) == entry.billable


@laws
@given(RECIPES)
def test_nothing_happened_on_the_firms_day_or_after(recipe):
    firm = made(*recipe)
    morning = datetime.combine(firm.as_of, time(0), UTC)
    for record in (*firm.clients, *firm.deals, *firm.contracts, *firm.projects, *firm.invoices):
        assert record.created_at <= record.updated_at < morning
    for contract in firm.contracts:
        assert contract.approved_at is None or contract.created_at < contract.approved_at < morning
        assert contract.start_date < contract.end_date
    for project in firm.projects:
        for milestone in project.milestones:
            assert milestone.completed_at is None or milestone.completed_at < morning
            done = milestone.status in {"COMPLETED", "ACCEPTED", "BILLED"}
            assert done == (milestone.completed_at is not None)


@laws
@given(RECIPES)
def test_every_key_is_unique_over_the_whole_firm_and_numbered(recipe):
    firm = made(*recipe)
    keys = [record.key for record in (*firm.people, *firm.clients, *firm.deals, *firm.contracts, *firm.invoices)]
    keys += [contact.key for client in firm.clients for contact in client.contacts]
    agreed = {milestone.key for contract in firm.contracts for milestone in contract.milestones}
    for project in firm.projects:
        own = [milestone.key for milestone in project.milestones if milestone.key not in agreed]
        parts = (*project.tasks, *project.assignments, *project.time_entries, *project.expenses)
        keys += [project.key, *own, *(part.key for part in parts)]
    keys += agreed
    keys += [part.key for invoice in firm.invoices for part in (*invoice.payments, *invoice.credit_memos)]
    assert len(set(keys)) == len(keys)
    assert all(ordinal(key) > 0 for key in keys)
    delivered = [milestone.key for project in firm.projects for milestone in project.milestones]
    assert len(set(delivered)) == len(delivered)


@pytest.mark.parametrize("unique", ["number", "code"])
def test_numbers_that_people_quote_are_unique(unique):
    firm = made(7, 60, date(2026, 11, 20))
    records = firm.projects if unique == "code" else [*firm.clients, *firm.invoices, *firm.contracts]
    assert len({getattr(record, unique) for record in records}) == len(records)
