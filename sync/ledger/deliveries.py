"""Events on their way to webhooks: whose turn it is, and what came of each try."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import msgspec
import sqlalchemy as sa

from runtime.database import Connection
from sync.ledger import problems
from sync.ledger.port_of_webhooks import (
    Attempt,
    Delivery,
    DeliveryStatus,
    Hook,
    HookStatus,
    Taken,
    Verdict,
    Waiting,
)
from sync.ledger.records import Audited, Event
from sync.ledger.rows import record_of
from sync.ledger.tables import events, literal
from sync.ledger.tables_of_changes import IS_ON, IS_WAITING, deliveries, hooks
from sync.ledger.transaction import Transaction

KEPT_ATTEMPTS = 50
"""Of one delivery, the last."""
_older = deliveries.alias("older")
_is_behind_another = sa.exists().where(
    _older.c.hook_id == deliveries.c.hook_id,
    _older.c.subject == deliveries.c.subject,
    _older.c.number < deliveries.c.number,
    literal(_older.c.status, "PENDING"),
)


async def take(tx: Transaction, most: int, per_hook: int, seconds: float) -> tuple[Taken, ...]:
    untaken = sa.or_(deliveries.c.taken_until.is_(None), deliveries.c.taken_until <= tx.now)
    due = (IS_WAITING, deliveries.c.next_at <= tx.now, untaken)
    busy = sa.select(deliveries.c.hook_id, sa.func.count().label("deliveries"))
    busy = busy.where(IS_WAITING, deliveries.c.taken_until > tx.now).group_by(deliveries.c.hook_id)
    under_way = {row.hook_id: row.deliveries for row in await tx.all(busy)}
    ready = sa.select(deliveries.c.hook_id).where(*due).group_by(deliveries.c.hook_id)
    ready = ready.order_by(sa.func.min(deliveries.c.next_at), deliveries.c.hook_id)
    found: list[Delivery] = []
    theirs: dict[str, Hook] = {}
    for row in await tx.all(ready):
        free = min(per_hook - under_way.get(row.hook_id, 0), most - len(found))
        hook = await _locked(tx, row.hook_id) if free > 0 else None
        if hook is None:
            continue
        theirs[hook.id] = hook
        first = sa.select(deliveries.c.number).where(deliveries.c.hook_id == hook.id, *due)
        first = first.where(sa.not_(_is_behind_another)).order_by(deliveries.c.number).limit(free)
        found += await _taken(
            tx, [each.number for each in await tx.all(first.with_for_update(skip_locked=True))], seconds
        )
    told = await _events(tx, [each.cursor for each in found])
    return tuple(Taken(each, theirs[each.hook_id], told.get(each.cursor)) for each in found)


async def _locked(tx: Transaction, hook_id: str) -> Hook | None:
    """An active webhook that nobody takes deliveries of at the same time, and that may be called now."""
    rested = sa.or_(hooks.c.rests_until.is_(None), hooks.c.rests_until <= tx.now)
    asked = sa.select(hooks).where(hooks.c.id == hook_id, IS_ON, rested)
    row = await tx.one(asked.with_for_update(skip_locked=True))
    return None if row is None else record_of(Hook, row)


async def _taken(tx: Transaction, numbers: Sequence[int], seconds: float) -> list[Delivery]:
    if not numbers:
        return []
    taken = sa.update(deliveries).where(deliveries.c.number.in_(numbers))
    taken = taken.values(
        taken_until=tx.now + timedelta(seconds=seconds),
        tries=deliveries.c.tries + 1,
        begun_at=sa.func.coalesce(deliveries.c.begun_at, sa.literal(tx.now, deliveries.c.begun_at.type)),
    )
    rows = await tx.all(taken.returning(*deliveries.c))
    return sorted((record_of(Delivery, row) for row in rows), key=lambda each: each.number)


async def _events(tx: Transaction, cursors: Sequence[int]) -> Mapping[int, Event]:
    if not cursors:
        return {}
    rows = await tx.all(sa.select(events).where(events.c.cursor.in_(sorted(set(cursors)))))
    return {row.cursor: record_of(Event, row) for row in rows}


async def end(tx: Transaction, taken: Taken, verdict: Verdict) -> bool:
    delivery = taken.delivery
    # The webhook first, as everywhere, so that no two transactions wait for each other.
    row = await tx.one(sa.select(hooks).where(hooks.c.id == delivery.hook_id).with_for_update())
    if row is None:
        return False
    hook = record_of(Hook, row)
    recovered = verdict.if_failing and hook.failing_since != taken.hook.failing_since
    disable = None if recovered else verdict.disable
    status = DeliveryStatus.FAILED if recovered else verdict.status
    waits = status is DeliveryStatus.PENDING
    values = {
        "status": status,
        "next_at": verdict.next_at if waits else None,
        "taken_until": None,
        "attempts": _kept(delivery, verdict.attempt),
        "ended_at": None if waits else tx.now,
    }
    same = (deliveries.c.number == delivery.number, IS_WAITING, deliveries.c.tries == delivery.tries)
    written = sa.update(deliveries).where(*same).values(**values).returning(deliveries.c.number)
    if await tx.one(written) is None:
        return False
    await _tell_hook(tx, hook, verdict, disable, delivered=status is DeliveryStatus.DELIVERED)
    correlation_id = taken.event.correlation_id if taken.event else f"webhook-{hook.id}"
    for problem in verdict.raised if hook.status is HookStatus.ACTIVE and not recovered else ():
        await problems.report(tx, problem, correlation_id)
    return True


async def give_back(tx: Transaction, taken: Sequence[Taken]) -> None:
    for number, tries in sorted((each.delivery.number, each.delivery.tries) for each in taken):
        same = (deliveries.c.number == number, IS_WAITING, deliveries.c.tries == tries)
        await tx.do(sa.update(deliveries).where(*same).values(taken_until=None))


async def _tell_hook(tx: Transaction, hook: Hook, verdict: Verdict, disable: str | None, *, delivered: bool) -> None:
    values: dict[str, Any] = {}
    if delivered and hook.failing_since is not None:
        values["failing_since"] = None
    elif not delivered and verdict.attempt is not None and hook.failing_since is None:
        values["failing_since"] = tx.now
    if verdict.rests_until is not None:
        values["rests_until"] = verdict.rests_until
    if disable is not None and hook.status is HookStatus.ACTIVE:
        values |= {"status": HookStatus.DISABLED, "disabled_why": disable}
    if values:
        await tx.do(sa.update(hooks).where(hooks.c.id == hook.id).values(**values))


def _kept(delivery: Delivery, attempt: Attempt | None) -> Any:
    made = delivery.attempts if attempt is None else (*delivery.attempts, attempt)
    return msgspec.to_builtins(made[-KEPT_ATTEMPTS:])


async def get(connection: Connection, delivery_id: str) -> Delivery | None:
    row = (await connection.execute(sa.select(deliveries).where(deliveries.c.id == delivery_id))).one_or_none()
    return None if row is None else record_of(Delivery, row)


async def page(
    connection: Connection, hook_id: str, status: DeliveryStatus | None, first: int, before: int | None
) -> tuple[Delivery, ...]:
    asked = _of(sa.select(deliveries), hook_id, status)
    if before is not None:
        asked = asked.where(deliveries.c.number < before)
    rows = await connection.execute(asked.order_by(deliveries.c.number.desc()).limit(first))
    return tuple(record_of(Delivery, row) for row in rows.all())


async def count(connection: Connection, hook_id: str, status: DeliveryStatus | None) -> int:
    asked = _of(sa.select(sa.func.count()).select_from(deliveries), hook_id, status)
    return int((await connection.execute(asked)).scalar_one())


async def redeliver(tx: Transaction, delivery_id: str, audit: Audited) -> Delivery | None:
    kept = sa.exists().where(events.c.cursor == deliveries.c.cursor)
    ended = sa.update(deliveries).where(deliveries.c.id == delivery_id, sa.not_(IS_WAITING), kept)
    anew = {"status": DeliveryStatus.PENDING, "tries": 0, "begun_at": None, "next_at": tx.now, "ended_at": None}
    row = await tx.one(ended.values(**anew).returning(*deliveries.c))
    if row is None:
        return None
    tx.audit([audit])
    return record_of(Delivery, row)


async def waiting(connection: Connection) -> Waiting:
    active = sa.select(hooks.c.id).where(IS_ON)
    asked = sa.select(sa.func.count(), sa.func.min(deliveries.c.created_at)).where(
        IS_WAITING, deliveries.c.hook_id.in_(active)
    )
    row = (await connection.execute(asked)).one()
    return Waiting(count=int(row[0]), since=row[1])


def _of(asked: sa.Select[Any], hook_id: str, status: DeliveryStatus | None) -> sa.Select[Any]:
    asked = asked.where(deliveries.c.hook_id == hook_id)
    return asked if status is None else asked.where(deliveries.c.status == status)
