"""The root of the graph: what can be asked, and the connected platforms."""

from datetime import datetime
from typing import TypeVar

import strawberry

from schema import filters, orders
from schema.context import Info
from schema.declare import root
from schema.enums import ApprovalStatus, ExceptionQueue, ExceptionStatus, PlatformHealth
from schema.roles import PlatformRole
from schema.types.arguments import ordered_page_of, record_of
from schema.types.audit import AuditEntry
from schema.types.commercial import Contract, Opportunity
from schema.types.decisions import Approval, BusinessException
from schema.types.delivery import Project
from schema.types.finance import Invoice
from schema.types.parties import Account, Resource
from schema.types.reconciliations import Reconciliation
from schema.types.rules import ConversionReadiness, Trigger
from schema.types.runs import SyncRun
from schema.types.shared import Connection, Node
from schema.types.webhooks import Webhook

T = TypeVar("T")


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


def _given(value: T | None) -> T | None:
    """What was left out is as if it were null."""
    return None if value is strawberry.UNSET else value


async def _platforms(info: Info) -> list[Platform]:
    return await info.context.status.platforms()


async def _node(info: Info, id: strawberry.ID) -> Node | None:  # noqa: A002 - the contract's name
    """Only where the id is one of the ledger's: all others are planned."""
    found: Node | None = await info.context.node(id)
    return found


async def _nodes(info: Info, ids: list[strawberry.ID]) -> list[Node | None]:
    """Only where an id is one of the ledger's."""
    return await info.context.nodes(ids)


async def _sync_run(info: Info, id: strawberry.ID) -> SyncRun | None:  # noqa: A002 - the contract's name
    return await info.context.ledger.run(id)


async def _sync_runs(
    info: Info,
    filter: filters.SyncRunFilter | None = strawberry.UNSET,  # noqa: A002 - the contract's name
    first: int | None = 50,
    after: str | None = strawberry.UNSET,
) -> Connection[SyncRun]:
    return await info.context.ledger.runs(_given(filter), first=first, after=_given(after))


async def _exceptions(
    info: Info,
    queue: ExceptionQueue | None = strawberry.UNSET,
    status: ExceptionStatus | None = strawberry.UNSET,
    first: int | None = 50,
    after: str | None = strawberry.UNSET,
) -> Connection[BusinessException]:
    return await info.context.ledger.exceptions(_given(queue), _given(status), first=first, after=_given(after))


async def _approvals(
    info: Info,
    role: str | None = strawberry.UNSET,
    status: ApprovalStatus | None = ApprovalStatus.SUBMITTED,
    first: int | None = 50,
    after: str | None = strawberry.UNSET,
) -> Connection[Approval]:
    return await info.context.ledger.approvals(_given(role), status, first=first, after=_given(after))


async def _what_is_missing(info: Info, opportunity_id: strawberry.ID) -> ConversionReadiness | None:
    return await info.context.rules.what_is_missing(opportunity_id)


async def _triggers(info: Info) -> list[Trigger]:
    return await info.context.rules.all()


async def _audit_log(
    info: Info,
    record_id: strawberry.ID | None = strawberry.UNSET,
    correlation_id: strawberry.ID | None = strawberry.UNSET,
    first: int | None = 50,
    after: str | None = strawberry.UNSET,
) -> Connection[AuditEntry]:
    return await info.context.ledger.audit_log(
        _given(record_id), _given(correlation_id), first=first, after=_given(after)
    )


async def _webhook(info: Info, id: strawberry.ID) -> Webhook | None:  # noqa: A002 - the contract's name
    return await info.context.webhooks.get(id)


async def _webhooks(info: Info, first: int | None = 50, after: str | None = strawberry.UNSET) -> Connection[Webhook]:
    return await info.context.webhooks.page(first=first, after=_given(after))


async def _reconciliation(info: Info, id: strawberry.ID) -> Reconciliation | None:  # noqa: A002 - the contract's name
    return await info.context.reconciliations.get(id)


async def _reconciliations(
    info: Info,
    comparison: str | None = strawberry.UNSET,
    first: int | None = 50,
    after: str | None = strawberry.UNSET,
) -> Connection[Reconciliation]:
    return await info.context.reconciliations.page(_given(comparison), first=first, after=_given(after))


@strawberry.type
class Query:
    node: Node | None = root(None, "one", _node, "Any record, run, exception or audit entry, by its id.")
    nodes: list[Node | None] = root(None, "list", _nodes, "As `node`, for up to 1000 ids of whatever types at once.")
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
    sync_run: SyncRun | None = strawberry.field(
        resolver=_sync_run,
        description="One run. Another caller's is null with FORBIDDEN for who may not see the ledger.",
    )
    sync_runs: Connection[SyncRun] = strawberry.field(
        resolver=_sync_runs, description="Runs, newest first; only their own for callers who may not see the ledger."
    )
    exceptions: Connection[BusinessException] = strawberry.field(
        resolver=_exceptions, description="Business problems that wait, or waited, for somebody; oldest first."
    )
    approvals: Connection[Approval] = strawberry.field(
        resolver=_approvals, description="Decisions that wait for somebody of a role, or were made; oldest first."
    )
    audit_log: Connection[AuditEntry] = strawberry.field(
        resolver=_audit_log, description="Every write and decision, oldest first, as an append-only chain."
    )
    webhook: Webhook | None = strawberry.field(
        resolver=_webhook, description="One webhook of your own; administrators and auditors see everybody's."
    )
    webhooks: Connection[Webhook] = strawberry.field(
        resolver=_webhooks, description="The webhooks that you have registered, oldest first; everybody's for those."
    )
    reconciliation: Reconciliation | None = strawberry.field(
        resolver=_reconciliation, description="One comparison of platforms, with what differs."
    )
    reconciliations: Connection[Reconciliation] = strawberry.field(
        resolver=_reconciliations, description="Comparisons of platforms, newest first."
    )
    what_is_missing: ConversionReadiness | None = strawberry.field(
        resolver=_what_is_missing,
        description="What keeps an opportunity from becoming a project: each open condition with whose it is, as the "
        "platforms say at this moment. Null where there is no such opportunity.",
    )
    triggers: list[Trigger] = strawberry.field(
        resolver=_triggers, description="The rules that start runs by themselves, and how they are doing."
    )
