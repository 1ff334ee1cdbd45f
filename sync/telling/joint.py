"""Reads that many ask for in the same moment: everybody gets one that began after they had asked, and few are made."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")


class JointReads:
    """Of one kind at a time, by a key: while one is under way, whoever comes waits for the next, together."""

    def __init__(self) -> None:
        self._under_way: dict[Hashable, asyncio.Task[Any]] = {}
        self._next: dict[Hashable, asyncio.Task[Any]] = {}

    async def get(self, key: Hashable, read: Callable[[], Awaitable[T]]) -> T:
        """What the read finds, or raises."""
        task: asyncio.Task[T] | None = self._next.get(key)
        if task is None:
            task = self._next[key] = asyncio.create_task(self._made(key, read))
            task.add_done_callback(lambda done: self._end(key, done))
        return await asyncio.shield(task)  # others may wait for it

    async def _made(self, key: Hashable, read: Callable[[], Awaitable[T]]) -> T:
        earlier = self._under_way.get(key)
        if earlier is not None:
            await asyncio.wait([earlier])
        self._under_way[key] = self._next.pop(key)
        return await read()

    def _end(self, key: Hashable, task: asyncio.Task[Any]) -> None:
        if self._under_way.get(key) is task:
            del self._under_way[key]
        if not task.cancelled():
            task.exception()  # whoever waited for it may have left
