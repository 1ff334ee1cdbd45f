"""Names for types that refer to each other across modules."""

from typing import TYPE_CHECKING, Annotated, TypeAlias

import strawberry

if TYPE_CHECKING:
    from schema.types.commercial import Contract, Opportunity
    from schema.types.decisions import Approval, BusinessException
    from schema.types.delivery import Assignment, Expense, Milestone, Project, Task, TimeEntry
    from schema.types.finance import CreditMemo, Invoice, InvoiceLine, Payment
    from schema.types.parties import Account, Contact, CostCenter, LegalEntity, Resource
    from schema.types.runs import SyncRun

_PARTIES = strawberry.lazy("schema.types.parties")
_COMMERCIAL = strawberry.lazy("schema.types.commercial")
_DELIVERY = strawberry.lazy("schema.types.delivery")
_FINANCE = strawberry.lazy("schema.types.finance")
_RUNS = strawberry.lazy("schema.types.runs")
_DECISIONS = strawberry.lazy("schema.types.decisions")

AccountRef: TypeAlias = Annotated["Account", _PARTIES]
ContactRef: TypeAlias = Annotated["Contact", _PARTIES]
LegalEntityRef: TypeAlias = Annotated["LegalEntity", _PARTIES]
CostCenterRef: TypeAlias = Annotated["CostCenter", _PARTIES]
ResourceRef: TypeAlias = Annotated["Resource", _PARTIES]
OpportunityRef: TypeAlias = Annotated["Opportunity", _COMMERCIAL]
ContractRef: TypeAlias = Annotated["Contract", _COMMERCIAL]
ProjectRef: TypeAlias = Annotated["Project", _DELIVERY]
MilestoneRef: TypeAlias = Annotated["Milestone", _DELIVERY]
TaskRef: TypeAlias = Annotated["Task", _DELIVERY]
AssignmentRef: TypeAlias = Annotated["Assignment", _DELIVERY]
TimeEntryRef: TypeAlias = Annotated["TimeEntry", _DELIVERY]
ExpenseRef: TypeAlias = Annotated["Expense", _DELIVERY]
InvoiceRef: TypeAlias = Annotated["Invoice", _FINANCE]
InvoiceLineRef: TypeAlias = Annotated["InvoiceLine", _FINANCE]
PaymentRef: TypeAlias = Annotated["Payment", _FINANCE]
CreditMemoRef: TypeAlias = Annotated["CreditMemo", _FINANCE]
RunRef: TypeAlias = Annotated["SyncRun", _RUNS]
ApprovalRef: TypeAlias = Annotated["Approval", _DECISIONS]
ExceptionRef: TypeAlias = Annotated["BusinessException", _DECISIONS]
