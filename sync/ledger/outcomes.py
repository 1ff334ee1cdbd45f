"""What a worker's transaction writes beside the run and its step: links, exceptions, approvals, audit, events."""

from typing import Any

import sqlalchemy as sa

from sync.ledger.port import NewException, Outcome
from sync.ledger.records import Approval, ExceptionState, Json, Link, Operation, Run, Step, StepStatus
from sync.ledger.rows import values_of
from sync.ledger.tables import IS_OPEN, approvals, exceptions, links, runs
from sync.ledger.transaction import Transaction, new_id

RUN_EVENT = "syncRun"
EXCEPTION_EVENT = "exception"
STEP_EVENT = "step"
"""A record was written to. Its subject is the run; for those who look at once what became of the record."""


async def write(tx: Transaction, run_id: str, correlation_id: str, outcome: Outcome) -> None:
    for gone in outcome.unlinked:
        await _unlink(tx, *gone)
    for link in outcome.links:
        await _link(tx, link)
    if outcome.settled_subject is not None:
        await _close(tx, run_id, outcome.settled_subject)
    for new in outcome.raised:
        await _raise(tx, new, correlation_id)
    if outcome.approval is not None:
        await _put_approval(tx, outcome.approval)
    tx.audit(outcome.audit)


def run_moved(tx: Transaction, run: Run) -> None:
    """Tells subscribers the run's new status."""
    told = {"status": run.status, "workflow": run.workflow, "caller": run.caller}
    tx.happened(RUN_EVENT, run.id, run.correlation_id, told)


def step_done(tx: Transaction, step: Step, correlation_id: str) -> None:
    """Tells those who watch the platforms of a record that a finished step has written to."""
    if step.external_id is None or step.status is StepStatus.SKIPPED:
        return
    told = {"platform": step.platform, "type": step.type, "role": step.role, "externalId": step.external_id}
    gone = step.operation is Operation.DELETE
    tx.happened(STEP_EVENT, step.run_id, correlation_id, {**told, "gone": gone})


async def _link(tx: Transaction, link: Link) -> None:
    written = tx.insert(links)
    newer = {name: written.excluded[name] for name in ("run_id", "made_by", "at")}
    await tx.do(written.on_conflict_do_update(index_elements=list(links.primary_key), set_=newer), values_of(link))


async def _unlink(tx: Transaction, platform: str, entity: str, external_id: str) -> None:
    same = (links.c.platform == platform, links.c.entity == entity, links.c.external_id == external_id)
    await tx.do(sa.delete(links).where(*same))


async def _raise(tx: Transaction, new: NewException, correlation_id: str) -> None:
    """Puts a problem into its queue, once while it is open: after that it is only brought up to date."""
    values = {name: getattr(new, name) for name in NewException.__dataclass_fields__}
    values |= {"id": new_id(), "status": ExceptionState.OPEN, "raised_at": tx.now, "seen": 1}
    written = tx.insert(exceptions)
    newer: dict[str, sa.ColumnElement[Any]] = {name: written.excluded[name] for name in _BROUGHT_UP_TO_DATE}
    newer |= {name: sa.func.coalesce(written.excluded[name], exceptions.c[name]) for name in _KEPT_IF_UNKNOWN}
    newer["due_at"] = sa.func.coalesce(exceptions.c.due_at, written.excluded.due_at)  # coming again gains no time
    upserted = written.on_conflict_do_update(
        index_elements=[exceptions.c.cause], index_where=IS_OPEN, set_={**newer, "seen": exceptions.c.seen + 1}
    )
    row = await tx.one(upserted.returning(exceptions.c.id, exceptions.c.seen), values)
    if row is not None and row.seen == 1:
        tx.happened(EXCEPTION_EVENT, row.id, correlation_id, {"queue": new.queue, "code": new.code})


async def _close(tx: Transaction, run_id: str, subject: str) -> None:
    """What the run got past is settled, its own and that of others that were to set no more than it did."""
    raised = await tx.all(_OPEN_ABOUT, {"subject": subject, "characters": len(subject)})
    others = [row for row in raised if row.run_id not in (None, run_id)]
    row = await tx.one(sa.select(runs.c.input).where(runs.c.id == run_id)) if others else None
    left = {each.id for each in others if row is not None and not _covers(row.input, each.input)}
    past = [each.id for each in raised if each.id not in left]
    if past:
        settled = {"resolved_by": f"run {run_id}", "resolved_at": tx.now, "resolution": "The run got past it."}
        closed = sa.update(exceptions).where(exceptions.c.id.in_(past))
        await tx.do(closed.values(status=ExceptionState.RESOLVED, **settled))


def _covers(done: Json, failed: Json) -> bool:
    """Whether each part of what failed has a part in what was done, whatever it was set to."""
    if not isinstance(failed, dict):
        return True
    return isinstance(done, dict) and all(name in done and _covers(done[name], failed[name]) for name in failed)


async def _put_approval(tx: Transaction, approval: Approval) -> None:
    written = tx.insert(approvals)
    newer = {name: written.excluded[name] for name in approval.__struct_fields__ if name != "run_id"}
    await tx.do(written.on_conflict_do_update(index_elements=[approvals.c.run_id], set_=newer), values_of(approval))


_OPEN_ABOUT = (
    sa.select(exceptions.c.id, exceptions.c.run_id, runs.c.input)
    .outerjoin(runs, runs.c.id == exceptions.c.run_id)
    .where(IS_OPEN)
    # LIKE would take case for nothing.
    .where(
        sa.func.substr(exceptions.c.cause, 1, sa.bindparam("characters", type_=sa.Integer)) == sa.bindparam("subject")
    )
)
_BROUGHT_UP_TO_DATE = ("queue", "code", "message", "run_id", "step", "detail")
_KEPT_IF_UNKNOWN = ("record_id", "amount", "currency")
