"""Every difference is found, and none is made up: of many rows, while they change, by two processes, across kills."""

import asyncio
from collections import deque
from datetime import datetime
from decimal import Decimal

from sync.ledger.database import DatabaseLedger
from sync.ledger.port_of_reconciliations import Reconciliation, ReconciliationStatus
from sync.ledger.records import ExceptionState
from sync.reconciling.reconciler import LEASE_SECONDS, Reconciler
from tests.sync.conftest import HeldClock
from tests.sync.reconciling.comparing import Print, begun, compared, differences, ended, open_exceptions, prints
from tests.sync.reconciling.memory import VALUES, Pair
from tests.sync.watched import WorkerDied


def spoil(pair: Pair) -> set[Print]:
    """Twenty differences of each kind, and what they are told as."""
    expected: set[Print] = set()
    for number in range(20):
        value, status, missing, unlinked, stale, twin = (f"{20 * kind + number:06}" for kind in range(6))
        pair.right.rows[f"r{value}"][1]["total"] = Decimal("10.01")
        expected.add(("VALUE", "total", value, f"r{value}"))
        pair.right.rows[f"r{status}"][1]["status"] = "PAID"
        expected.add(("STATUS", "status", status, f"r{status}"))
        del pair.right.rows[f"r{missing}"]
        expected.add(("MISSING", None, missing, None))
        pair.right.rows[f"x{unlinked}"] = (None, dict(VALUES))
        expected.add(("EXTRA", None, None, f"x{unlinked}"))
        pair.right.rows[f"y{stale}"] = (f"gone{stale}", dict(VALUES))
        expected.add(("STALE_LINK", None, None, f"y{stale}"))
        pair.right.rows[f"z{twin}"] = (twin, dict(VALUES))
        expected.add(("EXTRA", None, twin, f"z{twin}"))
    return expected


async def test_of_ten_thousand_rows_that_are_alike_none_is_told_and_of_those_that_differ_every_one(
    ledger: DatabaseLedger, clock: HeldClock
) -> None:
    pair = Pair.of(10_000)
    reconciler = pair.reconciler(ledger, clock)
    clean, found = await compared(ledger, reconciler, clock, "memory")
    assert (clean.status, found) == (ReconciliationStatus.SUCCEEDED, [])
    assert clean.counts["right:crm"] == clean.counts["left:erp"] == 10_000
    expected = spoil(pair)
    spoiled, found = await compared(ledger, reconciler, clock, "memory")
    assert prints(found) == expected
    assert {kind: spoiled.counts[kind] for kind in ("VALUE", "STATUS", "MISSING", "EXTRA", "STALE_LINK")} == {
        "VALUE": 20, "STATUS": 20, "MISSING": 20, "EXTRA": 40, "STALE_LINK": 20,
    }  # fmt: skip


async def test_each_tells_both_values_the_money_at_stake_and_since_when(
    ledger: DatabaseLedger, clock: HeldClock
) -> None:
    pair = Pair.of(30)
    reconciler = pair.reconciler(ledger, clock)
    before, _ = await compared(ledger, reconciler, clock, "memory")
    pair.right.rows["r000007"][1]["total"] = Decimal("12.50")
    _, [found] = await compared(ledger, reconciler, clock, "memory")
    assert (found.left_value, found.right_value) == ("10.00", "12.50")
    assert (found.amount, found.currency) == (Decimal("2.50"), "EUR")
    assert found.diverged_at is None
    assert (
        f"It wasn't so yet when they were compared at {before.started_at:%Y-%m-%d %H:%M:%S} UTC." in found.explanation
    )
    _, [again] = await compared(ledger, reconciler, clock, "memory")
    assert "Found before, at " in again.explanation


async def test_what_changes_while_it_is_compared_is_no_difference(ledger: DatabaseLedger, clock: HeldClock) -> None:
    """One side always changes first and the other one two answers later, as by a flow; sixty records at a time."""
    pair = Pair.of(2_000)
    behind: deque[list[tuple[str, Decimal]]] = deque([[], []])
    turn = 0

    async def change() -> None:
        nonlocal turn
        turn += 1
        for name, total in behind.popleft():
            pair.right.rows[f"r{name}"][1]["total"] = total
        behind.append([(f"{(turn * 37 + number * 31) % 2_000:06}", Decimal(turn)) for number in range(60)])
        for name, total in behind[-1]:
            pair.left.rows[name][1]["total"] = total

    pair.left.before = pair.right.before = change
    found, told = await compared(ledger, pair.reconciler(ledger, clock), clock, "memory")
    assert (found.status, told) == (ReconciliationStatus.SUCCEEDED, [])
    assert found.counts["changed"] > 0, "nothing looked different meanwhile: the test shows nothing"


