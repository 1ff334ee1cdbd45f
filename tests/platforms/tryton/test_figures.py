"""What the connector works out itself: status, due date, what customers owe."""

from datetime import date
from decimal import Decimal

import pytest

from platforms.tryton.amounts import Company, Currency
from platforms.tryton.invoices import Instalment, due, left_to_pay, paid, status
from platforms.tryton.open_items import Move, OpenItem, balance, overdue
from platforms.tryton.terms import Delta, PaymentTerm, TermLine, days_to_pay
from platforms.tryton.wire import Day, Number
from schema.enums import InvoiceStatus

TODAY = date(2026, 11, 20)
EUR = Company(id=2, currency=Currency(code="EUR"))


def instalment(day: int, *, balanced: bool = False) -> Instalment:
    return Instalment(maturity_date=Day(2026, 11, day), reconciliation=9 if balanced else None)


@pytest.mark.parametrize(
    ("state", "instalments", "settlements", "expected"),
    [
        ("draft", [], [], InvoiceStatus.DRAFT),
        ("validated", [], [], InvoiceStatus.DRAFT),
        ("cancelled", [instalment(1)], [], InvoiceStatus.VOIDED),
        ("paid", [instalment(1, balanced=True)], [7], InvoiceStatus.PAID),
        ("posted", [instalment(20)], [], InvoiceStatus.POSTED),  # due today is not overdue
        ("posted", [instalment(20)], [7], InvoiceStatus.PARTIALLY_PAID),
        ("posted", [instalment(19)], [7], InvoiceStatus.OVERDUE),
        ("posted", [instalment(1, balanced=True), instalment(30)], [], InvoiceStatus.PARTIALLY_PAID),
        ("posted", [instalment(1, balanced=True)], [], InvoiceStatus.PAID),
        ("posted", [], [], InvoiceStatus.POSTED),
        ("something new", [], [], None),
        (None, [], [], None),
    ],
)
def test_status(state, instalments, settlements, expected):
    assert status(state, instalments, settlements, TODAY) is expected


def test_due_dates_follow_the_first_instalment_or_the_term():
    term = PaymentTerm(lines=[TermLine([Delta(weeks=2), Delta(days=1)]), TermLine([Delta(days=30)])])
    assert due([instalment(30), instalment(3)], Day(2026, 1, 1), term) == date(2026, 11, 3)
    assert due([], Day(2026, 1, 1), term) == date(2026, 1, 16)
    assert due(None, None, term) is None
    assert due(None, Day(2026, 1, 1), None) is None


@pytest.mark.parametrize(
    ("term", "days"),
    [
        (None, None),
        (PaymentTerm(), None),
        (PaymentTerm(lines=[TermLine()]), 0),
        (PaymentTerm(lines=[TermLine([Delta(months=1)])]), None),
        (PaymentTerm(lines=[TermLine([Delta(days=10, day=31)])]), None),
    ],
)
def test_days_to_pay(term, days):
    assert days_to_pay(term) == days


@pytest.mark.parametrize(
    ("state", "to_pay", "settled", "left"),
    [("draft", "0", "0", "100"), ("posted", "40", "60", "40"), ("paid", "0", "100", "0"), ("cancelled", "0", "0", "0")],
)
def test_amounts_of_an_invoice(state, to_pay, settled, left):
    total, rest = Number(Decimal(100)), Number(Decimal(to_pay))
    assert paid(state, total, rest, "EUR") == (Decimal(settled), "EUR")
    assert left_to_pay(state, total, rest, "EUR") == (Decimal(left), "EUR")


def item(
    amount: int, due_day: int | None = None, *, invoice: int = 1, payment: bool = False, foreign: str | None = None
):
    """An open item; in a foreign currency at two for one."""
    value = Decimal(amount)
    return OpenItem(
        id=1,
        debit=Number(max(value, Decimal(0)) / (2 if foreign else 1)),
        credit=Number(max(-value, Decimal(0)) / (2 if foreign else 1)),
        amount_second_currency=Number(value) if foreign else None,
        second_currency=Currency(code=foreign) if foreign else None,
        company=EUR,
        maturity_date=None if due_day is None else Day(2026, 11, due_day),
        move=Move(origin=f"account.invoice,{invoice}"),
        invoice_payments=[invoice] if payment else [],
    )


def test_what_is_overdue_is_less_by_payments_on_the_same_invoices_only():
    items = [
        item(100, 1), item(-30, payment=True),
        item(50, 30, invoice=2), item(-20, invoice=2, payment=True),
        item(10, 2, invoice=3), item(-40, invoice=4),
    ]  # fmt: skip
    assert overdue(items, "EUR", TODAY) == (Decimal(80), "EUR")
    assert balance(items, "EUR") == (Decimal(70), "EUR")


def test_instalments_not_yet_due_do_not_count_and_nothing_is_overdue_below_zero():
    items = [item(40, 1), item(60, 30), item(-50, payment=True)]
    assert overdue(items, "EUR", TODAY) == (Decimal(0), "EUR")
    assert balance(items, "EUR") == (Decimal(50), "EUR")


def test_one_foreign_currency_is_told_as_it_is_and_several_in_the_companys_own():
    foreign = [item(100, 1, foreign="JPY"), item(-30, payment=True, foreign="JPY")]
    assert overdue(foreign, "EUR", TODAY) == (Decimal(70), "JPY")
    assert balance(foreign, "EUR") == (Decimal(70), "JPY")
    mixed = [*foreign, item(10, 30, invoice=2)]
    assert overdue(mixed, "EUR", TODAY) == (Decimal(35), "EUR")
    assert balance(mixed, "EUR") == (Decimal(45), "EUR")


def test_nothing_owed_is_nothing_in_the_companys_currency():
    assert balance([], "CHF") == overdue(None, "CHF", TODAY) == (Decimal(0), "CHF")
