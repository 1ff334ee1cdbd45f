"""What Tryton itself reports is the firm's truth, to the cent."""

from collections import defaultdict
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from sandbox.firm.ids import numeric_id, salesforce_id
from sandbox.firm.model import Client, Firm, Invoice
from sandbox.firm.money import as_decimal
from sandbox.tryton.platform import RunningTryton
from sandbox.tryton.rpc import TrytonClient

INVOICE_FIELDS = [
    "number", "state", "invoice_date", "currency.code", "company.party.name", "party.code", "reference", "description",
    "comment", "untaxed_amount", "tax_amount", "total_amount", "amount_to_pay", "lines_to_pay.maturity_date",
    "payment_term.lines.relativedeltas.days", "lines.sequence", "lines.description", "lines.quantity",
    "lines.unit_price", "lines.amount", "lines.note", "lines.taxes.name", "lines.analytic_accounts.account.name",
    "payment_lines.credit", "payment_lines.amount_second_currency", "payment_lines.date",
    "payment_lines.move.number", "payment_lines.move.journal.name", "payment_lines.move.origin",
    "payment_lines.move.origin.number",
]  # fmt: skip
STATES = {"OPEN": {"posted", "paid"}, "PENDING_APPROVAL": {"draft", "validated"}, "VOIDED": {"cancelled"}}


@pytest.fixture(scope="module")
def found(client: TrytonClient, firm: Firm) -> dict[str, dict[str, Any]]:
    domain = [["total_amount", ">=", 0]]
    rows = client.call("model.account.invoice.search_read", domain, 0, None, [["id", "ASC"]], INVOICE_FIELDS)
    assert len(rows) == len(firm.invoices)
    return {row["number"]: row for row in rows}


def code_of(client: Client) -> str:
    return salesforce_id("001", client.key) if client.erp_linked else client.number


def test_customers_stand_as_the_firm_knows_them(client: TrytonClient, firm: Firm) -> None:
    fields = [
        "code", "name", "identifiers.code", "customer_payment_term.lines.relativedeltas.days",
        "accounts.company.party.name", "accounts.customer_tax_rule.name", "credit_limit_amounts.credit_limit_amount",
        "addresses.street", "addresses.city", "addresses.postal_code", "addresses.country.code",
        "addresses.subdivision.name",
    ]  # fmt: skip
    expected = {code_of(one): one for one in firm.clients if one.in_erp}
    rows = client.call("model.party.party.search_read", [["code", "in", list(expected)]], 0, None, None, fields)
    companies = {entity.key: entity.name for entity in firm.legal_entities}
    assert {row["code"] for row in rows} == set(expected)
    for row in rows:
        told = expected[row["code"]]
        (address,), (account,), (limit,) = row["addresses."], row["accounts."], row["credit_limit_amounts."]
        assert row["name"] == told.erp_name
        assert [one["code"] for one in row["identifiers."]] == ([told.tax_id] if told.tax_id else [])
        assert days_of(row["customer_payment_term."]) == told.terms_days
        assert account["company."]["party."]["name"] == companies[told.legal_entity]
        assert (account["customer_tax_rule."] or {}).get("name") == told.tax_code
        assert (limit["credit_limit_amount"] == 0) is told.credit_hold
        assert address["street"] == "\n".join(told.address.lines)
        assert (address["city"], address["postal_code"]) == (told.address.city, told.address.postal_code)
        assert address["country."]["code"] == told.address.country
        assert (address["subdivision."] or {}).get("name") == told.address.region


def test_invoices_agree_to_the_cent(found: dict[str, dict[str, Any]], firm: Firm) -> None:
    clients = {one.key: one for one in firm.clients}
    companies = {entity.key: entity.name for entity in firm.legal_entities}
    for told in firm.invoices:
        row = found[told.number]
        assert row["state"] in STATES[told.state]
        assert (row["state"] == "paid") is (told.state == "OPEN" and told.balance == 0)
        assert row["party."]["code"] == code_of(clients[told.client])
        assert row["company."]["party."]["name"] == companies[told.legal_entity]
        assert row["currency."]["code"] == told.currency
        assert row["reference"] == told.purchase_order
        assert row["invoice_date"] == told.issue_date
        assert row["untaxed_amount"] == as_decimal(told.subtotal, told.currency)
        assert row["tax_amount"] == as_decimal(told.tax, told.currency)
        assert row["total_amount"] == as_decimal(told.total, told.currency)
        assert balance(row) == as_decimal(told.balance, told.currency)


def test_due_dates_follow_from_the_terms_and_stand_on_what_is_posted(
    found: dict[str, dict[str, Any]], firm: Firm
) -> None:
    for told in firm.invoices:
        row = found[told.number]
        assert row["invoice_date"] + timedelta(days_of(row["payment_term."])) == told.due_date
        if told.state == "OPEN":
            assert [line["maturity_date"] for line in row["lines_to_pay."]] == [told.due_date]


