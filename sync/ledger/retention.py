"""What the ledger may forget: events that nobody resumes behind any more, and incoming messages that are dealt with.

Runs, their steps, exceptions, links and the audit chain stay.
"""

from datetime import datetime

import sqlalchemy as sa

from sync.ledger.tables import events, inbox
from sync.ledger.transaction import Transaction

MOST = 5_000
"""Rows of a table that one transaction removes, so that nobody waits for it long."""


async def forget(tx: Transaction, before: datetime) -> int:
    # No event is forgotten that stands behind one that is kept: so the oldest cursor tells all that is gone.
    oldest = sa.select(events.c.cursor, events.c.at).order_by(events.c.cursor).limit(MOST).subquery()
    kept = sa.select(sa.func.min(oldest.c.cursor)).where(oldest.c.at >= before).scalar_subquery()
    old_events = sa.select(oldest.c.cursor).where(sa.or_(kept.is_(None), oldest.c.cursor < kept))
    old_entries = sa.select(inbox.c.id).where(inbox.c.done_at < before).limit(MOST)
    gone = await tx.all(sa.delete(events).where(events.c.cursor.in_(old_events)).returning(events.c.cursor))
    gone += await tx.all(sa.delete(inbox).where(inbox.c.id.in_(old_entries)).returning(inbox.c.id))
    return len(gone)
