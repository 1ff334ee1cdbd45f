"""What is owed: invoices, and what settles them."""

from dataclasses import dataclass, field
from datetime import date, datetime


@dataclass(slots=True)
class InvoiceLine:
    number: int
    description: str
    quantity_hundredths: int  # 3200 is 32.00
    unit_price: int
    amount: int  # == quantity * unit price, to the minor unit
    tax_code: str | None
    project: str | None
    milestone: str | None  # the contract milestone's key


@dataclass(slots=True)
class Payment:
    key: str
    number: str
    day: date
    amount: int
    method: str


@dataclass(slots=True)
class CreditMemo:
    key: str
    number: str
    day: date
    amount: int
    reason: str


@dataclass(slots=True)
class Invoice:
    """A receivable. `state` is what the ERP stores; paid and overdue follow from the amounts and the day."""

    key: str
    client: str
    project: str | None
    contract: str | None
    number: str
    state: str  # PENDING_APPROVAL | OPEN | VOIDED ; paid when nothing is left to pay
    issue_date: date
    due_date: date
    currency: str
    legal_entity: str
    purchase_order: str | None
    subtotal: int
    tax: int
    total: int
    created_at: datetime
    updated_at: datetime
    lines: list[InvoiceLine] = field(default_factory=list)
    payments: list[Payment] = field(default_factory=list)
    credit_memos: list[CreditMemo] = field(default_factory=list)

    @property
    def settled(self) -> int:
        """What payments and credit memos have settled: the canonical `amountPaid`."""
        return sum(payment.amount for payment in self.payments) + sum(memo.amount for memo in self.credit_memos)

    @property
    def balance(self) -> int:
        """What is left to pay; total == settled + balance except for a voided invoice, which owes nothing."""
        return 0 if self.state == "VOIDED" else self.total - self.settled
