"""Exceptions of earlier comparisons whose difference is gone are closed, whoever settled it."""

import msgspec

from sync.ledger.port import Ledger
from sync.ledger.port_of_reconciliations import Reconciliation, cause_of
from sync.ledger.records import BusinessException
from sync.reconciling.comparison import Comparison
from sync.reconciling.judging import judged
from sync.reconciling.position import Position, Suspect
from sync.reconciling.repairing import ACTOR
from sync.reconciling.rereading import about, read_again
from sync.reconciling.seen import Reading
from sync.reconciling.telling import REST

AT_ONCE = 50


class Closing:
    def __init__(self, reading: Reading, comparison: Comparison, ledger: Ledger) -> None:
        self._reading = reading
        self._comparison = comparison
        self._ledger = ledger

    async def stretch(self, held: Reconciliation, position: Position, last: Reconciliation | None) -> Position | None:
        """Looks at some open exceptions, of whatever scope; None where there are no more.

        ShortAnswer where a platform leaves out records: what it doesn't tell isn't settled.
        """
        after = position.closing or 0
        open_ones = await self._ledger.reconciliations.open_exceptions(self._comparison.name, after=after, most=AT_ONCE)
        if not open_ones:
            return None
        suspects = {problem.cause: found for _, problem in open_ones if (found := _suspect(problem)) is not None}
        units = await read_again(self._reading, self._comparison, list(suspects.values()), position, last)
        for cause, suspect in suspects.items():
            unit = units.get(about(suspect))
            if unit is None or not judged(self._comparison.rules, unit):
                await self._over(held, cause)
        name = self._comparison.name
        for _, problem in open_ones:
            rest_is_told = problem.cause == cause_of(name, REST) and not position.more and not held.scope
            if rest_is_told or (problem.cause not in suspects and problem.cause != cause_of(name, REST)):
                await self._over(held, problem.cause)
        return msgspec.structs.replace(position, closing=open_ones[-1][0])

    async def _over(self, held: Reconciliation, cause: str) -> None:
        why = f"Reconciliation {held.id} finds no difference any more."
        await self._ledger.is_over(cause, by=ACTOR, why=why)


def _suspect(problem: BusinessException) -> Suspect | None:
    """What the exception is about; None for those about a whole reconciliation."""
    unit = problem.detail.get("unit") if isinstance(problem.detail, dict) else None
    return None if unit is None else msgspec.convert(unit, Suspect, strict=False)
