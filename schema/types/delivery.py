"""What is delivered: projects with their milestones, tasks, assignments, time and expenses."""

import datetime as dt
from decimal import Decimal

import strawberry

from schema import filters, orders
from schema.declare import FINANCE_ONLY, connection, identity, native, one, owned, part, provenance
from schema.enums import ApprovalStatus, BillingState, MilestoneStatus, ProjectKind, ProjectStatus
from schema.roles import PlatformRole
from schema.types.arguments import filtered_page_of, ordered_page_of, page_of
from schema.types.references import (
    AccountRef,
    AssignmentRef,
    ContractRef,
    ExpenseRef,
    InvoiceRef,
    MilestoneRef,
    ProjectRef,
    ResourceRef,
    TaskRef,
    TimeEntryRef,
)
from schema.types.shared import Connection, Money, Node, Source

PSA, ERP = PlatformRole.PSA, PlatformRole.ERP


@strawberry.type
class ProjectFinancials:
    billed: Money | None = part()
    paid: Money | None = part()
    unbilled: Money | None = part()
    work_in_progress: Money | None = part()
    recognized_revenue: Money | None = part()
    deferred_revenue: Money | None = part()
    cost: Money | None = part()
    margin: Decimal | None = part("(recognized revenue - cost) / recognized revenue")
    as_of: dt.datetime | None = part()


@strawberry.type(description="An engagement. PSA owns plan and status; ERP owns its money.")
class Project(Node):
    id: strawberry.ID = identity()
    code: str | None = owned(PSA)
    name: str | None = owned(PSA)
    kind: ProjectKind | None = owned(PSA)
    native_kind: str | None = native(PSA)
    status: ProjectStatus | None = owned(PSA)
    native_status: str | None = native(PSA)
    start_date: dt.date | None = owned(PSA)
    end_date: dt.date | None = owned(PSA)
    manager_name: str | None = owned(PSA)
    budget: Money | None = owned(PSA)
    budget_hours: Decimal | None = owned(PSA)
    percent_complete: Decimal | None = owned(PSA, description="From 0 to 100.")
    account: AccountRef | None = one("Account", mine="account")
    contract: ContractRef | None = one("Contract", mine="contract")
    milestones: Connection[MilestoneRef] | None = connection("Milestone", page_of(MilestoneRef), theirs="project")
    tasks: Connection[TaskRef] | None = connection("Task", page_of(TaskRef), theirs="project")
    assignments: Connection[AssignmentRef] | None = connection("Assignment", page_of(AssignmentRef), theirs="project")
    time_entries: Connection[TimeEntryRef] | None = connection(
        "TimeEntry", filtered_page_of(TimeEntryRef, filters.TimeEntryFilter), theirs="project"
    )
    expenses: Connection[ExpenseRef] | None = connection(
        "Expense", filtered_page_of(ExpenseRef, filters.ExpenseFilter), theirs="project"
    )
    invoices: Connection[InvoiceRef] | None = connection(
        "Invoice", ordered_page_of(InvoiceRef, filters.InvoiceFilter, orders.InvoiceOrder), theirs="project"
    )
    financials: ProjectFinancials | None = owned(
        ERP,
        description="Owned by ERP, and restricted: margin and cost are for finance and the project's manager.",
        restricted=FINANCE_ONLY,
    )
    sources: list[Source] = provenance()


@strawberry.type
class Milestone(Node):
    id: strawberry.ID = identity()
    key: str | None = owned(PSA)
    name: str | None = owned(PSA)
    status: MilestoneStatus | None = owned(PSA)
    native_status: str | None = native(PSA)
    due_date: dt.date | None = owned(PSA)
    completed_at: dt.datetime | None = owned(PSA)
    amount: Money | None = owned(PSA)
    project: ProjectRef | None = one("Project", mine="project")
    sources: list[Source] = provenance()


@strawberry.type
class Task(Node):
    id: strawberry.ID = identity()
    name: str | None = owned(PSA)
    parent: TaskRef | None = one("Task", mine="parent")
    start_date: dt.date | None = owned(PSA)
    due_date: dt.date | None = owned(PSA)
    percent_complete: Decimal | None = owned(PSA, description="From 0 to 100.")
    sources: list[Source] = provenance()


@strawberry.type
class Assignment(Node):
    id: strawberry.ID = identity()
    resource: ResourceRef | None = one("Resource", mine="resource")
    project: ProjectRef | None = one("Project", mine="project")
    role: str | None = owned(PSA)
    start_date: dt.date | None = owned(PSA)
    end_date: dt.date | None = owned(PSA)
    hours: Decimal | None = owned(PSA)
    sources: list[Source] = provenance()


@strawberry.type
class TimeEntry(Node):
    id: strawberry.ID = identity()
    date: dt.date | None = owned(PSA)
    hours: Decimal | None = owned(PSA)
    billable: bool | None = owned(PSA)
    notes: str | None = owned(PSA)
    approval: ApprovalStatus | None = owned(PSA)
    native_approval: str | None = native(PSA)
    billing_state: BillingState | None = owned(PSA)
    rate: Money | None = owned(PSA, description="Per hour.")
    resource: ResourceRef | None = one("Resource", mine="resource")
    project: ProjectRef | None = one("Project", mine="project")
    task: TaskRef | None = one("Task", mine="task")
    sources: list[Source] = provenance()


@strawberry.type
class Expense(Node):
    id: strawberry.ID = identity()
    date: dt.date | None = owned(PSA)
    category: str | None = owned(PSA)
    amount: Money | None = owned(PSA)
    billable: bool | None = owned(PSA)
    approval: ApprovalStatus | None = owned(PSA)
    native_approval: str | None = native(PSA)
    billing_state: BillingState | None = owned(PSA)
    resource: ResourceRef | None = one("Resource", mine="resource")
    project: ProjectRef | None = one("Project", mine="project")
    sources: list[Source] = provenance()
