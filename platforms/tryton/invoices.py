"""Customer invoices and their lines.

Source: trytond's module account_invoice; https://docs.tryton.org/latest/modules-account-invoice/. Credit notes are
invoices with a negative total, and told apart by it. Tryton stores the total once an invoice is posted.
"""

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec

from platforms.mapping import Mapped, derived, number, text
from platforms.predicates import Compare
from platforms.readers import COMPARISONS
from platforms.rows import Field
from platforms.tryton.amounts import Amount, computed_money, money
from platforms.tryton.domains import (
    EQUALITY,
    SIGNS,
    Condition,
    DayColumn,
    Domain,
    LinkColumn,
    PlaceColumn,
    ReferenceColumn,
    TextColumn,
    WiderColumn,
    among,
    clause,
    either,
    wanted,
)
from platforms.tryton.facets import Row, TrytonFacet, facet, link, reference
from platforms.tryton.options import LinkOptions
from platforms.tryton.terms import PaymentTerm, due_on
from platforms.tryton.wire import Day, Number, Record, as_day, as_number, said_day, said_number
from runtime.clock import Clock
from schema.enums import InvoiceStatus

STATES = {
    "draft": InvoiceStatus.DRAFT,
    "validated": InvoiceStatus.DRAFT,
    "posted": InvoiceStatus.POSTED,
    "paid": InvoiceStatus.PAID,
    "cancelled": InvoiceStatus.VOIDED,
}
"""What Tryton stores. `validated` is worked out and checked, but waits for its posting like a draft. What is posted may
be overdue or partly paid as well, which follows from its open instalments."""
_UNPOSTED = ("draft", "validated")
_OF_POSTED = frozenset({InvoiceStatus.POSTED, InvoiceStatus.OVERDUE, InvoiceStatus.PARTIALLY_PAID})

NO_CREDIT_NOTE: Domain = [
    "OR",
    ["total_amount_cache", ">=", said_number(Decimal(0))],
    [["total_amount_cache", "=", None], ["total_amount", ">=", said_number(Decimal(0))]],
]


class Instalment(Record, gc=False):
    """A line on the receivable account that a posted invoice made; `reconciliation` is set once it is paid."""

    maturity_date: Day | None = None
    reconciliation: int | None = None


_STATE = Field("state")
_INSTALMENTS = Field("lines_to_pay", list[Instalment])
_SETTLEMENTS = Field("payment_lines", list[int])
_ISSUED = Field("invoice_date", Day)
_TERM = Field("payment_term", PaymentTerm)
_TOTAL = Field("total_amount", Number)
_TO_PAY = Field("amount_to_pay", Number)
_CURRENCY = Field("currency.code")

INVOICE_IGNORED = {
    "account", "accounting_date", "additional_moves", "allow_cancel", "alternative_payees", "amount_to_pay",
    "amount_to_pay_today", "cancel_move", "comment", "company", "company_party", "currency_date",
    "customer_payment_reference", "description", "has_account_move", "has_payment_method", "has_report_cache",
    "invoice_address", "invoice_date", "invoice_report_cache", "invoice_report_cache_id", "invoice_report_format",
    "invoice_report_revisions", "journal", "line_lines", "lines", "lines_to_pay", "move", "number_alnum",
    "number_digit", "origin_invoices", "origins", "party", "party_lang", "party_tax_identifier", "payment_lines",
    "payment_means", "payment_term", "payment_term_date", "posted_by", "reconciled", "reconciliation_lines",
    "reference", "sequence", "sequence_type_cache", "source_tax_amount", "source_total_amount",
    "source_untaxed_amount", "state", "supplier_payment_reference", "supplier_payment_reference_type", "tax_amount",
    "tax_amount_cache", "tax_identifier", "taxes", "total_amount_cache", "type", "type_name", "untaxed_amount",
    "untaxed_amount_cache", "validated_by",
}  # fmt: skip
_LINE_IGNORED = {
    "account", "analytic_accounts_size", "company", "invoice_description", "invoice_party", "invoice_state",
    "invoice_taxes", "invoice_type", "origin", "party", "party_lang", "product", "product_uom_category", "summary",
    "taxes_date", "taxes_deductible_rate", "type", "unit",
}  # fmt: skip


