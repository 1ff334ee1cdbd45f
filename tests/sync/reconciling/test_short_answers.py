"""A platform that is away, or that leaves records out, makes nothing missing."""

from collections.abc import Callable

import pytest

from schema.errors import UpstreamForbidden, UpstreamUnavailable
from sync.ledger.database import DatabaseLedger
from sync.ledger.port_of_reconciliations import ReconciliationStatus
from tests.sync.conftest import HeldClock
from tests.sync.reconciling.comparing import compared, open_exceptions
from tests.sync.reconciling.memory import Pair

SHORT: dict[str, Callable[[str], bool]] = {
    "everything": lambda _: True,
    "half of it": lambda name: int(name[-6:]) % 2 == 0,
    "the end of it": lambda name: int(name[-6:]) >= 300,
}


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("part", SHORT)
@pytest.mark.parametrize("counts", [True, False], ids=["counting", "not counting"])
async def test_a_side_that_leaves_out_records_from_the_second_time_on(
    ledger: DatabaseLedger, clock: HeldClock, side: str, part: str, counts: bool
) -> None:
    pair = Pair.of(1_000)
    reconciler = pair.reconciler(ledger, clock)
    await compared(ledger, reconciler, clock, "memory")
    short = pair.left if side == "left" else pair.right
    short.leaves_out = SHORT[part]
    short.counts = counts
    found, told = await compared(ledger, reconciler, clock, "memory")
    assert told == []
    assert found.status is ReconciliationStatus.FAILED
    assert found.error is not None
    [problem] = await open_exceptions(ledger)
    assert problem.code == "RECONCILIATION_FAILED"
    # It was right all along: the next comparison that succeeds closes the exception.
    short.leaves_out = lambda _: False
    found, told = await compared(ledger, reconciler, clock, "memory")
    assert (found.status, told, await open_exceptions(ledger)) == (ReconciliationStatus.SUCCEEDED, [], [])


async def test_one_short_answer_in_between_is_asked_again(ledger: DatabaseLedger, clock: HeldClock) -> None:
    pair = Pair.of(600)

    async def short_once() -> None:
        pair.right.leaves_out = (lambda _: True) if pair.right.asked == 5 else (lambda _: False)

    pair.right.before = short_once
    found, told = await compared(ledger, pair.reconciler(ledger, clock), clock, "memory")
    assert (found.status, told) == (ReconciliationStatus.SUCCEEDED, [])


async def test_a_platform_that_is_away_is_waited_for(ledger: DatabaseLedger, clock: HeldClock) -> None:
    pair = Pair.of(600)
    away = iter(range(7))

    async def fails() -> None:
        if next(away, None) is not None:
            raise UpstreamUnavailable("it doesn't answer", platform="crm")

    pair.right.before = fails
    found, told = await compared(ledger, pair.reconciler(ledger, clock), clock, "memory")
    assert (found.status, told) == (ReconciliationStatus.SUCCEEDED, [])


async def test_one_that_stays_away_is_given_up_after_hours_with_a_clear_error(
    ledger: DatabaseLedger, clock: HeldClock
) -> None:
    pair = Pair.of(10)

    async def fails() -> None:
        raise UpstreamUnavailable("it doesn't answer", platform="crm")

    pair.right.before = fails
    began = clock.now()
    found, told = await compared(ledger, pair.reconciler(ledger, clock), clock, "memory")
    assert (found.status, told) == (ReconciliationStatus.FAILED, [])
    assert found.error is not None
    assert found.error.startswith("crm: it doesn't answer. It was waited for since 2026-11-20 09:00 UTC.")
    assert 6 <= (clock.now() - began).total_seconds() / 3600 < 7


async def test_what_waiting_mends_nothing_of_ends_at_once(ledger: DatabaseLedger, clock: HeldClock) -> None:
    pair = Pair.of(10)

    async def fails() -> None:
        raise UpstreamForbidden("our user may not read it", platform="crm")

    pair.right.before = fails
    began = clock.now()
    found, _ = await compared(ledger, pair.reconciler(ledger, clock), clock, "memory")
    assert (found.status, found.error) == (ReconciliationStatus.FAILED, "crm: our user may not read it.")
    assert clock.now() == began
