"""Comparisons made to their end, with the clock moved to each time that they wait for."""

from collections.abc import Mapping
from uuid import uuid4

from sync.ledger.port import Ledger
from sync.ledger.port_of_reconciliations import Difference, NewReconciliation, Reconciliation, ReconciliationStatus
from sync.ledger.records import BusinessException, ExceptionState, Json
from sync.reconciling.reconciler import Reconciler
from sync.reconciling.report import every_difference
from tests.sync.conftest import HeldClock


async def begun(ledger: Ledger, comparison: str, scope: Mapping[str, Json] | None = None) -> Reconciliation:
    new = NewReconciliation(
        id=uuid4().hex,
        comparison=comparison,
        scope=scope or {},
        requested_by="test",
        correlation_id=f"corr-{uuid4().hex[:8]}",
    )
    found, _ = await ledger.reconciliations.start(new)
    return found


async def ended(
    ledger: Ledger, reconciler: Reconciler, clock: HeldClock, asked: Reconciliation, *, rounds: int = 300
) -> Reconciliation:
    for _ in range(rounds):
        held = await reconciler.take(only=asked.id)
        if held is not None:
            await reconciler.work(held)
        now = await ledger.reconciliations.get(asked.id)
        assert now is not None
        if now.status is not ReconciliationStatus.RUNNING:
            return now
        if now.taken_until is not None and now.taken_until > clock.now():
            clock.advance((now.taken_until - clock.now()).total_seconds() + 0.001)
    raise AssertionError(f"it has not come to an end: {now}")


async def compared(
    ledger: Ledger, reconciler: Reconciler, clock: HeldClock, comparison: str, scope: Mapping[str, Json] | None = None
) -> tuple[Reconciliation, list[Difference]]:
    """A whole comparison, and what it found."""
    found = await ended(ledger, reconciler, clock, await begun(ledger, comparison, scope))
    return found, await differences(ledger, found)


async def differences(ledger: Ledger, found: Reconciliation) -> list[Difference]:
    return [each async for each in every_difference(ledger.reconciliations, found.id)]


Print = tuple[str, str | None, str | None, str | None]


def prints(found: list[Difference]) -> set[Print]:
    """Kind, path, and the ids of both records."""
    told = [(each.kind.value, each.path, each.left_id, each.right_id) for each in found]
    assert len(told) == len(set(told)), "something was told twice"
    return set(told)


async def open_exceptions(ledger: Ledger) -> list[BusinessException]:
    found: list[BusinessException] = []
    after = None
    while page := await ledger.exceptions(status=ExceptionState.OPEN, first=500, after=after):
        found += [each for _, each in page]
        after = page[-1][0]
    return found