def invoice(options: LinkOptions, database: str, clock: Clock) -> TrytonFacet:
    """Invoices to customers, whatever their state."""

    def status_today(
        state: str | None, instalments: Sequence[Instalment] | None, settlements: Sequence[int] | None
    ) -> InvoiceStatus | None:
        return status(state, instalments or (), settlements or (), clock.now().date())

    account_field = f"party.{options.account_field}"
    return facet(
        "Invoice",
        "account.invoice",
        (
            Row(link("account", account_field, options.is_crm_id), LinkColumn(account_field, options.is_crm_id)),
            Row(
                link("project", options.project_field, options.is_psa_id),
                LinkColumn(options.project_field, options.is_psa_id),
            ),
            Row(
                link("contract", options.contract_field, options.is_crm_id),
                LinkColumn(options.contract_field, options.is_crm_id),
            ),
            Row(text("number", "number"), TextColumn("number")),
            Row(
                derived("status", (_STATE, _INSTALMENTS, _SETTLEMENTS), status_today), WiderColumn(EQUALITY, _in_states)
            ),
            Row(text("nativeStatus", "state", writable=False)),
            Row(
                derived("issueDate", (_ISSUED,), as_day, lambda value: (Day(value.year, value.month, value.day),)),
                DayColumn("invoice_date"),
            ),
            Row(derived("dueDate", (_INSTALMENTS, _ISSUED, _TERM), due), WiderColumn(COMPARISONS, _may_be_due)),
            *map(Row, money("subtotal", "untaxed_amount", "currency.code")),
            *map(Row, money("tax", "tax_amount", "currency.code")),
            *_total_rows(),
            *map(Row, _of_invoice("amountPaid", paid)),
            *_balance_rows(),
            Row(text("purchaseOrder", "reference"), TextColumn("reference")),
        ),
        batch=("account", "project", "contract"),
        always=[["type", "=", "out"], NO_CREDIT_NOTE],
        ignored=INVOICE_IGNORED,
        page_size=options.page_size,
        database=database,
        slow=("lines_to_pay", "amount_to_pay", "total_amount", "tax_amount", "untaxed_amount", "payment_term"),
    )


def invoice_line(options: LinkOptions, database: str) -> TrytonFacet:
    """What an invoice bills, line by line; its headings and subtotals are left out."""
    return facet(
        "InvoiceLine",
        "account.invoice.line",
        (
            Row(reference("invoice", "invoice"), ReferenceColumn("invoice")),
            Row(derived("number", (Field("sequence", int),), lambda place: place or 0), PlaceColumn("sequence")),
            Row(text("description", "description")),
            Row(number("quantity", "quantity")),
            *map(Row, money("unitPrice", "unit_price", "currency.code", writable=True)),
            *map(Row, money("amount", "amount", "currency.code")),
            Row(derived("taxCode", (Field("taxes", list[Tax]),), _first_tax)),
            Row(
                derived("project", (Field("analytic_accounts", list[Analysis]),), lambda told: _project(told, options))
            ),
            Row(text("milestoneKey", "note")),
        ),
        batch=("invoice",),
        always=[["type", "=", "line"], ["invoice.type", "=", "out"], [["invoice", "where", NO_CREDIT_NOTE]]],
        ignored=_LINE_IGNORED,
        page_size=options.page_size,
        database=database,
        slow=("amount", "analytic_accounts", "taxes"),
    )


# ---------------------------------------------------------------------------------------------------- status


def status(
    state: str | None, instalments: Sequence[Instalment], settlements: Sequence[int], today: date
) -> InvoiceStatus | None:
    """The canonical status: a posted invoice is overdue where an open instalment was due before `today`."""
    if state != "posted":
        return STATES.get(state or "")
    open_ones = [one for one in instalments if one.reconciliation is None]
    if instalments and not open_ones:
        return InvoiceStatus.PAID
    if any(found < today for found in map(as_day, (one.maturity_date for one in open_ones)) if found is not None):
        return InvoiceStatus.OVERDUE
    if settlements or len(open_ones) < len(instalments):
        return InvoiceStatus.PARTIALLY_PAID
    return InvoiceStatus.POSTED


