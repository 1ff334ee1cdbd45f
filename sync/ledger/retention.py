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
    old_events = sa.select(events.c.cursor).where(events.c.at < before).order_by(events.c.cursor).limit(MOST)
    old_entries = sa.select(inbox.c.id).where(inbox.c.done_at < before).limit(MOST)
    gone = await tx.all(sa.delete(events).where(events.c.cursor.in_(old_events)).returning(events.c.cursor))
    gone += await tx.all(sa.delete(inbox).where(inbox.c.id.in_(old_entries)).returning(inbox.c.id))
    return len(gone)
