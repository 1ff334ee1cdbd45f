"""What platforms send by themselves, stored raw and once before anything is done about it."""

from collections.abc import Sequence
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


async def take(tx: Transaction, *, most: int, seconds: float) -> tuple[Received, ...]:
    chosen = (
        sa.select(inbox.c.id).where(_is_due(tx.now)).order_by(inbox.c.id).limit(most).with_for_update(skip_locked=True)
    )
    taken = sa.update(inbox).where(inbox.c.id.in_(chosen))
    taken = taken.values(taken_until=tx.now + timedelta(seconds=seconds), tries=inbox.c.tries + 1)
    columns = [inbox.c[name] for name in Received.__dataclass_fields__]
    rows = await tx.all(taken.returning(*columns))
    return tuple(sorted((Received(**row._mapping) for row in rows), key=lambda entry: entry.id))  # noqa: SLF001


async def is_due(connection: Connection, now: datetime) -> bool:
    return (await connection.execute(sa.select(inbox.c.id).where(_is_due(now)).limit(1))).one_or_none() is not None


async def oldest(connection: Connection) -> datetime | None:
    first = sa.select(inbox.c.received_at).where(inbox.c.done_at.is_(None)).order_by(inbox.c.id).limit(1)
    found: datetime | None = (await connection.execute(first)).scalar_one_or_none()
    return found


async def put_back(tx: Transaction, ids: Sequence[int], seconds: float, *, forgiven: bool) -> None:
    tries = inbox.c.tries - 1 if forgiven else inbox.c.tries
    back = sa.update(inbox).where(inbox.c.id.in_(ids), inbox.c.done_at.is_(None))
    await tx.do(back.values(taken_until=tx.now + timedelta(seconds=seconds), tries=tries))


async def set_aside(tx: Transaction, ids: Sequence[int], why: str) -> None:
    await tx.do(sa.update(inbox).where(inbox.c.id.in_(ids)).values(done_at=tx.now, set_aside=why))


async def done(tx: Transaction, ids: Sequence[int]) -> None:
    await tx.do(sa.update(inbox).where(inbox.c.id.in_(ids)).values(done_at=tx.now))


def _is_due(now: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(inbox.c.done_at.is_(None), sa.or_(inbox.c.taken_until.is_(None), inbox.c.taken_until <= now))
