"""One reconciliation, a stretch at a time: read, look again, tell, and close what is settled.

A difference is told only where it was seen twice, some seconds apart, with the same values, and nobody works on the
record. Every stretch ends with one write of all that it came to, so that whoever goes on after a crash neither
misses anything nor tells anything twice.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta

import msgspec

from platforms.slots import Priority
from platforms.urgency import urgency
from runtime.clock import Clock
from schema.errors import CrosswalkError, LedgerUnavailable, Queue, RetryLater
from sync.firm import Firm
from sync.ledger.port import Ledger, NewException
from sync.ledger.port_of_reconciliations import Progress, Reconciliation, ReconciliationStatus, cause_of
from sync.reconciling.closing import Closing
from sync.reconciling.comparison import Comparison
from sync.reconciling.confirming import Confirming
from sync.reconciling.position import Position, Suspect, kept_position, position_of, scope_of
from sync.reconciling.seen import Reading, ShortAnswer
from sync.reconciling.telling import Telling, rest
from sync.reconciling.walking import Walking

LEASE_SECONDS = 120.0
SETTLE_SECONDS = 5.0
"""Between the first and the second look: what follows a change by itself has happened by then."""
MOST_SUSPECTS = 400
"""That wait for their second look before any more is read."""
GIVE_UP = timedelta(hours=6)
"""How long a platform that is away is waited for."""
MOST_SHORT = 3
"""Short answers in a row after which nothing more is tried."""
_FIRST_PAUSE, _LONGEST_PAUSE = 5.0, 300.0
FAILED = "RECONCILIATION_FAILED"
ITSELF = "itself"
"""What the exception about a reconciliation that failed is about."""


class Reconciler:
    """Works on what others, too, may work on: only who has the lease gets on."""

    def __init__(
        self, ledger: Ledger, firm: Firm, comparisons: Mapping[str, Comparison], telling: Telling, clock: Clock
    ) -> None:
        self._ledger = ledger
        self._firm = firm
        self._comparisons = comparisons
        self._telling = telling
        self._clock = clock

    async def take(self, *, only: str | None = None) -> Reconciliation | None:
        """One to work on; nobody else gets it meanwhile."""
        return await self._ledger.reconciliations.take(seconds=LEASE_SECONDS, only=only)

    async def work(self, held: Reconciliation) -> Reconciliation | None:
        """To its end, or to where it has to wait; None where another process has taken it over."""
        urgency.set(Priority.BACKFILL)
        reading = Reading(self._firm, self._ledger)
        current: Reconciliation | None = held
        while current is not None and current.status is ReconciliationStatus.RUNNING:
            progress = await self._stretch(reading, current)
            current = await self._ledger.reconciliations.keep(current, progress, seconds=LEASE_SECONDS)
            if progress.wait is not None:
                return current
        return current

    async def give_up(self, reconciliation_id: str, why: str) -> Reconciliation | None:
        """Ends one that can't be made, whoever has it; None where it has ended already."""
        found = await self._ledger.reconciliations.get(reconciliation_id)
        if found is None or found.status is not ReconciliationStatus.RUNNING:
            return None
        failed = self._failed(found, position_of(found.position), why)
        return await self._ledger.reconciliations.keep(found, failed, seconds=LEASE_SECONDS)

    # ---------------------------------------------------------------------------------------------------------- pieces

    async def _stretch(self, reading: Reading, held: Reconciliation) -> Progress:
        position = position_of(held.position)
        comparison = self._comparisons.get(held.comparison)
        if comparison is None:
            return self._failed(held, position, f"This version knows no comparison {held.comparison}.")
        try:
            return await self._step(reading, comparison, held, position)
        except LedgerUnavailable:
            raise
        except ShortAnswer as error:
            return self._short(held, position, error)
        except RetryLater as error:
            return self._away(held, position, error)
        except CrosswalkError as error:
            return self._failed(held, position, _words(error))

    async def _step(
        self, reading: Reading, comparison: Comparison, held: Reconciliation, position: Position
    ) -> Progress:
        scope = scope_of(held.scope)
        last = await self._ledger.reconciliations.last(held.comparison, held.scope)
        walking = Walking(reading, comparison, scope, last, self._clock)
        over = walking.is_over(position)
        ready = walking.ready(position)
        if ready and (over or len(ready) >= MOST_SUSPECTS):
            return await self._look_again(Confirming(reading, comparison, self._ledger), comparison, held, ready, last)
        if not over:
            walked = await walking.page(position)
            return _got_on(held, walked.position, walked.counts)
        closed = await Closing(reading, comparison, self._ledger).stretch(held, position, last)
        if closed is not None:
            return _got_on(held, closed, {})
        raised = (rest(comparison, position.more, self._clock),) if position.more else ()
        return Progress(
            position=None,
            counts=held.counts,
            status=ReconciliationStatus.SUCCEEDED,
            raised=raised,
        )

    async def _look_again(
        self,
        confirming: Confirming,
        comparison: Comparison,
        held: Reconciliation,
        ready: Sequence[Suspect],
        last: Reconciliation | None,
    ) -> Progress:
        position = position_of(held.position)
        assert position.suspected_at is not None
        settled_at = position.suspected_at + timedelta(seconds=SETTLE_SECONDS)
        left = (settled_at - self._clock.now()).total_seconds()
        if left > 0:
            return Progress(position=kept_position(position), counts=held.counts, wait=left)
        looked = await confirming.look(position, ready, last)
        told = await self._telling.tell(held, comparison, looked.confirmed, last=last, told_already=position.told)
        counts = {"changed": looked.changed} if looked.changed else {}
        for found in told.differences:
            counts[found.kind.value] = counts.get(found.kind.value, 0) + 1
        rest_of_them = msgspec.structs.replace(
            position,
            suspects=looked.left,
            suspected_at=position.suspected_at if looked.left else None,
            told=position.told + len(told.raised),
            more=position.more + told.more,
        )
        got_on = _got_on(held, rest_of_them, counts)
        return Progress(
            position=got_on.position,
            counts=got_on.counts,
            differences=tuple(told.differences),
            raised=tuple(told.raised),
        )

    # ------------------------------------------------------------------------------------------- when it can't get on

    def _away(self, held: Reconciliation, position: Position, error: RetryLater) -> Progress:
        """Waits, longer and longer, and at last gives up."""
        since = position.failing_since or self._clock.now()
        if self._clock.now() - since >= GIVE_UP:
            return self._failed(held, position, f"{_words(error)} It was waited for since {since:%Y-%m-%d %H:%M} UTC.")
        pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**position.failures)
        waiting = msgspec.structs.replace(position, failing_since=since, failures=position.failures + 1)
        return Progress(
            position=kept_position(waiting),
            counts=held.counts,
            error=_words(error),
            wait=max(pause, error.retry_after or 0.0),
        )

    def _short(self, held: Reconciliation, position: Position, error: ShortAnswer) -> Progress:
        """Nothing is told of what can't be believed; the list is read anew."""
        if position.short + 1 >= MOST_SHORT:
            return self._failed(held, position, _words(error))
        anew = msgspec.structs.replace(position, after=None, seen=0, had=None, again=0, short=position.short + 1)
        return Progress(
            position=kept_position(anew),
            counts=held.counts,
            error=_words(error),
            wait=_FIRST_PAUSE * 2**position.short,
        )

    def _failed(self, held: Reconciliation, position: Position, why: str) -> Progress:
        problem = NewException(
            queue=Queue.INTEGRATION,
            code=FAILED,
            message=f"The comparison {held.comparison} couldn't be made: {why} Nothing is known to differ beyond what "
            "its report tells. Settle what stood in its way, and ask for it again.",
            cause=cause_of(held.comparison, ITSELF),
            due_at=self._clock.now() + timedelta(days=1),
            detail={"comparison": held.comparison, "reconciliation": held.id},
        )
        return Progress(
            position=kept_position(position),
            counts=held.counts,
            status=ReconciliationStatus.FAILED,
            error=why,
            raised=(problem,),
        )


def _got_on(held: Reconciliation, position: Position, counted: Mapping[str, int]) -> Progress:
    """Platforms answered as they should. What is counted by place is what a whole walk of it saw, not a sum."""
    counts = dict(held.counts)
    for name, count in counted.items():
        counts[name] = count if ":" in name else counts.get(name, 0) + count
    well = msgspec.structs.replace(position, failing_since=None, failures=0)
    return Progress(position=kept_position(well), counts=counts)


def _words(error: CrosswalkError) -> str:
    said = f"{error.platform}: {error.detail}" if error.platform else error.detail
    return said if said.endswith(".") else f"{said}."
