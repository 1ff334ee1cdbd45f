"""What was seen of the platforms' records, who is told of changes, and what was compared."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    # A change that was noticed is looked for among the steps that wrote to the record.
    op.create_index("ix_steps_platform_external_id", "steps", ["platform", "external_id"])
    # Why nobody works on an incoming message any more although it wasn't dealt with.
    op.add_column("inbox", sa.Column("set_aside", sa.Text()))
    _snapshots()
    _feeds()
    _hooks()
    _deliveries()
    _reconciliations()
    _differences()
    _triggers()
    # The runs about a record are looked for, whatever became of them.
    op.create_index("ix_runs_about", "runs", ["order_key", "sequence"])


def _partial_index(name: str, table: str, columns: list[str], where: str) -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, unique=False, sqlite_where=condition, postgresql_where=condition)


def _snapshots() -> None:
    op.create_table(
        "snapshots",
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("version", NUMBER, nullable=False),
        sa.Column("values", sa.JSON(), nullable=False),
        sa.Column("modified_at", INSTANT),
        sa.Column("seen_at", INSTANT, nullable=False),
        sa.Column("gone_at", INSTANT),
        sa.Column("echoes", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("platform", "type", "role", "external_id", name="pk_snapshots"),
    )
    op.create_index("ix_snapshots_seen_at", "snapshots", ["seen_at"])
    op.create_index(
        "ix_snapshots_platform_type_role_modified_at", "snapshots", ["platform", "type", "role", "modified_at"]
    )


def _feeds() -> None:
    op.create_table(
        "feeds",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("version", NUMBER, nullable=False),
        sa.Column("position", sa.JSON()),
        sa.Column("backfill", sa.JSON()),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("next_at", INSTANT, nullable=False),
        sa.Column("taken_until", INSTANT),
        sa.Column("reached_at", INSTANT),
        sa.Column("round_at", INSTANT),
        sa.Column("interval", sa.Float(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text()),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_feeds"),
    )


def _hooks() -> None:
    op.create_table(
        "hooks",
        sa.Column("number", NUMBER, autoincrement=True, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("description", sa.Text()),
        sa.Column("kinds", sa.JSON(), nullable=False),
        sa.Column("filter", sa.JSON(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("rotated_at", INSTANT),
        sa.Column("position", NUMBER, nullable=False),
        sa.Column("failing_since", INSTANT),
        sa.Column("rests_until", INSTANT),
        sa.Column("disabled_why", sa.Text()),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_hooks"),
        sa.UniqueConstraint("id", name="uq_hooks_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_hooks_owner", "hooks", ["owner"])
    _partial_index("ix_hooks_on", "hooks", ["position"], "status = 'ACTIVE'")


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("number", NUMBER, autoincrement=True, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("hook_id", sa.Text(), nullable=False),
        sa.Column("cursor", NUMBER, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("begun_at", INSTANT),
        sa.Column("next_at", INSTANT),
        sa.Column("taken_until", INSTANT),
        sa.Column("attempts", sa.JSON(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT),
        sa.PrimaryKeyConstraint("number", name="pk_deliveries"),
        sa.UniqueConstraint("id", name="uq_deliveries_id"),
        sa.UniqueConstraint("hook_id", "cursor", name="uq_deliveries_hook_id_cursor"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_deliveries_ended_at", "deliveries", ["ended_at"])
    _partial_index("ix_deliveries_waiting", "deliveries", ["next_at"], "status = 'PENDING'")
    _partial_index("ix_deliveries_order", "deliveries", ["hook_id", "subject", "number"], "status = 'PENDING'")


def _reconciliations() -> None:
    op.create_table(
        "reconciliations",
        sa.Column("number", NUMBER, autoincrement=True, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("comparison", sa.Text(), nullable=False),
        sa.Column("scope", sa.JSON(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("correlation_id", sa.Text(), nullable=False),
        sa.Column("position", sa.JSON()),
        sa.Column("version", NUMBER, nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("error", sa.Text()),
        sa.Column("started_at", INSTANT, nullable=False),
        sa.Column("finished_at", INSTANT),
        sa.Column("taken_until", INSTANT),
        sa.PrimaryKeyConstraint("number", name="pk_reconciliations"),
        sa.UniqueConstraint("id", name="uq_reconciliations_id"),
        sqlite_autoincrement=True,
    )
    _partial_index("ix_reconciliations_under_way", "reconciliations", ["number"], "status = 'RUNNING'")


def _differences() -> None:
    op.create_table(
        "differences",
        sa.Column("number", NUMBER, autoincrement=True, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("reconciliation_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Text()),
        sa.Column("path", sa.Text()),
        sa.Column("left_platform", sa.Text()),
        sa.Column("left_id", sa.Text()),
        sa.Column("left_value", sa.JSON()),
        sa.Column("right_platform", sa.Text()),
        sa.Column("right_id", sa.Text()),
        sa.Column("right_value", sa.JSON()),
        sa.Column("diverged_at", INSTANT),
        sa.Column("explanation", sa.Text(), nullable=False),
        sa.Column("amount", sa.Text()),
        sa.Column("currency", sa.Text()),
        sa.Column("repair_run_id", sa.Text()),
        sa.Column("exception_cause", sa.Text()),
        sa.PrimaryKeyConstraint("number", name="pk_differences"),
        sa.UniqueConstraint("id", name="uq_differences_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_differences_reconciliation_id_number", "differences", ["reconciliation_id", "number"])


def _triggers() -> None:
    op.create_table(
        "triggers",
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("version", NUMBER, nullable=False),
        sa.Column("cursor", NUMBER, nullable=False),
        sa.Column("correlation_id", sa.Text(), nullable=False),
        sa.Column("next_at", INSTANT),
        sa.Column("taken_until", INSTANT),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("parked", sa.Text()),
        sa.Column("refused", sa.Text()),
        sa.Column("identity", sa.Text()),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Text()),
        sa.Column("fired_at", INSTANT),
        sa.PrimaryKeyConstraint("rule", "subject", name="pk_triggers"),
    )
    op.create_index("ix_triggers_rule_fired_at", "triggers", ["rule", "fired_at"])
    _partial_index("ix_triggers_due", "triggers", ["next_at"], "next_at IS NOT NULL")
    _partial_index("ix_triggers_refused", "triggers", ["rule"], "refused IS NOT NULL")
    op.create_table(
        "tugs",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("moves", sa.JSON(), nullable=False),
        sa.Column("cause", sa.Text()),
        sa.Column("at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("subject", "path", name="pk_tugs"),
    )
    op.create_index("ix_tugs_at", "tugs", ["at"])
