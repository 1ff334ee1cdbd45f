"""What platforms send by themselves, stored raw and once before anything is done about it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from runtime.database import Connection
from sync.ledger.port_of_changes import Received
from sync.ledger.tables import inbox
from sync.ledger.transaction import Transaction


async def put(tx: Transaction, *, source: str, event_id: str, body: bytes, correlation_id: str) -> bool:
    values = {
        "source": source,
        "event_id": event_id,
        "body": body,
        "correlation_id": correlation_id,
        "received_at": tx.now,
        "tries": 0,
    }
    written = tx.insert(inbox).on_conflict_do_nothing(index_elements=[inbox.c.source, inbox.c.event_id])
    return await tx.one(written.returning(inbox.c.id), values) is not None


async def take(tx: Transaction, *, most: int, seconds: float, source: str | None) -> tuple[Received, ...]:
    chosen = (
        sa.select(inbox.c.id)
        .where(_is_due(tx.now, source))
        .order_by(inbox.c.id)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    taken = sa.update(inbox).where(inbox.c.id.in_(chosen))
    taken = taken.values(taken_until=tx.now + timedelta(seconds=seconds), tries=inbox.c.tries + 1)
    columns = [inbox.c[name] for name in Received.__dataclass_fields__]
    rows = await tx.all(taken.returning(*columns))
    return tuple(sorted((Received(**row._mapping) for row in rows), key=lambda entry: entry.id))  # noqa: SLF001


async def is_due(connection: Connection, now: datetime, source: str | None) -> bool:
    due = sa.select(inbox.c.id).where(_is_due(now, source)).limit(1)
    return (await connection.execute(due)).one_or_none() is not None


async def oldest(connection: Connection) -> Mapping[str, datetime]:
    first = sa.select(inbox.c.source, sa.func.min(inbox.c.id).label("id")).where(inbox.c.done_at.is_(None))
    grouped = first.group_by(inbox.c.source).subquery()
    asked = sa.select(inbox.c.source, inbox.c.received_at).join(grouped, grouped.c.id == inbox.c.id)
    return {row.source: row.received_at for row in await connection.execute(asked)}


async def put_back(tx: Transaction, ids: Sequence[int], seconds: float, *, forgiven: bool) -> None:
    tries = inbox.c.tries - 1 if forgiven else inbox.c.tries
    back = sa.update(inbox).where(inbox.c.id.in_(ids), inbox.c.done_at.is_(None))
    await tx.do(back.values(taken_until=tx.now + timedelta(seconds=seconds), tries=tries))


async def set_aside(tx: Transaction, ids: Sequence[int], why: str) -> None:
    await tx.do(sa.update(inbox).where(inbox.c.id.in_(ids)).values(done_at=tx.now, set_aside=why))


async def done(tx: Transaction, ids: Sequence[int]) -> None:
    await tx.do(sa.update(inbox).where(inbox.c.id.in_(ids)).values(done_at=tx.now))


def _is_due(now: datetime, source: str | None) -> sa.ColumnElement[bool]:
    due = sa.and_(inbox.c.done_at.is_(None), sa.or_(inbox.c.taken_until.is_(None), inbox.c.taken_until <= now))
    return due if source is None else sa.and_(due, inbox.c.source == source)
