"""The outbox, and what the sweeper asks for: which runs to hand to the broker (again)."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from runtime.database import Connection
from sync.ledger.claiming import IS_BEHIND_ANOTHER, IS_FREE, at
from sync.ledger.tables import IS_ACTIVE, outbox, runs
from sync.ledger.transaction import Transaction


async def unsent(connection: Connection, most: int) -> tuple[tuple[int, str], ...]:
    return tuple((row.id, row.run_id) for row in await connection.execute(_UNSENT, {"most": most}))


async def sent(tx: Transaction, ids: Sequence[int]) -> None:
    handed = sorted({row.run_id for row in await tx.all(_HAND_OVER, {"ids": list(ids)})})
    await tx.do(_NOTE_ASKED, {"handed": handed, "new_asked_at": tx.now})


async def due(tx: Transaction, most: int, asked_before: datetime) -> tuple[str, ...]:
    asked = {**at(tx.now), "asked_before": asked_before, "most": most, "new_asked_at": tx.now}
    return tuple(row.id for row in await tx.all(_ASK_FOR_DUE, asked))


_UNSENT = sa.select(outbox.c.id, outbox.c.run_id).order_by(outbox.c.id).limit(sa.bindparam("most", type_=sa.Integer))
_HAND_OVER = sa.delete(outbox).where(outbox.c.id.in_(sa.bindparam("ids", expanding=True))).returning(outbox.c.run_id)
# Rows are locked in one order, so that no two transactions wait for each other; those being worked on are left.
_HANDED = (
    sa.select(runs.c.id)
    .where(runs.c.id.in_(sa.bindparam("handed", expanding=True)))
    .order_by(runs.c.sequence)
    .with_for_update(skip_locked=True)
    .correlate(None)
)
_NOTE_ASKED = sa.update(runs).where(runs.c.id.in_(_HANDED)).values(asked_at=sa.bindparam("new_asked_at"))
_DUE = (
    sa.select(runs.c.id)
    .where(IS_ACTIVE, IS_FREE, sa.not_(IS_BEHIND_ANOTHER))
    .where(sa.or_(runs.c.asked_at.is_(None), runs.c.asked_at < sa.bindparam("asked_before")))
    .order_by(runs.c.next_at, runs.c.sequence)
    .limit(sa.bindparam("most", type_=sa.Integer))
    .with_for_update(skip_locked=True)
    .correlate(None)
)
_ASK_FOR_DUE = (
    sa.update(runs).where(runs.c.id.in_(_DUE)).values(asked_at=sa.bindparam("new_asked_at")).returning(runs.c.id)
)
