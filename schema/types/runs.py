"""Governed work as the graph shows it: a run, its steps, and what it means to change."""

from datetime import datetime

import strawberry

from schema.context import Info
from schema.declare import MOST_EXCEPTIONS, MOST_LIVE_RECORDS, at_most, identity
from schema.enums import SyncRunStatus, SyncStepStatus, WriteOperation
from schema.scalars import Json
from schema.types.references import ApprovalRef, ExceptionRef
from schema.types.shared import Node


@strawberry.type(description="What a platform, or we, had against a step at its last try.")
class StepError:
    code: str = strawberry.field(description="One of the codes in docs/errors.md.")
    message: str = strawberry.field(description="What happened and what to do, in words.")
    retryable: bool = strawberry.field(description="Whether the same step may succeed later, unchanged.")
    platform_code: str | None = strawberry.field(description="The vendor's own code, where it gave one.")


@strawberry.type(description="One platform effect of a run. Within a run its name is its identity.")
class SyncStep:
    name: str = strawberry.field(description="What `editStep` calls it.")
    platform: str | None = strawberry.field(description="The configured name of the platform that it writes to.")
    operation: WriteOperation = strawberry.field(description="What it does there.")
    status: SyncStepStatus = strawberry.field(description="How far it is.")
    attempts: int = strawberry.field(description="How often it was tried so far.")
    external_id: str | None = strawberry.field(description="The platform's id of the record, once it is known.")
    started_at: datetime | None = strawberry.field(description="When it was first tried.")
    finished_at: datetime | None = strawberry.field(description="When it was done, skipped or given up.")
    error: StepError | None = strawberry.field(description="Why its last try failed; null once it is done.")


@strawberry.type(description="One field of a planned write, by its canonical path, such as `billing.taxId`.")
class FieldChange:
    field: str = strawberry.field(description="The canonical path.")
    before: Json | None = strawberry.field(description="What is there now; null where there is no record or no value.")
    after: Json | None = strawberry.field(description="What will be there; null where the value is cleared.")


@strawberry.type(description="One write that a run means to make.")
class PlannedWrite:
    step: str = strawberry.field(description="The name of the step that makes it.")
    platform: str = strawberry.field(description="The configured name of the platform.")
    entity: str = strawberry.field(description="The vendor's own name of the record type.")
    operation: WriteOperation = strawberry.field(description="What is done to the record.")
    external_id: str | None = strawberry.field(
        description="The platform's id of the record; null where there is none yet."
    )
    changes: list[FieldChange] = strawberry.field(description="Field by field; values that stay are left out.")


async def _steps(self: "SyncRun", info: Info) -> list[SyncStep]:
    return [] if self.dry_run else await info.context.ledger.steps_of(self.key)


async def _approval(self: "SyncRun", info: Info) -> ApprovalRef | None:
    return None if self.dry_run else await info.context.ledger.approval_of(self.key)


async def _exceptions(self: "SyncRun", info: Info) -> list[ExceptionRef]:
    return [] if self.dry_run else await info.context.ledger.exceptions_of(self.key)


def _records(self: "SyncRun", info: Info) -> list[Node]:
    return info.context.records(self.record_ids)


@strawberry.type(
    description="One governed piece of work across platforms, from request to the last posting. Callers who may not "
    "read the ledger see the runs that they asked for themselves."
)
class SyncRun(Node):
    id: strawberry.ID = identity()
    key: strawberry.Private[str]
    record_ids: strawberry.Private[tuple[str, ...]]
    workflow: str = strawberry.field(description="What was asked for: the mutation's name.")
    status: SyncRunStatus = strawberry.field(description="Where it stands.")
    correlation_id: strawberry.ID = strawberry.field(
        description="Ties the source event, this run, each platform call and each audit entry together."
    )
    idempotency_key: str = strawberry.field(description="The caller's key: with it the same request answers this run.")
    requested_by: str = strawberry.field(description="The name of the API key's holder.")
    reason: str | None = strawberry.field(description="Why the caller wanted it, in the caller's words.")
    dry_run: bool = strawberry.field(
        description="Whether this is only what would be done: it has a plan, is stored nowhere and can't be looked up."
    )
    input: Json = strawberry.field(description="The command as it was accepted, by the input's names.")
    created_at: datetime = strawberry.field(description="When it was accepted.")
    finished_at: datetime | None = strawberry.field(description="When it came to an end; null while it has none.")
    next_attempt_at: datetime | None = strawberry.field(
        description="When a worker goes on with it; null where something else must happen first."
    )
    parked: str | None = strawberry.field(
        description="Why it waits without anybody being to blame: a platform that is away, such as `erp: circuit open`."
    )
    steps: list[SyncStep] = strawberry.field(resolver=_steps, description="In the order in which they were begun.")
    plan: list[PlannedWrite] = strawberry.field(
        description="What each step will change: filled in before anything is written; for a dry run, the whole "
        "answer. Empty while a platform that it needs is away."
    )
    approval: ApprovalRef | None = strawberry.field(
        resolver=_approval, description="The decision that it needs or has; null where it needs none."
    )
    exceptions: list[ExceptionRef] = strawberry.field(
        resolver=_exceptions,
        metadata=at_most(MOST_EXCEPTIONS),
        description="The problems that it raised, the oldest 500.",
    )
    records: list[Node] = strawberry.field(
        resolver=_records,
        metadata=at_most(MOST_LIVE_RECORDS),
        description="The canonical records that it touched, read live. A record that is gone is left out, but for a "
        "selection of nothing beyond `id`; of one whose platform is away all but the `id` is null. Of more than the "
        "first 100 records only the `id` is given: look the others up with `nodes`.",
    )
