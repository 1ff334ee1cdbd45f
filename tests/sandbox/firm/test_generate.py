"""The same firm everywhere, with everything in it that makes systems disagree."""

import hashlib
import os
import subprocess
import sys
from collections import Counter
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest

from sandbox.firm import words
from sandbox.firm.generate import generate

AS_OF = date(2026, 11, 20)
PRINT = (
    "import hashlib, datetime; from sandbox.firm.generate import generate;"
    "print(hashlib.sha256(repr(generate(seed=7, accounts=40, as_of=datetime.date(2026, 11, 20))).encode()).hexdigest())"
)


@pytest.fixture(scope="module")
def firm():
    """The firm of the README."""
    return generate(seed=7, accounts=200, as_of=AS_OF)


def test_the_same_seed_gives_the_same_firm_in_another_process():
    here = hashlib.sha256(repr(generate(seed=7, accounts=40, as_of=AS_OF)).encode()).hexdigest()
    there = subprocess.run(
        [sys.executable, "-c", PRINT],
        cwd=Path(__file__).parents[3],
        env={**os.environ, "PYTHONHASHSEED": "12345"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert there.stdout.strip() == here


def test_another_seed_gives_another_firm():
    assert generate(seed=8, accounts=5, as_of=AS_OF) != generate(seed=7, accounts=5, as_of=AS_OF)


@pytest.mark.parametrize("accounts", [0, -1, 10**6])
def test_a_size_that_makes_no_firm_is_refused(accounts):
    with pytest.raises(ValueError, match="account"):
        generate(accounts=accounts, as_of=AS_OF)


@pytest.mark.parametrize("accounts", [1, 2, 3, 4, 19, 40])
def test_it_has_the_size_asked_for(accounts):
    assert len(generate(accounts=accounts, as_of=AS_OF).clients) == accounts


def test_names_are_unique_but_for_the_crms_duplicates(firm):
    names = Counter(client.crm_name for client in firm.clients if client.duplicate_of is None)
    assert max(names.values()) == 1
    by_key = {client.key: client for client in firm.clients}
    twice = [client for client in firm.clients if client.duplicate_of]
    assert len(twice) == 10
    assert any(client.crm_name == by_key[client.duplicate_of].crm_name for client in twice)
    assert any(client.crm_name != by_key[client.duplicate_of].crm_name for client in twice)


def test_names_sort_alike_whether_case_counts_or_not(firm):
    names = [client.crm_name for client in firm.clients]
    assert sorted(names) == sorted(names, key=lambda name: (name.casefold(), name))


def test_the_smallest_demo_firm_has_every_awkward_name():
    names = {client.crm_name for client in generate(accounts=42, as_of=AS_OF).clients}
    assert names.issuperset(words.AWKWARD_CLIENTS)
    letters = "".join(words.AWKWARD_CLIENTS)
    assert all(letter in letters for letter in "'\"\\%_&<>{}?+=#,:;!öüø東")


def test_systems_spell_clients_differently(firm):
    known = [client for client in firm.clients if client.in_erp]
    assert all(client.erp_name != client.crm_name for client in known)
    assert 0.2 < sum(client.psa_name != client.crm_name for client in firm.clients) / len(firm.clients) < 0.6


def test_links_are_missing_here_and_there_and_never_where_there_is_no_record(firm):
    assert any(client.in_erp and not client.erp_linked for client in firm.clients)
    assert any(client.in_psa and not client.psa_linked for client in firm.clients)
    assert any(project.in_erp and not project.erp_linked for project in firm.projects)
    assert not any(client.erp_linked and not client.in_erp for client in firm.clients)
    assert not any(client.psa_linked and not client.in_psa for client in firm.clients)
    assert not any(project.erp_linked and not project.in_erp for project in firm.projects)
    assert not any(client.in_erp for client in firm.clients if client.status == "PROSPECT")


def test_it_has_every_state_and_shape_that_the_graph_must_tell(firm):
    assert {client.status for client in firm.clients} == {"PROSPECT", "ACTIVE", "ON_HOLD", "INACTIVE"}
    assert {deal.stage for deal in firm.deals} == {"OPEN", "COMMITTED", "WON", "LOST"}
    statuses = {"DRAFT", "IN_REVIEW", "APPROVED", "ACTIVE", "EXPIRED", "TERMINATED"}
    assert {contract.status for contract in firm.contracts} == statuses
    assert len({contract.billing_model for contract in firm.contracts}) == 5
    assert {project.status for project in firm.projects} == {"PLANNED", "ACTIVE", "ON_HOLD", "COMPLETED", "CANCELLED"}
    assert {project.kind for project in firm.projects} == {"PROJECT", "RETAINER", "MANAGED_SERVICE", "ADVISORY"}
    milestones = {milestone.status for project in firm.projects for milestone in project.milestones}
    assert milestones == {"PLANNED", "IN_PROGRESS", "COMPLETED", "ACCEPTED", "BILLED"}
    assert {invoice.state for invoice in firm.invoices} == {"PENDING_APPROVAL", "OPEN", "VOIDED"}
    assert any(invoice.balance and invoice.settled for invoice in firm.invoices)
    assert any(invoice.balance and invoice.due_date < AS_OF for invoice in firm.invoices)
    assert any(invoice.credit_memos for invoice in firm.invoices)
    assert any(len(invoice.payments) == 2 for invoice in firm.invoices)
    assert any(client.credit_hold for client in firm.clients)
    assert any(client.parent for client in firm.clients)
    assert any(contract.amendments for contract in firm.contracts)
    assert any(contract.rates for contract in firm.contracts)
    assert any(project.client is None for project in firm.projects)
    assert any(project.client and project.contract is None for project in firm.projects)
    worked = {project.contract for project in firm.projects}
    assert any(contract.key not in worked for contract in firm.contracts)
    assert {client.currency for client in firm.clients} == {"EUR", "GBP", "USD", "CHF", "SEK", "JPY"}
    assert {client.legal_entity for client in firm.clients} == {entity.key for entity in firm.legal_entities}


def test_it_has_about_as_much_of_everything_as_such_firms_have(firm):
    accounts = len(firm.clients)
    lines = sum(len(invoice.lines) for invoice in firm.invoices)
    assert 1.3 < len(firm.projects) / accounts < 1.9
    assert 1.2 < len(firm.contracts) / accounts < 1.8
    assert 3 < len(firm.invoices) / accounts < 5
    assert 1.5 < lines / len(firm.invoices) < 2.6
    assert {len(invoice.lines) for invoice in firm.invoices} == {1, 2, 3, 4}


@pytest.mark.parametrize("accounts", [12, 40, 200])
@pytest.mark.parametrize("as_of", [AS_OF, date(2026, 12, 31), date(2027, 2, 1)])
def test_won_deals_wait_for_their_projects_at_any_size(accounts, as_of):
    firm = generate(accounts=accounts, as_of=as_of)
    contracts = {contract.key: contract for contract in firm.contracts}
    clients = {client.key: client for client in firm.clients}
    begun = {project.contract for project in firm.projects}
    waiting = [
        contracts[deal.contract]
        for deal in firm.deals
        if deal.stage == "WON" and deal.contract and deal.contract not in begun
    ]
    ready = [contract for contract in waiting if contract.status in {"APPROVED", "ACTIVE"}]
    assert len(ready) >= 5
    assert {contract.status for contract in ready} == {"APPROVED", "ACTIVE"}
    assert len({clients[contract.client].legal_entity for contract in ready}) >= 4
    known = [each for each in ready if clients[each.client].erp_linked and clients[each.client].psa_linked]
    assert len({each.currency for each in known}) >= 3
    assert any(each.milestones for each in known)
    assert any(each.rates for each in known)
    assert all(each.approved_at and each.approved_at.date() < as_of for each in ready)


def test_lists_are_in_the_order_of_their_keys(firm):
    for records in (firm.people, firm.clients, firm.deals, firm.contracts, firm.projects, firm.invoices):
        assert all(before.key < after.key for before, after in pairwise(records))
