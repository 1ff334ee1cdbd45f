"""What a finished step leaves beside its result: links, an entry of the audit chain, and problems that are over."""

from datetime import datetime

from platforms.call_log import UpstreamCall
from sync.causes import subject_of_step
from sync.effects import Create, Remove
from sync.firm import Door, Firm
from sync.ledger.port import Outcome
from sync.ledger.records import Audited, Json, Link, Step, StepStatus
from sync.tasks import Task
from sync.values import to_json


def outcome_of(task: Task, step: Step, firm: Firm, door: Door, *, calls: list[UpstreamCall], now: datetime) -> Outcome:
    """Written down in one transaction with the step itself."""
    record_id = task.effect.of or _canonical_id(task, step, firm)
    removed = isinstance(task.effect, Remove) and step.external_id is not None
    return Outcome(
        audit=(_entry(task, step, door, record_id, calls),),
        links=_links(task, step, door, record_id, now),
        unlinked=((step.platform, door.writable.entity, step.external_id or ""),) if removed else (),
        settled_subject=None if task.prior is None else subject_of_step(task.run, task.name),
    )


def told(call: UpstreamCall) -> Json:
    """One call for the audit log: where it went and what came of it, never what it carried."""
    return {"route": call.route, "status": call.status, "ms": call.ms, "code": call.code}


def _canonical_id(task: Task, step: Step, firm: Firm) -> str | None:
    """The global id, where what was written is the canonical record itself."""
    effect = task.effect
    known = effect.type in firm.bindings.model.types  # some types are there for writes alone
    if not isinstance(effect, Create) and not (known and firm.anchor(effect.type) is effect.role):
        return None
    return None if step.external_id is None else firm.record_id(effect.type, effect.platform, step.external_id)


def _links(task: Task, step: Step, door: Door, record_id: str | None, now: datetime) -> tuple[Link, ...]:
    if not isinstance(task.effect, Create) or record_id is None or step.external_id is None:
        return ()
    return (
        Link(
            record_id=record_id,
            platform=step.platform,
            entity=door.writable.entity,
            external_id=step.external_id,
            run_id=step.run_id,
            made_by="write" if step.created else "match",
            at=now,
        ),
    )


def _entry(task: Task, step: Step, door: Door, record_id: str | None, calls: list[UpstreamCall]) -> Audited:
    run = task.run
    return Audited(
        actor=run.caller,
        action="step.skipped" if step.status is StepStatus.SKIPPED else "step.done",
        record_id=record_id,
        correlation_id=run.correlation_id,
        run_id=run.id,
        platform=step.platform,
        detail={
            "workflow": run.workflow,
            "step": step.name,
            "operation": step.operation.value,
            "entity": door.writable.entity,
            "externalId": step.external_id,
            "before": to_json(step.before),
            "after": to_json(step.asked),
            "attempt": step.attempts,
            "calls": [told(call) for call in calls],
        },
    )
