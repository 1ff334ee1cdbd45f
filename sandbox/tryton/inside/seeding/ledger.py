"""What the ERP's people know of the firm: companies, customers, projects and receivables, as plain values.

Our side writes it as JSON and Tryton's side reads it, so it knows neither the firm's model nor Tryton. Amounts are
integers in minor units of the record's currency, quantities in hundredths, dates ISO 8601; `key` is the firm's.
"""

import json
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Currency:
    code: str
    digits: int
    rate: str  # how many of it one unit of the base currency buys, as a decimal


@dataclass(frozen=True, slots=True)
class Company:
    key: str
    name: str
    country: str
    currency: str


@dataclass(frozen=True, slots=True)
class Tax:
    company: str
    code: str
    rate: str  # a fraction as a decimal: 0.19


@dataclass(frozen=True, slots=True)
class Customer:
    key: str
    company: str  # the legal entity that bills this customer
    name: str
    number: str
    crm_id: str | None
    tax_id: str | None
    tax_code: str | None
    terms_days: int
    credit_hold: bool
    street: str  # lines parted by line feeds
    city: str
    region: str | None
    postal_code: str
    country: str


@dataclass(frozen=True, slots=True)
class Project:
    key: str
    company: str
    name: str
    psa_id: str | None  # None where nobody entered it


@dataclass(frozen=True, slots=True)
class Line:
    number: int
    description: str
    quantity: int
    unit_price: int
    tax_code: str | None
    project: str | None
    milestone: str | None


@dataclass(frozen=True, slots=True)
class Payment:
    key: str
    number: str
    day: str
    amount: int
    method: str


@dataclass(frozen=True, slots=True)
class CreditNote:
    key: str
    number: str
    day: str
    amount: int
    reason: str


@dataclass(frozen=True, slots=True)
class Invoice:
    key: str
    company: str
    customer: str
    number: str
    stage: str  # draft | validated | posted | cancelled ; paid follows from the settlements
    issued: str
    due: str
    currency: str
    reference: str | None  # the customer's purchase order
    project: str | None  # the PSA's id of the project billed for, its name where nobody entered that
    contract: str | None  # the CRM's id of the contract
    tax: int
    total: int
    lines: tuple[Line, ...]
    payments: tuple[Payment, ...]
    credit_notes: tuple[CreditNote, ...]


@dataclass(frozen=True, slots=True)
class Ledger:
    currencies: tuple[Currency, ...]
    companies: tuple[Company, ...]
    taxes: tuple[Tax, ...]
    customers: tuple[Customer, ...]
    projects: tuple[Project, ...]
    invoices: tuple[Invoice, ...]

    def to_json(self) -> str:
        """The same text for the same ledger, so that it can name a cached database."""
        return json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":"), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "Ledger":
        """Reads what `to_json` wrote."""
        told: dict[str, list[dict[str, Any]]] = json.loads(text)
        return cls(
            currencies=tuple(Currency(**row) for row in told["currencies"]),
            companies=tuple(Company(**row) for row in told["companies"]),
            taxes=tuple(Tax(**row) for row in told["taxes"]),
            customers=tuple(Customer(**row) for row in told["customers"]),
            projects=tuple(Project(**row) for row in told["projects"]),
            invoices=tuple(_invoice(row) for row in told["invoices"]),
        )


def _invoice(row: dict[str, Any]) -> Invoice:
    parts = {
        "lines": tuple(Line(**line) for line in row["lines"]),
        "payments": tuple(Payment(**payment) for payment in row["payments"]),
        "credit_notes": tuple(CreditNote(**note) for note in row["credit_notes"]),
    }
    return Invoice(**{**row, **parts})
