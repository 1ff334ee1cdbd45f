"""Who is told what happens, how far each was looked after, and what becomes of events on their way to them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from runtime.database import Connection
from sync.ledger import problems
from sync.ledger.port_of_webhooks import (
    MISSED,
    TEST,
    WEBHOOK_EVENT,
    Backlog,
    DeliveryStatus,
    Gap,
    Hook,
    HookChange,
    HookStatus,
    Meant,
    NewHook,
)
from sync.ledger.records import Audited, Event, ExceptionState
from sync.ledger.rows import record_of
from sync.ledger.tables import IS_OPEN, events, exceptions, head
from sync.ledger.tables_of_changes import IS_ON, IS_WAITING, deliveries, hooks
from sync.ledger.transaction import Transaction, new_id

MOST = 5_000
"""Rows that one transaction forgets, so that nobody waits for it long."""
_THERE = hooks.c.status != HookStatus.DELETED
_is_free = deliveries.c.taken_until.is_(None)


async def add(tx: Transaction, new: NewHook, audit: Audited) -> Hook | None:
    values = {name: getattr(new, name) for name in NewHook.__dataclass_fields__}
    newest = await tx.one(sa.select(head.c.events))
    assert newest is not None
    values |= {
        "status": HookStatus.ACTIVE,
        "generation": 1,
        "position": newest.events,
        "created_at": tx.now,
    }
    written = tx.insert(hooks).on_conflict_do_nothing(index_elements=[hooks.c.id])
    return await _audited(tx, written, audit, values)


async def get(connection: Connection, hook_id: str) -> Hook | None:
    row = (await connection.execute(sa.select(hooks).where(hooks.c.id == hook_id))).one_or_none()
    return None if row is None else record_of(Hook, row)


async def page(connection: Connection, owner: str | None, first: int, after: int | None) -> tuple[Hook, ...]:
    asked = sa.select(hooks).where(_THERE, hooks.c.number > (after or 0))
    if owner is not None:
        asked = asked.where(hooks.c.owner == owner)
    rows = await connection.execute(asked.order_by(hooks.c.number).limit(first))
    return tuple(record_of(Hook, row) for row in rows.all())


async def change(tx: Transaction, hook_id: str, wanted: HookChange, audit: Audited) -> Hook | None:
    given = {name: value for name in HookChange.__dataclass_fields__ if (value := getattr(wanted, name)) is not None}
    changed = sa.update(hooks).where(hooks.c.id == hook_id, _THERE)
    return await _audited(tx, changed.values(**(given or {"id": hook_id})), audit)


async def rotate(tx: Transaction, hook: Hook, audit: Audited, *, at_once: bool) -> Hook | None:
    same = sa.update(hooks).where(hooks.c.id == hook.id, hooks.c.generation == hook.generation, _THERE)
    values = {"generation": hook.generation + 1, "rotated_at": None if at_once else tx.now}
    return await _audited(tx, same.values(**values), audit)


async def disable(tx: Transaction, hook_id: str, why: str, audit: Audited) -> Hook | None:
    active = sa.update(hooks).where(hooks.c.id == hook_id, IS_ON)
    return await _audited(tx, active.values(status=HookStatus.DISABLED, disabled_why=why), audit)


async def enable(tx: Transaction, hook_id: str, audit: Audited, *, skip_missed: bool, by: str) -> Hook | None:
    values: dict[str, Any] = {"status": HookStatus.ACTIVE, "disabled_why": None}
    values |= {"failing_since": None, "rests_until": None}
    if skip_missed:
        values["position"] = sa.select(head.c.events).scalar_subquery()
    disabled = sa.update(hooks).where(hooks.c.id == hook_id, hooks.c.status == HookStatus.DISABLED)
    found = await _audited(tx, disabled.values(**values), audit)
    if found is not None:
        waiting = sa.update(deliveries).where(deliveries.c.hook_id == hook_id, IS_WAITING)
        anew = {"next_at": tx.now, "tries": 0, "begun_at": None, "taken_until": None}
        await tx.do(waiting.values(**(_dropped(tx.now) if skip_missed else anew)))
        await _settle(tx, hook_id, by, "The webhook was enabled again.")
    return found


async def delete(tx: Transaction, hook_id: str, audit: Audited, *, by: str) -> Hook | None:
    there = sa.update(hooks).where(hooks.c.id == hook_id, _THERE)
    found = await _audited(tx, there.values(status=HookStatus.DELETED), audit)
    if found is not None:
        waiting = sa.update(deliveries).where(deliveries.c.hook_id == hook_id, IS_WAITING)
        await tx.do(waiting.values(**_dropped(tx.now)))
        await _settle(tx, hook_id, by, "The webhook was deleted.")
    return found


async def test(tx: Transaction, hook_id: str, correlation_id: str, audit: Audited) -> Hook | None:
    row = await tx.one(sa.select(hooks).where(hooks.c.id == hook_id, IS_ON))
    if row is None:
        return None
    tx.happened(WEBHOOK_EVENT, hook_id, correlation_id, {"what": TEST})
    tx.audit([audit])
    return record_of(Hook, row)


# ------------------------------------------------------------------------------------------------------- distributing


async def backlog(connection: Connection, kinds: Sequence[str], now: datetime) -> Backlog:
    place = sa.select(sa.func.min(hooks.c.position)).where(IS_ON).scalar_subquery()
    row = (await connection.execute(sa.select(place, head.c.events))).one()
    start, newest = row
    if start is None:
        return Backlog(behind=False, passed=False, due=False)
    further = sa.select(events.c.cursor).where(events.c.cursor > start, events.c.kind.in_(kinds)).limit(1)
    behind = start < newest and (await connection.execute(further)).first() is not None
    active = sa.select(hooks.c.id).where(IS_ON, sa.or_(hooks.c.rests_until.is_(None), hooks.c.rests_until <= now))
    untaken = sa.or_(_is_free, deliveries.c.taken_until <= now)
    due = sa.select(deliveries.c.number).where(IS_WAITING, deliveries.c.next_at <= now, untaken)
    found = await connection.execute(due.where(deliveries.c.hook_id.in_(active)).limit(1))
    return Backlog(behind=behind, passed=start < newest, due=found.first() is not None)


async def distribute(tx: Transaction, meant: Meant, kinds: Sequence[str], gap: Gap, most: int) -> int:
    # Whoever comes at the same time waits here, and finds the positions moved.
    rows = await tx.all(sa.select(hooks).where(IS_ON).order_by(hooks.c.number).with_for_update())
    active = [record_of(Hook, row) for row in rows]
    if not active:
        return 0
    oldest, newest = await _span(tx)
    active = [await _past_gap(tx, hook, oldest, gap) for hook in active]
    start = min(hook.position for hook in active)
    asked = sa.select(events).where(events.c.cursor > start, events.c.kind.in_(kinds))
    found = [record_of(Event, row) for row in await tx.all(asked.order_by(events.c.cursor).limit(most))]
    # What isn't behind the newest of before the read is in the page, where the page isn't full.
    end = found[-1].cursor if len(found) == most else max(newest, found[-1].cursor if found else newest)
    new = [_delivery(tx, hook, each) for each in found for hook in active if _is_told(hook, each, meant)]
    if new:
        written = tx.insert(deliveries).on_conflict_do_nothing(
            index_elements=[deliveries.c.hook_id, deliveries.c.cursor]
        )
        await tx.do(written, new)
    behind = sa.update(hooks).where(hooks.c.id.in_([hook.id for hook in active]), hooks.c.position < end)
    await tx.do(behind.values(position=end))
    return len(found)


async def forget(tx: Transaction, before: datetime) -> int:
    off = sa.select(hooks.c.id).where(hooks.c.status != HookStatus.ACTIVE)
    stranded = sa.and_(IS_WAITING, deliveries.c.created_at < before, deliveries.c.hook_id.in_(off))
    old = sa.select(deliveries.c.number).where(sa.or_(deliveries.c.ended_at < before, stranded)).limit(MOST)
    gone = await tx.all(sa.delete(deliveries).where(deliveries.c.number.in_(old)).returning(deliveries.c.number))
    told = sa.exists().where(deliveries.c.hook_id == hooks.c.id)
    empty = sa.and_(hooks.c.status == HookStatus.DELETED, hooks.c.created_at < before, sa.not_(told))
    gone += await tx.all(sa.delete(hooks).where(empty).returning(hooks.c.number))
    return len(gone)


async def _span(tx: Transaction) -> tuple[int, int]:
    """As `Ledger.event_span`."""
    oldest = sa.select(sa.func.min(events.c.cursor)).scalar_subquery().label("oldest")
    row = await tx.one(sa.select(head.c.events, oldest))
    assert row is not None
    return (row.events + 1 if row.oldest is None else row.oldest), row.events


async def _past_gap(tx: Transaction, hook: Hook, oldest: int, gap: Gap) -> Hook:
    missed = oldest - 1 - hook.position
    if missed <= 0:
        return hook
    correlation_id = f"webhook-{hook.id}"
    tx.happened(WEBHOOK_EVENT, hook.id, correlation_id, {"what": MISSED, "events": missed})
    await problems.report(tx, gap(hook, missed), correlation_id)
    return msgspec.structs.replace(hook, position=oldest - 1)


def _is_told(hook: Hook, event: Event, meant: Meant) -> bool:
    if event.cursor <= hook.position:
        return False
    return event.subject == hook.id if event.kind == WEBHOOK_EVENT else meant(hook, event)


def _delivery(tx: Transaction, hook: Hook, event: Event) -> dict[str, Any]:
    return {
        "id": new_id(),
        "hook_id": hook.id,
        "cursor": event.cursor,
        "kind": event.kind,
        "subject": event.subject,
        "status": DeliveryStatus.PENDING,
        "tries": 0,
        "next_at": tx.now,
        "attempts": [],
        "created_at": tx.now,
    }


# -------------------------------------------------------------------------------------------------------- exceptions


def cause_of(hook_id: str, what: str) -> str:
    """Of an exception about a webhook."""
    return f"webhook:{hook_id}:{what}"


async def _settle(tx: Transaction, hook_id: str, by: str, resolution: str) -> None:
    beginning = cause_of(hook_id, "")
    about_it = sa.func.substr(exceptions.c.cause, 1, len(beginning)) == beginning
    settled = {"resolved_by": by, "resolved_at": tx.now, "resolution": resolution}
    await tx.do(sa.update(exceptions).where(IS_OPEN, about_it).values(status=ExceptionState.RESOLVED, **settled))


def _dropped(now: datetime) -> Mapping[str, Any]:
    return {"status": DeliveryStatus.DROPPED, "ended_at": now, "next_at": None, "taken_until": None}


async def _audited(
    tx: Transaction, statement: Any, audit: Audited, values: Mapping[str, Any] | None = None
) -> Hook | None:
    row = await tx.one(statement.returning(*hooks.c), values)
    if row is None:
        return None
    tx.audit([audit])
    return record_of(Hook, row)
