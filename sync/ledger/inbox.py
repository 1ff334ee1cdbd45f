"""What platforms send by themselves, stored raw and once before anything is done about it."""

from collections.abc import Sequence
from datetime import timedelta

import sqlalchemy as sa

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
    untaken = sa.or_(inbox.c.taken_until.is_(None), inbox.c.taken_until <= tx.now)
    chosen = (
        sa.select(inbox.c.id)
        .where(inbox.c.done_at.is_(None), untaken)
        .order_by(inbox.c.id)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    taken = sa.update(inbox).where(inbox.c.id.in_(chosen))
    taken = taken.values(taken_until=tx.now + timedelta(seconds=seconds), tries=inbox.c.tries + 1)
    columns = [inbox.c[name] for name in Received.__dataclass_fields__]
    rows = await tx.all(taken.returning(*columns))
    return tuple(sorted((Received(**row._mapping) for row in rows), key=lambda entry: entry.id))  # noqa: SLF001


async def done(tx: Transaction, ids: Sequence[int]) -> None:
    await tx.do(sa.update(inbox).where(inbox.c.id.in_(ids)).values(done_at=tx.now))
