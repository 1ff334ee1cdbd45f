"""What a worker writes while it holds a run: all behind the check that it still does."""

from functools import lru_cache
from typing import Any

import msgspec
import sqlalchemy as sa

from sync.ledger import outcomes
from sync.ledger.changes import changed, frees_its_order_key
from sync.ledger.claiming import IS_HELD, correlation_of_held, held, is_next, of, wake_next
from sync.ledger.port import Hold, LeaseLostError, Outcome, RunChange
from sync.ledger.records import Run, RunStatus, Step, StepError
from sync.ledger.rows import record_of, values_of
from sync.ledger.statements import InsertInto, prepared
from sync.ledger.tables import runs, steps
from sync.ledger.transaction import Transaction

_GIVEN_BACK = {"lease_owner": None, "lease_until": None, "asked_at": None}


def _put_step(insert: InsertInto) -> sa.Executable:
    written = insert(steps)
    newer = {name: written.excluded[name] for name in Step.__struct_fields__ if name not in ("run_id", "name")}
    return written.on_conflict_do_update(index_elements=[steps.c.run_id, steps.c.name], set_=newer)


_PUT_STEP = prepared(_put_step)


async def change(tx: Transaction, hold: Hold, wanted: RunChange, outcome: Outcome) -> Run | None:
    """None: the run got an order key whose turn it isn't. All is written, and the lease given back."""
    await tx.lock_order(wanted.order_key)
    before = await held(tx, hold)
    run = await _set(tx, before, changed(tx, before, wanted))
    await outcomes.write(tx, run.id, run.correlation_id, outcome)
    if wanted.order_key is None or wanted.order_key == before.order_key or await is_next(tx, run):
        return run
    await _set(tx, run, {**_GIVEN_BACK, "status": RunStatus.PENDING, "next_at": tx.now})
    return None


async def release(tx: Transaction, hold: Hold, wanted: RunChange, outcome: Outcome) -> Run:
    await _lock_order_of(tx, hold, wanted)
    before = await held(tx, hold)
    run = await _set(tx, before, {**changed(tx, before, wanted), **_GIVEN_BACK})
    await outcomes.write(tx, run.id, run.correlation_id, outcome)
    if frees_its_order_key(before, wanted):
        await wake_next(tx, run.order_key)
    return run


async def begin(tx: Transaction, hold: Hold, step: Step, outcome: Outcome) -> Step:
    correlation_id = await correlation_of_held(tx, hold)
    begun = step if step.started_at is not None else msgspec.structs.replace(step, started_at=tx.now)
    await _put(tx, begun)
    await outcomes.write(tx, hold.run_id, correlation_id, outcome)
    return begun


async def note(tx: Transaction, hold: Hold, step: Step) -> None:
    await correlation_of_held(tx, hold)
    await _put(tx, step)


async def finish(tx: Transaction, hold: Hold, step: Step, outcome: Outcome) -> Step:
    row = await tx.one(_GET_ON, of(hold))
    if row is None:
        raise LeaseLostError(hold.run_id)
    done = step if step.finished_at is not None else msgspec.structs.replace(step, finished_at=tx.now)
    await _put(tx, done)
    await outcomes.write(tx, hold.run_id, row.correlation_id, outcome)
    outcomes.step_done(tx, done, row.correlation_id)
    return done


async def stumble(
    tx: Transaction, hold: Hold, step: Step, error: StepError, wanted: RunChange, outcome: Outcome
) -> None:
    await _lock_order_of(tx, hold, wanted)
    before = await held(tx, hold)
    await _put(tx, msgspec.structs.replace(step, error=error))
    run = await _set(tx, before, {**changed(tx, before, wanted), **_GIVEN_BACK})
    await outcomes.write(tx, run.id, run.correlation_id, outcome)
    if frees_its_order_key(before, wanted):
        await wake_next(tx, run.order_key)


async def _set(tx: Transaction, before: Run, values: dict[str, Any]) -> Run:
    """Needs the row's lock. A new status is told."""
    if not values:
        return before
    given = {f"new_{name}": value for name, value in values.items()}
    row = await tx.one(_setting(frozenset(values)), {"its_id": before.id, **given})
    if row is None:
        raise LeaseLostError(before.id)
    run = record_of(Run, row)
    if run.status != before.status:
        outcomes.run_moved(tx, run)
    return run


async def _put(tx: Transaction, step: Step) -> None:
    await tx.do(tx.its(_PUT_STEP), values_of(step))


async def _lock_order_of(tx: Transaction, hold: Hold, wanted: RunChange) -> None:
    """For a change that may make another run the next one of its order key."""
    if wanted.order_key is not None:
        await tx.lock_order(wanted.order_key)
    elif wanted.status is not None:
        row = await tx.one(_ORDER_KEY, {"its_id": hold.run_id})
        await tx.lock_order(row.order_key if row else None)


_IS_IT = runs.c.id == sa.bindparam("its_id")
_ORDER_KEY = sa.select(runs.c.order_key).where(_IS_IT)
_GET_ON = sa.update(runs).where(IS_HELD).values(tries=0, crashes=0).returning(runs.c.correlation_id)


@lru_cache(maxsize=200)
def _setting(names: frozenset[str]) -> sa.Executable:
    """Sets these columns of one run to what is given for each. There are as many as there are ways to go on."""
    return (
        sa.update(runs).where(_IS_IT).values({name: sa.bindparam(f"new_{name}") for name in names}).returning(*runs.c)
    )
