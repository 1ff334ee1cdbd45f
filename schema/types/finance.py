"""What is owed and paid: invoices with their lines, payments and credit memos."""

import datetime as dt
from decimal import Decimal

import strawberry

from schema.declare import connection, each, identity, native, one, owned, part, provenance
from schema.enums import InvoiceStatus
from schema.roles import PlatformRole
from schema.types.arguments import page_of
from schema.types.references import (
    AccountRef,
    ContractRef,
    CreditMemoRef,
    InvoiceLineRef,
    InvoiceRef,
    PaymentRef,
    ProjectRef,
)
from schema.types.shared import Connection, Money, Node, Source

ERP = PlatformRole.ERP


@strawberry.type(description="A receivable. ERP owns it, or the billing platform where ERP only posts its totals.")
class Invoice(Node):
    id: strawberry.ID = identity()
    number: str | None = owned(ERP)
    status: InvoiceStatus | None = owned(
        ERP, description="OVERDUE goes before PARTIALLY_PAID: an open invoice past its due date is overdue."
    )
    native_status: str | None = native(ERP)
    issue_date: dt.date | None = owned(ERP)
    due_date: dt.date | None = owned(ERP)
    subtotal: Money | None = owned(ERP)
    tax: Money | None = owned(ERP)
    total: Money | None = owned(ERP)
    amount_paid: Money | None = owned(ERP, description="Settled by payments and credit memos: total less balance.")
    balance: Money | None = owned(ERP)
    purchase_order: str | None = owned(ERP)
    account: AccountRef | None = one("Account", mine="account")
    contract: ContractRef | None = one("Contract", mine="contract")
    project: ProjectRef | None = one("Project", mine="project")
    lines: Connection[InvoiceLineRef] | None = connection(
        "InvoiceLine", page_of(InvoiceLineRef, first=100), theirs="invoice", order=("number",)
    )
    payments: list[PaymentRef] | None = each("Payment", theirs="invoice", order=("date", "number"))
    credit_memos: list[CreditMemoRef] | None = each("CreditMemo", theirs="invoice", order=("date", "number"))
    sources: list[Source] = provenance()


@strawberry.type
class InvoiceLine:
    number: int = part()
    description: str | None = part()
    quantity: Decimal | None = part()
    unit_price: Money | None = part()
    amount: Money | None = part()
    tax_code: str | None = part()
    project: ProjectRef | None = one("Project", mine="project")
    milestone_key: str | None = part()


@strawberry.type
class Payment(Node):
    id: strawberry.ID = identity()
    number: str | None = owned(ERP)
    date: dt.date | None = owned(ERP)
    amount: Money | None = owned(ERP)
    method: str | None = owned(ERP)
    invoice: InvoiceRef | None = one("Invoice", mine="invoice")
    sources: list[Source] = provenance()


@strawberry.type
class CreditMemo(Node):
    id: strawberry.ID = identity()
    number: str | None = owned(ERP)
    date: dt.date | None = owned(ERP)
    amount: Money | None = owned(ERP)
    reason: str | None = owned(ERP)
    invoice: InvoiceRef | None = one("Invoice", mine="invoice")
    sources: list[Source] = provenance()
