"""What becomes of differences that were seen twice: each is written down, and repaired or put into somebody's queue."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import msgspec

from runtime.clock import Clock
from sync.firm import Firm
from sync.ledger.port import Ledger, NewException
from sync.ledger.port_of_reconciliations import Difference, Reconciliation, cause_of
from sync.ledger.records import ENDED, Json
from sync.reconciling.comparison import Comparison
from sync.reconciling.divergence import Divergence, difference_id
from sync.reconciling.explaining import explained
from sync.reconciling.judging import Found, Money
from sync.reconciling.position import Suspect
from sync.reconciling.repairing import Repaired, Repairs
from sync.reconciling.seen import Unit
from sync.values import digest

CODE = "RECONCILIATION_DIFFERENCE"
MOST_RAISED = 200
"""Exceptions of one reconciliation; what is more stands in one of them all, and each in the report."""
MOST_TOLD = 20
"""Differences of one record that its exception quotes."""
REST = "more"
"""What the exception about all that is more is about."""


@dataclass(slots=True)
class Told:
    """What is to be written of some units, in one transaction."""

    differences: list[Difference] = field(default_factory=list)
    raised: list[NewException] = field(default_factory=list)
    more: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """A unit that was found to differ in the same way twice."""

    suspect: Suspect
    unit: Unit
    found: tuple[Found, ...]


class Telling:
    def __init__(self, ledger: Ledger, firm: Firm, repairs: Repairs, clock: Clock) -> None:
        self._ledger = ledger
        self._firm = firm
        self._repairs = repairs
        self._clock = clock

    async def tell(
        self,
        held: Reconciliation,
        comparison: Comparison,
        confirmed: Sequence[Confirmed],
        *,
        last: Reconciliation | None,
        told_already: int,
    ) -> Told:
        """Asks for repairs; everything else is what the caller writes down."""
        divergence = Divergence(self._ledger, comparison, last)
        records = [comparison.record(self._firm, each.unit) for each in confirmed]
        prints = [_print(comparison, each.unit, found) for each in confirmed for found in each.found]
        await divergence.look([record for record in records if record is not None], prints)
        told = Told()
        for each, record_id in zip(confirmed, records, strict=True):
            room = told_already + len(told.raised) < MOST_RAISED
            await self._one(held, comparison, each, record_id, divergence, told, room=room)
        return told

    async def _one(
        self,
        held: Reconciliation,
        comparison: Comparison,
        each: Confirmed,
        record_id: str | None,
        divergence: Divergence,
        told: Told,
        *,
        room: bool,
    ) -> None:
        prints = [_print(comparison, each.unit, found) for found in each.found]
        repaired = await self._repaired(held, comparison, each, divergence, prints)
        cause = None
        if repaired.run_id is None:
            cause = cause_of(comparison.name, each.unit.about if room else REST)
        differences = [
            self._difference(held, comparison, found, record_id, divergence, fingerprint)
            for found, fingerprint in zip(each.found, prints, strict=True)
        ]
        told.differences += [
            msgspec.structs.replace(found, repair_run_id=repaired.run_id, exception_cause=cause)
            for found in differences
        ]
        if cause is None:
            return
        if room:
            told.raised.append(self._exception(comparison, each, record_id, differences, cause, repaired.refused))
        else:
            told.more += 1

    async def _repaired(
        self,
        held: Reconciliation,
        comparison: Comparison,
        each: Confirmed,
        divergence: Divergence,
        prints: Sequence[str],
    ) -> Repaired:
        if not self._repairs.takes(comparison, each.found):
            return Repaired()
        for found, fingerprint in zip(each.found, prints, strict=True):
            earlier = divergence.before(fingerprint)
            if earlier is None or earlier.repair_run_id is None or _values(earlier) != _values(found):
                continue
            run = await self._ledger.run(earlier.repair_run_id)
            if run is not None and run.status not in ENDED:
                return Repaired(run_id=run.id)  # somebody has yet to decide
            return Repaired(refused=f"run {earlier.repair_run_id} was to do it after the last comparison, and didn't")
        return await self._repairs.ask(held, comparison, each.unit)

    def _difference(
        self,
        held: Reconciliation,
        comparison: Comparison,
        found: Found,
        record_id: str | None,
        divergence: Divergence,
        fingerprint: str,
    ) -> Difference:
        since = divergence.since(record_id, found, fingerprint)
        amount, currency = found.money or (None, None)
        left, right = found.left, found.right
        return Difference(
            id=difference_id(held.id, fingerprint),
            reconciliation_id=held.id,
            kind=found.kind,
            record_id=record_id,
            path=found.path,
            left_platform=None if left is None else left.platform,
            left_id=None if left is None else left.external_id,
            left_value=found.left_value,
            right_platform=None if right is None else right.platform,
            right_id=None if right is None else right.external_id,
            right_value=found.right_value,
            diverged_at=since.at,
            explanation=explained(self._firm, comparison, found, since),
            amount=amount,
            currency=currency,
        )

    def _exception(
        self,
        comparison: Comparison,
        each: Confirmed,
        record_id: str | None,
        differences: Sequence[Difference],
        cause: str,
        refused: str | None,
    ) -> NewException:
        stake = _most([found.money for found in each.found if found.money is not None])
        words = " ".join(found.explanation for found in differences[:3])
        more = f" And {len(differences) - 3} more." if len(differences) > 3 else ""
        tried = "" if refused is None else f" It couldn't be repaired: {refused.rstrip('.')}."
        return NewException(
            queue=comparison.queue,
            code=CODE,
            message=f"{words}{more}{tried} This closes by itself once a comparison finds both alike.",
            cause=cause,
            due_at=self._clock.now() + timedelta(days=comparison.days),
            record_id=record_id,
            amount=None if stake is None else stake[0],
            currency=None if stake is None else stake[1],
            detail={
                "comparison": comparison.name,
                "unit": msgspec.to_builtins(each.suspect),
                "differences": [
                    {
                        "kind": found.kind.value,
                        "path": found.path,
                        "left": found.left_value,
                        "right": found.right_value,
                    }
                    for found in differences[:MOST_TOLD]
                ],
            },
        )


def rest(comparison: Comparison, count: int, clock: Clock) -> NewException:
    """One exception for everything past those that have one each."""
    return NewException(
        queue=comparison.queue,
        code=CODE,
        message=f"{count} further records of {comparison.name} differ. They stand in the reconciliation's report; what "
        "they have in common is the cause to look for.",
        cause=cause_of(comparison.name, REST),
        due_at=clock.now() + timedelta(days=comparison.days),
        detail={"comparison": comparison.name, "records": count},
    )


def _values(found: Difference | Found) -> tuple[Json, Json]:
    return found.left_value, found.right_value


def _print(comparison: Comparison, unit: Unit, found: Found) -> str:
    """The same for the same difference, whichever comparison finds it and whatever the values are."""
    right = None if found.right is None else [found.right.platform, found.right.external_id]
    return digest([comparison.name, unit.about, found.kind.value, found.path, right])[:32]


def _most(stakes: Sequence[Money]) -> Money | None:
    """The largest amount; None where they are in several currencies, so that none is."""
    return max(stakes) if len({currency for _, currency in stakes}) == 1 else None
