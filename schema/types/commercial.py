"""What is sold: opportunities, and contracts with their milestones, amendments and rates."""

from datetime import date, datetime
from decimal import Decimal

import strawberry

from schema.declare import connection, each, identity, native, one, owned, part, provenance
from schema.enums import BillingModel, ContractStatus, OpportunityStage
from schema.roles import PlatformRole
from schema.types.arguments import page_of
from schema.types.references import AccountRef, ContractRef, OpportunityRef, ProjectRef
from schema.types.shared import Connection, Money, Node, Source

CRM, CLM = PlatformRole.CRM, PlatformRole.CLM


@strawberry.type
class Opportunity(Node):
    id: strawberry.ID = identity()
    name: str | None = owned(CRM)
    stage: OpportunityStage | None = owned(CRM)
    native_stage: str | None = native(CRM)
    amount: Money | None = owned(CRM)
    probability: Decimal | None = owned(CRM, description="In per cent, as the CRM gives it.")
    close_date: date | None = owned(CRM)
    service_code: str | None = owned(CRM)
    billing_model: BillingModel | None = owned(CRM)
    native_billing_model: str | None = native(CRM)
    account: AccountRef | None = one("Account", mine="account")
    contract: ContractRef | None = one("Contract", mine="contract")
    project: ProjectRef | None = one(
        "Project",
        mine="contract",
        theirs="contract",
        order=("startDate", "code"),
        description="Of the projects of the opportunity's contract, the one that starts first.",
    )
    sources: list[Source] = provenance()


@strawberry.type
class ContractMilestone:
    key: str = part()
    name: str | None = part()
    amount: Money | None = part()
    due_date: date | None = part()


@strawberry.type
class Amendment:
    number: str = part()
    title: str | None = part()
    status: ContractStatus | None = part()
    effective_date: date | None = part()
    value_change: Money | None = part()


@strawberry.type
class Rate:
    role: str = part()
    unit: str = part()
    price: Money = part()


@strawberry.type(description="Commercial and legal terms. CLM owns them once it exists there; CRM until then.")
class Contract(Node):
    id: strawberry.ID = identity()
    number: str | None = owned(CLM, CRM)
    title: str | None = owned(CLM, CRM)
    status: ContractStatus | None = owned(CLM, CRM)
    native_status: str | None = native(CLM, CRM)
    billing_model: BillingModel | None = owned(CLM, CRM)
    native_billing_model: str | None = native(CLM, CRM)
    value: Money | None = owned(CLM, CRM)
    start_date: date | None = owned(CLM, CRM)
    end_date: date | None = owned(CLM, CRM)
    approved_at: datetime | None = owned(CLM, CRM)
    account: AccountRef | None = one("Account", mine="account")
    opportunity: OpportunityRef | None = one("Opportunity", mine="opportunity")
    projects: Connection[ProjectRef] | None = connection("Project", page_of(ProjectRef), theirs="contract")
    milestones: list[ContractMilestone] | None = each("ContractMilestone", theirs="contract", order=("dueDate", "key"))
    amendments: list[Amendment] | None = each("Amendment", theirs="contract", order=("number",))
    rate_card: list[Rate] | None = each("Rate", theirs="contract", order=("role",))
    sources: list[Source] = provenance()
