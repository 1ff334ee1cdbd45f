"""Settles posted invoices: payments and credit notes reduce what is left to pay, and reconcile what is paid in full."""

# mypy: disable-error-code="import-not-found,import-untyped"

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from trytond.pool import Pool

from .books import Books
from .invoices import analysis, money
from .ledger import CreditNote, Invoice, Payment


@dataclass(frozen=True)
class Settled:
    """Tryton's ids by the firm's key: a payment is a line on the receivable account, a credit note an invoice."""

    payments: dict[str, int]
    credit_notes: dict[str, int]


def settle(
    invoices: Sequence[Invoice], posted: Sequence[Any], *, books: Books, digits: Mapping[str, int], at_sight: int
) -> Settled:
    """Books what was paid and credited on posted invoices of one company; call it in the company's context.

    `at_sight` is the payment term of credit notes, which are due on the day they are given.
    """
    model = Pool().get("account.invoice")
    open_ones = [(told, model(record.id)) for told, record in zip(invoices, posted, strict=True)]
    credit_notes = _credit_notes(open_ones, books, digits, at_sight)
    payments = _payments(open_ones, credit_notes, books, digits)
    pay_lines: list[Any] = []
    for told, record in open_ones:
        lines = [payments[payment.key] for payment in told.payments]
        lines += [_receivable_line(credit_notes[note.key], books) for note in told.credit_notes]
        if lines:
            pay_lines += [[record], {"payment_lines": [("add", [line.id for line in lines])]}]
    if pay_lines:
        model.write(*pay_lines)
    _reconcile(open_ones, credit_notes)
    return Settled(
        payments={key: line.id for key, line in payments.items()},
        credit_notes={key: note.id for key, note in credit_notes.items()},
    )


def _credit_notes(
    open_ones: Sequence[tuple[Invoice, Any]], books: Books, digits: Mapping[str, int], at_sight: int
) -> dict[str, Any]:
    """Posted credit notes by the firm's key: invoices of a negative total whose line's origin is the invoice's line."""
    model = Pool().get("account.invoice")
    keys, rows = [], []
    for told, record in open_ones:
        for note in told.credit_notes:
            keys.append(note.key)
            rows.append(_credit_note(note, told, record, books=books, digits=digits[told.currency], at_sight=at_sight))
    notes = model.create(rows)
    model.post(notes)
    return {key: model(note.id) for key, note in zip(keys, notes, strict=True)}


def _credit_note(
    note: CreditNote, told: Invoice, record: Any, *, books: Books, digits: int, at_sight: int
) -> dict[str, Any]:
    line = {
        "type": "line",
        "company": books.company,
        "currency": record.currency.id,
        "account": books.revenue,
        "description": note.reason,
        "quantity": -1,
        "unit_price": money(note.amount, digits),
        "origin": f"account.invoice.line,{record.lines[0].id}",
        "analytic_accounts": [("create", [analysis(told.lines[0].project, books)])],
    }
    return {
        "type": "out",
        "company": books.company,
        "party": record.party.id,
        "invoice_address": record.invoice_address.id,
        "journal": books.revenue_journal,
        "account": books.receivable,
        "payment_term": at_sight,
        "currency": record.currency.id,
        "number": note.number,
        "description": note.reason,
        "invoice_date": date.fromisoformat(note.day),
        "lines": [("create", [line])],
    }


def _receivable_line(invoice: Any, books: Books) -> Any:
    (line,) = [line for line in invoice.move.lines if line.account.id == books.receivable]
    return line


def _payments(
    open_ones: Sequence[tuple[Invoice, Any]], credit_notes: Mapping[str, Any], books: Books, digits: Mapping[str, int]
) -> dict[str, Any]:
    """The payments' lines on the receivable account, posted, by the firm's key."""
    move_model = Pool().get("account.move")
    keys, rows = [], []
    for told, record in open_ones:
        receivable = _receivable_line(record, books)
        left = receivable.debit - sum(
            _receivable_line(credit_notes[note.key], books).credit for note in told.credit_notes
        )
        owed = told.total - sum(note.amount for note in told.credit_notes)
        for payment in told.payments:
            # The last payment takes what is left, so that rounding into the company's currency loses no cent.
            booked = left if payment.amount == owed else _in_books(payment.amount, told.total, receivable.debit)
            left, owed = left - booked, owed - payment.amount
            keys.append(payment.key)
            rows.append(_payment_move(payment, record, booked, books, digits[told.currency]))
    moves = move_model.create(rows)
    move_model.post(moves)
    return {key: _credited(move_model(move.id), books) for key, move in zip(keys, moves, strict=True)}


def _in_books(amount: int, total: int, booked_total: Decimal) -> Decimal:
    return (booked_total * amount / total).quantize(booked_total)


def _payment_move(payment: Payment, record: Any, booked: Decimal, books: Books, digits: int) -> dict[str, Any]:
    received = {"account": books.bank, "debit": booked, "credit": Decimal(0)}
    settled = {"account": books.receivable, "party": record.party.id, "debit": Decimal(0), "credit": booked}
    if record.currency.code != books.currency:
        foreign = money(payment.amount, digits)
        settled |= {"second_currency": record.currency.id, "amount_second_currency": -foreign}
        received |= {"second_currency": record.currency.id, "amount_second_currency": foreign}
    day = date.fromisoformat(payment.day)
    return {
        "company": books.company,
        "journal": books.journals[payment.method],
        "period": books.period(day),
        "date": day,
        "post_date": day,
        "number": payment.number,
        "description": f"{payment.method} {payment.number}",
        "origin": f"account.invoice,{record.id}",
        "lines": [("create", [settled, received])],
    }


def _credited(move: Any, books: Books) -> Any:
    (line,) = [line for line in move.lines if line.account.id == books.receivable]
    return line


def _reconcile(open_ones: Sequence[tuple[Invoice, Any]], credit_notes: Mapping[str, Any]) -> None:
    """Matches what is paid in full, which moves the invoice and its credit notes to `paid`."""
    model, move_line = Pool().get("account.invoice"), Pool().get("account.move.line")
    full = [(told, model(record.id)) for told, record in open_ones if _is_settled(told)]
    matches = [[*record.lines_to_pay, *record.payment_lines] for _, record in full]
    move_line.reconcile(*matches)
    notes = [model(credit_notes[note.key].id) for told, _ in full for note in told.credit_notes]
    model.process([model(record.id) for _, record in full] + notes)


def _is_settled(told: Invoice) -> bool:
    paid, credited = (payment.amount for payment in told.payments), (note.amount for note in told.credit_notes)
    return told.total == sum(paid) + sum(credited)
