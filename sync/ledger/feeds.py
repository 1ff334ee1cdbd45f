"""How far each feed has been followed, and who follows it just now."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from runtime.database import Connection
from sync.ledger.port_of_changes import Feed, FeedChange
from sync.ledger.records import Json
from sync.ledger.rows import record_of
from sync.ledger.tables_of_changes import feeds
from sync.ledger.transaction import Transaction

_SET = ("position", "backfill", "next_at", "reached_at", "round_at", "interval", "failures", "error")
_CLEARABLE = frozenset({"backfill", "error"})


async def declare(tx: Transaction, names: Mapping[str, str], interval: float) -> None:
    for name, platform in names.items():
        values = {
            "name": name,
            "platform": platform,
            "version": 1,
            "paused": False,
            "next_at": tx.now,
            "interval": interval,
            "failures": 0,
            "counts": {},
        }
        await tx.do(tx.insert(feeds).on_conflict_do_nothing(index_elements=[feeds.c.name]), values)


async def take(tx: Transaction, names: Sequence[str], seconds: float) -> Feed | None:
    free = sa.or_(feeds.c.taken_until.is_(None), feeds.c.taken_until <= tx.now)
    chosen = (
        sa.select(feeds.c.name)
        .where(feeds.c.name.in_(names), sa.not_(feeds.c.paused), feeds.c.next_at <= tx.now, free)
        .order_by(feeds.c.next_at, feeds.c.name)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    taken = sa.update(feeds).where(feeds.c.name.in_(chosen))
    taken = taken.values(taken_until=tx.now + timedelta(seconds=seconds), version=feeds.c.version + 1)
    row = await tx.one(taken.returning(feeds))
    return None if row is None else record_of(Feed, row)


async def keep(tx: Transaction, feed: Feed, seconds: float) -> bool:
    """The version stays, so that it can still be given back."""
    own = sa.update(feeds).where(feeds.c.name == feed.name, feeds.c.version == feed.version)
    kept = own.values(taken_until=tx.now + timedelta(seconds=seconds))
    return await tx.one(kept.returning(feeds.c.version)) is not None


async def give_back(tx: Transaction, feed: Feed, change: FeedChange) -> bool:
    if change.clear - _CLEARABLE:
        raise ValueError(f"{sorted(change.clear - _CLEARABLE)} can't become None")
    values: dict[str, Any] = {name: given for name in _SET if (given := getattr(change, name)) is not None}
    values |= dict.fromkeys(change.clear)
    counts = {name: feed.counts.get(name, 0) + change.counts.get(name, 0) for name in {*feed.counts, *change.counts}}
    ended = sa.update(feeds).where(feeds.c.name == feed.name, feeds.c.version == feed.version)
    ended = ended.values(taken_until=None, version=feed.version + 1, counts=counts, **values)
    return await tx.one(ended.returning(feeds.c.version)) is not None


async def every(connection: Connection) -> tuple[Feed, ...]:
    rows = await connection.execute(sa.select(feeds).order_by(feeds.c.name))
    return tuple(record_of(Feed, row) for row in rows.all())


async def pause(tx: Transaction, platform: str, *, paused: bool) -> int:
    """The round under way, if any, goes on to its end: the version stays."""
    changed = sa.update(feeds).where(feeds.c.platform == platform).values(paused=paused)
    return len(await tx.all(changed.returning(feeds.c.name)))


async def hurry(tx: Transaction, type_name: str, seconds: float) -> int:
    wanted = sa.or_(feeds.c.name.contains(f":{type_name}:", autoescape=True), feeds.c.name.contains(":log:"))
    rested = feeds.c.round_at <= tx.now - timedelta(seconds=seconds)
    hurried = sa.update(feeds).where(wanted, rested, feeds.c.next_at > tx.now, feeds.c.failures == 0)
    hurried = hurried.values(next_at=tx.now, interval=seconds)
    return len(await tx.all(hurried.returning(feeds.c.name)))


async def start_backfill(tx: Transaction, name: str, backfill: Json) -> Feed | None:
    """A round under way loses its feed, and what it found is found again: it knows nothing of the backfill."""
    begun = sa.update(feeds).where(feeds.c.name == name)
    begun = begun.values(backfill=backfill, next_at=tx.now, taken_until=None, version=feeds.c.version + 1)
    row = await tx.one(begun.returning(feeds))
    return None if row is None else record_of(Feed, row)
