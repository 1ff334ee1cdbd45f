"""Branches of one operation share reads by keys, and leave each other alone."""

import asyncio

import pytest

from resolvers.run.loaders import Loader
from resolvers.run.reads import Keyed


@pytest.fixture
def asked() -> list[list[str]]:
    return []


@pytest.fixture
def loader(asked, memory) -> Loader:
    async def read(keys: list[str]) -> Keyed:
        asked.append(keys)
        for _ in range(5):
            await asyncio.sleep(0)
        return Keyed()

    return Loader(None, read)  # type: ignore[arg-type]  # no row is looked at


async def test_keys_of_one_turn_are_read_together(loader, asked):
    await asyncio.gather(loader.load(["a", "b"]), loader.load(["b", "c"]))
    await loader.load(["c", "a"])
    assert asked == [["a", "b", "c"]]


async def test_a_branch_that_is_given_up_does_not_take_the_read_from_another(loader, asked):
    given_up = asyncio.create_task(loader.load(["a"]))
    other = asyncio.create_task(loader.load(["a", "b"]))
    for _ in range(4):
        await asyncio.sleep(0)
    assert asked
    given_up.cancel()
    assert len(await other) == 2
    with pytest.raises(asyncio.CancelledError):
        await given_up


async def test_closing_ends_the_reads(loader, asked):
    waiting = asyncio.create_task(loader.load(["a"]))
    for _ in range(4):
        await asyncio.sleep(0)
    assert asked
    loader.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_an_operation_that_ends_before_its_keys_went_out_asks_nobody(loader, asked):
    waiting = asyncio.create_task(loader.load(["a"]))
    await asyncio.sleep(0)
    assert not asked
    loader.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    for _ in range(4):
        await asyncio.sleep(0)
    assert not asked
