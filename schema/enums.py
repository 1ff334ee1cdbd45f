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


@strawberry.enum(description="`PROPOSE` lets each run wait for a person.")
class TriggerMode(Enum):
    OFF = "OFF"
    ON = "ON"
    PROPOSE = "PROPOSE"


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


@strawberry.enum(description="Where a run stands. SUCCEEDED, FAILED, COMPENSATED and CANCELLED are ends.")
class SyncRunStatus(Enum):
    PENDING = strawberry.enum_value("PENDING", description="Accepted and written down; no worker has begun it.")
    AWAITING_APPROVAL = strawberry.enum_value(
        "AWAITING_APPROVAL", description="Nothing is written before somebody with the required role agrees."
    )
    RUNNING = strawberry.enum_value("RUNNING", description="A worker has begun it; it may wait for a platform.")
    SUCCEEDED = strawberry.enum_value("SUCCEEDED", description="Every step is done and was read back.")
    FAILED = strawberry.enum_value(
        "FAILED", description="It stopped, maybe half-way; an exception says why. `retryRun` goes on with it."
    )
    COMPENSATING = strawberry.enum_value("COMPENSATING", description="Its finished steps are being undone.")
    COMPENSATED = strawberry.enum_value("COMPENSATED", description="Its finished steps were undone, last first.")
    CANCELLED = strawberry.enum_value("CANCELLED", description="It was rejected, cancelled, or approved too late.")


@strawberry.enum(description="Where one step of a run stands.")
class SyncStepStatus(Enum):
    PENDING = strawberry.enum_value("PENDING", description="Not begun.")
    RUNNING = strawberry.enum_value(
        "RUNNING", description="Its intent is written down: from now on the platform may have done it."
    )
    RETRYING = strawberry.enum_value("RETRYING", description="A try failed, and another one follows.")
    SUCCEEDED = strawberry.enum_value("SUCCEEDED", description="Done, and read back from the platform.")
    FAILED = strawberry.enum_value("FAILED", description="It won't be tried again by itself.")
    SKIPPED = strawberry.enum_value("SKIPPED", description="Nothing had to be changed.")
    COMPENSATED = strawberry.enum_value("COMPENSATED", description="It was done, and has been undone.")


@strawberry.enum(description="What a write does to a platform's record.")
class WriteOperation(Enum):
    CREATE = "CREATE"
    UPDATE = "UPDATE"
    UPSERT = strawberry.enum_value("UPSERT", description="Made, or changed where the platform knows its key already.")
    DELETE = "DELETE"
    ACTION = strawberry.enum_value("ACTION", description="Something that the platform does to it, such as posting.")


@strawberry.enum(description="The people who settle what the machine can't.")
class ExceptionQueue(Enum):
    FINANCE = "FINANCE"
    PMO = "PMO"
    SALES_OPS = "SALES_OPS"
    INTEGRATION = strawberry.enum_value("INTEGRATION", description="Those who run Crosswalk and its platforms.")


@strawberry.enum(description="Whether a business exception still waits for somebody.")
class ExceptionStatus(Enum):
    OPEN = "OPEN"
    RESOLVED = strawberry.enum_value("RESOLVED", description="Settled, by a person or by the run itself.")
    DISMISSED = strawberry.enum_value("DISMISSED", description="Looked at, and left as it is for a reason.")


@strawberry.enum(description="Why nothing was written anywhere.")
class UserErrorCode(Enum):
    INVALID = strawberry.enum_value("INVALID", description="The input can't be meant; `path` leads to the part.")
    NOT_FOUND = strawberry.enum_value("NOT_FOUND", description="No such record, run or exception.")
    FORBIDDEN = strawberry.enum_value("FORBIDDEN", description="Your role may not do this, or not to this record.")
    OWNERSHIP = strawberry.enum_value(
        "OWNERSHIP", description="The platform that owns the field can't be written to, or somebody else owns it."
    )
    CONFLICT = strawberry.enum_value(
        "CONFLICT", description="The record isn't in the version of `ifVersion` any more: read it, and decide anew."
    )
    IDEMPOTENCY_MISMATCH = strawberry.enum_value(
        "IDEMPOTENCY_MISMATCH", description="Your `idempotencyKey` was used with another input before."
    )
    STATE = strawberry.enum_value("STATE", description="The run, record or exception is past the state for this.")
    UNSUPPORTED = strawberry.enum_value(
        "UNSUPPORTED", description="The platforms of this firm, or this gateway, can't do this."
    )


@strawberry.enum(description="The types of records that can be brought into line on every platform that holds them.")
class SyncedType(Enum):
    ACCOUNT = "ACCOUNT"
    PROJECT = "PROJECT"
    INVOICE = "INVOICE"


@strawberry.enum(description="Whether a webhook is sent anything.")
class WebhookStatus(Enum):
    ACTIVE = "ACTIVE"
    DISABLED = strawberry.enum_value(
        "DISABLED", description="By a person, by its receiver, or after long failure; `enableWebhook` goes on."
    )


@strawberry.enum(description="How far a comparison is.")
class ReconciliationStatus(Enum):
    RUNNING = strawberry.enum_value("RUNNING", description="It waits for its turn or a platform, or is worked on.")
    SUCCEEDED = strawberry.enum_value("SUCCEEDED", description="All of its scope was compared; what differs is told.")
    FAILED = strawberry.enum_value(
        "FAILED", description="It can't be said what differs: see `error`. What was told before it failed is true."
    )


@strawberry.enum(description="In which way two sides differ.")
class DifferenceKind(Enum):
    MISSING = strawberry.enum_value("MISSING", description="The left side has it; the right should, and doesn't.")
    EXTRA = strawberry.enum_value("EXTRA", description="The right side has it; nothing on the left belongs to it.")
    VALUE = "VALUE"
    STATUS = "STATUS"
    STALE_LINK = strawberry.enum_value("STALE_LINK", description="It names a record that isn't there any more.")


@strawberry.enum(description="What became of an event on its way to a webhook.")
class WebhookDeliveryStatus(Enum):
    PENDING = strawberry.enum_value("PENDING", description="It is on its way, or waits to be tried again.")
    DELIVERED = strawberry.enum_value("DELIVERED", description="The receiver answered with a status from 200 to 299.")
    FAILED = strawberry.enum_value("FAILED", description="It was given up after days; `redeliver` sends it again.")
    DROPPED = strawberry.enum_value(
        "DROPPED", description="It wasn't to be sent any more: skipped on request, or not for its owner's eyes by then."
    )
