"""Whatever state Redis is in, a call to it ends soon and says why."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from redis.exceptions import TimeoutError as RedisTimeoutError

import runtime.redis
from runtime.redis import connect_redis, probe_redis


@pytest.fixture
async def frozen() -> AsyncIterator[str]:
    """The URL of a server that accepts connections and never answers."""
    released = asyncio.Event()

    async def ignore(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await released.wait()
        writer.close()

    server = await asyncio.start_server(ignore, "127.0.0.1", 0)
    yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"
    released.set()
    server.close()
    await server.wait_closed()


async def test_a_frozen_server_times_out(frozen: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime.redis, "ANSWER_SECONDS", 0.02)
    client = connect_redis(frozen)
    try:
        async with asyncio.timeout(5):
            with pytest.raises(RedisTimeoutError):
                await client.get("key")
    finally:
        await client.aclose()


async def test_the_probe_tells_a_frozen_server(frozen: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime.redis, "ANSWER_SECONDS", 0.02)
    assert await probe_redis(frozen) == "no answer within 0.02 s"


async def test_the_probe_tells_a_server_that_is_not_there(unused_tcp_port: int) -> None:
    assert await probe_redis(f"redis://:hunter2@127.0.0.1:{unused_tcp_port}/0") == "no connection"


async def test_the_probe_tells_a_refused_password(redis_url: str) -> None:
    why = await probe_redis(redis_url.replace("//", "//somebody:hunter2@"))
    assert why == "it refuses the password"
