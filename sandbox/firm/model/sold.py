"""What is sold: deals, and contracts with their parts."""

from dataclasses import dataclass, field
from datetime import date, datetime


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
