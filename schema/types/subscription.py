"""What can be waited for: each event once and in order, told again from wherever a caller left off."""

from datetime import datetime

import strawberry

from schema.context import Info
from schema.enums import ExceptionQueue, InvoiceStatus, ProjectStatus, SyncRunStatus
from schema.types.decisions import BusinessException
from schema.types.references import InvoiceRef, ProjectRef
from schema.types.runs import SyncRun

CURSOR = "The event's place: give it as `after` to go on behind it."
CORRELATION = "Ties the event to what caused it: the run, its calls to platforms and its audit entries."
OCCURRED = "When the platform says that it happened; where it doesn't say, when it was noticed."
PLATFORM = "Whose record has changed."
BEFORE = "What it was when it was last seen; null where the record had no status, or was never seen before."
AFTER = "What it became then."


async def _run(self: "SyncRunEvent", info: Info) -> SyncRun:
    found: SyncRun = await info.context.node(self.run_id)
    return found


async def _exception(self: "ExceptionEvent", info: Info) -> BusinessException:
    found: BusinessException = await info.context.node(self.exception_id)
    return found


def _project(self: "ProjectStatusEvent", info: Info) -> ProjectRef | None:
    found: list[ProjectRef] = info.context.records([self.project_id])
    return found[0]


def _invoice(self: "InvoiceStatusEvent", info: Info) -> InvoiceRef | None:
    found: list[InvoiceRef] = info.context.records([self.invoice_id])
    return found[0]


@strawberry.type(description="A project has got another status, on whatever way.")
class ProjectStatusEvent:
    cursor: str = strawberry.field(description=CURSOR)
    correlation_id: strawberry.ID = strawberry.field(description=CORRELATION)
    occurred_at: datetime = strawberry.field(description=OCCURRED)
    platform: str = strawberry.field(description=PLATFORM)
    before: ProjectStatus | None = strawberry.field(description=BEFORE)
    after: ProjectStatus = strawberry.field(description=AFTER)
    project_id: strawberry.ID = strawberry.field(description="The project's global id.")
    project: ProjectRef | None = strawberry.field(
        resolver=_project, description="The project as it is by now, read live; null where it is gone, or out of reach."
    )


@strawberry.type(description="An invoice has got another status, on whatever way.")
class InvoiceStatusEvent:
    cursor: str = strawberry.field(description=CURSOR)
    correlation_id: strawberry.ID = strawberry.field(description=CORRELATION)
    occurred_at: datetime = strawberry.field(description=OCCURRED)
    platform: str = strawberry.field(description=PLATFORM)
    before: InvoiceStatus | None = strawberry.field(description=BEFORE)
    after: InvoiceStatus = strawberry.field(description=AFTER)
    invoice_id: strawberry.ID = strawberry.field(description="The invoice's global id.")
    invoice: InvoiceRef | None = strawberry.field(
        resolver=_invoice, description="The invoice as it is by now, read live; null where it is gone, or out of reach."
    )


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


def _project_status_changed(
    root: strawberry.Parent[ProjectStatusEvent],
    account_id: strawberry.ID | None = strawberry.UNSET,  # noqa: ARG001 - read where the event is chosen
    project_ids: list[strawberry.ID] | None = strawberry.UNSET,  # noqa: ARG001
    statuses: list[ProjectStatus] | None = strawberry.UNSET,  # noqa: ARG001
    after: str | None = strawberry.UNSET,  # noqa: ARG001
) -> ProjectStatusEvent:
    return root


def _invoice_status_changed(
    root: strawberry.Parent[InvoiceStatusEvent],
    account_id: strawberry.ID | None = strawberry.UNSET,  # noqa: ARG001
    invoice_ids: list[strawberry.ID] | None = strawberry.UNSET,  # noqa: ARG001
    statuses: list[InvoiceStatus] | None = strawberry.UNSET,  # noqa: ARG001
    after: str | None = strawberry.UNSET,  # noqa: ARG001
) -> InvoiceStatusEvent:
    return root


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
    project_status_changed: ProjectStatusEvent = strawberry.field(
        resolver=_project_status_changed,
        description="Each status that a project gets: of one account's projects, of some, into some statuses, or all.",
    )
    invoice_status_changed: InvoiceStatusEvent = strawberry.field(
        resolver=_invoice_status_changed,
        description="Each status that an invoice gets: of one account's invoices, of some, into some statuses, or all.",
    )
    sync_run_changed: SyncRunEvent = strawberry.field(
        resolver=_sync_run_changed,
        description="Each status that a run gets, of one run, of one workflow, or of all; only of their own runs for "
        "callers who may not see the ledger.",
    )
    exception_raised: ExceptionEvent = strawberry.field(
        resolver=_exception_raised,
        description="Each business problem when it is first raised, of one queue or of all.",
    )
