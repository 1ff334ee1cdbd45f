"""What rules have to look at, in the ledger's database: each method of the port is one transaction."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sync.ledger import acting
from sync.ledger.database_of_changes import Transactions
from sync.ledger.port_of_acting import Looked, Noted, Place, Standing, Trigger, Tug
from sync.ledger.port_of_changes import Cursor
from sync.ledger.records import Run, Step


class DatabaseTriggers:
    """The port's Triggers."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def tugs(self, places: Collection[Place]) -> Mapping[Place, Tug]:
        if not places:
            return {}
        return await self._transactions.read(lambda connection: acting.known_tugs(connection, places))

    async def writes(self, subjects: Collection[str], *, since: datetime) -> Mapping[str, Sequence[Step]]:
        if not subjects:
            return {}
        return await self._transactions.read(lambda connection: acting.writes(connection, subjects, since))

    async def note(self, name: str, cursor: Cursor, noted: Noted) -> bool:
        return await self._transactions.write(lambda tx: acting.note(tx, name, cursor, noted))

    async def take(self, *, most: int, seconds: float) -> tuple[Trigger, ...]:
        return await self._transactions.write(lambda tx: acting.take(tx, most, seconds))

    async def give_back(self, trigger: Trigger, looked: Looked) -> bool:
        return await self._transactions.write(lambda tx: acting.give_back(tx, trigger, looked))

    async def standings(self) -> Mapping[str, Standing]:
        return await self._transactions.read(acting.standings)

    async def latest_run(self, workflow: str, subject: str) -> Run | None:
        return await self._transactions.read(lambda connection: acting.latest_run(connection, workflow, subject))

    async def forget(self, *, before: datetime) -> int:
        return await self._transactions.write(lambda tx: acting.forget(tx, before))
