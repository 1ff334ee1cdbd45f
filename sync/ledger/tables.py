"""The ledger's tables. `sync/migrations` makes them; a test holds the two together.

There are no foreign keys: rows are deleted by retention only, and a table that is rebuilt (which is how SQLite changes
one) would take the rows that point to it along.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Column, Index, Integer, LargeBinary, Table, Text, UniqueConstraint

from sync.ledger.columns import Canonical, Exactly, Instant, Json, Number
from sync.ledger.records import ACTIVE, ApprovalState, ExceptionState

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def counter(name: str) -> Column[int]:
    """A primary key that the database counts up."""
    return Column(name, Number, primary_key=True, autoincrement=True)


def literal(column: Column[Any], *values: str) -> sa.ColumnElement[bool]:
    """A condition that a partial index is chosen for: with parameters in it PostgreSQL couldn't know that it fits."""
    texts: list[sa.ColumnElement[Any]] = [sa.literal_column(f"'{value}'") for value in values]
    return column == texts[0] if len(texts) == 1 else column.in_(texts)


def partial(where: sa.ColumnElement[bool]) -> dict[str, Any]:
    """Options of an index over some rows only."""
    return {"sqlite_where": where, "postgresql_where": where}


runs = Table(
    "runs",
    metadata,
    counter("sequence"),
    Column("id", Text, nullable=False, unique=True),
    Column("workflow", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("correlation_id", Text, nullable=False, index=True),
    Column("caller", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("idempotency_key", Text, nullable=False),
    Column("input_hash", Text, nullable=False),
    Column("input", Json),
    Column("reason", Text),
    Column("order_key", Text),
    Column("plan", Json),
    Column("plan_hash", Text),
    Column("planned_at", Instant),
    Column("facts", Json, nullable=False),
    Column("records", Json, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("next_at", Instant),
    Column("lease_owner", Text),
    Column("lease_until", Instant),
    Column("fence", Integer, nullable=False),
    Column("crashes", Integer, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("parked", Text),
    Column("asked_at", Instant),
    UniqueConstraint("caller", "idempotency_key"),
    sqlite_autoincrement=True,
)
IS_ACTIVE = literal(runs.c.status, *sorted(ACTIVE))
Index("ix_runs_active", runs.c.next_at, **partial(IS_ACTIVE))
Index("ix_runs_order", runs.c.order_key, runs.c.sequence, **partial(IS_ACTIVE))
Index("ix_runs_about", runs.c.order_key, runs.c.sequence)

steps = Table(
    "steps",
    metadata,
    counter("number"),
    Column("run_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("platform", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("operation", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("key", Text),
    Column("external_id", Text),
    Column("asked", Json, nullable=False),
    Column("before", Json),
    Column("result", Json),
    Column("created", sa.Boolean, nullable=False),
    Column("absent", sa.Boolean, nullable=False),
    Column("undo", Text, nullable=False),
    Column("error", Json),
    Column("possible_until", Instant),
    Column("started_at", Instant),
    Column("finished_at", Instant),
    UniqueConstraint("run_id", "name"),
    Index(None, "platform", "external_id"),
    sqlite_autoincrement=True,
)

outbox = Table(
    "outbox",
    metadata,
    counter("id"),
    Column("run_id", Text, nullable=False),
    Column("at", Instant, nullable=False),
    sqlite_autoincrement=True,
)

inbox = Table(
    "inbox",
    metadata,
    counter("id"),
    Column("source", Text, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("correlation_id", Text, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("taken_until", Instant),
    Column("tries", Integer, nullable=False),
    Column("done_at", Instant),
    Column("set_aside", Text),
    UniqueConstraint("source", "event_id"),
    sqlite_autoincrement=True,
)
Index("ix_inbox_undone", inbox.c.id, **partial(inbox.c.done_at.is_(None)))

links = Table(
    "links",
    metadata,
    Column("record_id", Text, primary_key=True),
    Column("platform", Text, primary_key=True),
    Column("entity", Text, primary_key=True),
    Column("external_id", Text, primary_key=True),
    Column("run_id", Text),
    Column("made_by", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Index(None, "platform", "entity", "external_id"),
)

cursors = Table(
    "cursors",
    metadata,
    Column("name", Text, primary_key=True),
    Column("position", Json, nullable=False),
    Column("version", Integer, nullable=False),
    Column("at", Instant, nullable=False),
)

approvals = Table(
    "approvals",
    metadata,
    counter("number"),
    Column("run_id", Text, nullable=False, unique=True),
    Column("state", Text, nullable=False),
    Column("required_role", Text, nullable=False),
    Column("plan_hash", Text, nullable=False),
    Column("requested_by", Text, nullable=False),
    Column("requested_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("decided_by", Text),
    Column("decided_at", Instant),
    Column("comment", Text),
    sqlite_autoincrement=True,
)
IS_SUBMITTED = literal(approvals.c.state, ApprovalState.SUBMITTED)
Index("ix_approvals_submitted", approvals.c.expires_at, **partial(IS_SUBMITTED))

exceptions = Table(
    "exceptions",
    metadata,
    counter("number"),
    Column("id", Text, nullable=False, unique=True),
    Column("queue", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("raised_at", Instant, nullable=False),
    Column("due_at", Instant),
    Column("run_id", Text, index=True),
    Column("step", Text),
    Column("record_id", Text),
    Column("amount", Exactly),
    Column("currency", Text),
    Column("detail", Json),
    Column("resolved_by", Text),
    Column("resolved_at", Instant),
    Column("resolution", Text),
    Column("seen", Integer, nullable=False),
    Index(None, "status", "queue"),
    sqlite_autoincrement=True,
)
IS_OPEN = literal(exceptions.c.status, ExceptionState.OPEN)
Index("uq_exceptions_open_cause", exceptions.c.cause, unique=True, **partial(IS_OPEN))

audit = Table(
    "audit",
    metadata,
    Column("sequence", Number, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("record_id", Text, index=True),
    Column("correlation_id", Text, index=True),
    Column("run_id", Text),
    Column("platform", Text),
    Column("detail", Canonical, nullable=False),
    Column("hash", Text, nullable=False),
    Column("previous_hash", Text, nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("cursor", Number, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("correlation_id", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("payload", Json),
    Index(None, "kind", "cursor"),
)

head = Table(
    "head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("audits", Number, nullable=False),
    Column("hash", Text, nullable=False),
    Column("events", Number, nullable=False),
)
"""One row, the lock that makes audit entries and events stand in the order in which their transactions end."""
