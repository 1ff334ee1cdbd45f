"""Answers about what is owed: invoices, payments and credit memos."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from sandbox.firm.answers.form import money, plain
from sandbox.firm.answers.view import Answer, View
from sandbox.firm.model import Invoice


def invoice(view: View, invoice: Invoice) -> Answer:
    currency = invoice.currency
    return view.record(
        "Invoice",
        invoice.key,
        number=invoice.number,
        status=invoice_status(invoice, view.today),
        issueDate=invoice.issue_date.isoformat(),
        dueDate=invoice.due_date.isoformat(),
        subtotal=money(invoice.subtotal, currency),
        tax=money(invoice.tax, currency),
        total=money(invoice.total, currency),
        amountPaid=money(invoice.settled, currency),
        balance=money(invoice.balance, currency),
        purchaseOrder=invoice.purchase_order,
        account=invoice.client if view.clients[invoice.client].erp_linked else None,
        contract=invoice.contract,
        project=view.linked_project(invoice.project),
        lines=[
            {
                "number": line.number,
                "description": line.description,
                "quantity": plain(Decimal(line.quantity_hundredths) / 100),
                "unitPrice": money(line.unit_price, currency),
                "amount": money(line.amount, currency),
                "taxCode": line.tax_code,
                "project": view.linked_project(line.project),
                "milestoneKey": line.milestone,
            }
            for line in invoice.lines
        ],
    )


def payments(view: View, invoice: Invoice) -> Iterator[Answer]:
    for payment in invoice.payments:
        yield view.record(
            "Payment",
            payment.key,
            number=payment.number,
            date=payment.day.isoformat(),
            amount=money(payment.amount, invoice.currency),
            method=payment.method,
            invoice=invoice.key,
        )


def credit_memos(view: View, invoice: Invoice) -> Iterator[Answer]:
    for memo in invoice.credit_memos:
        yield view.record(
            "CreditMemo",
            memo.key,
            number=memo.number,
            date=memo.day.isoformat(),
            amount=money(memo.amount, invoice.currency),
            reason=memo.reason,
            invoice=invoice.key,
        )


def invoice_status(invoice: Invoice, today: date) -> str:
    """The canonical InvoiceStatus of what the ERP holds."""
    if invoice.state == "VOIDED":
        return "VOIDED"
    if invoice.state == "PENDING_APPROVAL":
        return "DRAFT"
    if invoice.balance == 0:
        return "PAID"
    if invoice.due_date < today:
        return "OVERDUE"
    return "PARTIALLY_PAID" if invoice.settled else "POSTED"
