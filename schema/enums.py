"""The closed sets of canonical values."""

from enum import Enum

import strawberry

from schema.roles import PlatformRole

strawberry.enum(PlatformRole)


@strawberry.enum
class Freshness(Enum):
    LIVE = "LIVE"
    CACHED = "CACHED"
    STALE = "STALE"


@strawberry.enum
class SortDirection(Enum):
    ASC = "ASC"
    DESC = "DESC"


@strawberry.enum
class AccountStatus(Enum):
    PROSPECT = "PROSPECT"
    ACTIVE = "ACTIVE"
    ON_HOLD = "ON_HOLD"
    INACTIVE = "INACTIVE"


@strawberry.enum
class OpportunityStage(Enum):
    OPEN = "OPEN"
    COMMITTED = "COMMITTED"
    WON = "WON"
    LOST = "LOST"


@strawberry.enum
class BillingModel(Enum):
    FIXED_FEE = "FIXED_FEE"
    TIME_AND_MATERIALS = "TIME_AND_MATERIALS"
    MILESTONE = "MILESTONE"
    RETAINER = "RETAINER"
    SUBSCRIPTION = "SUBSCRIPTION"


@strawberry.enum
class ContractStatus(Enum):
    DRAFT = "DRAFT"
    IN_REVIEW = "IN_REVIEW"
    APPROVED = "APPROVED"
    ACTIVE = "ACTIVE"
    EXPIRED = "EXPIRED"
    TERMINATED = "TERMINATED"


@strawberry.enum
class ProjectKind(Enum):
    PROJECT = "PROJECT"
    RETAINER = "RETAINER"
    MANAGED_SERVICE = "MANAGED_SERVICE"
    ADVISORY = "ADVISORY"


@strawberry.enum
class ProjectStatus(Enum):
    PLANNED = "PLANNED"
    ACTIVE = "ACTIVE"
    ON_HOLD = "ON_HOLD"
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"


@strawberry.enum
class MilestoneStatus(Enum):
    PLANNED = "PLANNED"
    IN_PROGRESS = "IN_PROGRESS"
    COMPLETED = "COMPLETED"
    ACCEPTED = "ACCEPTED"
    BILLED = "BILLED"


@strawberry.enum
class ApprovalStatus(Enum):
    DRAFT = "DRAFT"
    SUBMITTED = "SUBMITTED"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"


@strawberry.enum
class BillingState(Enum):
    NOT_BILLABLE = "NOT_BILLABLE"
    UNBILLED = "UNBILLED"
    BILLED = "BILLED"
    WRITTEN_OFF = "WRITTEN_OFF"


@strawberry.enum
class InvoiceStatus(Enum):
    DRAFT = "DRAFT"
    APPROVED = "APPROVED"
    POSTED = "POSTED"
    SENT = "SENT"
    PARTIALLY_PAID = "PARTIALLY_PAID"
    PAID = "PAID"
    OVERDUE = "OVERDUE"
    VOIDED = "VOIDED"


@strawberry.enum
class PlatformHealth(Enum):
    HEALTHY = "HEALTHY"
    DEGRADED = "DEGRADED"
    DOWN = "DOWN"
    MAINTENANCE = "MAINTENANCE"
