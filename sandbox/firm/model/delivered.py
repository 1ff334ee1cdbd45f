"""What is delivered: projects with their plan, people, time, expenses and money."""

from dataclasses import dataclass, field
from datetime import date, datetime


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
