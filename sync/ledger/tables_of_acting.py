"""The ledger's tables of what starts by itself: which rule has yet to look at what, and where platforms contradict."""

from sqlalchemy import Column, Index, Integer, Table, Text

from sync.ledger.columns import Instant, Json, Number
from sync.ledger.tables import metadata, partial

triggers = Table(
    "triggers",
    metadata,
    Column("rule", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("version", Number, nullable=False),
    Column("cursor", Number, nullable=False),
    Column("correlation_id", Text, nullable=False),
    Column("next_at", Instant),
    Column("taken_until", Instant),
    Column("tries", Integer, nullable=False),
    Column("parked", Text),
    Column("refused", Text),
    Column("identity", Text),
    Column("generation", Integer, nullable=False),
    Column("run_id", Text),
    Column("fired_at", Instant),
    Index(None, "rule", "fired_at"),
)
IS_TO_BE_LOOKED_AT = triggers.c.next_at.is_not(None)
Index("ix_triggers_due", triggers.c.next_at, **partial(IS_TO_BE_LOOKED_AT))
IS_REFUSED = triggers.c.refused.is_not(None)
Index("ix_triggers_refused", triggers.c.rule, **partial(IS_REFUSED))

tugs = Table(
    "tugs",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("path", Text, primary_key=True),
    Column("moves", Json, nullable=False),
    Column("cause", Text),
    Column("at", Instant, nullable=False, index=True),
)
