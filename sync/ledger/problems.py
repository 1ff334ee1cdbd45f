"""Problems that no run has: found by those who watch the platforms, and over once they find no more of them."""

import sqlalchemy as sa

from runtime.database import Connection
from sync.ledger import outcomes
from sync.ledger.port import NewException, Outcome
from sync.ledger.records import BusinessException, ExceptionState
from sync.ledger.rows import record_of
from sync.ledger.tables import IS_OPEN, exceptions
from sync.ledger.transaction import Transaction


async def report(tx: Transaction, problem: NewException, correlation_id: str) -> None:
    await outcomes.write(tx, "", correlation_id, Outcome(raised=(problem,)))


async def is_over(tx: Transaction, cause: str, by: str, why: str) -> bool:
    settled = {"status": ExceptionState.RESOLVED, "resolved_by": by, "resolved_at": tx.now, "resolution": why}
    closed = sa.update(exceptions).where(exceptions.c.cause == cause, IS_OPEN).values(**settled)
    return await tx.one(closed.returning(exceptions.c.id)) is not None


async def latest(connection: Connection, cause: str) -> BusinessException | None:
    asked = sa.select(exceptions).where(exceptions.c.cause == cause).order_by(exceptions.c.number.desc()).limit(1)
    row = (await connection.execute(asked)).one_or_none()
    return None if row is None else record_of(BusinessException, row)
