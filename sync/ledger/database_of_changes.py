"""Inbox, cursors, snapshots and feeds in the ledger's database: each method of their ports is one transaction."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from runtime.clock import Clock
from runtime.database import Connection
from sync.ledger import cursors, feeds, inbox, snapshots
from sync.ledger.port_of_changes import Cursor, Feed, FeedChange, Observation, Received, Snapshot
from sync.ledger.records import Json, Step
from sync.ledger.transaction import Transaction

Result = TypeVar("Result")


class Transactions(Protocol):
    """As `database.DatabaseTransactions` does them."""

    async def write(self, work: Callable[[Transaction], Awaitable[Result]], *, first: bool = False) -> Result: ...

    async def read(self, work: Callable[[Connection], Awaitable[Result]]) -> Result: ...


class DatabaseInbox:
    """The port's Inbox."""

    def __init__(self, transactions: Transactions, clock: Clock) -> None:
        self._transactions = transactions
        self._clock = clock

    async def put(self, *, source: str, event_id: str, body: bytes, correlation_id: str) -> bool:
        return await self._transactions.write(
            lambda tx: inbox.put(tx, source=source, event_id=event_id, body=body, correlation_id=correlation_id),
            first=True,
        )

    async def take(self, *, most: int, seconds: float, source: str | None = None) -> tuple[Received, ...]:
        return await self._transactions.write(
            lambda tx: inbox.take(tx, most=most, seconds=seconds, source=source), first=True
        )

    async def is_due(self, source: str | None = None) -> bool:
        return await self._transactions.read(lambda asked: inbox.is_due(asked, self._clock.now(), source))

    async def oldest(self) -> Mapping[str, datetime]:
        return await self._transactions.read(inbox.oldest)

    async def put_back(self, ids: Sequence[int], *, seconds: float, forgiven: bool = False) -> None:
        await self._transactions.write(lambda tx: inbox.put_back(tx, ids, seconds, forgiven=forgiven))

    async def set_aside(self, ids: Sequence[int], *, why: str) -> None:
        await self._transactions.write(lambda tx: inbox.set_aside(tx, ids, why))

    async def done(self, ids: Sequence[int]) -> None:
        await self._transactions.write(lambda tx: inbox.done(tx, ids))


class DatabaseCursors:
    """The port's Cursors."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def get(self, name: str) -> Cursor:
        return await self._transactions.read(lambda connection: cursors.get(connection, name))

    async def move(self, name: str, *, version: int, position: Json) -> bool:
        return await self._transactions.write(lambda tx: cursors.move(tx, name, version=version, position=position))


class DatabaseSnapshots:
    """The port's Snapshots."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def get(
        self, platform: str, type_name: str, role: str, external_ids: Sequence[str]
    ) -> Mapping[str, Snapshot]:
        return await self._transactions.read(
            lambda asked: snapshots.get(asked, platform, type_name, role, external_ids)
        )

    async def observe(self, observations: Sequence[Observation]) -> tuple[bool, ...]:
        return await self._transactions.write(lambda tx: snapshots.observe(tx, observations))

    async def page(self, platform: str, type_name: str, role: str, *, after: str = "", most: int) -> Sequence[Snapshot]:
        return await self._transactions.read(
            lambda asked: snapshots.page(asked, platform, type_name, role, after, most)
        )

    async def count(
        self, platform: str, type_name: str, role: str, *, since: datetime | None = None, until: datetime | None = None
    ) -> int:
        return await self._transactions.read(
            lambda asked: snapshots.count(asked, platform, type_name, role, since, until)
        )

    async def between(
        self, platform: str, type_name: str, role: str, *, since: datetime, until: datetime, most: int
    ) -> Sequence[Snapshot]:
        return await self._transactions.read(
            lambda asked: snapshots.between(asked, platform, type_name, role, since, until, most)
        )

    async def some(self, platform: str, type_name: str, role: str, *, skip: int, most: int) -> Sequence[Snapshot]:
        return await self._transactions.read(lambda asked: snapshots.some(asked, platform, type_name, role, skip, most))

    async def written(self, platform: str, external_ids: Sequence[str], *, since: datetime) -> Sequence[Step]:
        return await self._transactions.read(lambda asked: snapshots.written(asked, platform, external_ids, since))

    async def being_created(self, platform: str, type_name: str, role: str, *, since: datetime) -> bool:
        return await self._transactions.read(
            lambda asked: snapshots.being_created(asked, platform, type_name, role, since)
        )

    async def forget(self, *, before: datetime) -> int:
        return await self._transactions.write(lambda tx: snapshots.forget(tx, before))


class DatabaseFeeds:
    """The port's Feeds."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def declare(self, names: Mapping[str, str], *, interval: float) -> None:
        await self._transactions.write(lambda tx: feeds.declare(tx, names, interval))

    async def take(self, names: Sequence[str], *, seconds: float) -> Feed | None:
        return await self._transactions.write(lambda tx: feeds.take(tx, names, seconds))

    async def keep(self, feed: Feed, *, seconds: float) -> bool:
        return await self._transactions.write(lambda tx: feeds.keep(tx, feed, seconds))

    async def give_back(self, feed: Feed, change: FeedChange) -> bool:
        return await self._transactions.write(lambda tx: feeds.give_back(tx, feed, change))

    async def all(self) -> Sequence[Feed]:
        return await self._transactions.read(feeds.every)

    async def pause(self, platform: str, *, paused: bool) -> int:
        return await self._transactions.write(lambda tx: feeds.pause(tx, platform, paused=paused))

    async def hurry(self, type_name: str, *, seconds: float) -> int:
        return await self._transactions.write(lambda tx: feeds.hurry(tx, type_name, seconds))

    async def start_backfill(self, name: str, backfill: Json) -> Feed | None:
        return await self._transactions.write(lambda tx: feeds.start_backfill(tx, name, backfill))
