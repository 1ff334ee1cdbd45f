"""Payments and credit notes, each by the invoice that it settles.

A payment is a line on the receivable account that was assigned to an invoice. A credit note is assigned the same way,
by the line of its own move: it is told by the journals, which invoices share and payments never use.
"""

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from platforms.mapping import derived, text
from platforms.predicates import Compare
from platforms.rows import Field
from platforms.tryton.amounts import Amount, computed_money
from platforms.tryton.domains import (
    EQUALITY,
    Condition,
    DayColumn,
    ReferenceColumn,
    TextColumn,
    WiderColumn,
    ids,
    wanted,
)
from platforms.tryton.facets import Row, TrytonFacet, facet
from platforms.tryton.invoices import INVOICE_IGNORED
from platforms.tryton.options import LinkOptions
from platforms.tryton.wire import Day, Number, Record, as_day, as_number, said_number

_MOVE_LINE_IGNORED = {
    "account", "amount", "amount_currency", "analytic_lines", "analytic_state", "currency", "delegated_amount",
    "description", "description_used", "has_maturity_date", "invoice_payment", "journal", "maturity_date",
    "move_description_used", "move_origin", "move_state", "origin", "party", "party_required",
    "payable_receivable_balance", "payable_receivable_date", "period", "reconciliation", "reconciliations_delegated",
    "second_currency_required", "state", "tax_lines",
}  # fmt: skip


class OriginLine(Record, gc=False):
    invoice: int | None = None


class CreditLine(Record, gc=False):
    """A credit note's line; its origin is the line of the invoice that it takes back."""

    id: int
    origin: OriginLine | None = msgspec.field(name="origin.", default=None)


def payment(options: LinkOptions, database: str) -> TrytonFacet:
    """What customers have paid on posted invoices. Tryton assigns a payment's line to one invoice at most."""
    fields = (
        Field("amount_second_currency", Number),
        Field("second_currency.code"),
        Field("debit", Number),
        Field("credit", Number),
        Field("company.currency.code"),
    )
    return facet(
        "Payment",
        "account.move.line",
        (
            Row(
                derived("invoice", (Field("invoice_payments", list[int]),), _first), ReferenceColumn("invoice_payments")
            ),
            Row(text("number", "move.number", writable=False), TextColumn("move.number")),
            Row(derived("date", (Field("date", Day),), as_day), DayColumn("date")),
            *map(Row, computed_money("amount", fields, _received)),
            Row(text("method", "move.journal.name", writable=False)),
        ),
        batch=("invoice",),
        always=[["invoice_payments", "!=", None], ["move.journal.type", "not in", ["revenue", "expense"]]],
        ignored=_MOVE_LINE_IGNORED,
        page_size=options.page_size,
        database=database,
    )


def credit_memo(options: LinkOptions, database: str) -> TrytonFacet:
    """Credit notes in the books, each with the invoice whose lines it takes back; drafts settle nothing yet."""
    total = (Field("total_amount_cache", Number), Field("currency.code"))
    return facet(
        "CreditMemo",
        "account.invoice",
        (
            Row(derived("invoice", (Field("lines", list[CreditLine]),), _credited), WiderColumn(EQUALITY, _credits)),
            Row(text("number", "number"), TextColumn("number")),
            Row(derived("date", (Field("invoice_date", Day),), as_day), DayColumn("invoice_date")),
            *map(Row, computed_money("amount", total, _given)),
            Row(text("reason", "description"), TextColumn("description")),
        ),
        batch=("invoice",),
        always=[
            ["type", "=", "out"],
            ["state", "in", ["posted", "paid"]],
            ["total_amount_cache", "<", said_number(Decimal(0))],
        ],
        ignored=INVOICE_IGNORED | {"total_amount"},
        page_size=options.page_size,
        database=database,
        slow=("lines",),
    )


def _first(invoices: Sequence[int] | None) -> str | None:
    return str(invoices[0]) if invoices else None


def _received(
    foreign: Number | None, code: str | None, debit: Number | None, credit: Number | None, home: str | None
) -> Amount | None:
    """In the currency that was paid in, which for a foreign one is said with the sign of a debit."""
    in_foreign, less, more = as_number(foreign), as_number(debit), as_number(credit)
    if in_foreign is not None and code is not None:
        return -in_foreign, code
    return None if less is None or more is None else (more - less, home)


def _credited(lines: Sequence[CreditLine] | None) -> str | None:
    origins = (line.origin for line in sorted(lines or (), key=lambda line: line.id))
    return next((str(one.invoice) for one in origins if one is not None and one.invoice is not None), None)


def _credits(leaf: Compare) -> Condition:
    numbers = ids(wanted(leaf))
    return [["lines.origin.invoice", "in", numbers, "account.invoice.line"]] if numbers else False


def _given(total: Number | None, currency: str | None) -> Amount | None:
    amount = as_number(total)
    return None if amount is None else (-amount, currency)