def _in_states(leaf: Compare) -> Condition:
    asked = set(wanted(leaf))
    states = [state for state, told in STATES.items() if told in asked]
    if asked & _OF_POSTED or InvoiceStatus.PAID in asked:  # what was paid a moment ago may still be called posted
        states = list(dict.fromkeys([*states, "posted"]))
    return among("state", states, negated=False)


# -------------------------------------------------------------------------------------------------- due date


def due(instalments: Sequence[Instalment] | None, issued: Day | None, term: PaymentTerm | None) -> date | None:
    """When the first instalment is due; before posting, and once cancelled, that follows from the payment term."""
    days = [found for found in map(as_day, (one.maturity_date for one in instalments or ())) if found is not None]
    return min(days) if days else due_on(as_day(issued), term)


def _may_be_due(leaf: Compare) -> Condition:
    """Posted invoices that have such an instalment, and all that have none: the first one is looked for here."""
    if leaf.operator == "in":
        days: Condition = [["maturity_date", "in", [said_day(value) for value in leaf.value]]]
    else:
        days = clause("maturity_date", SIGNS[leaf.operator], said_day(leaf.value))
    return either(
        [
            among("state", [*_UNPOSTED, "cancelled"], negated=False),
            [["move.lines", "where", days]],
            [["additional_moves", "!=", None]],
        ]
    )


# --------------------------------------------------------------------------------------------------- amounts


def paid(state: str | None, total: Number | None, to_pay: Number | None, currency: str | None) -> Amount | None:
    """Settled by payments and credit notes; nothing before posting, and nothing of what was cancelled."""
    whole, left = as_number(total), as_number(to_pay)
    if whole is None or left is None:
        return None
    return (whole - left if state in ("posted", "paid") else Decimal(0)), currency


def left_to_pay(state: str | None, total: Number | None, to_pay: Number | None, currency: str | None) -> Amount | None:
    """Tryton has nothing to be paid before posting; here all of it is still to be paid then."""
    found = as_number(total if state in _UNPOSTED else to_pay)
    return None if found is None else (found, currency)


def _of_invoice(path: str, total: Callable[..., Amount | None]) -> tuple[Mapped, Mapped]:
    return computed_money(path, (_STATE, _TOTAL, _TO_PAY, _CURRENCY), total, currency_field=_CURRENCY.name)


def _total_rows() -> tuple[Row, Row]:
    amount, currency = money("total", "total_amount", "currency.code")
    return Row(amount, WiderColumn(COMPARISONS, _may_be_total)), Row(currency)


def _may_be_total(leaf: Compare) -> Condition:
    """The stored totals, and every invoice that has none yet."""
    if leaf.operator == "in":
        found: Condition = among("total_amount_cache", map(said_number, leaf.value), negated=False)
    else:
        found = clause("total_amount_cache", SIGNS[leaf.operator], said_number(leaf.value))
    return either([found, clause("total_amount_cache", "=", None)])


def _balance_rows() -> tuple[Row, Row]:
    amount, currency = _of_invoice("balance", left_to_pay)
    return Row(amount, WiderColumn(COMPARISONS, _may_be_left)), Row(currency)


def _may_be_left(leaf: Compare) -> Condition:
    """Only what is neither paid nor cancelled has something left."""
    match leaf.operator:
        case "gt":
            some = leaf.value >= 0
        case "gte" | "eq":
            some = leaf.value > 0
        case "in":
            some = all(value > 0 for value in leaf.value)
        case _:
            some = False
    return among("state", [*_UNPOSTED, "posted"], negated=False) if some else True


# ----------------------------------------------------------------------------------------------------- lines


class Tax(Record, gc=False):
    name: str | None = None


class AnalyticAccount(Record, gc=False):
    code: str | None = None


class Analysis(Record, gc=False):
    """Whom a line earns for, on one analytic axis."""

    account: AnalyticAccount | None = msgspec.field(name="account.", default=None)


def _first_tax(taxes: Sequence[Tax] | None) -> str | None:
    return taxes[0].name if taxes else None


def _project(analysis: Sequence[Analysis] | None, options: LinkOptions) -> str | None:
    """The PSA's id on the one axis that has it."""
    codes: list[Any] = [one.account.code for one in analysis or () if one.account is not None]
    return next((code for code in codes if code and options.is_psa_id(code)), None)
