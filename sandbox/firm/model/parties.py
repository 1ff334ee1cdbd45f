"""Who the firm works for and who works for it."""

from dataclasses import dataclass, field
from datetime import datetime


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
