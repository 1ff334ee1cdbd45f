"""Webhooks and their deliveries in the ledger's database: each method of their ports is one transaction."""

from collections.abc import Sequence
from datetime import datetime

from runtime.clock import Clock
from sync.ledger import deliveries, hooks
from sync.ledger.database_of_changes import Transactions
from sync.ledger.port_of_webhooks import (
    Backlog,
    Delivery,
    DeliveryStatus,
    Gap,
    Hook,
    HookChange,
    Meant,
    NewHook,
    Taken,
    Verdict,
    Waiting,
)
from sync.ledger.records import Audited


class DatabaseHooks:
    """The port's Hooks."""

    def __init__(self, transactions: Transactions, clock: Clock) -> None:
        self._transactions = transactions
        self._clock = clock

    async def add(self, new: NewHook, audit: Audited) -> Hook | None:
        return await self._transactions.write(lambda tx: hooks.add(tx, new, audit), first=True)

    async def get(self, hook_id: str) -> Hook | None:
        return await self._transactions.read(lambda connection: hooks.get(connection, hook_id))

    async def page(self, *, owner: str | None, first: int, after: int | None) -> tuple[Hook, ...]:
        return await self._transactions.read(lambda connection: hooks.page(connection, owner, first, after))

    async def change(self, hook_id: str, change: HookChange, audit: Audited) -> Hook | None:
        return await self._transactions.write(lambda tx: hooks.change(tx, hook_id, change, audit), first=True)

    async def rotate(self, hook: Hook, *, at_once: bool, audit: Audited) -> Hook | None:
        return await self._transactions.write(lambda tx: hooks.rotate(tx, hook, audit, at_once=at_once), first=True)

    async def disable(self, hook_id: str, why: str, audit: Audited) -> Hook | None:
        return await self._transactions.write(lambda tx: hooks.disable(tx, hook_id, why, audit), first=True)

    async def enable(self, hook_id: str, *, skip_missed: bool, by: str, audit: Audited) -> Hook | None:
        return await self._transactions.write(
            lambda tx: hooks.enable(tx, hook_id, audit, skip_missed=skip_missed, by=by), first=True
        )

    async def delete(self, hook_id: str, *, by: str, audit: Audited) -> Hook | None:
        return await self._transactions.write(lambda tx: hooks.delete(tx, hook_id, audit, by=by), first=True)

    async def test(self, hook_id: str, correlation_id: str, audit: Audited) -> Hook | None:
        return await self._transactions.write(lambda tx: hooks.test(tx, hook_id, correlation_id, audit), first=True)

    async def backlog(self, kinds: Sequence[str]) -> Backlog:
        return await self._transactions.read(lambda connection: hooks.backlog(connection, kinds, self._clock.now()))

    async def distribute(self, meant: Meant, kinds: Sequence[str], gap: Gap, *, most: int) -> int:
        return await self._transactions.write(lambda tx: hooks.distribute(tx, meant, kinds, gap, most))

    async def forget(self, *, before: datetime) -> int:
        return await self._transactions.write(lambda tx: hooks.forget(tx, before))


class DatabaseDeliveries:
    """The port's Deliveries."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def take(self, *, most: int, per_hook: int, seconds: float) -> tuple[Taken, ...]:
        return await self._transactions.write(lambda tx: deliveries.take(tx, most, per_hook, seconds))

    async def end(self, taken: Taken, verdict: Verdict) -> bool:
        return await self._transactions.write(lambda tx: deliveries.end(tx, taken, verdict))

    async def give_back(self, taken: Sequence[Taken]) -> None:
        await self._transactions.write(lambda tx: deliveries.give_back(tx, taken))

    async def get(self, delivery_id: str) -> Delivery | None:
        return await self._transactions.read(lambda connection: deliveries.get(connection, delivery_id))

    async def page(
        self, hook_id: str, *, status: DeliveryStatus | None, first: int, before: int | None
    ) -> tuple[Delivery, ...]:
        return await self._transactions.read(
            lambda connection: deliveries.page(connection, hook_id, status, first, before)
        )

    async def count(self, hook_id: str, *, status: DeliveryStatus | None) -> int:
        return await self._transactions.read(lambda connection: deliveries.count(connection, hook_id, status))

    async def redeliver(self, delivery_id: str, audit: Audited) -> Delivery | None:
        return await self._transactions.write(lambda tx: deliveries.redeliver(tx, delivery_id, audit), first=True)

    async def waiting(self) -> Waiting:
        return await self._transactions.read(deliveries.waiting)
