"""An answer is made once for all who wait for it, and not at all once nobody does."""

import asyncio

import pytest

from resolvers.engine_port import Answer
from resolvers.subscriptions.sharing import SharedAnswers


class Kitchen:
    """Makes answers when it is told to."""

    def __init__(self) -> None:
        self.made = 0
        self.given_up = 0
        self.ready = asyncio.Event()
        self.error: Exception | None = None

    async def make(self) -> Answer:
        self.made += 1
        try:
            await self.ready.wait()
        except asyncio.CancelledError:
            self.given_up += 1
            raise
        if self.error is not None:
            raise self.error
        return Answer(body=b"%d" % self.made)


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_all_who_wait_for_the_same_get_one_answer() -> None:
    kitchen, shared = Kitchen(), SharedAnswers(seconds=60)
    waiting = [asyncio.create_task(shared.answer("a", kitchen.make)) for _ in range(5)]
    other = asyncio.create_task(shared.answer("b", kitchen.make))
    await settle()
    kitchen.ready.set()
    assert {(await each).body for each in waiting} == {b"2"}
    await other
    assert (await shared.answer("a", kitchen.make)).body == b"2"
    assert kitchen.made == 2


async def test_an_answer_is_kept_for_a_moment_only() -> None:
    kitchen, shared = Kitchen(), SharedAnswers(seconds=0)
    kitchen.ready.set()
    await shared.answer("a", kitchen.make)
    await settle()
    assert not shared._shared
    await shared.answer("a", kitchen.make)
    assert kitchen.made == 2


async def test_few_are_kept() -> None:
    kitchen, shared = Kitchen(), SharedAnswers(seconds=60, most=3)
    kitchen.ready.set()
    for number in range(10):
        await shared.answer(number, kitchen.make)
    await settle()
    assert len(shared._shared) == 3


async def test_one_who_leaves_takes_nothing_from_the_others_and_the_last_one_ends_it() -> None:
    kitchen, shared = Kitchen(), SharedAnswers(seconds=60)
    first, second = [asyncio.create_task(shared.answer("a", kitchen.make)) for _ in range(2)]
    await settle()
    first.cancel()
    await settle()
    assert kitchen.given_up == 0
    second.cancel()
    await settle()
    assert kitchen.given_up == 1
    kitchen.ready.set()
    assert (await shared.answer("a", kitchen.make)).body == b"2"


async def test_an_error_is_everybodys_and_isnt_kept() -> None:
    kitchen, shared = Kitchen(), SharedAnswers(seconds=60)
    kitchen.error = LookupError("no")
    kitchen.ready.set()
    found = await asyncio.gather(*(shared.answer("a", kitchen.make) for _ in range(3)), return_exceptions=True)
    assert [type(each) for each in found] == [LookupError] * 3
    kitchen.error = None
    assert (await shared.answer("a", kitchen.make)).body == b"2"


async def test_the_maker_is_whoever_comes_first() -> None:
    shared = SharedAnswers(seconds=60)

    async def refuse() -> Answer:
        raise PermissionError

    with pytest.raises(PermissionError):
        await shared.answer("a", refuse)
