"""A bell is heard in its process, and in others where a server connects them; without it nothing waits or fails."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import redis

import runtime.bell
from runtime.bell import Bell, Hearing, SharedBell

CHANNEL = "a channel"
PATIENCE = 60.0


@asynccontextmanager
async def shared(bell: Bell, url: str) -> AsyncIterator[asyncio.Task[None]]:
    running = asyncio.create_task(SharedBell(bell, url, CHANNEL).run())
    yield running
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def listeners(url: str, number: int, channel: str = CHANNEL) -> None:
    """Returns once so many processes listen."""
    with redis.Redis.from_url(url) as client:
        async with asyncio.timeout(PATIENCE):
            while client.pubsub_numsub(channel)[0][1] < number:  # noqa: ASYNC110 - another process's state
                await asyncio.sleep(0.01)


def test_whoever_listens_hears_it_until_they_leave() -> None:
    bell, heard = Bell(), []
    first, second = (lambda: heard.append(1)), (lambda: heard.append(2))
    bell.listen(first)
    bell.listen(second)
    bell.ring()
    bell.leave(first)
    bell.leave(first)
    bell.ring()
    bell.ring(but=second)
    assert heard == [1, 2, 2]


async def test_bells_of_several_processes_ring_together(redis_url: str) -> None:
    here, there = Bell(), Bell()
    heard_here, heard_there = asyncio.Event(), asyncio.Event()
    here.listen(heard_here.set)
    there.listen(heard_there.set)
    async with shared(here, redis_url), shared(there, redis_url), asyncio.timeout(PATIENCE):
        await listeners(redis_url, 2)
        for bell, heard in ((here, heard_there), (there, heard_here)):
            bell.ring()
            await heard.wait()
            heard_here.clear()
            heard_there.clear()


async def test_it_rings_again_once_the_server_is_back(
    redis_url: str, unused_tcp_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtime.bell, "PAUSE_SECONDS", 0.01)
    here, there = Bell(), Bell()
    heard, heard_here = asyncio.Event(), asyncio.Event()
    there.listen(heard.set)
    here.listen(heard_here.set)
    async with shared(here, redis_url), shared(there, redis_url), asyncio.timeout(PATIENCE):
        await listeners(redis_url, 2)
        with redis.Redis.from_url(redis_url) as client:
            client.client_kill_filter(_type="pubsub")
        await listeners(redis_url, 2)
        here.ring()
        await heard.wait()
    async with shared(here, f"redis://127.0.0.1:{unused_tcp_port}/0") as running:
        heard_here.clear()
        here.ring()
        assert heard_here.is_set()
        done, _ = await asyncio.wait([running], timeout=0.1)
        assert not done


async def test_it_ends_when_it_is_told_to_at_whatever_moment(redis_url: str) -> None:
    """Also while it rings: redis-py may swallow a cancellation."""
    bell = Bell()
    running = [asyncio.create_task(SharedBell(bell, redis_url, CHANNEL).run()) for _ in range(40)]
    await listeners(redis_url, 40)
    for each in running:
        bell.ring()
        await asyncio.sleep(0.01)
        bell.ring()
        await asyncio.sleep(0)
        each.cancel()
    done, _ = await asyncio.wait(running, timeout=10)
    assert len(done) == len(running)


async def test_who_listens_misses_nothing_that_rang_while_it_looked() -> None:
    hearing = Hearing(seconds=60.0)
    hearing.ring()
    hearing.ring()
    async with asyncio.timeout(5):
        await hearing.rung()
        hearing.ring()  # while it looks at what was rung for before
        await hearing.rung()


async def test_who_listens_looks_now_and_then_where_nothing_rings() -> None:
    async with asyncio.timeout(5):
        await Hearing(seconds=0.001).rung()