def test_invoices_carry_the_other_systems_ids(found: dict[str, dict[str, Any]], firm: Firm) -> None:
    projects = {one.key: one for one in firm.projects}
    for told in firm.invoices:
        row = found[told.number]
        assert row["comment"] == (salesforce_id("800", told.contract) if told.contract else None)
        if told.project is None:
            assert row["description"] is None
        elif projects[told.project].erp_linked:
            assert row["description"] == numeric_id("kantata.workspace", told.project)
        else:
            assert row["description"] == projects[told.project].erp_name


def test_lines_agree_to_the_cent(found: dict[str, dict[str, Any]], firm: Firm) -> None:
    projects = {one.key: one.erp_name for one in firm.projects}
    for told in firm.invoices:
        rows = sorted(found[told.number]["lines."], key=lambda row: row["sequence"])
        assert [row["sequence"] for row in rows] == [line.number for line in told.lines]
        for row, line in zip(rows, told.lines, strict=True):
            (analysis,) = row["analytic_accounts."]
            assert row["description"] == line.description
            assert Decimal(str(row["quantity"])) == Decimal(line.quantity_hundredths) / 100
            assert row["unit_price"] == as_decimal(line.unit_price, told.currency)
            assert row["amount"] == as_decimal(line.amount, told.currency)
            assert [tax["name"] for tax in row["taxes."]] == ([line.tax_code] if line.tax_code else [])
            assert row["note"] == line.milestone
            assert (analysis["account."] or {}).get("name") == (projects[line.project] if line.project else None)


def test_payments_and_credit_notes_settle_what_they_settle(found: dict[str, dict[str, Any]], firm: Firm) -> None:
    seen = 0
    for told in firm.invoices:
        row = found[told.number]
        paid, credited = set(), set()
        for line in row["payment_lines."]:
            move = line["move."]
            amount = line["credit"] if line["amount_second_currency"] is None else -line["amount_second_currency"]
            if move["origin"] == f"account.invoice,{row['id']}":
                paid.add((move["number"], line["date"], amount, move["journal."]["name"]))
            else:
                credited.add((move["origin."]["number"], line["date"], amount))
        assert paid == {
            (one.number, one.day, as_decimal(one.amount, told.currency), one.method) for one in told.payments
        }
        assert credited == {(one.number, one.day, as_decimal(one.amount, told.currency)) for one in told.credit_memos}
        seen += len(paid) + len(credited)
    assert seen > 100


def test_the_open_items_of_a_customer_are_its_balance(client: TrytonClient, firm: Firm) -> None:
    domain = [["account.type.receivable", "=", True], ["reconciliation", "=", None]]
    fields = [
        "party.code",
        "debit",
        "credit",
        "amount_second_currency",
        "second_currency.code",
        "company.currency.code",
    ]
    owed: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for line in client.call("model.account.move.line.search_read", domain, 0, None, None, fields):
        foreign = line["second_currency."]
        amount = line["amount_second_currency"] if foreign else line["debit"] - line["credit"]
        owed[line["party."]["code"], (foreign or line["company."]["currency."])["code"]] += amount
    clients = {one.key: one for one in firm.clients}
    expected: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for told in firm.invoices:
        if told.state == "OPEN" and told.balance:
            expected[code_of(clients[told.client]), told.currency] += as_decimal(told.balance, told.currency)
    assert owed == expected


def test_records_are_known_by_the_firms_keys(client: TrytonClient, tryton: RunningTryton, firm: Firm) -> None:
    known = tryton.known_as()
    told = next(one for one in firm.invoices if one.credit_memos and one.payments)
    memo, payment = known["CreditMemo", told.credit_memos[0].key], known["Payment", told.payments[0].key]
    assert number_of(client, known["Invoice", told.key].entity, known["Invoice", told.key].id) == told.number
    assert number_of(client, memo.entity, memo.id) == told.credit_memos[0].number
    (line,) = client.call(f"model.{payment.entity}.read", [int(payment.id)], ["move.number"])
    assert line["move."]["number"] == told.payments[0].number
    unlinked = {one.key for one in firm.clients if one.in_erp and not one.erp_linked}
    assert unlinked == {key for (kind, key), name in known.items() if kind == "Account" and not name.linked}


def number_of(client: TrytonClient, entity: str, number: str) -> str:
    (row,) = client.call(f"model.{entity}.read", [int(number)], ["number"])
    return str(row["number"])


def days_of(term: dict[str, Any]) -> int:
    ((line,),) = ([line["relativedeltas."] for line in term["lines."]],)
    return int(line[0]["days"])


def balance(row: dict[str, Any]) -> Decimal:
    """Tryton counts nothing as payable before it is posted; the firm counts what waits for approval as owed."""
    amount: Decimal = row["total_amount"] if row["state"] in {"draft", "validated"} else row["amount_to_pay"]
    return amount


def test_every_kind_of_invoice_is_in_the_sample(firm: Firm) -> None:
    states: dict[str, list[Invoice]] = defaultdict(list)
    for invoice in firm.invoices:
        states[invoice.state].append(invoice)
    assert set(states) == set(STATES)
    assert any(one.settled and one.balance for one in states["OPEN"])
    assert any(one.credit_memos for one in states["OPEN"])
