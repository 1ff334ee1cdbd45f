"""Master data: clients and the people who work with them or for the firm."""

from datetime import datetime

import strawberry

from schema import filters, orders
from schema.declare import FINANCE_ONLY, connection, identity, native, one, owned, part, provenance
from schema.enums import AccountStatus
from schema.roles import PlatformRole
from schema.scalars import CountryCode, CurrencyCode
from schema.types.arguments import ordered_page_of, page_of
from schema.types.references import (
    AccountRef,
    AssignmentRef,
    ContactRef,
    ContractRef,
    CostCenterRef,
    InvoiceRef,
    LegalEntityRef,
    OpportunityRef,
    ProjectRef,
)
from schema.types.shared import Address, Connection, Money, Node, Source

CRM, PSA, ERP, HRIS = PlatformRole.CRM, PlatformRole.PSA, PlatformRole.ERP, PlatformRole.HRIS


@strawberry.type
class AccountBilling:
    legal_name: str | None = part()
    legal_entity: LegalEntityRef | None = one("LegalEntity", mine="billing.legalEntity")
    tax_id: str | None = part()
    tax_code: str | None = part()
    currency: CurrencyCode | None = part()
    payment_terms_days: int | None = part()
    bill_to: Address | None = part()
    credit_hold: bool | None = part()
    balance: Money | None = part()
    overdue: Money | None = part()


@strawberry.type(description="A client. CRM owns who it is; ERP owns how it is billed.")
class Account(Node):
    id: strawberry.ID = identity()
    name: str | None = owned(CRM)
    number: str | None = owned(CRM)
    status: AccountStatus | None = owned(CRM)
    native_status: str | None = native(CRM)
    industry: str | None = owned(CRM)
    website: str | None = owned(CRM)
    owner_name: str | None = owned(CRM)
    parent: AccountRef | None = one("Account", mine="parent")
    children: Connection[AccountRef] | None = connection("Account", page_of(AccountRef), theirs="parent")
    contacts: Connection[ContactRef] | None = connection("Contact", page_of(ContactRef), theirs="account")
    billing: AccountBilling | None = owned(
        ERP, description="Owned by ERP: legal and fiscal identity, terms and receivables."
    )
    opportunities: Connection[OpportunityRef] | None = connection(
        "Opportunity",
        ordered_page_of(OpportunityRef, filters.OpportunityFilter, orders.OpportunityOrder),
        theirs="account",
    )
    contracts: Connection[ContractRef] | None = connection(
        "Contract", ordered_page_of(ContractRef, filters.ContractFilter, orders.ContractOrder), theirs="account"
    )
    projects: Connection[ProjectRef] | None = connection(
        "Project", ordered_page_of(ProjectRef, filters.ProjectFilter, orders.ProjectOrder), theirs="account"
    )
    invoices: Connection[InvoiceRef] | None = connection(
        "Invoice", ordered_page_of(InvoiceRef, filters.InvoiceFilter, orders.InvoiceOrder), theirs="account"
    )
    created_at: datetime | None = owned(CRM)
    updated_at: datetime | None = owned(CRM)
    sources: list[Source] = provenance()


@strawberry.type
class Contact(Node):
    id: strawberry.ID = identity()
    name: str | None = owned(CRM)
    email: str | None = owned(CRM)
    phone: str | None = owned(CRM)
    title: str | None = owned(CRM)
    account: AccountRef | None = one("Account", mine="account")
    sources: list[Source] = provenance()


@strawberry.type
class LegalEntity(Node):
    id: strawberry.ID = identity()
    name: str | None = owned(ERP)
    country: CountryCode | None = owned(ERP)
    currency: CurrencyCode | None = owned(ERP)
    sources: list[Source] = provenance()


@strawberry.type
class CostCenter(Node):
    id: strawberry.ID = identity()
    code: str | None = owned(HRIS, ERP)
    name: str | None = owned(HRIS, ERP)
    sources: list[Source] = provenance()


@strawberry.type(description="A person who delivers work. HRIS owns employment and cost, PSA owns role and scheduling.")
class Resource(Node):
    id: strawberry.ID = identity()
    name: str | None = owned(PSA)
    email: str | None = owned(PSA)
    role: str | None = owned(PSA)
    department: str | None = owned(HRIS, PSA)
    cost_center: CostCenterRef | None = one("CostCenter", mine="costCenter")
    cost_rate: Money | None = owned(
        HRIS, PSA, description="Restricted: finance and resource management only.", restricted=FINANCE_ONLY
    )
    active: bool | None = owned(HRIS, PSA)
    assignments: Connection[AssignmentRef] | None = connection("Assignment", page_of(AssignmentRef), theirs="resource")
    sources: list[Source] = provenance()
