"""Events reach everybody who watches: each once, in order, from where they left off."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from schema.errors import LedgerUnavailable
from sync.ledger.database import DatabaseLedger, open_ledger
from sync.ledger.port import Outcome, RunChange
from sync.ledger.records import RunStatus
from sync.telling.follower import Follower
from sync.telling.watch import EventsGoneError, FellBehindError, UnknownCursorError, Watch

RUNS = "syncRun"
KINDS = (RUNS, "exception")
PATIENCE = 20.0


def anything(_event: Any) -> bool:
    return True


@pytest.fixture
async def follow(ledger: DatabaseLedger) -> AsyncIterator[Callable[..., Follower]]:
    """Makes followers of the ledger; 60 seconds between two looks, so that only the bell wakes them."""
    made: list[Follower] = []

    def make(of: DatabaseLedger | None = None, **said: Any) -> Follower:
        made.append(Follower(of or ledger, KINDS, **{"seconds": 60.0, **said}))
        return made[-1]

    yield make
    for follower in made:
        await follower.close()


@pytest.fixture
def accepted(ledger: DatabaseLedger, new_run: Any) -> Callable[..., Any]:
    async def accept(number: int = 1, **said: Any) -> list[str]:
        return [(await ledger.accept(new_run(**said))).id for _ in range(number)]

    return accept


async def taken(watch: Watch, number: int) -> list[str]:
    async with asyncio.timeout(PATIENCE):
        return [(await watch.next()).subject for _ in range(number)]


async def waits(watch: Watch) -> bool:
    """Whether it stands at the end, having looked at all that is there."""
    waiting = asyncio.create_task(watch.next())
    done, _ = await asyncio.wait([waiting], timeout=0.1)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    return not done


async def test_what_happens_from_now_on_is_told_at_once_and_nothing_else(follow: Any, accepted: Any) -> None:
    await accepted(3)
    watch = await follow().watch(RUNS, anything)
    new = await accepted(2)
    assert await taken(watch, 2) == new
    later = asyncio.create_task(taken(watch, 1))
    newer = await accepted()
    assert await later == newer
    assert await waits(watch)


async def test_a_watch_goes_on_behind_its_cursor_over_pages_and_into_what_comes(follow: Any, accepted: Any) -> None:
    old = await accepted(7)
    watch = await follow(page=3).watch(RUNS, anything, after=2)
    assert await taken(watch, 5) == old[2:]
    new = await accepted(2)
    assert await taken(watch, 2) == new


async def test_everybody_gets_every_event_whenever_they_came_while_runs_are_written(follow: Any, accepted: Any) -> None:
    follower = follow(page=4)
    written: list[str] = []
    watching = []
    for number in range(40):
        writing = asyncio.create_task(accepted())
        if number % 5 == 0:
            watch = await follower.watch(RUNS, anything, after=number // 2)
            watching.append((number // 2, asyncio.create_task(taken(watch, 40 - number // 2))))
        written += await writing
    assert [await found for _, found in watching] == [written[after:] for after, _ in watching]


async def test_only_what_is_wanted_is_told(follow: Any, accepted: Any) -> None:
    watch = await follow(page=2).watch(RUNS, lambda event: event.payload["workflow"] == "postInvoice")
    await accepted(5)
    wanted = await accepted(1, workflow="postInvoice")
    await accepted(5)
    assert await taken(watch, 1) == wanted
    await accepted(3)
    wanted = await accepted(1, workflow="postInvoice")
    assert await taken(watch, 1) == wanted


async def test_kinds_are_kept_apart(follow: Any, ledger: DatabaseLedger, claimed: Any, new_exception: Any) -> None:
    follower = follow()
    runs = await follower.watch(RUNS, anything)
    problems = await follower.watch("exception", anything)
    run, hold = await claimed()
    await ledger.release(hold, RunChange(status=RunStatus.FAILED), Outcome(raised=(new_exception(),)))
    async with asyncio.timeout(PATIENCE):
        events = [await runs.next() for _ in range(3)]
        problem = await problems.next()
    assert [event.payload["status"] for event in events] == ["PENDING", "RUNNING", "FAILED"]
    assert {event.subject for event in events} == {run.id}
    assert {event.payload["caller"] for event in events} == {"portal"}
    assert problem.payload == {"queue": "FINANCE", "code": "MISMATCH"}
    assert await waits(problems)


async def test_another_processs_writes_are_seen_without_a_bell(
    follow: Any, ledger_url: str, clock: Any, new_run: Any
) -> None:
    other = open_ledger(ledger_url, clock=clock)
    try:
        watch = await follow(seconds=0.05).watch(RUNS, anything)
        waiting = asyncio.create_task(taken(watch, 1))
        await asyncio.sleep(0)
        run = await other.accept(new_run())
        assert await waiting == [run.id]
    finally:
        await other.close()


async def test_who_takes_too_slowly_hears_where_to_go_on(follow: Any, accepted: Any) -> None:
    follower = follow(buffer=3)
    slow, quick = await follower.watch(RUNS, anything), await follower.watch(RUNS, anything)
    first = await accepted()
    assert await taken(slow, 1) == await taken(quick, 1) == first
    more = await accepted(3)
    assert await taken(quick, 3) == more
    more += await accepted(3)
    assert await taken(quick, 3) == more[3:]
    assert await taken(slow, 3) == more[:3]
    with pytest.raises(FellBehindError) as behind:
        await taken(slow, 1)
    place = behind.value.resume_after
    assert place == 4
    again = await follower.watch(RUNS, anything, after=place)
    assert await taken(again, 7 - place) == [*first, *more][place:]


async def test_catching_up_slowly_is_nobodys_harm(follow: Any, accepted: Any) -> None:
    written = await accepted(8)
    watch = await follow(page=3, buffer=2).watch(RUNS, anything, after=0)
    for number in range(8):
        assert await taken(watch, 1) == [written[number]]
        written += await accepted()
    assert await taken(watch, 2) == written[8:10]


async def test_a_cursor_that_was_never_given_is_told(follow: Any, accepted: Any) -> None:
    await accepted(2)
    await follow().watch(RUNS, anything, after=2)
    with pytest.raises(UnknownCursorError):
        await follow().watch(RUNS, anything, after=3)


async def test_a_gap_is_told_with_the_place_behind_it(
    follow: Any, accepted: Any, ledger: DatabaseLedger, clock: Any
) -> None:
    await accepted(3)
    follower = follow(page=1)
    under_way = await follower.watch(RUNS, anything, after=0)
    assert await follower.watch(RUNS, anything, after=0)
    clock.advance(60)
    (kept,) = await accepted()
    assert await ledger.forget(before=clock.now()) == 3
    with pytest.raises(EventsGoneError) as gone:
        await follower.watch(RUNS, anything, after=2)
    assert gone.value.resume_after == 3
    assert await taken(await follower.watch(RUNS, anything, after=3), 1) == [kept]
    with pytest.raises(EventsGoneError):
        await taken(under_way, 1)
    clock.advance(60)
    assert await ledger.forget(before=clock.now()) == 1
    assert await waits(await follower.watch(RUNS, anything, after=4))
    with pytest.raises(EventsGoneError):
        await follower.watch(RUNS, anything, after=3)


async def test_no_event_is_forgotten_before_an_older_one(ledger: DatabaseLedger, clock: Any, accepted: Any) -> None:
    """A transaction that began earlier and ended later stands behind with an older time."""
    clock.advance(60)
    await accepted()
    clock.advance(-60)
    await accepted()
    assert await ledger.forget(before=clock.now()) == 0
    clock.advance(30)
    assert await ledger.forget(before=clock.now()) == 0
    assert await ledger.event_span() == (1, 2)


async def test_nobody_looks_while_nobody_watches(follow: Any, accepted: Any, ledger: DatabaseLedger) -> None:
    follower = follow(seconds=0.01)
    watch = await follower.watch(RUNS, anything)
    first = await accepted()
    assert await taken(watch, 1) == first
    following = follower._task
    watch.close()
    assert follower.watched == 0
    async with asyncio.timeout(PATIENCE):
        await following
    assert follower._task is None
    again = await follower.watch(RUNS, anything)
    second = await accepted()
    assert await taken(again, 1) == second


async def test_a_database_that_is_away_for_a_while_costs_nothing(
    follow: Any, accepted: Any, ledger: DatabaseLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = await follow(seconds=0.01).watch(RUNS, anything)
    first = await accepted()
    assert await taken(watch, 1) == first
    assert await waits(watch)
    tried = asyncio.Event()

    async def away(**_said: Any) -> Any:
        tried.set()
        raise LedgerUnavailable("away")

    with monkeypatch.context() as patch:
        patch.setattr(ledger, "events", away)
        async with asyncio.timeout(PATIENCE):
            await tried.wait()
        second = await accepted()
    assert await taken(watch, 1) == second
