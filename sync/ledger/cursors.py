"""How far each feed was read: moved by compare-and-set, so that of two readers one finds out."""

import sqlalchemy as sa

from runtime.database import Connection
from sync.ledger.port_of_changes import Cursor
from sync.ledger.records import Json
from sync.ledger.tables import cursors
from sync.ledger.transaction import Transaction


async def get(connection: Connection, name: str) -> Cursor:
    asked = sa.select(cursors.c.position, cursors.c.version).where(cursors.c.name == name)
    row = (await connection.execute(asked)).one_or_none()
    return Cursor(None, 0) if row is None else Cursor(row.position, row.version)


async def move(tx: Transaction, name: str, *, version: int, position: Json) -> bool:
    values = {"position": position, "version": version + 1, "at": tx.now}
    if version == 0:
        first = tx.insert(cursors).on_conflict_do_nothing(index_elements=[cursors.c.name])
        return await tx.one(first.returning(cursors.c.version), {"name": name, **values}) is not None
    same = sa.update(cursors).where(cursors.c.name == name, cursors.c.version == version)
    return await tx.one(same.values(**values).returning(cursors.c.version)) is not None
