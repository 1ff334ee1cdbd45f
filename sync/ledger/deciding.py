"""What people write: decisions on approvals, a run's way, an exception's end, other values for a step."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from sync.ledger.changes import changed, frees_its_order_key
from sync.ledger.claiming import wake_next
from sync.ledger.outcomes import run_moved
from sync.ledger.port import RunChange
from sync.ledger.records import (
    ACTIVE,
    FINISHED,
    Approval,
    ApprovalState,
    Audited,
    BusinessException,
    ExceptionState,
    Json,
    Run,
    RunStatus,
    Step,
)
from sync.ledger.rows import record_of
from sync.ledger.tables import IS_OPEN, IS_SUBMITTED, approvals, exceptions, runs, steps
from sync.ledger.transaction import Transaction

MACHINE = "crosswalk"
"""Who is named as the actor of what no person did."""
_EXPIRED_AT_ONCE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """On an approval; of this plan only, where one is named."""

    state: ApprovalState
    by: str
    comment: str | None
    plan_hash: str | None


async def decide(tx: Transaction, run_id: str, decision: Decision, audited: Audited) -> tuple[Run, Approval] | None:
    run = await _waiting_run(tx, run_id)
    if run is None:
        return None
    waiting = sa.and_(approvals.c.run_id == run_id, IS_SUBMITTED, approvals.c.expires_at > tx.now)
    if decision.plan_hash is not None:
        waiting = sa.and_(waiting, approvals.c.plan_hash == decision.plan_hash)
    values = {"state": decision.state, "decided_by": decision.by, "comment": decision.comment, "decided_at": tx.now}
    row = await tx.one(sa.update(approvals).where(waiting).values(values).returning(*approvals.c))
    if row is None:
        return None
    status = RunStatus.PENDING if decision.state is ApprovalState.APPROVED else RunStatus.CANCELLED
    run = await _move(tx, run, RunChange(status=status))
    tx.audit([audited])
    return run, record_of(Approval, row)


async def steer(
    tx: Transaction, run_id: str, expected: Sequence[RunStatus], fence: int | None, wanted: RunChange, audited: Audited
) -> Run | None:
    key = await tx.one(sa.select(runs.c.order_key).where(runs.c.id == run_id))
    await tx.lock_order(key.order_key if key else None)
    unheld = sa.or_(runs.c.lease_owner.is_(None), runs.c.lease_until <= tx.now)
    as_seen = sa.and_(runs.c.id == run_id, runs.c.status.in_(expected))
    if fence is not None:
        as_seen = sa.and_(as_seen, runs.c.fence == fence)
    row = await tx.one(sa.select(runs).where(as_seen, unheld).with_for_update())
    if row is None:
        return None
    run = await _move(tx, record_of(Run, row), wanted)
    if run.status is not RunStatus.AWAITING_APPROVAL:
        await _void(tx, run_id, "The run was withdrawn.")
    tx.audit([audited])
    return run


async def settle(
    tx: Transaction, exception_id: str, *, status: ExceptionState, by: str, resolution: str, audited: Audited
) -> BusinessException | None:
    settled = {"status": status, "resolved_by": by, "resolved_at": tx.now, "resolution": resolution}
    still_open = sa.update(exceptions).where(exceptions.c.id == exception_id, IS_OPEN)
    row = await tx.one(still_open.values(**settled).returning(*exceptions.c))
    if row is None:
        return None
    tx.audit([audited])
    return record_of(BusinessException, row)


async def edit_step(
    tx: Transaction, run_id: str, name: str, asked: Mapping[str, Json], audited: Audited
) -> Step | None:
    failed = runs.c.status == RunStatus.FAILED
    if await tx.one(sa.select(runs.c.id).where(runs.c.id == run_id, failed).with_for_update()) is None:
        return None
    unfinished = sa.and_(steps.c.run_id == run_id, steps.c.name == name, steps.c.status.not_in(sorted(FINISHED)))
    row = await tx.one(sa.update(steps).where(unfinished).values(asked=asked).returning(*steps.c))
    if row is None:
        return None
    tx.audit([audited])
    return record_of(Step, row)


async def expire_approvals(tx: Transaction) -> tuple[Run, ...]:
    late = sa.select(approvals.c.run_id).where(IS_SUBMITTED, approvals.c.expires_at <= tx.now)
    ended: list[Run] = []
    for due in await tx.all(late.order_by(approvals.c.expires_at).limit(_EXPIRED_AT_ONCE)):
        run = await _waiting_run(tx, due.run_id)
        role = await _void(tx, due.run_id, "Nobody decided in time.")
        if run is None or role is None:  # somebody decided a moment ago
            continue
        ended.append(await _move(tx, run, RunChange(status=RunStatus.CANCELLED)))
        tx.audit([_expired(run, role)])
    return tuple(ended)


def _expired(run: Run, role: str) -> Audited:
    return Audited(
        actor=MACHINE,
        action="approval.expired",
        detail={"requiredRole": role},
        correlation_id=run.correlation_id,
        run_id=run.id,
    )


async def _void(tx: Transaction, run_id: str, why: str) -> str | None:
    """Ends the wait for a decision; the role that was waited for, if any was."""
    voided = sa.update(approvals).where(approvals.c.run_id == run_id, IS_SUBMITTED)
    row = await tx.one(voided.values(state=ApprovalState.DRAFT, comment=why).returning(approvals.c.required_role))
    return None if row is None else str(row.required_role)


async def _waiting_run(tx: Transaction, run_id: str) -> Run | None:
    waits = runs.c.status == RunStatus.AWAITING_APPROVAL
    row = await tx.one(sa.select(runs).where(runs.c.id == run_id, waits).with_for_update())
    return None if row is None else record_of(Run, row)


async def _move(tx: Transaction, before: Run, wanted: RunChange) -> Run:
    """Changes a run that nobody holds; whoever may still believe to hold it doesn't from now on."""
    values: dict[str, Any] = changed(tx, before, wanted)
    values |= {"lease_owner": None, "lease_until": None, "asked_at": None, "fence": before.fence + 1}
    if wanted.status in ACTIVE:
        values |= {"crashes": 0, "tries": values.get("tries", 0)}
    row = await tx.one(sa.update(runs).where(runs.c.id == before.id).values(**values).returning(*runs.c))
    if row is None:
        raise RuntimeError(f"the run {before.id} is gone")
    run = record_of(Run, row)
    if run.status != before.status:
        run_moved(tx, run)
    if run.status in ACTIVE and run.next_at is not None and run.next_at <= tx.now:
        await tx.wake(run.id)
    if frees_its_order_key(before, wanted):
        await wake_next(tx, run.order_key)
    return run
