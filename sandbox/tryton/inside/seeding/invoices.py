"""Writes the customer invoices and brings each to its stage: draft, validated, posted or cancelled."""

# mypy: disable-error-code="import-not-found,import-untyped"

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from trytond.pool import Pool

from .books import Books
from .ledger import Invoice, Line


def money(minor: int, digits: int) -> Decimal:
    """1250 is 12.50 in a currency of two digits."""
    return Decimal(minor).scaleb(-digits)


def add_invoices(
    invoices: Sequence[Invoice],
    *,
    books: Books,
    parties: Mapping[str, int],
    terms: Mapping[int, int],
    currencies: Mapping[str, tuple[int, int]],
) -> list[Any]:
    """The new drafts of one company, in the order given. `currencies`: code -> (Tryton's id, digits)."""
    pool = Pool()
    addresses = pool.get("party.address").search([("party", "in", [parties[invoice.customer] for invoice in invoices])])
    address_of = {address.party.id: address.id for address in addresses}
    rows = []
    for invoice in invoices:
        party, (currency, digits) = parties[invoice.customer], currencies[invoice.currency]
        row = {
            "type": "out",
            "company": books.company,
            "party": party,
            "invoice_address": address_of[party],
            "journal": books.revenue_journal,
            "account": books.receivable,
            "payment_term": terms[days_to_pay(invoice)],
            "currency": currency,
            "number": invoice.number,
            "reference": invoice.reference,
            # Tryton has no field for what another system calls things; these two texts can be searched and are short
            # cuts: an invoice is found by its lines' analytic accounts too, but thirty times slower.
            "description": invoice.project,
            "comment": invoice.contract,
            "invoice_date": date.fromisoformat(invoice.issued),
            "lines": [("create", [_line(line, books, currency, digits) for line in invoice.lines])],
        }
        rows.append(row)
    drafts = pool.get("account.invoice").create(rows)
    _agree_taxes(invoices, drafts, {code: digits for code, (_, digits) in currencies.items()})
    return list(drafts)


def days_to_pay(invoice: Invoice) -> int:
    """Tryton knows no due date of a draft, only terms: the days between the dates."""
    return (date.fromisoformat(invoice.due) - date.fromisoformat(invoice.issued)).days


def _line(line: Line, books: Books, currency: int, digits: int) -> dict[str, Any]:
    return {
        "type": "line",
        "sequence": line.number,
        "company": books.company,
        "currency": currency,
        "account": books.revenue,
        "description": line.description,
        "quantity": line.quantity / 100,  # Tryton's own type for quantities is the float
        "unit_price": money(line.unit_price, digits),
        "taxes": [("add", [books.taxes[line.tax_code]] if line.tax_code else [])],
        "note": line.milestone,
        "analytic_accounts": [("create", [analysis(line.project, books)])],
    }


def analysis(project: str | None, books: Books) -> dict[str, Any]:
    """What a line says of the project that it earns for."""
    return {"root": books.project_axis, "account": books.projects[project] if project else None}


def _agree_taxes(invoices: Sequence[Invoice], drafts: Sequence[Any], digits: Mapping[str, int]) -> None:
    """Tryton rounds half to even, the firm half up: the cent between them is written as a bookkeeper would."""
    tax_line = Pool().get("account.invoice.tax")
    corrections: list[Any] = []
    for invoice, draft in zip(invoices, drafts, strict=True):
        difference = money(invoice.tax, digits[invoice.currency]) - sum(tax.amount for tax in draft.taxes)
        if difference:
            largest = max(draft.taxes, key=lambda tax: tax.amount)
            corrections += [[largest], {"amount": largest.amount + difference}]
    if corrections:
        tax_line.write(*corrections)


def bring_to_stage(invoices: Sequence[Invoice], drafts: Sequence[Any]) -> None:
    """Validates, posts and cancels what the firm has validated, posted and voided; call it in the company's context."""
    model = Pool().get("account.invoice")
    by_stage: dict[str, list[Any]] = {"draft": [], "validated": [], "posted": [], "cancelled": []}
    for invoice, draft in zip(invoices, drafts, strict=True):
        by_stage[invoice.stage].append(model(draft.id))
    model.validate_invoice(by_stage["validated"])
    model.post(by_stage["posted"] + by_stage["cancelled"])
    model.cancel([model(posted.id) for posted in by_stage["cancelled"]])
