"""What waits for people: approvals of runs, and business exceptions."""

from datetime import datetime

import strawberry

from schema.context import Info
from schema.declare import identity
from schema.enums import ApprovalStatus, ExceptionQueue, ExceptionStatus
from schema.scalars import Json
from schema.types.references import RunRef
from schema.types.shared import Money, Node


async def _run_of_approval(self: "Approval", info: Info) -> RunRef:
    return await info.context.ledger.run_of(self.run_key)


@strawberry.type(
    description="A second person's decision on a run, bound to the plan that the person saw: if what it would change "
    "has changed since, the approval is void and has to be given anew."
)
class Approval:
    run_key: strawberry.Private[str]
    status: ApprovalStatus = strawberry.field(
        description="SUBMITTED waits for a decision; DRAFT was voided by a change of the plan, or is too old."
    )
    required_role: str = strawberry.field(description="The role that may decide. The requester may not.")
    requested_by: str = strawberry.field(description="Who asked for the run.")
    requested_at: datetime = strawberry.field(description="Since when it waits.")
    expires_at: datetime = strawberry.field(description="Until when it can be decided; then the run is cancelled.")
    decided_by: str | None = strawberry.field(description="Who approved or rejected it.")
    decided_at: datetime | None = strawberry.field(description="When that was.")
    comment: str | None = strawberry.field(description="The approver's words; of a voided approval, what changed.")
    run: RunRef = strawberry.field(resolver=_run_of_approval, description="What it is about; see its `plan`.")


async def _run_of_exception(self: "BusinessException", info: Info) -> RunRef | None:
    return None if self.run_key is None else await info.context.ledger.run_of(self.run_key)


def _record(self: "BusinessException", info: Info) -> Node | None:
    found = info.context.records([] if self.record_id is None else [self.record_id])
    return found[0] if found else None


@strawberry.type(description="A business problem that a person must settle, in the queue of the people who own it.")
class BusinessException(Node):
    id: strawberry.ID = identity()
    run_key: strawberry.Private[str | None]
    record_id: strawberry.Private[str | None]
    queue: ExceptionQueue = strawberry.field(description="Whose work it is.")
    status: ExceptionStatus = strawberry.field(description="Whether it still waits for them.")
    code: str = strawberry.field(description="What kind of problem, for programs.")
    message: str = strawberry.field(description="What happened and what to do, for people.")
    step: str | None = strawberry.field(description="The step of the run that it stopped at: see `editStep`.")
    amount: Money | None = strawberry.field(description="The money at stake, where that is known.")
    detail: Json | None = strawberry.field(
        description="What helps to decide, such as the candidates of a match, or a field as it was asked and found."
    )
    run: RunRef | None = strawberry.field(
        resolver=_run_of_exception, description="The run that raised it; null where none did."
    )
    record: Node | None = strawberry.field(
        resolver=_record, description="The canonical record that it is about, read live; null where it is gone."
    )
    raised_at: datetime = strawberry.field(description="When it was first raised.")
    due_at: datetime | None = strawberry.field(description="Until when it should be settled.")
    resolved_by: str | None = strawberry.field(description="Who settled it; a run settles what it has got past.")
    resolution: str | None = strawberry.field(description="How, in that person's words.")
