"""The rules that start runs by themselves, as the graph shows them to one caller."""

from resolvers.ledger.wanted import holds
from schema.enums import ExceptionQueue, TriggerMode
from schema.errors import BadUserInput, Forbidden
from schema.types.rules import ConversionReadiness, MissingCondition, Trigger
from sync.acting.readiness import Missing, Status
from sync.desk import Caller, Desk


class Rules:
    """`schema.context.Rules`. Without a desk nothing starts by itself."""

    def __init__(self, desk: Desk | None, caller: Caller) -> None:
        self._desk = desk
        self._caller = caller

    async def what_is_missing(self, opportunity_id: str) -> ConversionReadiness | None:
        desk = self._readable()
        if not holds(opportunity_id):
            raise BadUserInput("This is not an id of the graph: use an `id` that a query returned.")
        if desk is None:
            return None
        found = await desk.rules.what_is_missing(opportunity_id)
        if found is None:
            return None
        return ConversionReadiness(
            ready=not found.missing and found.project_id is None,
            missing=[_missing(each) for each in found.missing],
            project_id=found.project_id,
            run_key=None if found.run is None else found.run.id,
        )

    async def all(self) -> list[Trigger]:
        desk = self._readable()
        return [] if desk is None else [_trigger(status) for status in await desk.rules.triggers()]

    def _readable(self) -> Desk | None:
        if self._desk is not None and not self._desk.may_read_ledger(self._caller):
            raise Forbidden("Your role may not see what the firm's processes wait for.")
        return self._desk


def _missing(missing: Missing) -> MissingCondition:
    return MissingCondition(
        condition=missing.condition,
        message=missing.message,
        queue=ExceptionQueue(missing.queue.value),
        role=missing.role,
        platform=missing.platform,
        record_id=missing.record_id,
    )


def _trigger(status: Status) -> Trigger:
    rule, standing = status.rule, status.standing
    return Trigger(
        name=rule.name,
        says=rule.says,
        mode=TriggerMode(status.mode.upper()),
        workflow=rule.flow,
        conditions=[condition.says for condition in rule.conditions],
        queue=ExceptionQueue(rule.queue.value),
        approver=rule.approver,
        waiting=standing.waiting,
        refused=standing.refused,
        last_fired_at=standing.fired_at,
        run_key=standing.run_id,
    )
