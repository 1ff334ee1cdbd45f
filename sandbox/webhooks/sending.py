"""Sends the platforms' changes to whoever subscribed: again where they aren't taken, and as badly as was asked for."""

import asyncio
import http.client
import json
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import count
from random import Random
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from sandbox.platform import EmulatedPlatform
from sandbox.webhooks.signing import headers
from sandbox.webhooks.subscriptions import Subscription
from sandbox.webhooks.watching import Changed, Watch

_SECONDS = 10.0
_FIRST_PAUSE = 0.2
"""Before a message that wasn't taken is sent again; twice as long each time."""
_AT_ONCE = 8


class Webhooks:
    """All subscriptions of a world, on one event loop. `wall`: the time that messages are signed with."""

    def __init__(self, platforms: Mapping[str, EmulatedPlatform], wall: Callable[[], datetime]) -> None:
        self._platforms = platforms
        self._wall = wall
        self._numbers = count(1)
        self._subscriptions: dict[str, _Outgoing] = {}
        self._watches: dict[str, Watch] = {}

    def __iter__(self) -> Iterator[Subscription]:
        return iter([outgoing.subscription for outgoing in self._subscriptions.values()])

    @property
    def senders(self) -> list[str]:
        return [name for name, platform in self._platforms.items() if platform.scripted]

    def next_id(self) -> str:
        return f"webhook-{next(self._numbers)}"

    def add(self, subscription: Subscription) -> None:
        """Each change from now on is sent."""
        platform = self._platforms[subscription.platform]
        self._subscriptions[subscription.id] = _Outgoing(subscription, platform, self._wall)
        if platform.name not in self._watches:
            self._watches[platform.name] = Watch(platform.tables, lambda changed: self._tell(platform.name, changed))

    def remove(self, subscription_id: str) -> bool:
        """What hasn't left yet never does."""
        outgoing = self._subscriptions.pop(subscription_id, None)
        if outgoing is None:
            return False
        outgoing.stop()
        platform = outgoing.subscription.platform
        if all(each.subscription.platform != platform for each in self._subscriptions.values()):
            self._watches.pop(platform).end()
        return True

    def clear(self) -> None:
        for subscription_id in list(self._subscriptions):
            self.remove(subscription_id)

    def _tell(self, platform: str, changed: Sequence[Changed]) -> None:
        for outgoing in self._subscriptions.values():
            if outgoing.subscription.platform == platform:
                outgoing.tell(changed)


class _Outgoing:
    """The messages of one subscription."""

    def __init__(self, subscription: Subscription, platform: EmulatedPlatform, wall: Callable[[], datetime]) -> None:
        self.subscription = subscription
        self._platform = platform
        self._wall = wall
        self._dice = Random(subscription.id)
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix=subscription.id)
        self._turn = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    def tell(self, changed: Sequence[Changed]) -> None:
        asked = self.subscription
        for each in changed:
            if each.entity not in asked.entities:
                continue
            if self._dice.random() < asked.drop:
                asked.counts["dropped"] += 1
                continue
            body = json.dumps(self._platform.message(each.entity, each.id, each.change)).encode()
            message_id = f"msg_{UUID(int=self._dice.getrandbits(128), version=4).hex}"
            for _ in range(1 + asked.duplicates):
                asked.counts["pending"] += 1
                self._go_on(self._send(message_id, body, asked.delay + self._dice.random() * asked.reorder))

    def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _go_on(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _send(self, message_id: str, body: bytes, seconds: float) -> None:
        asked = self.subscription
        try:
            await asyncio.sleep(seconds)
            if asked.reorder:
                taken = await self._attempt(message_id, body)
            else:
                async with self._turn:
                    taken = await self._attempt(message_id, body)
            for number in range(1, asked.tries):
                if taken:
                    break
                await asyncio.sleep(_FIRST_PAUSE * 2 ** (number - 1))
                taken = await self._attempt(message_id, body)
            asked.counts["taken" if taken else "failed"] += 1
        finally:
            asked.counts["pending"] -= 1

    async def _attempt(self, message_id: str, body: bytes) -> bool:
        """Each is signed anew, as the time in it is that of the attempt."""
        asked = self.subscription
        at = self._wall() + timedelta(seconds=asked.skew)
        signed = headers(asked.key, message_id=message_id, at=at, body=body)
        sent = {"Content-Type": "application/json", "User-Agent": self._platform.user_agent, **signed}
        asked.counts["sent"] += 1
        return await asyncio.get_running_loop().run_in_executor(self._threads, _post, asked.url, body, sent)


def _post(url: str, body: bytes, sent: Mapping[str, str]) -> bool:
    """Whether it was taken."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=_SECONDS)
    try:
        connection.request("POST", parts.path or "/", body, dict(sent))
        answer = connection.getresponse()
        answer.read()
    except (OSError, http.client.HTTPException):
        return False
    else:
        return 200 <= answer.status < 300
    finally:
        connection.close()
