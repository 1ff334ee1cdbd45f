"""One transaction of the ledger, and what it adds at its end to the audit chain and to the events."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from sync.ledger.chain import linked
from sync.ledger.records import Audited, Json
from sync.ledger.tables import audit, events, head, outbox


class Transaction:
    """What one method of the ledger does at `now`, in one database transaction."""

    def __init__(self, connection: AsyncConnection, *, now: datetime) -> None:
        self.now = now
        self._connection = connection
        self._audited: list[Audited] = []
        self._happened: list[dict[str, Any]] = []

    async def one(self, statement: sa.Executable, values: Mapping[str, Any] | None = None) -> sa.Row[Any] | None:
        return (await self._connection.execute(statement, values)).one_or_none()

    async def all(self, statement: sa.Executable) -> list[sa.Row[Any]]:
        return list((await self._connection.execute(statement)).all())

    async def do(self, statement: sa.Executable, values: Any = None) -> None:
        await self._connection.execute(statement, values)

    def insert(self, table: sa.Table) -> "postgresql.Insert | sqlite.Insert":
        """An insert that may say `on_conflict_...`, in the database's own words."""
        return postgresql.insert(table) if self._is_postgres else sqlite.insert(table)

    def audit(self, entries: Iterable[Audited]) -> None:
        self._audited += entries

    def happened(self, kind: str, subject: str, correlation_id: str, payload: Json) -> None:
        event = {"kind": kind, "subject": subject, "correlation_id": correlation_id, "payload": payload}
        self._happened.append({**event, "at": self.now})

    @property
    def told(self) -> bool:
        """Whether anything happened that others may wait for."""
        return bool(self._happened)

    async def wake(self, run_id: str) -> None:
        """Asks for a worker, as soon as this is committed."""
        await self.do(sa.insert(outbox), {"run_id": run_id, "at": self.now})

    async def lock_order(self, key: str | None) -> None:
        """Until the end, nobody else changes which run is next among those of one order key.

        Comes before the lock of a run's row, everywhere, so that no two transactions wait for each other.
        """
        if key is not None and self._is_postgres:  # SQLite has one writer at a time
            await self.do(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(key, 0))))

    async def seal(self) -> None:
        """Appends what was audited and what happened: last, as it makes other transactions wait for this one."""
        if not self._audited and not self._happened:
            return
        counted = sa.update(head).values(
            audits=head.c.audits + len(self._audited), events=head.c.events + len(self._happened)
        )
        row = await self.one(counted.returning(head.c.audits, head.c.events, head.c.hash))
        if row is None:
            raise RuntimeError("the ledger has lost the head of its audit chain")
        if self._happened:
            first = row.events - len(self._happened) + 1
            await self.do(
                sa.insert(events), [{**event, "cursor": first + at} for at, event in enumerate(self._happened)]
            )
        if self._audited:
            first = row.audits - len(self._audited) + 1
            entries = linked(self._audited, first=first, previous_hash=row.hash, at=self.now)
            await self.do(sa.insert(audit), entries)
            await self.do(sa.update(head).values(hash=entries[-1]["hash"]))

    @property
    def _is_postgres(self) -> bool:
        return self._connection.dialect.name == "postgresql"


def new_id() -> str:
    return uuid4().hex
