"""What the ledger holds, as the graph shows it."""

from strawberry import ID

from schema import enums
from schema.ids import ledger_id
from schema.scalars import CurrencyCode, Json
from schema.types.audit import AuditEntry
from schema.types.decisions import Approval, BusinessException
from schema.types.runs import FieldChange, PlannedWrite, StepError, SyncRun, SyncStep
from schema.types.shared import Money
from sync.ledger import records


def shown_run(run: records.Run, *, dry_run: bool = False) -> SyncRun:
    return SyncRun(
        id=ID(ledger_id("SyncRun", run.id)),
        key=run.id,
        record_ids=run.records,
        workflow=run.workflow,
        status=enums.SyncRunStatus(run.status.value),
        correlation_id=ID(run.correlation_id),
        idempotency_key=run.idempotency_key,
        requested_by=run.caller,
        reason=run.reason,
        dry_run=dry_run,
        input=Json(run.input),
        created_at=run.created_at,
        finished_at=run.finished_at,
        next_attempt_at=run.next_at,
        parked=run.parked,
        plan=[_planned(planned) for planned in run.plan or ()],
    )


def _planned(planned: records.Planned) -> PlannedWrite:
    return PlannedWrite(
        step=planned.step,
        platform=planned.platform,
        entity=planned.entity,
        operation=enums.WriteOperation(planned.operation.value),
        external_id=planned.external_id,
        changes=[FieldChange(field=each.field, before=each.before, after=each.after) for each in planned.changes],
    )


def shown_step(step: records.Step) -> SyncStep:
    error = step.error
    return SyncStep(
        name=step.name,
        platform=step.platform,
        operation=enums.WriteOperation(step.operation.value),
        status=enums.SyncStepStatus(step.status.value),
        attempts=step.attempts,
        external_id=step.external_id,
        started_at=step.started_at,
        finished_at=step.finished_at,
        error=None
        if error is None
        else StepError(
            code=error.code, message=error.message, retryable=error.retryable, platform_code=error.platform_code
        ),
    )


def shown_approval(approval: records.Approval) -> Approval:
    return Approval(
        run_key=approval.run_id,
        status=enums.ApprovalStatus(approval.state.value),
        required_role=approval.required_role,
        requested_by=approval.requested_by,
        requested_at=approval.requested_at,
        expires_at=approval.expires_at,
        decided_by=approval.decided_by,
        decided_at=approval.decided_at,
        comment=approval.comment,
    )


def shown_exception(found: records.BusinessException) -> BusinessException:
    amount = (
        None
        if found.amount is None or found.currency is None
        else Money(amount=found.amount, currency=CurrencyCode(found.currency))
    )
    return BusinessException(
        id=ID(ledger_id("BusinessException", found.id)),
        run_key=found.run_id,
        record_id=found.record_id,
        queue=enums.ExceptionQueue(found.queue.value),
        status=enums.ExceptionStatus(found.status.value),
        code=found.code,
        message=found.message,
        step=found.step,
        amount=amount,
        detail=found.detail,
        raised_at=found.raised_at,
        due_at=found.due_at,
        resolved_by=found.resolved_by,
        resolution=found.resolution,
    )


def shown_entry(entry: records.AuditEntry) -> AuditEntry:
    return AuditEntry(
        id=ID(ledger_id("AuditEntry", str(entry.sequence))),
        sequence=entry.sequence,
        at=entry.at,
        actor=entry.actor,
        action=entry.action,
        record_id=None if entry.record_id is None else ID(entry.record_id),
        correlation_id=None if entry.correlation_id is None else ID(entry.correlation_id),
        platform=entry.platform,
        detail=Json(entry.detail),
        hash=entry.hash,
        previous_hash=entry.previous_hash,
    )
