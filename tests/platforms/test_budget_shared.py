"""How one process keeps to a budget that others share: what it says, what it makes of the answers, and of none."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

import platforms.budget_shared
from platforms.budget_exchange import Heard, Said, written
from platforms.budget_shared import ASSUMED_PROCESSES, REST, SharedBudget
from platforms.quota import Quota
from platforms.slots import Priority
from schema.errors import UpstreamQuotaExhausted, UpstreamRateLimited, UpstreamUnavailable

NOBODY = (0, 0, 0, 0)
READ, WRITE = Priority.INTERACTIVE, Priority.GOVERNED_WRITE


def heard(*admitted: int, free: int = 0, processes: int = 3, **more: object) -> Heard:
    told = {"pause": 0, "paused_by": "", "quota": ""} | more
    return Heard(admitted or NOBODY, free, processes, **told)


class ScriptedTable:
    """Answers as told, the last answer again and again; an exception is raised, an event is waited for first."""

    def __init__(self) -> None:
        self.words: list[Said] = []
        self.left = False
        self.answers: list[Heard | Exception | Callable[[Said], Heard]] = [heard()]
        self.silent: asyncio.Event | None = None
        self._spoken = asyncio.Condition()

    def says(self, *answers: Heard | Exception | Callable[[Said], Heard]) -> None:
        self.answers = list(answers)

    async def tell(self, said: Said) -> Heard:
        self.words.append(said)
        async with self._spoken:
            self._spoken.notify_all()
        if self.silent is not None:
            await self.silent.wait()
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, Heard) else answer(said)

    async def leave(self) -> None:
        self.left = True

    async def heard(self, happened: Callable[[Said], bool]) -> Said:
        """The first word of which that is true, once it is said."""
        async with asyncio.timeout(5), self._spoken:
            await self._spoken.wait_for(lambda: any(map(happened, self.words)))
        return next(said for said in self.words if happened(said))


def all_that_fit(said: Said) -> Heard:
    return heard(*said.waits)


@pytest.fixture
def table() -> ScriptedTable:
    return ScriptedTable()


@pytest.fixture
async def budget_of(table, clock):
    made: list[SharedBudget] = []

    def make(slots: int = 6) -> SharedBudget:
        made.append(SharedBudget("erp", table, slots=slots, clock=clock, jitter=lambda: 0.0))
        return made[-1]

    yield make
    for budget in made:
        await budget.leave()


@pytest.fixture
def budget(budget_of) -> SharedBudget:
    return budget_of()


async def within(seconds: float, work: Awaitable[bool]) -> bool:
    async with asyncio.timeout(seconds):
        return await work


async def test_nobody_goes_before_the_table_has_said_so(budget, table):
    table.says(heard(), heard(1, 0, 0, 0), heard())
    assert not budget.take_now(READ)
    assert await within(5, budget.take(READ))
    assert (budget.in_use, budget.places) == (1, 6)
    assert [said.waits for said in table.words] == [(1, 0, 0, 0)] * 2
    assert [said.number for said in table.words] == [1, 2]
    assert table.words[0].caps == (6, 6, 4, 3)


async def test_what_comes_up_while_it_speaks_is_in_the_next_word(budget, table):
    table.silent = asyncio.Event()
    table.says(all_that_fit)
    first = asyncio.create_task(budget.take(WRITE))
    await table.heard(lambda said: said.waits == (0, 1, 0, 0))
    others = [asyncio.create_task(budget.take(priority)) for priority in (READ, READ, Priority.SYNC)]
    await asyncio.sleep(0)
    table.silent.set()
    await within(5, asyncio.gather(first, *others))
    assert [said.waits for said in table.words[:2]] == [(0, 1, 0, 0), (2, 0, 1, 0)]
    assert table.words[1].held == 1


async def test_a_place_that_others_may_want_is_given_back_at_once(budget, table, monkeypatch):
    monkeypatch.setattr(platforms.budget_shared, "_LINGERING", 60.0)
    table.says(heard(1, 0, 0, 0, free=2), heard(free=3))
    await within(5, budget.take(READ))
    budget.give_back()
    await table.heard(lambda said: said.number == 2 and said.held == 0)


async def test_a_place_that_nobody_wants_goes_back_with_the_next_word(budget, table, monkeypatch):
    monkeypatch.setattr(platforms.budget_shared, "_LINGERING", 0.001)
    table.says(heard(1, 0, 0, 0, free=5), heard(1, 0, 0, 0, free=5), heard(free=6))
    await within(5, budget.take(READ))
    budget.give_back()
    await within(5, budget.take(READ))
    assert [(said.held, said.waits[READ]) for said in table.words] == [(0, 1), (0, 1)]
    budget.give_back()
    await table.heard(lambda said: said.number == 3 and said.held == 0 and said.waits == NOBODY)


async def test_who_has_a_place_says_so_again_and_again(budget, table, monkeypatch):
    monkeypatch.setattr(platforms.budget_shared, "RENEWAL_SECONDS", 0.001)
    table.says(heard(1, 0, 0, 0), heard())
    await within(5, budget.take(READ))
    await table.heard(lambda said: said.number == 4 and said.held == 1)


async def test_the_place_of_a_caller_who_left_is_given_back(budget, table):
    table.silent = asyncio.Event()
    table.says(heard(1, 0, 0, 0), heard())
    leaver = asyncio.create_task(budget.take(READ))
    await table.heard(lambda said: said.waits[READ] == 1)
    leaver.cancel()
    await asyncio.gather(leaver, return_exceptions=True)
    table.silent.set()
    await table.heard(lambda said: said.number == 2 and said.held == 0 and said.waits == NOBODY)
    assert budget.in_use == 0


async def test_an_answer_that_took_as_long_as_a_lease_admits_nobody(budget, table, clock):
    def slept_through(said: Said) -> Heard:
        clock.forward(6.0)
        return heard(1, 0, 0, 0)

    table.says(slept_through, heard(1, 0, 0, 0), heard())
    await within(5, budget.take(READ))
    assert len(table.words) == 2
    assert table.words[1].held == 0


@pytest.mark.parametrize("error", [RedisConnectionError("gone"), OSError("gone"), TimeoutError()])
async def test_without_redis_a_process_keeps_to_its_share(budget, table, clock, error):
    table.says(heard(1, 0, 0, 0, processes=3), error)
    await within(5, budget.take(READ))
    second = asyncio.create_task(budget.take(READ))
    assert await within(5, second)
    assert not budget.take_now(READ), "a third of six places is two"
    third = asyncio.create_task(budget.take(WRITE))
    budget.give_back()
    assert await within(5, third)
    assert len(table.words) == 2, "it leaves Redis alone"
    clock.forward(REST)
    table.says(heard(processes=3))
    budget.give_back()
    await table.heard(lambda said: said.number == 3 and said.held == 1)
    budget.give_back()
    await table.heard(lambda said: said.number == 4)
    assert not budget.take_now(READ), "the table decides again"


async def test_a_redis_that_never_answered_leaves_each_process_a_cautious_share(budget_of, table):
    table.says(OSError("refused"))
    budget = budget_of(slots=3 * ASSUMED_PROCESSES)
    assert all([await within(5, budget.take(READ)) for _ in range(3)])
    assert not budget.take_now(READ)


async def test_a_share_is_never_nothing(budget_of, table):
    table.says(OSError("refused"))
    assert await within(5, budget_of(slots=1).take(Priority.BACKFILL))


async def test_a_frozen_redis_costs_a_moment_once(budget, table, clock, monkeypatch):
    monkeypatch.setattr(platforms.budget_shared, "PATIENCE", 0.01)
    table.silent = asyncio.Event()
    assert await within(5, budget.take(READ))
    budget.give_back()
    assert budget.take_now(READ), "nobody waits for Redis now"
    clock.forward(REST)
    budget.give_back()
    assert budget.take_now(READ), "nor while it is tried again"
    await table.heard(lambda said: said.number == 2)


async def test_a_pause_told_elsewhere_sends_the_waiting_away(budget, table, clock):
    table.says(heard(pause=2_000, paused_by="UPSTREAM_QUOTA_EXHAUSTED"))
    assert not await within(5, budget.take(WRITE))
    assert budget.held_until == pytest.approx(clock.monotonic() + 2.0)
    assert budget.held_by is UpstreamQuotaExhausted


async def test_a_pause_is_told_until_it_was_heard(budget, table, clock):
    table.says(OSError("gone"), heard())
    budget.hold(clock.monotonic() + 30.0, UpstreamUnavailable)
    assert await within(5, budget.take(READ))
    assert [said.pause for said in table.words] == [30_000]
    clock.forward(REST)
    budget.give_back()
    said = await table.heard(lambda said: said.number == 2)
    assert (said.pause, said.paused_by) == (27_000, "UPSTREAM_UNAVAILABLE")
    waiting = asyncio.create_task(budget.take(READ))
    assert (await table.heard(lambda said: said.number == 3)).pause == 0
    waiting.cancel()
    assert budget.held_by is UpstreamUnavailable


async def test_a_pause_that_a_later_version_names_holds_all_the_same(budget, table):
    table.says(heard(pause=2_000, paused_by="UPSTREAM_ON_STRIKE"))
    await within(5, budget.take(READ))
    assert budget.held_by is UpstreamRateLimited


async def test_the_allowance_heard_last_counts_but_for_news_of_its_own(budget, table, monkeypatch):
    monkeypatch.setattr(platforms.budget_shared, "_LINGERING", 0.0)
    theirs = Quota(used=5, limit=100, resets_at=datetime(2026, 11, 21, tzinfo=UTC))
    table.says(heard(1, 0, 0, 0, quota=written(theirs)))
    await within(5, budget.take(READ))
    assert budget.quota == theirs
    table.silent = asyncio.Event()
    budget.give_back()
    await table.heard(lambda said: said.number == 2)
    ours = Quota(used=6, limit=100)
    budget.quota_seen(ours)
    table.silent.set()
    assert (await table.heard(lambda said: said.number == 3)).quota == written(ours)


async def test_what_another_version_left_there_is_a_failure_like_others(budget, table):
    table.says(heard(1, 0, 0, 0, quota='{"used": "many"}'))
    assert await within(5, budget.take(READ))
    assert budget.take_now(READ) is False, "a quarter of six places is one"


async def test_who_leaves_says_so_and_keeps_to_its_share(budget_of, table):
    budget = budget_of(slots=8)
    table.says(all_that_fit)
    await within(5, budget.take(READ))
    await budget.leave()
    budget.give_back()
    assert table.left
    assert budget.take_now(READ)
    assert len(table.words) == 1
