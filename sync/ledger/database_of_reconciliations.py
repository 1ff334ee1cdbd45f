"""Comparisons in the ledger's database: each method of the port is one transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sync.ledger import reconciliations
from sync.ledger.database_of_changes import Transactions
from sync.ledger.port_of_reconciliations import (
    Difference,
    DifferenceKind,
    NewReconciliation,
    Progress,
    Reconciliation,
)
from sync.ledger.records import BusinessException, Event, Json, Link


class DatabaseReconciliations:
    """The port's Reconciliations."""

    def __init__(self, transactions: Transactions) -> None:
        self._write = transactions.write
        self._read = transactions.read

    async def start(self, new: NewReconciliation) -> tuple[Reconciliation, bool]:
        return await self._write(lambda tx: reconciliations.start(tx, new))

    async def take(self, *, seconds: float, only: str | None = None) -> Reconciliation | None:
        return await self._write(lambda tx: reconciliations.take(tx, seconds, only))

    async def keep(self, held: Reconciliation, progress: Progress, *, seconds: float) -> Reconciliation | None:
        return await self._write(lambda tx: reconciliations.keep(tx, held, progress, seconds))

    async def get(self, reconciliation_id: str) -> Reconciliation | None:
        return await self._read(lambda asked: reconciliations.get(asked, reconciliation_id))

    async def page(
        self, comparison: str | None, *, first: int, before: int | None
    ) -> Sequence[tuple[int, Reconciliation]]:
        return await self._read(lambda asked: reconciliations.page(asked, comparison, first, before))

    async def last(self, comparison: str, scope: Mapping[str, Json]) -> Reconciliation | None:
        return await self._read(lambda asked: reconciliations.last(asked, comparison, scope))

    async def differences(
        self, reconciliation_id: str, *, kind: DifferenceKind | None = None, first: int, after: int | None = None
    ) -> Sequence[tuple[int, Difference]]:
        return await self._read(lambda asked: reconciliations.found(asked, reconciliation_id, kind, first, after))

    async def count_differences(self, reconciliation_id: str, *, kind: DifferenceKind | None = None) -> int:
        return await self._read(lambda asked: reconciliations.count(asked, reconciliation_id, kind))

    async def among(self, difference_ids: Sequence[str]) -> Sequence[Difference]:
        return await self._read(lambda asked: reconciliations.among(asked, difference_ids))

    async def under_way(self, record_ids: Sequence[str]) -> frozenset[str]:
        return await self._read(lambda asked: reconciliations.under_way(asked, record_ids))

    async def history(self, type_name: str, record_ids: Sequence[str], *, most: int) -> Sequence[Event]:
        return await self._read(lambda asked: reconciliations.history(asked, type_name, record_ids, most))

    async def links(self, *, after: tuple[str, str, str, str] | None, most: int) -> Sequence[Link]:
        return await self._read(lambda asked: reconciliations.page_of_links(asked, after, most))

    async def open_exceptions(
        self, comparison: str, *, after: int, most: int
    ) -> Sequence[tuple[int, BusinessException]]:
        return await self._read(lambda asked: reconciliations.open_exceptions(asked, comparison, after, most))

    async def drift(self) -> Mapping[str, Mapping[str, int]]:
        return await self._read(reconciliations.drift)

    async def forget(self, *, before: datetime) -> int:
        return await self._write(lambda tx: reconciliations.forget(tx, before))
