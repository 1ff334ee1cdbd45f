"""The inputs that order: each order field's value is the canonical path it stands for."""

from enum import Enum

import strawberry

from schema.enums import SortDirection


@strawberry.enum
class AccountOrderField(Enum):
    NAME = "name"
    NUMBER = "number"
    UPDATED_AT = "updatedAt"
    OVERDUE = "billing.overdue.amount"


@strawberry.enum
class OpportunityOrderField(Enum):
    NAME = "name"
    AMOUNT = "amount.amount"
    CLOSE_DATE = "closeDate"


@strawberry.enum
class ContractOrderField(Enum):
    NUMBER = "number"
    VALUE = "value.amount"
    START_DATE = "startDate"
    END_DATE = "endDate"


@strawberry.enum
class ProjectOrderField(Enum):
    CODE = "code"
    NAME = "name"
    START_DATE = "startDate"
    END_DATE = "endDate"


@strawberry.enum
class InvoiceOrderField(Enum):
    NUMBER = "number"
    ISSUE_DATE = "issueDate"
    DUE_DATE = "dueDate"
    TOTAL = "total.amount"
    BALANCE = "balance.amount"


@strawberry.input
class AccountOrder:
    field: AccountOrderField
    direction: SortDirection = SortDirection.ASC


@strawberry.input
class OpportunityOrder:
    field: OpportunityOrderField
    direction: SortDirection = SortDirection.ASC


@strawberry.input
class ContractOrder:
    field: ContractOrderField
    direction: SortDirection = SortDirection.ASC


@strawberry.input
class ProjectOrder:
    field: ProjectOrderField
    direction: SortDirection = SortDirection.ASC


@strawberry.input
class InvoiceOrder:
    field: InvoiceOrderField
    direction: SortDirection = SortDirection.ASC
