"""What rules have to look at: written down with how far events were read, had by one at a time, never lost."""

from datetime import timedelta

import pytest

from schema.errors import Queue
from sync.ledger.database import DatabaseLedger
from sync.ledger.port import NewException
from sync.ledger.port_of_acting import Fired, Looked, Move, Noted, Trigger, Tug, Woken
from tests.sync.conftest import HeldClock

NAME = "triggers"


def woken(subject: str = "s", cursor: int = 1, rule: str = "r") -> Woken:
    return Woken(rule=rule, subject=subject, cursor=cursor, correlation_id=f"c{cursor}")


async def note(ledger: DatabaseLedger, *each: Woken, position: int = 1) -> bool:
    cursor = await ledger.cursors.get(NAME)
    return await ledger.triggers.note(NAME, cursor, Noted(position=position, woken=each))


async def taken(ledger: DatabaseLedger) -> Trigger:
    [found] = await ledger.triggers.take(most=10, seconds=30)
    return found


async def test_of_two_who_read_the_same_events_one_writes_them_down(ledger: DatabaseLedger) -> None:
    cursor = await ledger.cursors.get(NAME)
    assert await ledger.triggers.note(NAME, cursor, Noted(position=1, woken=(woken(),)))
    other = Noted(position=1, woken=(woken("other"),))
    assert not await ledger.triggers.note(NAME, cursor, other)
    assert [each.subject for each in await ledger.triggers.take(most=10, seconds=30)] == ["s"]


async def test_a_record_is_had_by_one_until_its_time_is_over(ledger: DatabaseLedger, clock: HeldClock) -> None:
    await note(ledger, woken(), woken(cursor=2))
    first = await taken(ledger)
    assert (first.cursor, first.correlation_id) == (2, "c2")
    assert await ledger.triggers.take(most=10, seconds=30) == ()
    clock.advance(31)
    second = await taken(ledger)
    fired = Looked(fired=Fired(identity="i", generation=1, run_id="run-1"))
    assert not await ledger.triggers.give_back(first, Looked(forgotten=True))
    assert await ledger.triggers.give_back(second, fired)
    assert await ledger.triggers.take(most=10, seconds=30) == ()
    standing = (await ledger.triggers.standings())["r"]
    assert (standing.waiting, standing.fired_at, standing.run_id) == (0, clock.now(), "run-1")


@pytest.mark.parametrize("looked", [Looked(), Looked(forgotten=True)], ids=["kept", "forgotten"])
async def test_what_is_woken_while_somebody_looks_is_looked_at_again(ledger: DatabaseLedger, looked: Looked) -> None:
    await note(ledger, woken())
    first = await taken(ledger)
    await note(ledger, woken(cursor=2), position=2)
    assert await ledger.triggers.take(most=10, seconds=30) == ()
    await ledger.triggers.give_back(first, looked)
    assert (await taken(ledger)).cursor == 2


async def test_an_event_that_was_seen_already_wakes_nobody(ledger: DatabaseLedger) -> None:
    await note(ledger, woken(cursor=5))
    await ledger.triggers.give_back(await taken(ledger), Looked(fired=Fired(identity="i", generation=1, run_id="r")))
    await note(ledger, woken(cursor=5), woken(cursor=4), position=6)
    assert await ledger.triggers.take(most=10, seconds=30) == ()


async def test_what_is_to_be_looked_at_later_waits_for_its_time_or_an_event(
    ledger: DatabaseLedger, clock: HeldClock
) -> None:
    await note(ledger, woken())
    first = await taken(ledger)
    later = Looked(next_at=clock.now() + timedelta(hours=1), tries=3, parked="away")
    await ledger.triggers.give_back(first, later)
    assert await ledger.triggers.take(most=10, seconds=30) == ()
    clock.advance(3601)
    again = await taken(ledger)
    assert (again.tries, again.parked) == (3, "away")
    await ledger.triggers.give_back(again, later)
    await note(ledger, woken(cursor=2), position=2)
    assert (await taken(ledger)).tries == 0


async def test_problems_are_raised_and_settled_with_the_look(ledger: DatabaseLedger) -> None:
    def problem(queue: Queue) -> NewException:
        return NewException(queue=queue, code="X", message="m", cause=f"trigger:r:s:{queue.value}")

    await note(ledger, woken())
    both = (problem(Queue.PMO), problem(Queue.FINANCE))
    await ledger.triggers.give_back(await taken(ledger), Looked(raised=both, refused="d", settled="trigger:r:s:"))
    assert await ledger.count_exceptions(queue=None, status=None) == 2
    assert (await ledger.triggers.standings())["r"].refused == 1
    await note(ledger, woken(cursor=2), position=2)
    kept = frozenset({"trigger:r:s:PMO"})
    await ledger.triggers.give_back(await taken(ledger), Looked(refused="e", settled="trigger:r:s:", kept=kept))
    found = {each.queue: each.status.value for _, each in await ledger.exceptions(first=10)}
    assert found == {Queue.PMO: "OPEN", Queue.FINANCE: "RESOLVED"}


async def test_a_pause_is_over_when_its_exception_is_settled(ledger: DatabaseLedger, clock: HeldClock) -> None:
    move = Move(platform="crm", before="a", after="b", run=None, at=clock.now(), cursor=1)
    tug = Tug(subject="s", path="name", moves=(move,), cause="ping-pong:s:name", paused=True)
    raised = NewException(queue=Queue.INTEGRATION, code="PING_PONG", message="m", cause="ping-pong:s:name")
    cursor = await ledger.cursors.get(NAME)
    await ledger.triggers.note(NAME, cursor, Noted(position=1, tugs=(tug,), raised=((raised, "c"),)))
    place = ("s", "name")
    assert await ledger.triggers.tugs([place, ("s", "other")]) == {place: tug}
    clock.advance(1)
    assert await ledger.triggers.forget(before=clock.now()) == 0, "what is paused is remembered"
    assert await ledger.is_over("ping-pong:s:name", by="me", why="Decided.")
    assert not (await ledger.triggers.tugs([place]))[place].paused
    assert await ledger.triggers.forget(before=clock.now()) == 1


async def test_many_at_once(ledger: DatabaseLedger) -> None:
    await note(ledger, *(woken(f"s{number:04}", cursor=number) for number in range(1, 501)), position=500)
    found = [each for _ in range(6) for each in await ledger.triggers.take(most=100, seconds=30)]
    assert [each.cursor for each in found] == sorted(each.cursor for each in found)
    assert len({each.subject for each in found}) == 500
