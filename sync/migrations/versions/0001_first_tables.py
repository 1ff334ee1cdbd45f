"""The ledger's first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _approvals()
    _audit()
    _cursors()
    _events()
    _exceptions()
    _head()
    _inbox()
    _links()
    _outbox()
    _runs()
    _steps()


def _approvals() -> None:
    op.create_table(
        "approvals",
        sa.Column("number", NUMBER, autoincrement=True, nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("required_role", sa.Text(), nullable=False),
        sa.Column("plan_hash", sa.Text(), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("requested_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("decided_by", sa.Text()),
        sa.Column("decided_at", INSTANT),
        sa.Column("comment", sa.Text()),
        sa.PrimaryKeyConstraint("number", name="pk_approvals"),
        sa.UniqueConstraint("run_id", name="uq_approvals_run_id"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_approvals_submitted",
        "approvals",
        ["expires_at"],
        unique=False,
        sqlite_where=sa.text("state = 'SUBMITTED'"),
        postgresql_where=sa.text("state = 'SUBMITTED'"),
    )


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("sequence", NUMBER, autoincrement=False, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Text()),
        sa.Column("correlation_id", sa.Text()),
        sa.Column("run_id", sa.Text()),
        sa.Column("platform", sa.Text()),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("previous_hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_audit"),
    )
    op.create_index("ix_audit_correlation_id", "audit", ["correlation_id"], unique=False)
    op.create_index("ix_audit_record_id", "audit", ["record_id"], unique=False)


def _cursors() -> None:
    op.create_table(
        "cursors",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("position", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_cursors"),
    )


def _events() -> None:
    op.create_table(
        "events",
        sa.Column("cursor", NUMBER, autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("correlation_id", sa.Text(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("payload", sa.JSON()),
        sa.PrimaryKeyConstraint("cursor", name="pk_events"),
    )
    op.create_index("ix_events_kind_cursor", "events", ["kind", "cursor"], unique=False)


def _exceptions() -> None:
    op.create_table(
        "exceptions",
        sa.Column("number", NUMBER, autoincrement=True, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("raised_at", INSTANT, nullable=False),
        sa.Column("due_at", INSTANT),
        sa.Column("run_id", sa.Text()),
        sa.Column("step", sa.Text()),
        sa.Column("record_id", sa.Text()),
        sa.Column("amount", sa.Text()),
        sa.Column("currency", sa.Text()),
        sa.Column("detail", sa.JSON()),
        sa.Column("resolved_by", sa.Text()),
        sa.Column("resolved_at", INSTANT),
        sa.Column("resolution", sa.Text()),
        sa.Column("seen", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_exceptions"),
        sa.UniqueConstraint("id", name="uq_exceptions_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_exceptions_run_id", "exceptions", ["run_id"], unique=False)
    op.create_index("ix_exceptions_status_queue", "exceptions", ["status", "queue"], unique=False)
    op.create_index(
        "uq_exceptions_open_cause",
        "exceptions",
        ["cause"],
        unique=True,
        sqlite_where=sa.text("status = 'OPEN'"),
        postgresql_where=sa.text("status = 'OPEN'"),
    )


def _head() -> None:
    op.create_table(
        "head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("audits", NUMBER, nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("events", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_head"),
    )
    table = sa.table("head", sa.column("id"), sa.column("audits"), sa.column("hash"), sa.column("events"))
    op.bulk_insert(table, [{"id": 1, "audits": 0, "hash": "0" * 64, "events": 0}])


def _inbox() -> None:
    op.create_table(
        "inbox",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("correlation_id", sa.Text(), nullable=False),
        sa.Column("received_at", INSTANT, nullable=False),
        sa.Column("taken_until", INSTANT),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("done_at", INSTANT),
        sa.PrimaryKeyConstraint("id", name="pk_inbox"),
        sa.UniqueConstraint("source", "event_id", name="uq_inbox_source_event_id"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_inbox_undone",
        "inbox",
        ["id"],
        unique=False,
        sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    )


def _links() -> None:
    op.create_table(
        "links",
        sa.Column("record_id", sa.Text(), nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text()),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("record_id", "platform", "entity", "external_id", name="pk_links"),
    )
    op.create_index(
        "ix_links_platform_entity_external_id", "links", ["platform", "entity", "external_id"], unique=False
    )


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sqlite_autoincrement=True,
    )


def _runs() -> None:
    op.create_table(
        "runs",
        sa.Column("sequence", NUMBER, autoincrement=True, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("workflow", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("correlation_id", sa.Text(), nullable=False),
        sa.Column("caller", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.Column("input_hash", sa.Text(), nullable=False),
        sa.Column("input", sa.JSON()),
        sa.Column("reason", sa.Text()),
        sa.Column("order_key", sa.Text()),
        sa.Column("plan", sa.JSON()),
        sa.Column("plan_hash", sa.Text()),
        sa.Column("planned_at", INSTANT),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("records", sa.JSON(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("finished_at", INSTANT),
        sa.Column("next_at", INSTANT),
        sa.Column("lease_owner", sa.Text()),
        sa.Column("lease_until", INSTANT),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("crashes", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("parked", sa.Text()),
        sa.Column("asked_at", INSTANT),
        sa.PrimaryKeyConstraint("sequence", name="pk_runs"),
        sa.UniqueConstraint("caller", "idempotency_key", name="uq_runs_caller_idempotency_key"),
        sa.UniqueConstraint("id", name="uq_runs_id"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_runs_active",
        "runs",
        ["next_at"],
        unique=False,
        sqlite_where=sa.text("status IN ('COMPENSATING', 'PENDING', 'RUNNING')"),
        postgresql_where=sa.text("status IN ('COMPENSATING', 'PENDING', 'RUNNING')"),
    )
    op.create_index("ix_runs_correlation_id", "runs", ["correlation_id"], unique=False)
    op.create_index(
        "ix_runs_order",
        "runs",
        ["order_key", "sequence"],
        unique=False,
        sqlite_where=sa.text("status IN ('COMPENSATING', 'PENDING', 'RUNNING')"),
        postgresql_where=sa.text("status IN ('COMPENSATING', 'PENDING', 'RUNNING')"),
    )


def _steps() -> None:
    op.create_table(
        "steps",
        sa.Column("number", NUMBER, autoincrement=True, nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text()),
        sa.Column("external_id", sa.Text()),
        sa.Column("asked", sa.JSON(), nullable=False),
        sa.Column("before", sa.JSON()),
        sa.Column("result", sa.JSON()),
        sa.Column("created", sa.Boolean(), nullable=False),
        sa.Column("absent", sa.Boolean(), nullable=False),
        sa.Column("undo", sa.Text(), nullable=False),
        sa.Column("error", sa.JSON()),
        sa.Column("possible_until", INSTANT),
        sa.Column("started_at", INSTANT),
        sa.Column("finished_at", INSTANT),
        sa.PrimaryKeyConstraint("number", name="pk_steps"),
        sa.UniqueConstraint("run_id", "name", name="uq_steps_run_id_name"),
        sqlite_autoincrement=True,
    )
