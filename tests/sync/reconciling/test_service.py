"""Comparisons that nobody works on by hand: once a day, by one of several processes."""

import asyncio
from datetime import time, timedelta

from prometheus_client import CollectorRegistry

from platforms.bindings import Bindings
from sync.desk import Caller
from sync.firm import Firm
from sync.ledger.database import DatabaseLedger
from sync.ledger.port_of_reconciliations import ReconciliationStatus
from sync.reconciling.asking import Asking, Wanted
from sync.reconciling.metrics import ReconcilingMetrics
from sync.reconciling.service import ReconcilingService
from tests.sync.conftest import HeldClock
from tests.sync.reconciling.memory import Pair


def service(pair: Pair, ledger: DatabaseLedger, clock: HeldClock, registry: CollectorRegistry) -> ReconcilingService:
    comparison = pair.comparison()
    asking = Asking(ledger, Firm(Bindings({}), {}), {comparison.name: comparison}, clock)
    return ReconcilingService(
        ledger,
        pair.reconciler(ledger, clock),
        asking,
        clock,
        daily_at=time(18, 30),
        keep=timedelta(days=30),
        metrics=ReconcilingMetrics(registry),
    )


async def test_once_a_day_by_one_of_three_processes(ledger: DatabaseLedger, clock: HeldClock) -> None:
    pair = Pair.of(30)
    pair.right.rows["r000003"][1]["status"] = "PAID"
    registry = CollectorRegistry()
    three = [service(pair, ledger, clock, registry if number == 0 else CollectorRegistry()) for number in range(3)]
    await asyncio.gather(*(each.turn() for each in three))
    assert await ledger.reconciliations.page(None, first=10, before=None) == ()  # it is nine in the morning
    clock.advance(10 * 3600)
    for _ in range(4):
        await asyncio.gather(*(each.turn() for each in three))
        clock.advance(60)
    [(_, found)] = await ledger.reconciliations.page(None, first=10, before=None)
    assert (found.id, found.status) == ("daily-2026-11-20-memory", ReconciliationStatus.SUCCEEDED)
    clock.advance(24 * 3600)
    for _ in range(2):
        await asyncio.gather(*(each.turn() for each in three))
        clock.advance(60)
    assert len(await ledger.reconciliations.page(None, first=10, before=None)) == 2
    assert registry.get_sample_value("crosswalk_drift", {"comparison": "memory", "kind": "STATUS"}) == 1
    assert registry.get_sample_value("crosswalk_drift", {"comparison": "memory", "kind": "MISSING"}) == 0


async def test_old_reports_are_forgotten_with_their_differences(ledger: DatabaseLedger, clock: HeldClock) -> None:
    pair = Pair.of(5)
    pair.right.rows["r000003"][1]["status"] = "PAID"
    one = service(pair, ledger, clock, CollectorRegistry())
    clock.advance(10 * 3600)
    await one.turn()
    clock.advance(60)
    await one.turn()
    [(_, found)] = await ledger.reconciliations.page(None, first=10, before=None)
    assert await ledger.reconciliations.count_differences(found.id) == 1
    clock.advance(31 * 86_400)
    await one.tidy()
    assert await ledger.reconciliations.get(found.id) is None
    assert await ledger.reconciliations.count_differences(found.id) == 0


async def test_a_mistake_of_ours_ends_one_comparison_and_not_the_service(
    ledger: DatabaseLedger, clock: HeldClock
) -> None:
    pair = Pair.of(5)

    async def broken() -> None:
        raise ZeroDivisionError

    pair.left.before = broken
    one = service(pair, ledger, clock, CollectorRegistry())
    clock.advance(10 * 3600)
    await one.turn()
    [(_, found)] = await ledger.reconciliations.page(None, first=10, before=None)
    assert found.status is ReconciliationStatus.FAILED
    assert found.error == "A mistake of Crosswalk's own (ZeroDivisionError)."


async def test_one_key_is_one_comparison_and_nonsense_is_refused(ledger: DatabaseLedger, clock: HeldClock) -> None:
    comparison = Pair.of(1).comparison()
    asking = Asking(ledger, Firm(Bindings({}), {}), {comparison.name: comparison}, clock)
    finance = Caller(name="Fay", role="finance", correlation_id="c")
    wanted = Wanted(comparisons=("memory",), idempotency_key="one")
    first = await asking.ask(finance, wanted)
    assert (await asking.ask(finance, wanted)).reconciliations == first.reconciliations
    other = await asking.ask(finance, Wanted(comparisons=("memory",), idempotency_key="one", since=clock.now().date()))
    assert [refusal.code.value for refusal in other.refusals] == ["IDEMPOTENCY_MISMATCH"]
    nonsense = await asking.ask(finance, Wanted(comparisons=("memorie",), legal_entity="x"))
    assert {refusal.path for refusal in nonsense.refusals} == {("input", "comparison"), ("input", "legalEntityId")}
    portal = await asking.ask(Caller(name="Pat", role="portal", correlation_id="c"), wanted)
    assert [refusal.code.value for refusal in portal.refusals] == ["FORBIDDEN"]
