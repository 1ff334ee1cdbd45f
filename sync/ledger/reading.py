"""What the ledger tells: runs, steps, approvals, exceptions, links, audit entries, events."""

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from runtime.database import Connection
from schema.errors import Queue
from sync.ledger.port import RunQuery
from sync.ledger.records import (
    Approval,
    ApprovalState,
    AuditEntry,
    BusinessException,
    Event,
    ExceptionState,
    Link,
    Run,
    Step,
)
from sync.ledger.rows import Record, record_of
from sync.ledger.tables import approvals, audit, events, exceptions, head, links, runs, steps


class Reading:
    """Questions to one database connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def run(self, run_id: str) -> Run | None:
        return await self._one(Run, _RUN, {"run_id": run_id})

    async def by_key(self, caller: str, key: str) -> Run | None:
        return await self._one(Run, _BY_KEY, {"caller": caller, "key": key})

    async def steps(self, run_id: str) -> tuple[Step, ...]:
        return await self._all(Step, _STEPS, {"run_id": run_id})

    async def runs(self, query: RunQuery, first: int, before: int | None) -> tuple[Run, ...]:
        asked = sa.select(runs).where(*self._wanted(query))
        if before is not None:
            asked = asked.where(runs.c.sequence < before)
        return await self._all(Run, asked.order_by(runs.c.sequence.desc()).limit(first))

    async def count_runs(self, query: RunQuery) -> int:
        return await self._count(runs, *self._wanted(query))

    async def approval(self, run_id: str) -> Approval | None:
        return await self._one(Approval, _APPROVAL, {"run_id": run_id})

    async def approvals(
        self, state: ApprovalState | None, role: str | None, first: int, after: int | None
    ) -> tuple[tuple[int, Approval], ...]:
        asked = _where_given(sa.select(approvals), {approvals.c.state: state, approvals.c.required_role: role})
        return await self._numbered(Approval, asked, approvals.c.number, first, after)

    async def exception(self, exception_id: str) -> BusinessException | None:
        return await self._one(BusinessException, sa.select(exceptions).where(exceptions.c.id == exception_id))

    async def exceptions(
        self,
        queue: Queue | None,
        status: ExceptionState | None,
        run_id: str | None,
        first: int,
        after: int | None,
    ) -> tuple[tuple[int, BusinessException], ...]:
        given = {exceptions.c.queue: queue, exceptions.c.status: status, exceptions.c.run_id: run_id}
        asked = _where_given(sa.select(exceptions), given)
        return await self._numbered(BusinessException, asked, exceptions.c.number, first, after)

    async def count_exceptions(self, queue: Queue | None, status: ExceptionState | None) -> int:
        given = {exceptions.c.queue: queue, exceptions.c.status: status}
        return await self._count(exceptions, *(column == value for column, value in given.items() if value is not None))

    async def links(self, record_id: str) -> tuple[Link, ...]:
        asked = sa.select(links).where(links.c.record_id == record_id)
        return await self._all(Link, asked.order_by(links.c.platform, links.c.entity, links.c.external_id))

    async def linked(self, platform: str, entity: str, external_id: str) -> tuple[Link, ...]:
        same = (links.c.platform == platform, links.c.entity == entity, links.c.external_id == external_id)
        return await self._all(Link, sa.select(links).where(*same).order_by(links.c.record_id))

    async def audit_log(
        self, record_id: str | None, correlation_id: str | None, first: int, after: int | None
    ) -> tuple[AuditEntry, ...]:
        given = {audit.c.record_id: record_id, audit.c.correlation_id: correlation_id}
        asked = _where_given(sa.select(audit), given).where(audit.c.sequence > (after or 0))
        return await self._all(AuditEntry, asked.order_by(audit.c.sequence).limit(first))

    async def events(self, after: int, kinds: Sequence[str], most: int) -> tuple[Event, ...]:
        return await self._all(Event, _EVENTS, {"after": after, "kinds": list(kinds), "most": most})

    async def event_span(self) -> tuple[int, int]:
        row = (await self._connection.execute(_SPAN)).one()
        return (row[0] + 1 if row[1] is None else row[1]), row[0]

    async def _one(
        self, kind: type[Record], statement: sa.Select[Any], values: Mapping[str, Any] | None = None
    ) -> Record | None:
        row = (await self._connection.execute(statement, values)).one_or_none()
        return None if row is None else record_of(kind, row)

    async def _all(
        self, kind: type[Record], statement: sa.Select[Any], values: Mapping[str, Any] | None = None
    ) -> tuple[Record, ...]:
        return tuple(record_of(kind, row) for row in await self._connection.execute(statement, values))

    async def _numbered(
        self, kind: type[Record], statement: sa.Select[Any], number: sa.Column[int], first: int, after: int | None
    ) -> tuple[tuple[int, Record], ...]:
        asked = statement.where(number > (after or 0)).order_by(number).limit(first)
        return tuple((row.number, record_of(kind, row)) for row in await self._connection.execute(asked))

    async def _count(self, table: sa.Table, *where: sa.ColumnElement[bool]) -> int:
        asked = sa.select(sa.func.count()).select_from(table).where(*where)
        return int((await self._connection.execute(asked)).scalar_one())

    def _wanted(self, query: RunQuery) -> list[sa.ColumnElement[bool]]:
        texts = ((runs.c.workflow, query.workflow), (runs.c.caller, query.requested_by))
        wanted = [self._text(column, name, value) for column, asked in texts for name, value in asked.items()]
        wanted += [_COMPARISONS[name](runs.c.created_at, value) for name, value in query.created.items()]
        if query.statuses is not None:
            wanted.append(runs.c.status.in_(query.statuses))
        if query.correlation_ids is not None:
            wanted.append(runs.c.correlation_id.in_(query.correlation_ids))
        return wanted

    def _text(self, column: sa.Column[str], name: str, value: Any) -> sa.ColumnElement[bool]:
        """Exactly, by code point: SQLite's LIKE takes upper and lower case for the same."""
        if name == "startsWith":
            same: sa.ColumnElement[bool] = sa.func.substr(column, 1, sa.func.length(value)) == value
            return same
        if name == "contains":
            find = sa.func.strpos if self._connection.dialect.name == "postgresql" else sa.func.instr
            place: sa.ColumnElement[int] = find(column, value)
            return place > 0
        if name == "in":
            return column.in_(value)
        compared: sa.ColumnElement[bool] = _COMPARISONS[name](column, value)
        return compared


def _where_given(statement: sa.Select[Any], given: Mapping[sa.Column[Any], Any]) -> sa.Select[Any]:
    return statement.where(*(column == value for column, value in given.items() if value is not None))


# What is asked all the time is made once: making it takes longer than asking it.
_RUN = sa.select(runs).where(runs.c.id == sa.bindparam("run_id"))
_BY_KEY = sa.select(runs).where(runs.c.caller == sa.bindparam("caller"), runs.c.idempotency_key == sa.bindparam("key"))
_STEPS = sa.select(steps).where(steps.c.run_id == sa.bindparam("run_id")).order_by(steps.c.position, steps.c.number)
_APPROVAL = sa.select(approvals).where(approvals.c.run_id == sa.bindparam("run_id"))
_EVENTS = (
    sa.select(events)
    .where(events.c.cursor > sa.bindparam("after"), events.c.kind.in_(sa.bindparam("kinds", expanding=True)))
    .order_by(events.c.cursor)
    .limit(sa.bindparam("most", type_=sa.Integer))
)
_SPAN = sa.select(head.c.events, sa.select(sa.func.min(events.c.cursor)).scalar_subquery())
_COMPARISONS: Mapping[str, Callable[[Any, Any], sa.ColumnElement[bool]]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}
