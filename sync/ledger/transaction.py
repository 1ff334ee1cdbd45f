"""One transaction of the ledger, and what it adds at its end to the audit chain and to the events."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

import sqlalchemy as sa

from runtime.database import Connection
from sync.ledger.records import Audited, Json
from sync.ledger.sealing import Happening, append
from sync.ledger.statements import INSERTS, Insert, Prepared
from sync.ledger.tables import outbox


class Transaction:
    """What one method of the ledger does at `now`, in one database transaction."""

    def __init__(self, connection: Connection, *, now: datetime) -> None:
        self.now = now
        self._connection = connection
        self._audited: list[Audited] = []
        self._happened: list[Happening] = []

    async def one(self, statement: sa.Executable, values: Mapping[str, Any] | None = None) -> sa.Row[Any] | None:
        return (await self._connection.execute(statement, values)).one_or_none()

    async def all(self, statement: sa.Executable, values: Mapping[str, Any] | None = None) -> list[sa.Row[Any]]:
        return list((await self._connection.execute(statement, values)).all())

    async def do(self, statement: sa.Executable, values: Any = None) -> None:
        await self._connection.execute(statement, values)

    def insert(self, table: sa.Table) -> Insert:
        """An insert that may say `on_conflict_...`, in the database's own words."""
        return INSERTS[self._connection.dialect.name](table)

    def its(self, statement: Prepared) -> sa.Executable:
        """A prepared statement in the database's own words."""
        found: sa.Executable = statement[self._connection.dialect.name]
        return found

    def audit(self, entries: Iterable[Audited]) -> None:
        self._audited += entries

    def happened(self, kind: str, subject: str, correlation_id: str, payload: Json) -> None:
        self._happened.append(Happening(kind, subject, correlation_id, payload))

    @property
    def told(self) -> bool:
        """Whether anything happened that others may wait for."""
        return bool(self._happened)

    async def wake(self, run_id: str) -> None:
        """Asks for a worker, as soon as this is committed."""
        await self.do(_ASK, {"run_id": run_id, "at": self.now})

    async def lock_order(self, key: str | None) -> None:
        """Until the end, nobody else changes which run is next among those of one order key.

        Comes before the lock of a run's row, everywhere, so that no two transactions wait for each other.
        """
        if key is not None and self._is_postgres:  # SQLite has one writer at a time
            await self.do(_LOCK_ORDER, {"order_key": key})

    @property
    def is_to_be_sealed(self) -> bool:
        return bool(self._audited or self._happened)

    async def seal(self) -> None:
        """Appends what was audited and what happened: last, as it makes other transactions wait for this one."""
        await append(self._connection, self._audited, self._happened, self.now)

    @property
    def _is_postgres(self) -> bool:
        return self._connection.dialect.name == "postgresql"


_ASK = sa.insert(outbox)
_LOCK_ORDER = sa.text("select pg_advisory_xact_lock(hashtextextended(:order_key, 0))")


def new_id() -> str:
    return uuid4().hex
