"""Leases: who works on a run, and which run of those with one order key is next."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from sync.ledger.columns import Instant
from sync.ledger.outcomes import run_moved
from sync.ledger.port import Hold, LeaseLostError
from sync.ledger.records import ACTIVE, Run, RunStatus
from sync.ledger.rows import record_of
from sync.ledger.tables import IS_ACTIVE, runs
from sync.ledger.transaction import Transaction

_BEGUN = (RunStatus.RUNNING, RunStatus.COMPENSATING)
_other = runs.alias("other")
_other_begun = _other.c.status.in_(_BEGUN)
_other_earlier = _other.c.sequence < runs.c.sequence
_other_active_of_same_key = (
    _other.c.order_key == runs.c.order_key,
    _other.c.id != runs.c.id,
    _other.c.status.in_(sorted(ACTIVE)),
)
# All statements here are made once, with places for what differs: making one takes longer than carrying it out.
_NOW = sa.bindparam("its_now", type_=Instant())

IS_FREE = sa.or_(
    sa.and_(runs.c.lease_owner.is_(None), runs.c.next_at <= _NOW),
    sa.and_(runs.c.lease_owner.is_not(None), runs.c.lease_until <= _NOW),
)
"""Nobody holds the run, and it is time for it: its own time has come, or its worker's lease is over. Needs `at`."""


def _is_behind_another(begun: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    first = sa.or_(
        sa.and_(_other.c.lease_owner.is_not(None), _other.c.lease_until > _NOW),
        sa.and_(_other_begun, sa.or_(sa.not_(begun), _other_earlier)),
        sa.and_(sa.not_(_other_begun), sa.not_(begun), _other_earlier),
    )
    return sa.exists().where(*_other_active_of_same_key, first)


IS_BEHIND_ANOTHER = _is_behind_another(runs.c.status.in_(_BEGUN))
"""Another run with the order key goes first: one that is held, or has begun, or else was accepted earlier. Needs `at`.
"""
IS_HELD = sa.and_(
    runs.c.id == sa.bindparam("held_run"),
    runs.c.lease_owner == sa.bindparam("held_by"),
    runs.c.fence == sa.bindparam("held_fence"),
)
"""By the worker whose `of` is given; also where the lease is over, as long as nobody else has taken the run."""


def at(now: datetime) -> Mapping[str, datetime]:
    """The moment that `IS_FREE` and `IS_BEHIND_ANOTHER` are asked for."""
    return {_NOW.key: now}


def of(hold: Hold) -> Mapping[str, Any]:
    """Whose lease `IS_HELD` asks for."""
    return {"held_run": hold.run_id, "held_by": hold.owner, "held_fence": hold.fence}


async def claim(tx: Transaction, run_id: str, owner: str, seconds: float) -> tuple[Run, Hold] | None:
    wanted = {"its_id": run_id, **at(tx.now)}
    before = await tx.one(_CLAIMABLE, wanted)
    if before is None:
        return None
    await tx.lock_order(before.order_key)
    until = tx.now + timedelta(seconds=seconds)
    values = {
        **wanted,
        "its_status": before.status,
        "its_order_key": before.order_key,
        "new_status": RunStatus.RUNNING if before.status == RunStatus.PENDING else before.status,
        "new_owner": owner,
        "new_until": until,
    }
    row = await tx.one(_TAKE, values)
    if row is None:
        return None
    run = record_of(Run, row)
    if run.status != before.status:
        run_moved(tx, run)
    return run, Hold(run_id, owner, run.fence, until)


async def renew(tx: Transaction, hold: Hold, seconds: float) -> Hold:
    until = tx.now + timedelta(seconds=seconds)
    if await tx.one(_RENEW, {**of(hold), "new_until": until}) is None:
        raise LeaseLostError(hold.run_id)
    return Hold(hold.run_id, hold.owner, hold.fence, until)


async def held(tx: Transaction, hold: Hold) -> Run:
    """The held run, which nobody else changes until the end. Raises LeaseLostError."""
    row = await tx.one(_HELD, of(hold))
    if row is None:
        raise LeaseLostError(hold.run_id)
    return record_of(Run, row)


async def correlation_of_held(tx: Transaction, hold: Hold) -> str:
    """Like `held`, for a transaction that needs only to know whose it is."""
    row = await tx.one(_CORRELATION, of(hold))
    if row is None:
        raise LeaseLostError(hold.run_id)
    correlation_id: str = row.correlation_id
    return correlation_id


async def wake_next(tx: Transaction, order_key: str | None) -> None:
    """Asks for a worker for the run that is next in order, if its time has come. Needs `lock_order`."""
    if order_key is None:
        return
    row = await tx.one(_NEXT, {"its_order_key": order_key, **at(tx.now)})
    if row is not None:
        await tx.wake(row.id)


async def is_next(tx: Transaction, run: Run) -> bool:
    """Whether the run, which its worker has only begun to plan, is the next one of its order key."""
    return await tx.one(_WAITS, {"its_id": run.id, **at(tx.now)}) is None


_IS_IT = runs.c.id == sa.bindparam("its_id")
_CLAIMABLE = sa.select(runs.c.order_key, runs.c.status).where(_IS_IT, IS_ACTIVE, IS_FREE)
_TAKE = (
    sa.update(runs)
    .where(_IS_IT, IS_ACTIVE, IS_FREE, sa.not_(IS_BEHIND_ANOTHER))
    .where(
        runs.c.status == sa.bindparam("its_status"),
        runs.c.order_key.is_not_distinct_from(sa.bindparam("its_order_key")),
    )
    .values(
        status=sa.bindparam("new_status"),
        lease_owner=sa.bindparam("new_owner"),
        lease_until=sa.bindparam("new_until"),
        fence=runs.c.fence + 1,
        crashes=runs.c.crashes + sa.case((runs.c.lease_owner.is_not(None), 1), else_=0),
        asked_at=None,  # this was the message
    )
    .returning(*runs.c)
)
_RENEW = sa.update(runs).where(IS_HELD).values(lease_until=sa.bindparam("new_until")).returning(runs.c.id)
_HELD = sa.select(runs).where(IS_HELD).with_for_update()
_CORRELATION = sa.select(runs.c.correlation_id).where(IS_HELD).with_for_update()
_NEXT = (
    sa.select(runs.c.id)
    .where(runs.c.order_key == sa.bindparam("its_order_key"), IS_ACTIVE, IS_FREE, sa.not_(IS_BEHIND_ANOTHER))
    .order_by(runs.c.sequence)
    .limit(1)
)
_WAITS = sa.select(runs.c.id).where(_IS_IT, _is_behind_another(sa.false()))
