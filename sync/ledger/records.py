"""What the ledger holds, as plain values: the shapes that the rest of `sync` and the graph work with."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

import msgspec

from schema.errors import Queue

Json = Any
"""What JSON can say. Decimals and dates are text in it; whoever reads them back knows the type."""


class RunStatus(StrEnum):
    PENDING = "PENDING"
    AWAITING_APPROVAL = "AWAITING_APPROVAL"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    """It stopped, half-way or before anything was done, and an exception says why; `retryRun` goes on."""
    COMPENSATING = "COMPENSATING"
    COMPENSATED = "COMPENSATED"
    CANCELLED = "CANCELLED"


ACTIVE = frozenset({RunStatus.PENDING, RunStatus.RUNNING, RunStatus.COMPENSATING})
"""Statuses in which a worker has something to do."""
ENDED = frozenset({RunStatus.SUCCEEDED, RunStatus.FAILED, RunStatus.COMPENSATED, RunStatus.CANCELLED})


class StepStatus(StrEnum):
    PENDING = "PENDING"
    RUNNING = "RUNNING"
    """Its intent is written down: from now on the platform may have done it."""
    RETRYING = "RETRYING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    SKIPPED = "SKIPPED"
    """Nothing had to be changed."""
    COMPENSATED = "COMPENSATED"


FINISHED = frozenset({StepStatus.SUCCEEDED, StepStatus.SKIPPED, StepStatus.COMPENSATED})


class Operation(StrEnum):
    CREATE = "CREATE"
    UPDATE = "UPDATE"
    UPSERT = "UPSERT"
    DELETE = "DELETE"
    ACTION = "ACTION"


class ApprovalState(StrEnum):
    """SUBMITTED waits for a decision. DRAFT is one that a change of the plan has voided, or whose time is over."""

    DRAFT = "DRAFT"
    SUBMITTED = "SUBMITTED"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"


class ExceptionState(StrEnum):
    OPEN = "OPEN"
    RESOLVED = "RESOLVED"
    DISMISSED = "DISMISSED"


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One field of a planned write, by canonical path. `before` None where there is no record, or it is empty."""

    field: str
    before: Json = None
    after: Json = None


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """One write that a run means to make. `external_id` None: the record doesn't exist yet.

    `calls`: the most calls to the platform that it costs when all goes well.
    """

    step: str
    platform: str
    entity: str
    operation: Operation
    external_id: str | None = None
    changes: tuple[Change, ...] = ()
    calls: int = 0


class StepError(msgspec.Struct, frozen=True, kw_only=True):
    code: str
    message: str
    retryable: bool
    platform_code: str | None = None


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One platform effect of a run. Within a run its name is its identity.

    `key`: the deterministic key that the record on the platform bears. `asked`: the canonical values meant, by path, as
    JSON. `before`: what they were. `result`: what the flow goes on with. `created`: this run made the record, so that
    taking it back is this run's to do. `possible_until`: a call of an attempt that never reported may still be on its
    way to the platform until then.
    """

    run_id: str
    name: str
    position: int
    platform: str
    type: str
    role: str
    operation: Operation
    status: StepStatus
    attempts: int = 0
    key: str | None = None
    external_id: str | None = None
    asked: Mapping[str, Json] = {}
    before: Mapping[str, Json] | None = None
    result: Json = None
    created: bool = False
    absent: bool = False
    """The platform was searched for the key before the first write, and had no record of it."""
    undo: str = "none"
    """`remove`, `restore`, or `none`."""
    error: StepError | None = None
    possible_until: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One governed piece of work. `input` is the command as JSON, `facts` what the flow read before it wrote, by name.

    `order_key`: runs that have one and the same are done one after the other, in the order of `sequence`. `fence`
    counts the leases: whoever writes with an older one has lost the run to another worker.
    """

    id: str
    sequence: int
    workflow: str
    version: int
    status: RunStatus
    correlation_id: str
    caller: str
    """Whose idempotency key it is: the name of the API key's holder."""
    role: str
    idempotency_key: str
    input_hash: str
    input: Json
    reason: str | None = None
    order_key: str | None = None
    plan: tuple[Planned, ...] | None = None
    """None: not made yet, because a platform that it needs was away."""
    plan_hash: str | None = None
    planned_at: datetime | None = None
    facts: Mapping[str, Json] = {}
    records: tuple[str, ...] = ()
    """Global ids of the canonical records that it touches."""
    created_at: datetime
    finished_at: datetime | None = None
    next_at: datetime | None = None
    """When a worker should look at it (again); None: not before something else happens to it."""
    lease_owner: str | None = None
    lease_until: datetime | None = None
    fence: int = 0
    crashes: int = 0
    """Workers that died over it since it last got on."""
    tries: int = 0
    """Failed tries of the step that it stands at."""
    parked: str | None = None
    """Why it waits without anybody being to blame: a platform that is away, such as `netsuite: circuit open`."""


class Approval(msgspec.Struct, frozen=True, kw_only=True):
    run_id: str
    state: ApprovalState
    required_role: str
    plan_hash: str
    requested_by: str
    requested_at: datetime
    expires_at: datetime
    decided_by: str | None = None
    decided_at: datetime | None = None
    comment: str | None = None
    """What the approver said; of a voided approval what changed."""


class BusinessException(msgspec.Struct, frozen=True, kw_only=True):
    """A problem that a person must settle. `cause` makes one of what is the same problem of the same record."""

    id: str
    queue: Queue
    status: ExceptionState
    code: str
    message: str
    cause: str
    raised_at: datetime
    due_at: datetime | None = None
    run_id: str | None = None
    step: str | None = None
    record_id: str | None = None
    amount: Decimal | None = None
    currency: str | None = None
    detail: Json = None
    """Such as candidates of a match, or field, asked and found."""
    resolved_by: str | None = None
    resolved_at: datetime | None = None
    resolution: str | None = None
    seen: int = 1
    """How often it was raised while open."""


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the crosswalk table: the canonical record, and what another platform calls the same."""

    record_id: str
    platform: str
    entity: str
    external_id: str
    run_id: str | None = None
    made_by: str
    """`write`, `match`, or the name of the person who decided."""
    at: datetime


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A link of the chain. `hash` is over everything else in it, the previous hash included."""

    sequence: int
    at: datetime
    actor: str
    action: str
    record_id: str | None = None
    correlation_id: str | None = None
    run_id: str | None = None
    platform: str | None = None
    detail: Json
    hash: str
    previous_hash: str


class Audited(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be added to the audit chain."""

    actor: str
    action: str
    detail: Json
    record_id: str | None = None
    correlation_id: str | None = None
    run_id: str | None = None
    platform: str | None = None


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened, in the order of `cursor`; for subscribers."""

    cursor: int
    kind: str
    subject: str
    """The id of what it happened to."""
    correlation_id: str
    at: datetime
    payload: Json
