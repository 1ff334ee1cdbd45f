"""The second look: what differed at first sight, and still does in the very same way, is a difference."""

from collections.abc import Sequence
from dataclasses import dataclass

from sync.ledger.port import Ledger
from sync.ledger.port_of_reconciliations import Reconciliation
from sync.reconciling.comparison import Comparison
from sync.reconciling.judging import judged, mark
from sync.reconciling.position import Position, Suspect
from sync.reconciling.rereading import about, read_again
from sync.reconciling.seen import Reading, Unit
from sync.reconciling.telling import Confirmed

AT_ONCE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """`left` are those that wait for their second look still, `changed` counts what isn't as it was."""

    confirmed: tuple[Confirmed, ...]
    changed: int
    left: tuple[Suspect, ...]


class Confirming:
    def __init__(self, reading: Reading, comparison: Comparison, ledger: Ledger) -> None:
        self._reading = reading
        self._comparison = comparison
        self._ledger = ledger

    async def look(self, position: Position, ready: Sequence[Suspect], last: Reconciliation | None) -> Looked:
        """At the first hundred of those that are ready for it. ShortAnswer where a platform leaves out records."""
        some = ready[:AT_ONCE]
        looked = {about(each) for each in some}
        left = tuple(each for each in position.suspects if about(each) not in looked)
        units = await read_again(self._reading, self._comparison, some, position, last)
        confirmed: list[Confirmed] = []
        changed = 0
        for suspect in some:
            unit = units.get(about(suspect))
            found = () if unit is None else judged(self._comparison.rules, unit)
            if unit is None or not found or mark(found) != suspect.mark or not self._settled(unit):
                changed += 1
                continue
            confirmed.append(Confirmed(suspect=suspect, unit=unit, found=found))
        told = await self._not_worked_on(confirmed)
        return Looked(confirmed=told, changed=changed + len(confirmed) - len(told), left=left)

    def _settled(self, unit: Unit) -> bool:
        return self._comparison.settled is None or self._comparison.settled(unit)

    async def _not_worked_on(self, confirmed: list[Confirmed]) -> tuple[Confirmed, ...]:
        """A run that is under way may be just about to bring it into line."""
        firm = self._reading.firm
        records = [self._comparison.record(firm, each.unit) for each in confirmed]
        busy = await self._ledger.reconciliations.under_way([each for each in records if each is not None])
        return tuple(each for each, record_id in zip(confirmed, records, strict=True) if record_id not in busy)
