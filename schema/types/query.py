"""The root of the graph: what can be asked, and the connected platforms."""

from datetime import datetime
from typing import Any

import strawberry

from schema import filters, orders
from schema.declare import root
from schema.enums import PlatformHealth
from schema.roles import PlatformRole
from schema.types.arguments import node_by_id, nodes_by_ids, ordered_page_of, record_of
from schema.types.commercial import Contract, Opportunity
from schema.types.delivery import Project
from schema.types.finance import Invoice
from schema.types.parties import Account, Resource
from schema.types.shared import Connection, Node


@strawberry.type
class Quota:
    used: int | None
    limit: int | None
    resets_at: datetime | None


@strawberry.type
class Platform:
    name: str
    role: PlatformRole
    vendor: str
    health: PlatformHealth
    entities: list[str]
    quota: Quota | None
    last_contact_at: datetime | None


async def _platforms(info: strawberry.Info[Any, None]) -> list[Platform]:
    found: list[Platform] = await info.context.platforms()
    return found


@strawberry.type
class Query:
    node: Node | None = root(None, "one", node_by_id(Node))
    nodes: list[Node | None] = root(None, "list", nodes_by_ids(Node))
    account: Account | None = root("Account", "one", record_of(Account))
    accounts: Connection[Account] | None = root(
        "Account", "connection", ordered_page_of(Account, filters.AccountFilter, orders.AccountOrder)
    )
    opportunity: Opportunity | None = root("Opportunity", "one", record_of(Opportunity))
    opportunities: Connection[Opportunity] | None = root(
        "Opportunity",
        "connection",
        ordered_page_of(Opportunity, filters.OpportunityFilter, orders.OpportunityOrder),
    )
    contract: Contract | None = root("Contract", "one", record_of(Contract))
    contracts: Connection[Contract] | None = root(
        "Contract", "connection", ordered_page_of(Contract, filters.ContractFilter, orders.ContractOrder)
    )
    project: Project | None = root("Project", "one", record_of(Project))
    projects: Connection[Project] | None = root(
        "Project", "connection", ordered_page_of(Project, filters.ProjectFilter, orders.ProjectOrder)
    )
    invoice: Invoice | None = root("Invoice", "one", record_of(Invoice))
    invoices: Connection[Invoice] | None = root(
        "Invoice", "connection", ordered_page_of(Invoice, filters.InvoiceFilter, orders.InvoiceOrder)
    )
    resource: Resource | None = root("Resource", "one", record_of(Resource))
    platforms: list[Platform] = strawberry.field(
        resolver=_platforms,
        description="The connected platforms: health, what they can do, and how much of their API quota is left.",
    )
