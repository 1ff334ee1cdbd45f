"""Identical reads share one call, and nobody's leaving disturbs the others."""

import asyncio

import pytest

from platforms.call_log import UpstreamCall, upstream_calls
from platforms.deadline import operation_deadline, until
from platforms.shared_calls import SharedCalls
from schema.errors import DeadlineExceeded, UpstreamUnavailable


class Read:
    """A read that ends when told, and remembers how often it was begun and cancelled."""

    def __init__(self) -> None:
        self.begun = 0
        self.cancelled = 0
        self.answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def __call__(self) -> str:
        self.begun += 1
        try:
            return await asyncio.shield(self.answer)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise


@pytest.fixture
async def read() -> Read:
    return Read()


@pytest.fixture
def shared(clock) -> SharedCalls[str]:
    return SharedCalls(clock)


async def started(*calls) -> list[asyncio.Task]:
    tasks = [asyncio.create_task(call) for call in calls]
    for _ in range(3):
        await asyncio.sleep(0)
    return tasks


async def test_one_call_answers_all_who_ask_the_same(shared, read):
    tasks = await started(*(shared.share("k", read) for _ in range(50)))
    read.answer.set_result("rows")
    assert await asyncio.gather(*tasks) == ["rows"] * 50
    assert read.begun == 1


async def test_another_key_is_another_call_and_nothing_is_kept_afterwards(shared, read):
    read.answer.set_result("rows")
    await asyncio.gather(shared.share("a", read), shared.share("b", read))
    await shared.share("a", read)
    assert read.begun == 3


async def test_a_caller_who_leaves_doesnt_disturb_the_others(shared, read):
    first, second, third = await started(*(shared.share("k", read) for _ in range(3)))
    first.cancel()
    third.cancel()
    await asyncio.wait({first, third})
    read.answer.set_result("rows")
    assert await second == "rows"
    assert read.cancelled == 0


async def test_when_the_last_one_leaves_the_call_is_cancelled_and_the_next_starts_anew(shared, read):
    tasks = await started(*(shared.share("k", read) for _ in range(3)))
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    newcomer = asyncio.create_task(shared.share("k", read))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    read.answer.set_result("rows")
    assert await newcomer == "rows"
    assert (read.begun, read.cancelled) == (2, 1)


async def test_a_failure_reaches_everyone_and_isnt_kept(shared, read):
    tasks = await started(*(shared.share("k", read) for _ in range(3)))
    read.answer.set_exception(UpstreamUnavailable("down", platform="crm"))
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [UpstreamUnavailable] * 3
    read.answer = asyncio.get_running_loop().create_future()
    read.answer.set_result("up again")
    assert await shared.share("k", read) == "up again"


async def test_each_caller_waits_until_its_own_deadline(shared, read, clock):
    async def hurried() -> str:
        with until(clock.monotonic() + 0.005):
            return await shared.share("k", read)

    first, second = await started(hurried(), shared.share("k", read))
    with pytest.raises(DeadlineExceeded):
        await first
    read.answer.set_result("rows")
    assert await second == "rows"
    assert read.cancelled == 0


async def test_the_shared_call_itself_knows_no_deadline(shared, clock):
    async def call() -> str:
        return str(operation_deadline.get())

    with until(clock.monotonic() + 5):
        assert await shared.share("k", call) == "None"


async def test_every_caller_hears_of_the_call_and_the_joined_ones_that_it_was_shared(shared, read):
    async def logged() -> list[UpstreamCall]:
        upstream_calls.set([])
        await shared.share("k", call)
        return upstream_calls.get()

    async def call() -> str:
        answer = await read()
        upstream_calls.get().append(
            UpstreamCall(platform="crm", route="/query", statement="SELECT", ms=1.0, status=200, attempt=1)
        )
        return answer

    tasks = await started(logged(), logged())
    read.answer.set_result("rows")
    first, second = await asyncio.gather(*tasks)
    assert [c.shared for c in first] == [False]
    assert [c.shared for c in second] == [True]


async def test_a_failure_that_nobody_waits_for_any_more_is_silent(shared, caplog):
    async def stubborn() -> str:
        try:
            return await asyncio.Future()
        except asyncio.CancelledError:
            raise UpstreamUnavailable("late", platform="crm") from None

    (task,) = await started(shared.share("k", stubborn))
    task.cancel()
    await asyncio.wait({task})
    await asyncio.sleep(0)
    assert caplog.records == []
