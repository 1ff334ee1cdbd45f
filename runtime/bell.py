"""A bell that says "look": it carries nothing, and whoever misses it looks a little later by itself."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from uuid import uuid4

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from runtime.redis import connect_redis

PAUSE_SECONDS = 1.0
"""Before a lost connection is tried again."""
BURST_SECONDS = 0.1
"""Ringing that comes sooner than this after a look is heard as one: each look costs as much as what it looks for."""
PATIENCE_SECONDS = 0.5
"""For one look at what others rang; below the time that our client gives the server for an answer."""

Ear = Callable[[], None]


class Bell:
    """Heard in this process, by whoever listens; on one event loop."""

    def __init__(self) -> None:
        self._ears: list[Ear] = []

    def listen(self, ear: Ear) -> None:
        self._ears.append(ear)

    def leave(self, ear: Ear) -> None:
        with suppress(ValueError):
            self._ears.remove(ear)

    def ring(self, *, but: Ear | None = None) -> None:
        for ear in tuple(self._ears):
            if ear is not but:
                ear()


class Hearing:
    """What a single listener has heard since it last looked; `ring` is its ear. It looks every `seconds` anyway.

    `burst`: seconds that it rests after each look, so that ringing in quick succession is heard as one.
    """

    def __init__(self, *, seconds: float, burst: float = 0.0) -> None:
        self._seconds = seconds
        self._burst = burst
        self._heard = asyncio.Event()
        self.ring: Ear = self._heard.set

    async def rung(self) -> None:
        """Returns once there was ringing since the last return, or the time is over."""
        await asyncio.sleep(self._burst)
        with suppress(TimeoutError):
            async with asyncio.timeout(self._seconds):
                await self._heard.wait()
        self._heard.clear()


class SharedBell:
    """Lets the bells of several processes ring together over Redis or Valkey, on one channel.

    Whatever state the server is in, ringing waits for nothing and never fails: others then look by themselves.
    """

    def __init__(self, bell: Bell, url: str, channel: str) -> None:
        self._bell = bell
        self._url = url
        self._channel = channel
        self._name = uuid4().hex.encode()
        self._rung = asyncio.Event()
        self._ear = self._rung.set
        self._troubled = False

    async def run(self) -> None:
        """Until it is cancelled."""
        client = connect_redis(self._url)
        self._bell.listen(self._ear)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._tell(client))
                group.create_task(self._hear(client))
        finally:
            self._bell.leave(self._ear)
            await client.aclose()

    async def _tell(self, client: Redis) -> None:
        while not _is_to_end():
            await self._rung.wait()
            self._rung.clear()
            try:
                await client.publish(self._channel, self._name)
            except (RedisError, OSError) as error:
                await self._rest(error)

    async def _hear(self, client: Redis) -> None:
        while not _is_to_end():
            try:
                async with client.pubsub(ignore_subscribe_messages=True) as others:
                    await others.subscribe(self._channel)
                    self._troubled = False
                    while not _is_to_end():
                        message = await others.get_message(timeout=PATIENCE_SECONDS)
                        if message is not None and message["data"] != self._name:
                            self._bell.ring(but=self._ear)
            except (RedisError, OSError) as error:
                await self._rest(error)

    async def _rest(self, error: Exception) -> None:
        if not self._troubled:  # once, not every second
            structlog.get_logger().warning("can't hear other processes for now", why=type(error).__name__)
        self._troubled = True
        await asyncio.sleep(PAUSE_SECONDS)


def _is_to_end() -> bool:
    """Whether this task was cancelled. `wait_for` of Python 3.11, which redis-py uses, swallows that where it meets the
    end of what is waited for.
    """
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
