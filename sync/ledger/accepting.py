"""Taking a run on: all of it or nothing, and once per caller and idempotency key."""

import sqlalchemy as sa

from sync.ledger.outcomes import run_moved
from sync.ledger.port import KeyTakenError, NewRun
from sync.ledger.records import ApprovalState, Run, RunStatus
from sync.ledger.rows import record_of
from sync.ledger.statements import prepared
from sync.ledger.tables import approvals, runs
from sync.ledger.transaction import Transaction

_TAKE_ON = prepared(
    lambda insert: (
        insert(runs).on_conflict_do_nothing(index_elements=[runs.c.caller, runs.c.idempotency_key]).returning(*runs.c)
    )
)


async def accept(tx: Transaction, new: NewRun) -> Run:
    await tx.lock_order(new.order_key)  # so that those of one order key are counted in the order of their commits
    waits = new.approval_role is not None
    values = {name: getattr(new, name) for name in _COPIED}
    values |= {
        "status": RunStatus.AWAITING_APPROVAL if waits else RunStatus.PENDING,
        "created_at": tx.now,
        "planned_at": None if new.plan is None else tx.now,
        "next_at": None if waits else tx.now,
        "fence": 0,
        "crashes": 0,
        "tries": 0,
    }
    # A twin of the same instant waits here for the other's commit, and then finds the key taken.
    row = await tx.one(tx.its(_TAKE_ON), values)
    if row is None:
        raise KeyTakenError(await _taken(tx, new))
    run = record_of(Run, row)
    await (_ask(tx, new) if waits else tx.wake(run.id))
    run_moved(tx, run)
    tx.audit(new.audit)
    return run


async def _taken(tx: Transaction, new: NewRun) -> Run:
    row = await tx.one(
        sa.select(runs).where(runs.c.caller == new.caller, runs.c.idempotency_key == new.idempotency_key)
    )
    if row is None:
        raise RuntimeError(f"the key of run {new.id} is taken, and nobody is seen to have it")
    return record_of(Run, row)


async def _ask(tx: Transaction, new: NewRun) -> None:
    if new.plan_hash is None or new.approval_until is None:
        raise ValueError("an approval is bound to a plan, and ends some time")
    values = {
        "run_id": new.id,
        "state": ApprovalState.SUBMITTED,
        "required_role": new.approval_role,
        "plan_hash": new.plan_hash,
        "requested_by": new.caller,
        "requested_at": tx.now,
        "expires_at": new.approval_until,
    }
    await tx.do(sa.insert(approvals), values)


_COPIED = (
    "id",
    "workflow",
    "version",
    "correlation_id",
    "caller",
    "role",
    "idempotency_key",
    "input_hash",
    "input",
    "reason",
    "order_key",
    "plan",
    "plan_hash",
    "facts",
    "records",
)
