"""The inputs that filter: per type, which canonical path each field speaks of."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Optional

import strawberry

from schema import enums

PATHS = "path"


def at(path: str) -> Any:
    """A filter field on another canonical path than its own name."""
    return strawberry.field(default=strawberry.UNSET, metadata={PATHS: path})


@strawberry.input(description="Text compares exactly, by code point.")
class StringFilter:
    eq: str | None = strawberry.UNSET
    ne: str | None = strawberry.UNSET
    in_: list[str] | None = strawberry.field(name="in", default=strawberry.UNSET)
    starts_with: str | None = strawberry.UNSET
    contains: str | None = strawberry.UNSET


@strawberry.input
class IDFilter:
    eq: strawberry.ID | None = strawberry.UNSET
    in_: list[strawberry.ID] | None = strawberry.field(name="in", default=strawberry.UNSET)


@strawberry.input
class DateFilter:
    eq: date | None = strawberry.UNSET
    gt: date | None = strawberry.UNSET
    gte: date | None = strawberry.UNSET
    lt: date | None = strawberry.UNSET
    lte: date | None = strawberry.UNSET


@strawberry.input
class DateTimeFilter:
    eq: datetime | None = strawberry.UNSET
    gt: datetime | None = strawberry.UNSET
    gte: datetime | None = strawberry.UNSET
    lt: datetime | None = strawberry.UNSET
    lte: datetime | None = strawberry.UNSET


@strawberry.input
class DecimalFilter:
    eq: Decimal | None = strawberry.UNSET
    gt: Decimal | None = strawberry.UNSET
    gte: Decimal | None = strawberry.UNSET
    lt: Decimal | None = strawberry.UNSET
    lte: Decimal | None = strawberry.UNSET


@strawberry.input
class BooleanFilter:
    eq: bool


@strawberry.input
class AccountStatusFilter:
    eq: enums.AccountStatus | None = strawberry.UNSET
    in_: list[enums.AccountStatus] | None = strawberry.field(name="in", default=strawberry.UNSET)


@strawberry.input
class OpportunityStageFilter:
    eq: enums.OpportunityStage | None = strawberry.UNSET
    in_: list[enums.OpportunityStage] | None = strawberry.field(name="in", default=strawberry.UNSET)


@strawberry.input
class ContractStatusFilter:
    eq: enums.ContractStatus | None = strawberry.UNSET
    in_: list[enums.ContractStatus] | None = strawberry.field(name="in", default=strawberry.UNSET)


@strawberry.input
class BillingModelFilter:
    eq: enums.BillingModel | None = strawberry.UNSET
    in_: list[enums.BillingModel] | None = strawberry.field(name="in", default=strawberry.UNSET)


@strawberry.input
class ProjectStatusFilter:
    eq: enums.ProjectStatus | None = strawberry.UNSET
    in_: list[enums.ProjectStatus] | None = strawberry.field(name="in", default=strawberry.UNSET)


@strawberry.input
class InvoiceStatusFilter:
    eq: enums.InvoiceStatus | None = strawberry.UNSET
    in_: list[enums.InvoiceStatus] | None = strawberry.field(name="in", default=strawberry.UNSET)


@strawberry.input
class ApprovalStatusFilter:
    eq: enums.ApprovalStatus | None = strawberry.UNSET
    in_: list[enums.ApprovalStatus] | None = strawberry.field(name="in", default=strawberry.UNSET)


@strawberry.input(description="Fields of several platforms may be combined freely; the gateway joins them.")
class AccountFilter:
    and_: list["AccountFilter"] | None = strawberry.field(name="and", default=strawberry.UNSET)
    or_: list["AccountFilter"] | None = strawberry.field(name="or", default=strawberry.UNSET)
    not_: Optional["AccountFilter"] = strawberry.field(name="not", default=strawberry.UNSET)
    id: IDFilter | None = strawberry.UNSET
    name: StringFilter | None = strawberry.UNSET
    number: StringFilter | None = strawberry.UNSET
    status: AccountStatusFilter | None = strawberry.UNSET
    industry: StringFilter | None = strawberry.UNSET
    owner_name: StringFilter | None = strawberry.UNSET
    country: StringFilter | None = at("billing.billTo.country")
    credit_hold: BooleanFilter | None = at("billing.creditHold")
    overdue: DecimalFilter | None = at("billing.overdue.amount")
    updated_at: DateTimeFilter | None = strawberry.UNSET


@strawberry.input
class OpportunityFilter:
    and_: list["OpportunityFilter"] | None = strawberry.field(name="and", default=strawberry.UNSET)
    or_: list["OpportunityFilter"] | None = strawberry.field(name="or", default=strawberry.UNSET)
    not_: Optional["OpportunityFilter"] = strawberry.field(name="not", default=strawberry.UNSET)
    id: IDFilter | None = strawberry.UNSET
    name: StringFilter | None = strawberry.UNSET
    stage: OpportunityStageFilter | None = strawberry.UNSET
    amount: DecimalFilter | None = at("amount.amount")
    close_date: DateFilter | None = strawberry.UNSET
    service_code: StringFilter | None = strawberry.UNSET
    account: AccountFilter | None = strawberry.UNSET


@strawberry.input
class ContractFilter:
    and_: list["ContractFilter"] | None = strawberry.field(name="and", default=strawberry.UNSET)
    or_: list["ContractFilter"] | None = strawberry.field(name="or", default=strawberry.UNSET)
    not_: Optional["ContractFilter"] = strawberry.field(name="not", default=strawberry.UNSET)
    id: IDFilter | None = strawberry.UNSET
    number: StringFilter | None = strawberry.UNSET
    title: StringFilter | None = strawberry.UNSET
    status: ContractStatusFilter | None = strawberry.UNSET
    billing_model: BillingModelFilter | None = strawberry.UNSET
    value: DecimalFilter | None = at("value.amount")
    start_date: DateFilter | None = strawberry.UNSET
    end_date: DateFilter | None = strawberry.UNSET
    account: AccountFilter | None = strawberry.UNSET


@strawberry.input
class ProjectFilter:
    and_: list["ProjectFilter"] | None = strawberry.field(name="and", default=strawberry.UNSET)
    or_: list["ProjectFilter"] | None = strawberry.field(name="or", default=strawberry.UNSET)
    not_: Optional["ProjectFilter"] = strawberry.field(name="not", default=strawberry.UNSET)
    id: IDFilter | None = strawberry.UNSET
    code: StringFilter | None = strawberry.UNSET
    name: StringFilter | None = strawberry.UNSET
    status: ProjectStatusFilter | None = strawberry.UNSET
    start_date: DateFilter | None = strawberry.UNSET
    end_date: DateFilter | None = strawberry.UNSET
    manager_name: StringFilter | None = strawberry.UNSET
    account: AccountFilter | None = strawberry.UNSET


@strawberry.input
class InvoiceFilter:
    and_: list["InvoiceFilter"] | None = strawberry.field(name="and", default=strawberry.UNSET)
    or_: list["InvoiceFilter"] | None = strawberry.field(name="or", default=strawberry.UNSET)
    not_: Optional["InvoiceFilter"] = strawberry.field(name="not", default=strawberry.UNSET)
    id: IDFilter | None = strawberry.UNSET
    number: StringFilter | None = strawberry.UNSET
    status: InvoiceStatusFilter | None = strawberry.UNSET
    issue_date: DateFilter | None = strawberry.UNSET
    due_date: DateFilter | None = strawberry.UNSET
    total: DecimalFilter | None = at("total.amount")
    balance: DecimalFilter | None = at("balance.amount")
    account: AccountFilter | None = strawberry.UNSET


@strawberry.input
class TimeEntryFilter:
    date: DateFilter | None = strawberry.UNSET
    approval: ApprovalStatusFilter | None = strawberry.UNSET
    billable: BooleanFilter | None = strawberry.UNSET


@strawberry.input
class ExpenseFilter:
    date: DateFilter | None = strawberry.UNSET
    approval: ApprovalStatusFilter | None = strawberry.UNSET
    billable: BooleanFilter | None = strawberry.UNSET


@strawberry.input(description="Which runs to list; what is left out or null lets every run through.")
class SyncRunFilter:
    workflow: StringFilter | None = strawberry.field(
        default=strawberry.UNSET, description="The mutation's name, such as `postInvoice`."
    )
    status: list[enums.SyncRunStatus] | None = strawberry.field(
        default=strawberry.UNSET, description="Any of these; an empty list lets none through."
    )
    correlation_id: IDFilter | None = strawberry.field(
        default=strawberry.UNSET, description="As a response's `X-Correlation-Id` and every error tell it."
    )
    requested_by: StringFilter | None = strawberry.field(
        default=strawberry.UNSET, description="The name of the API key's holder."
    )
    created_at: DateTimeFilter | None = strawberry.field(
        default=strawberry.UNSET, description="When the run was accepted."
    )