async def test_two_processes_share_the_work_and_tell_each_difference_once(
    ledger: DatabaseLedger, clock: HeldClock
) -> None:
    pair = Pair.of(1_000)
    expected = spoil(pair)
    one, other = pair.reconciler(ledger, clock), pair.reconciler(ledger, clock)
    asked = await begun(ledger, "memory")
    first, second = await asyncio.gather(one.take(only=asked.id), other.take(only=asked.id))
    assert [first, second].count(None) == 1
    # The lease of whoever has it runs out while it works: both believe that it is theirs, and one of them is wrong.
    held = first or second
    assert held is not None
    clock.advance(LEASE_SECONDS + 1)
    taken = await other.take(only=asked.id)
    assert taken is not None
    assert await one.work(held) is None
    await other.work(taken)
    found = await ended(ledger, one, clock, asked)
    assert prints(await differences(ledger, found)) == expected


class Mortal:
    """The ledger of a worker that dies at its nth call, before or after it is done."""

    def __init__(self, ledger: DatabaseLedger, die_at: int) -> None:
        self._inner = ledger
        self._left = die_at
        self.reconciliations = self

    def __getattr__(self, name: str) -> object:
        target = getattr(self._inner.reconciliations, name, None) or getattr(self._inner, name)

        async def call(*args: object, **named: object) -> object:
            self._point()
            answer = await target(*args, **named)
            self._point()
            return answer

        return call

    def _point(self) -> None:
        self._left -= 1
        if self._left == 0:
            raise WorkerDied


async def test_killed_anywhere_it_goes_on_and_tells_everything_once(ledger: DatabaseLedger, clock: HeldClock) -> None:
    pair = Pair.of(450)
    expected = spoil(pair)
    asked = await begun(ledger, "memory")
    deaths = 0
    found: Reconciliation | None = asked
    while found is not None and found.status is ReconciliationStatus.RUNNING:
        # Each dies a call later than the one before, so that the last of them get on a little.
        for die_at in range(1, 14):
            mortal = pair.reconciler(Mortal(ledger, die_at), clock)  # type: ignore[arg-type]  # all that is called of it
            deaths += await died(mortal, asked.id)
            clock.advance(LEASE_SECONDS + 1)
        found = await ledger.reconciliations.get(asked.id)
    assert found is not None
    assert found.status is ReconciliationStatus.SUCCEEDED
    assert deaths > 20
    assert prints(await differences(ledger, found)) == expected
    assert len(await open_exceptions(ledger)) == 120


async def died(reconciler: Reconciler, reconciliation_id: str) -> bool:
    """Lets a worker do what it can; whether that was the death of it."""
    try:
        while (held := await reconciler.take(only=reconciliation_id)) is not None:
            await reconciler.work(held)
    except WorkerDied:
        return True
    return False


async def test_one_exception_for_a_record_that_closes_itself_when_the_difference_is_gone(
    ledger: DatabaseLedger, clock: HeldClock
) -> None:
    pair = Pair.of(50)
    reconciler = pair.reconciler(ledger, clock)
    row = pair.right.rows["r000003"][1]
    row |= {"total": Decimal("1.00"), "status": "PAID"}
    for _ in range(2):
        await compared(ledger, reconciler, clock, "memory")
    [problem] = await open_exceptions(ledger)
    assert (problem.seen, problem.queue.value, problem.amount, problem.currency) == (
        2,
        "FINANCE",
        Decimal("10.00"),
        "EUR",
    )
    assert problem.due_at is not None
    row |= VALUES
    found, _ = await compared(ledger, reconciler, clock, "memory")
    assert await open_exceptions(ledger) == []
    closed = await ledger.exception(problem.id)
    assert closed is not None
    assert closed.status is ExceptionState.RESOLVED
    assert closed.resolution == f"Reconciliation {found.id} finds no difference any more."


async def test_a_flood_of_differences_is_some_exceptions_and_one_for_the_rest(
    ledger: DatabaseLedger, clock: HeldClock
) -> None:
    pair = Pair.of(700)
    reconciler = pair.reconciler(ledger, clock)
    for _, values in pair.right.rows.values():
        values["total"] = Decimal(0)
    _, found = await compared(ledger, reconciler, clock, "memory")
    assert len(found) == 700
    problems = await open_exceptions(ledger)
    assert len(problems) == 201
    assert [each.detail["records"] for each in problems if each.cause == "reconciliation:memory:more"] == [500]
    for _, values in pair.right.rows.values():
        values["total"] = VALUES["total"]
    await compared(ledger, reconciler, clock, "memory")
    assert await open_exceptions(ledger) == []


async def test_the_second_look_is_seconds_after_the_first_one_for_each(
    ledger: DatabaseLedger, clock: HeldClock
) -> None:
    """What follows a change within seconds is no difference, also at the end of a comparison that takes minutes."""
    pair = Pair.of(800)
    pair.right.rows["r000001"][1]["status"] = "PAID"

    since: list[datetime] = []

    async def slow() -> None:
        """A second for each answer; before the last page is looked up, a record changes for six seconds."""
        clock.advance(1)
        if pair.left.asked >= 9 and not since:
            since.append(clock.now())
        ours = bool(since) and (clock.now() - since[0]).total_seconds() <= 6
        pair.right.rows["r000799"][1]["status"] = "PAID" if ours else "OPEN"

    pair.left.before = pair.right.before = slow
    _, found = await compared(ledger, pair.reconciler(ledger, clock), clock, "memory")
    assert since
    assert prints(found) == {("STATUS", "status", "000001", "r000001")}
