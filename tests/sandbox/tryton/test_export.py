"""Tryton is told its own part of the firm, and the same part in the same words."""

from datetime import date

import pytest

from sandbox.firm.generate import generate
from sandbox.firm.model import Firm
from sandbox.tryton.export import ledger_of
from sandbox.tryton.inside.seeding.ledger import Ledger


def test_a_ledger_survives_being_written(firm: Firm) -> None:
    ledger = ledger_of(firm)
    assert Ledger.from_json(ledger.to_json()) == ledger


def test_the_same_firm_is_told_in_the_same_words(firm: Firm) -> None:
    again = generate(seed=firm.seed, accounts=40, as_of=firm.as_of)
    other = generate(seed=firm.seed, accounts=40, as_of=date(2026, 11, 21))
    assert ledger_of(again).to_json() == ledger_of(firm).to_json()
    assert ledger_of(other).to_json() != ledger_of(firm).to_json()


def test_a_legal_entity_gets_its_own_books_only(firm: Firm) -> None:
    ledger = ledger_of(firm, ["le-de"])
    assert [company.key for company in ledger.companies] == ["le-de"]
    assert {record.company for record in (*ledger.customers, *ledger.projects, *ledger.invoices)} == {"le-de"}
    whole = ledger_of(firm)
    assert len(ledger.invoices) == sum(invoice.company == "le-de" for invoice in whole.invoices) > 0


def test_an_unknown_legal_entity_is_named(firm: Firm) -> None:
    with pytest.raises(ValueError, match="no legal entity le-fr; it has le-uk"):
        ledger_of(firm, ["le-uk", "le-fr"])


def test_only_clients_that_the_erp_holds_are_told(firm: Firm) -> None:
    told = {customer.key: customer for customer in ledger_of(firm).customers}
    assert set(told) == {client.key for client in firm.clients if client.in_erp}
    assert {key for key, customer in told.items() if customer.crm_id is None} == {
        client.key for client in firm.clients if client.in_erp and not client.erp_linked
    }
