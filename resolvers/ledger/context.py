"""What the graph's own resolvers are given, in one operation of one caller."""

from collections.abc import Sequence
from typing import Any

from resolvers.engine_port import Operation
from resolvers.ledger.asking import Commands
from resolvers.ledger.reading import LedgerReader
from resolvers.ledger.reconciliations import Reconciliations
from resolvers.ledger.rules import Rules
from resolvers.ledger.webhooks import Webhooks
from resolvers.run.roots import MOST_IDS
from resolvers.stand_ins import Place, StandIn
from resolvers.status import PlatformStatus
from schema.declare import MOST_LIVE_RECORDS
from schema.errors import BadUserInput, CrosswalkError
from schema.ids import LEDGER_TYPES, decode_id
from sync.desk import Caller, Desk


class OperationContext:
    """`schema.context.Context`. `places` collects where canonical records belong, for the engine to fill."""

    def __init__(self, operation: Operation, status: PlatformStatus, desk: Desk | None) -> None:
        viewer = operation.viewer
        caller = Caller(name=viewer.name, role=viewer.role, correlation_id=operation.correlation_id)
        self.status = status
        self.ledger = LedgerReader(desk, caller)
        self.commands = Commands(desk, caller)
        self.rules = Rules(desk, caller)
        self.webhooks = Webhooks(None if desk is None else desk.webhooks, caller)
        self.reconciliations = Reconciliations(desk, caller)
        self.places: list[Place] = []

    async def node(self, text: str) -> Any:
        key = decode_id(text)
        return await self.ledger.node(key) if key.type in LEDGER_TYPES else StandIn(text, proven=False)

    async def nodes(self, texts: Sequence[str]) -> list[Any]:
        if len(texts) > MOST_IDS:
            raise BadUserInput(f"`ids` holds {len(texts)} ids: ask for at most {MOST_IDS} at once.")
        return [await self._node(text) for text in texts]

    async def _node(self, text: str) -> Any:
        try:
            return await self.node(text)
        except CrosswalkError as error:
            return error

    def records(self, ids: Sequence[str]) -> list[Any]:
        return [StandIn(text, beyond=number >= MOST_LIVE_RECORDS) for number, text in enumerate(ids)]
