"""What starts runs by itself, and what keeps a deal from becoming a project."""

from datetime import datetime

import strawberry

from schema.context import Info
from schema.enums import ExceptionQueue, TriggerMode
from schema.roles import PlatformRole
from schema.types.references import ProjectRef, RunRef
from schema.types.shared import Node


def _record(self: "MissingCondition", info: Info) -> Node | None:
    found = info.context.records([] if self.record_id is None else [self.record_id])
    return found[0] if found else None


@strawberry.type(description="Something that must be so before an opportunity can become a project, and isn't yet.")
class MissingCondition:
    record_id: strawberry.Private[str | None]
    condition: str = strawberry.field(
        description="What kind of condition, for programs: `opportunity-won`, `contract-there`, `contract-approved`, "
        "or `terms` for each commercial term that is missing or doesn't fit."
    )
    message: str = strawberry.field(description="What is missing, for people.")
    queue: ExceptionQueue = strawberry.field(description="Whose it is.")
    role: PlatformRole | None = strawberry.field(description="In which system they bring it about.")
    platform: str | None = strawberry.field(description="On which platform that is.")
    record: Node | None = strawberry.field(
        resolver=_record, description="The record that lacks it, read live; null where it is none's, or gone."
    )


def _project(self: "ConversionReadiness", info: Info) -> ProjectRef | None:
    found: list[ProjectRef] = info.context.records([] if self.project_id is None else [self.project_id])
    return found[0] if found else None


async def _run(self: "ConversionReadiness", info: Info) -> RunRef | None:
    return None if self.run_key is None else await info.context.ledger.run_of(self.run_key)


@strawberry.type(description="How far an opportunity is on its way to a project, as the platforms say at this moment.")
class ConversionReadiness:
    project_id: strawberry.Private[str | None]
    run_key: strawberry.Private[str | None]
    ready: bool = strawberry.field(description="Nothing is missing, and it is no project yet.")
    missing: list[MissingCondition] = strawberry.field(description="Every condition that is still open.")
    project: ProjectRef | None = strawberry.field(resolver=_project, description="What it has become.")
    run: RunRef | None = strawberry.field(
        resolver=_run, description="The latest run that was to convert it, whoever or whatever asked for that."
    )


async def _last_run(self: "Trigger", info: Info) -> RunRef | None:
    return None if self.run_key is None else await info.context.ledger.run_of(self.run_key)


@strawberry.type(description="A rule that starts runs by itself when something happens on several platforms.")
class Trigger:
    run_key: strawberry.Private[str | None]
    name: str = strawberry.field(description="As the settings name it, under `triggers`.")
    says: str = strawberry.field(description="What it brings about, for people.")
    mode: TriggerMode = strawberry.field(description="Whether it is on in this installation.")
    workflow: str = strawberry.field(description="The process that it starts.")
    conditions: list[str] = strawberry.field(description="What must be so then.")
    queue: ExceptionQueue = strawberry.field(description="Whose it is.")
    approver: str = strawberry.field(description="The role that agrees to its runs where it only proposes them.")
    waiting: int = strawberry.field(description="Records that it has yet to look at, or looks at again and again.")
    refused: int = strawberry.field(description="Records for which its process can't be started; see `exceptions`.")
    last_fired_at: datetime | None = strawberry.field(description="When it last requested a run.")
    last_run: RunRef | None = strawberry.field(resolver=_last_run, description="That run.")
