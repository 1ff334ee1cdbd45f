"""Everybody gets a read that began after they had asked, and few are made."""

import asyncio

import pytest

from sync.telling.joint import JointReads


class Source:
    """Counts reads, each of which ends when it is told to."""

    def __init__(self) -> None:
        self.begun = 0
        self.let_go = asyncio.Semaphore(0)

    async def read(self) -> int:
        self.begun += 1
        number = self.begun
        await self.let_go.acquire()
        if number == 4:
            raise KeyError("gone")
        return number


async def turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_who_comes_while_one_is_under_way_gets_the_next_together() -> None:
    joint, source = JointReads(), Source()
    first = [asyncio.create_task(joint.get("a", source.read)) for _ in range(10)]
    await turns()
    later = [asyncio.create_task(joint.get("a", source.read)) for _ in range(10)]
    await turns()
    assert source.begun == 1
    source.let_go.release()
    assert await asyncio.gather(*first) == [1] * 10
    source.let_go.release()
    assert await asyncio.gather(*later) == [2] * 10
    assert (joint._under_way, joint._next) == ({}, {})


async def test_other_keys_wait_for_nobody() -> None:
    joint, source = JointReads(), Source()
    tasks = [asyncio.create_task(joint.get(key, source.read)) for key in "ab"]
    await turns()
    assert source.begun == 2
    for _ in tasks:
        source.let_go.release()
    assert sorted(await asyncio.gather(*tasks)) == [1, 2]


async def test_a_failure_is_everybodys_and_the_next_read_is_another() -> None:
    joint, source = JointReads(), Source()
    source.begun = 3
    tasks = [asyncio.create_task(joint.get("a", source.read)) for _ in range(3)]
    source.let_go.release()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(each) for each in found] == [KeyError] * 3
    source.let_go.release()
    assert await joint.get("a", source.read) == 5


async def test_one_who_leaves_takes_nothing_from_the_others() -> None:
    joint, source = JointReads(), Source()
    leaving, staying = (asyncio.create_task(joint.get("a", source.read)) for _ in range(2))
    await turns()
    leaving.cancel()
    source.let_go.release()
    assert await staying == 1
    with pytest.raises(asyncio.CancelledError):
        await leaving
