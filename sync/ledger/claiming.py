"""Leases: who works on a run, and which run of those with one order key is next."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from sync.ledger.outcomes import run_moved
from sync.ledger.port import Hold, LeaseLostError
from sync.ledger.records import ACTIVE, Run, RunStatus
from sync.ledger.rows import record_of
from sync.ledger.tables import IS_ACTIVE, runs
from sync.ledger.transaction import Transaction

_BEGUN = (RunStatus.RUNNING, RunStatus.COMPENSATING)
_other = runs.alias("other")  # made once: its columns take longer than the rest of a claim's statement
_other_begun = _other.c.status.in_(_BEGUN)
_other_earlier = _other.c.sequence < runs.c.sequence
_other_active_of_same_key = (
    _other.c.order_key == runs.c.order_key,
    _other.c.id != runs.c.id,
    _other.c.status.in_(sorted(ACTIVE)),
)


def is_free(now: datetime) -> sa.ColumnElement[bool]:
    """Nobody holds the run, and it is time for it: its own time has come, or its worker's lease is over."""
    unheld = sa.and_(runs.c.lease_owner.is_(None), runs.c.next_at <= now)
    return sa.or_(unheld, sa.and_(runs.c.lease_owner.is_not(None), runs.c.lease_until <= now))


def is_behind_another(now: datetime, *, begun: sa.ColumnElement[bool] | None = None) -> sa.ColumnElement[bool]:
    """Another run with the order key goes first: one that is held, or has begun, or else was accepted earlier.

    `begun`: whether the run itself has, where its status doesn't say so.
    """
    begun = runs.c.status.in_(_BEGUN) if begun is None else begun
    first = sa.or_(
        sa.and_(_other.c.lease_owner.is_not(None), _other.c.lease_until > now),
        sa.and_(_other_begun, sa.or_(sa.not_(begun), _other_earlier)),
        sa.and_(sa.not_(_other_begun), sa.not_(begun), _other_earlier),
    )
    return sa.exists().where(*_other_active_of_same_key, first)


async def claim(tx: Transaction, run_id: str, owner: str, seconds: float) -> tuple[Run, Hold] | None:
    claimable = sa.and_(runs.c.id == run_id, IS_ACTIVE, is_free(tx.now))
    before = await tx.one(sa.select(runs.c.order_key, runs.c.status).where(claimable))
    if before is None:
        return None
    await tx.lock_order(before.order_key)
    until = tx.now + timedelta(seconds=seconds)
    status = RunStatus.RUNNING if before.status == RunStatus.PENDING else before.status
    taken = (
        sa.update(runs)
        .where(claimable, runs.c.status == before.status, runs.c.order_key.is_not_distinct_from(before.order_key))
        .where(sa.not_(is_behind_another(tx.now)))
        .values(
            status=status,
            lease_owner=owner,
            lease_until=until,
            fence=runs.c.fence + 1,
            crashes=runs.c.crashes + sa.case((runs.c.lease_owner.is_not(None), 1), else_=0),
            asked_at=None,  # this was the message
        )
    )
    row = await tx.one(taken.returning(*runs.c))
    if row is None:
        return None
    run = record_of(Run, row)
    if run.status != before.status:
        run_moved(tx, run)
    return run, Hold(run_id, owner, run.fence, until)


async def renew(tx: Transaction, hold: Hold, seconds: float) -> Hold:
    until = tx.now + timedelta(seconds=seconds)
    if await tx.one(sa.update(runs).where(is_held_by(hold)).values(lease_until=until).returning(runs.c.id)) is None:
        raise LeaseLostError(hold.run_id)
    return Hold(hold.run_id, hold.owner, hold.fence, until)


def is_held_by(hold: Hold) -> sa.ColumnElement[bool]:
    """Also where the lease is over, as long as nobody else has taken the run."""
    return sa.and_(runs.c.id == hold.run_id, runs.c.lease_owner == hold.owner, runs.c.fence == hold.fence)


async def held(tx: Transaction, hold: Hold) -> Run:
    """The held run, which nobody else changes until the end. Raises LeaseLostError."""
    row = await tx.one(sa.select(runs).where(is_held_by(hold)).with_for_update())
    if row is None:
        raise LeaseLostError(hold.run_id)
    return record_of(Run, row)


async def correlation_of_held(tx: Transaction, hold: Hold) -> str:
    """Like `held`, for a transaction that needs only to know whose it is."""
    row = await tx.one(_CORRELATION, {"run_id": hold.run_id, "owner": hold.owner, "held_fence": hold.fence})
    if row is None:
        raise LeaseLostError(hold.run_id)
    correlation_id: str = row.correlation_id
    return correlation_id


_CORRELATION = (
    sa.select(runs.c.correlation_id)
    .where(
        runs.c.id == sa.bindparam("run_id"),
        runs.c.lease_owner == sa.bindparam("owner"),
        runs.c.fence == sa.bindparam("held_fence"),
    )
    .with_for_update()
)


async def wake_next(tx: Transaction, order_key: str | None) -> None:
    """Asks for a worker for the run that is next in order, if its time has come. Needs `lock_order`."""
    if order_key is None:
        return
    row = await tx.one(
        sa.select(runs.c.id)
        .where(runs.c.order_key == order_key, IS_ACTIVE, is_free(tx.now), sa.not_(is_behind_another(tx.now)))
        .order_by(runs.c.sequence)
        .limit(1)
    )
    if row is not None:
        await tx.wake(row.id)
