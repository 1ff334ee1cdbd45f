"""How much money hangs on a run: its flow is played as far as it tells, on the facts that are known, and no further."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import date
from decimal import Decimal
from typing import NoReturn, TypeVar

import msgspec

from schema.errors import CrosswalkError, Queue
from sync.effects import Done, Effect, Undo
from sync.firm import Firm
from sync.ledger.records import Json, Run
from sync.planning import if_version_of, wish_of
from sync.process import Flow, Process, Refused
from sync.values import from_json

T = TypeVar("T")

Stake = tuple[Decimal, str] | None
"""Amount and currency that hang on a run, as far as it has told."""


class _Told(Exception):  # noqa: N818 - not a fault
    """The flow goes on to what isn't known, or is to be done."""


async def stake_of(firm: Firm, flow: Flow, run: Run, *, today: date) -> Stake:
    """Neither platform nor ledger is asked; None where the flow doesn't say before it would have to."""
    weighing = _Weighing(firm, run, today=today)
    with suppress(_Told, Refused, CrosswalkError, msgspec.ValidationError):
        await flow.process(weighing, wish_of(flow, run.input))
    return weighing.stake


class _Weighing(Process):
    def __init__(self, firm: Firm, run: Run, *, today: date) -> None:
        self.firm = firm
        self.run_id = run.id
        self.today = today
        self.if_version = if_version_of(run.input)
        self.stake: Stake = None
        self._facts = run.facts

    async def fact(self, name: str, kind: type[T], gather: Callable[[], Awaitable[T]]) -> T:  # noqa: ARG002 - nobody is asked
        if name not in self._facts:
            raise _Told
        found: T = from_json(kind, self._facts[name])
        return found

    async def step(self, name: str, effect: Effect, *, undo: Undo) -> Done:  # noqa: ARG002 - nothing is done
        raise _Told

    def at_stake(self, amount: Decimal, currency: str) -> None:
        self.stake = (amount, currency)

    def needs_person(self, code: str, message: str, *, queue: Queue, detail: Json = None) -> NoReturn:  # noqa: ARG002
        raise _Told

    def concerns(self, *record_ids: str) -> None:
        """Of no weight."""
