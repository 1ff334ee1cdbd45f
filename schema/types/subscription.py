"""What can be waited for: each event once and in order, told again from wherever a caller left off."""

from datetime import datetime

import strawberry

from schema.context import Info
from schema.enums import ExceptionQueue, SyncRunStatus
from schema.types.decisions import BusinessException
from schema.types.runs import SyncRun

CURSOR = "The event's place: give it as `after` to go on behind it."
CORRELATION = "Ties the event to what caused it: the run, its calls to platforms and its audit entries."


async def _run(self: "SyncRunEvent", info: Info) -> SyncRun:
    found: SyncRun = await info.context.node(self.run_id)
    return found


async def _exception(self: "ExceptionEvent", info: Info) -> BusinessException:
    found: BusinessException = await info.context.node(self.exception_id)
    return found


@strawberry.type(description="A run has got another status.")
class SyncRunEvent:
    run_id: strawberry.Private[str]
    cursor: str = strawberry.field(description=CURSOR)
    correlation_id: strawberry.ID = strawberry.field(description=CORRELATION)
    occurred_at: datetime = strawberry.field(description="When it got the status.")
    status: SyncRunStatus = strawberry.field(description="The status that it got then.")
    run: SyncRun = strawberry.field(
        resolver=_run, description="The run as it is by now, which may be further on: see `status`."
    )


@strawberry.type(description="A business problem has been put into a queue.")
class ExceptionEvent:
    exception_id: strawberry.Private[str]
    cursor: str = strawberry.field(description=CURSOR)
    correlation_id: strawberry.ID = strawberry.field(description=CORRELATION)
    occurred_at: datetime = strawberry.field(description="When it was raised.")
    exception: BusinessException = strawberry.field(
        resolver=_exception, description="The exception as it is by now: somebody may have settled it."
    )


def _sync_run_changed(
    root: strawberry.Parent[SyncRunEvent],
    id: strawberry.ID | None = strawberry.UNSET,  # noqa: A002, ARG001 - read where the event is chosen
    workflow: str | None = strawberry.UNSET,  # noqa: ARG001
    after: str | None = strawberry.UNSET,  # noqa: ARG001
) -> SyncRunEvent:
    return root


def _exception_raised(
    root: strawberry.Parent[ExceptionEvent],
    queue: ExceptionQueue | None = strawberry.UNSET,  # noqa: ARG001
    after: str | None = strawberry.UNSET,  # noqa: ARG001
) -> ExceptionEvent:
    return root


@strawberry.type(
    description="`after` resumes behind the event with that cursor: nothing is missed or repeated across a reconnect "
    "within the retention."
)
class Subscription:
    sync_run_changed: SyncRunEvent = strawberry.field(
        resolver=_sync_run_changed,
        description="Each status that a run gets, of one run, of one workflow, or of all; only of their own runs for "
        "callers who may not see the ledger.",
    )
    exception_raised: ExceptionEvent = strawberry.field(
        resolver=_exception_raised,
        description="Each business problem when it is first raised, of one queue or of all.",
    )
