"""The ledger's tables of what happens on platforms by itself: what was seen, who is told, what was compared.

They are apart from those of runs, whose file is long; `metadata` is one.
"""

import sqlalchemy as sa
from sqlalchemy import Column, Index, Integer, Table, Text, UniqueConstraint

from sync.ledger.columns import Exactly, Instant, Json, Number
from sync.ledger.tables import counter, literal, metadata, partial

__all__ = ["deliveries", "differences", "feeds", "hooks", "metadata", "reconciliations", "snapshots"]

snapshots = Table(
    "snapshots",
    metadata,
    Column("platform", Text, primary_key=True),
    Column("type", Text, primary_key=True),
    Column("role", Text, primary_key=True),
    Column("external_id", Text, primary_key=True),
    Column("version", Number, nullable=False),
    Column("values", Json, nullable=False),
    Column("modified_at", Instant),
    Column("seen_at", Instant, nullable=False, index=True),
    Column("gone_at", Instant),
    Column("echoes", Json, nullable=False),
    Index(None, "platform", "type", "role", "modified_at"),
)

feeds = Table(
    "feeds",
    metadata,
    Column("name", Text, primary_key=True),
    Column("platform", Text, nullable=False),
    Column("version", Number, nullable=False),
    Column("position", Json),
    Column("backfill", Json),
    Column("paused", sa.Boolean, nullable=False),
    Column("next_at", Instant, nullable=False),
    Column("taken_until", Instant),
    Column("reached_at", Instant),
    Column("round_at", Instant),
    Column("interval", sa.Float, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("error", Text),
    Column("counts", Json, nullable=False),
)

hooks = Table(
    "hooks",
    metadata,
    counter("number"),
    Column("id", Text, nullable=False, unique=True),
    Column("owner", Text, nullable=False, index=True),
    Column("role", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("description", Text),
    Column("kinds", Json, nullable=False),
    Column("filter", Json, nullable=False),
    Column("status", Text, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("rotated_at", Instant),
    Column("position", Number, nullable=False),
    Column("failing_since", Instant),
    Column("rests_until", Instant),
    Column("disabled_why", Text),
    Column("created_at", Instant, nullable=False),
    sqlite_autoincrement=True,
)
IS_ON = literal(hooks.c.status, "ACTIVE")
Index("ix_hooks_on", hooks.c.position, **partial(IS_ON))

deliveries = Table(
    "deliveries",
    metadata,
    counter("number"),
    Column("id", Text, nullable=False, unique=True),
    Column("hook_id", Text, nullable=False),
    Column("cursor", Number, nullable=False),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("begun_at", Instant),
    Column("next_at", Instant),
    Column("taken_until", Instant),
    Column("attempts", Json, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("ended_at", Instant, index=True),
    UniqueConstraint("hook_id", "cursor"),
    sqlite_autoincrement=True,
)
IS_WAITING = literal(deliveries.c.status, "PENDING")
Index("ix_deliveries_waiting", deliveries.c.next_at, **partial(IS_WAITING))
Index("ix_deliveries_order", deliveries.c.hook_id, deliveries.c.subject, deliveries.c.number, **partial(IS_WAITING))

reconciliations = Table(
    "reconciliations",
    metadata,
    counter("number"),
    Column("id", Text, nullable=False, unique=True),
    Column("comparison", Text, nullable=False),
    Column("scope", Json, nullable=False),
    Column("status", Text, nullable=False),
    Column("requested_by", Text, nullable=False),
    Column("correlation_id", Text, nullable=False),
    Column("position", Json),
    Column("version", Number, nullable=False),
    Column("counts", Json, nullable=False),
    Column("error", Text),
    Column("started_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("taken_until", Instant),
    sqlite_autoincrement=True,
)
IS_UNDER_WAY = literal(reconciliations.c.status, "RUNNING")
Index("ix_reconciliations_under_way", reconciliations.c.number, **partial(IS_UNDER_WAY))

differences = Table(
    "differences",
    metadata,
    counter("number"),
    Column("id", Text, nullable=False, unique=True),
    Column("reconciliation_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("record_id", Text),
    Column("path", Text),
    Column("left_platform", Text),
    Column("left_id", Text),
    Column("left_value", Json),
    Column("right_platform", Text),
    Column("right_id", Text),
    Column("right_value", Json),
    Column("diverged_at", Instant),
    Column("explanation", Text, nullable=False),
    Column("amount", Exactly),
    Column("currency", Text),
    Column("repair_run_id", Text),
    Column("exception_cause", Text),
    Index(None, "reconciliation_id", "number"),
    sqlite_autoincrement=True,
)
