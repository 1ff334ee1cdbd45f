"""What is true of the invented firm, in business words, before any system has its own view of it.

Amounts are integers in minor units of the record's currency, hours are integers in minutes and rates are minor units
per hour, so that every system's copy agrees to the cent. `key` names a record within the firm (`acct-0001`); vendors'
own ids are assigned by each emulator. Where systems differ (spelling, a link nobody entered), the record says so.
"""

from dataclasses import dataclass, field
from datetime import date, datetime


@dataclass(slots=True)
class Address:
    lines: list[str]
    city: str
    region: str | None
    postal_code: str
    country: str  # ISO 3166-1 alpha-2


@dataclass(slots=True)
class LegalEntity:
    """A company of the firm's own group, which bills in its own currency by default."""

    key: str
    name: str
    country: str
    currency: str


@dataclass(slots=True)
class Person:
    """Somebody of the firm: a consultant, a project manager or a seller."""

    key: str
    first_name: str
    last_name: str
    email: str
    role: str  # job title, such as `Senior Consultant`
    department: str
    cost_center: str
    cost_rate: int  # minor units per hour, in the legal entity's currency
    legal_entity: str
    active: bool
    seller: bool  # has a CRM user
    delivers: bool  # has a PSA user


@dataclass(slots=True)
class Contact:
    key: str
    client: str
    first_name: str | None
    last_name: str
    email: str | None
    phone: str | None
    title: str | None


@dataclass(slots=True)
class Client:
    """A client. `crm_name`, `erp_name` and `psa_name` differ in spelling, as they do in life."""

    key: str
    number: str
    crm_name: str
    erp_name: str
    psa_name: str
    status: str  # canonical AccountStatus
    industry: str
    website: str | None
    owner: str  # Person key
    parent: str | None
    address: Address
    currency: str
    legal_entity: str
    terms_days: int
    tax_id: str | None
    tax_code: str | None
    credit_hold: bool
    in_erp: bool
    in_psa: bool
    erp_linked: bool  # the ERP's record carries the CRM's id
    psa_linked: bool  # the PSA's record carries the CRM's id
    duplicate_of: str | None  # the CRM holds this client twice: the other record's key
    created_at: datetime
    updated_at: datetime
    contacts: list[Contact] = field(default_factory=list)


@dataclass(slots=True)
class Deal:
    """An opportunity."""

    key: str
    client: str
    name: str
    stage: str  # canonical OpportunityStage
    native_stage: str  # Salesforce StageName
    amount: int
    currency: str
    probability: int  # per cent
    close_date: date
    service_code: str
    billing_model: str  # canonical BillingModel
    owner: str
    contract: str | None
    created_at: datetime
    updated_at: datetime


@dataclass(slots=True)
class ContractMilestone:
    key: str
    name: str
    amount: int
    due_date: date


@dataclass(slots=True)
class Amendment:
    number: str
    title: str
    status: str  # canonical ContractStatus
    effective_date: date
    value_change: int


@dataclass(slots=True)
class Rate:
    role: str
    unit: str
    price: int


@dataclass(slots=True)
class Contract:
    key: str
    client: str
    deal: str | None
    number: str
    title: str
    status: str  # canonical ContractStatus
    billing_model: str
    value: int
    currency: str
    start_date: date
    term_months: int
    end_date: date
    approved_at: datetime | None
    created_at: datetime
    updated_at: datetime
    milestones: list[ContractMilestone] = field(default_factory=list)
    amendments: list[Amendment] = field(default_factory=list)
    rates: list[Rate] = field(default_factory=list)


@dataclass(slots=True)
class Milestone:
    key: str
    project: str
    name: str
    status: str  # canonical MilestoneStatus
    due_date: date | None
    completed_at: datetime | None
    amount: int | None


@dataclass(slots=True)
class Task:
    key: str
    project: str
    name: str
    parent: str | None
    start_date: date | None
    due_date: date | None
    percent_complete: int


@dataclass(slots=True)
class Assignment:
    key: str
    project: str
    person: str
    role: str
    start_date: date
    end_date: date
    minutes: int


@dataclass(slots=True)
class TimeEntry:
    key: str
    project: str
    person: str
    task: str | None
    day: date
    minutes: int
    billable: bool
    notes: str | None
    approval: str  # canonical ApprovalStatus
    billing_state: str  # canonical BillingState
    rate: int | None  # minor units per hour, in the project's currency


@dataclass(slots=True)
class Expense:
    key: str
    project: str
    person: str
    day: date
    category: str
    amount: int
    billable: bool
    approval: str
    billing_state: str


@dataclass(slots=True)
class Financials:
    """What the ERP knows of a project's money beyond its invoices, in the project's currency."""

    unbilled: int
    work_in_progress: int
    recognized_revenue: int
    deferred_revenue: int
    cost: int
    as_of: datetime


@dataclass(slots=True)
class Project:
    """An engagement. `client` is None where the PSA's project carries no client at all."""

    key: str
    client: str | None
    contract: str | None
    code: str
    psa_name: str
    erp_name: str
    kind: str  # canonical ProjectKind
    status: str  # canonical ProjectStatus
    start_date: date | None
    end_date: date | None
    manager: str | None
    currency: str
    budget: int | None
    budget_minutes: int | None
    percent_complete: int
    legal_entity: str
    in_erp: bool
    erp_linked: bool
    created_at: datetime
    updated_at: datetime
    financials: Financials | None
    milestones: list[Milestone] = field(default_factory=list)
    tasks: list[Task] = field(default_factory=list)
    assignments: list[Assignment] = field(default_factory=list)
    time_entries: list[TimeEntry] = field(default_factory=list)
    expenses: list[Expense] = field(default_factory=list)


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


@dataclass(slots=True)
class Firm:
    """Everything, each list in key order."""

    seed: int
    as_of: date
    legal_entities: list[LegalEntity]
    people: list[Person]
    clients: list[Client]
    deals: list[Deal]
    contracts: list[Contract]
    projects: list[Project]
    invoices: list[Invoice]
