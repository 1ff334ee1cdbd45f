"""Joins what several branches of one operation ask of the same facet into one read by keys."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from platforms.readers import Projection
from resolvers.run.reads import Keyed


class Loader:
    """Collects the keys that branches ask for in one turn of the event loop, and reads them together.

    A branch waits for one future, however many keys it asks for. Keys that an earlier turn has read are not read
    again. The reads belong to the operation: `close` cancels what nobody waits for any more.
    """

    def __init__(self, projection: Projection, read: Callable[[list[str]], Awaitable[Keyed]]) -> None:
        self.projection = projection
        self._keyed = read
        self._waiting: list[tuple[dict[str, None], asyncio.Future[Keyed]]] = []
        self._asked: dict[str, asyncio.Future[Keyed]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def load(self, keys: Iterable[str]) -> list[Keyed]:
        """The reads that hold these keys; a read may hold keys of other branches as well."""
        fresh = dict.fromkeys(keys)
        reads: dict[asyncio.Future[Keyed], None] = {}
        for key in fresh.keys() & self._asked.keys():
            reads[self._asked[key]] = None
            del fresh[key]
        if fresh:
            loop = asyncio.get_running_loop()
            if not self._waiting:
                loop.call_soon(loop.call_soon, self._dispatch)  # two turns: branches started together get here
            future: asyncio.Future[Keyed] = loop.create_future()
            self._waiting.append((fresh, future))
            self._asked.update(dict.fromkeys(fresh, future))
            reads[future] = None
        # Shielded: a branch that is given up must not take the read from the branches that share it.
        return [await asyncio.shield(future) for future in reads]

    def close(self) -> None:
        for _, future in self._waiting:
            future.cancel()
        self._waiting.clear()  # a dispatch that is due already finds nothing to read
        for task in self._tasks:
            task.cancel()

    def _dispatch(self) -> None:
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        task = asyncio.get_running_loop().create_task(self._read(waiting))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _read(self, waiting: list[tuple[dict[str, None], "asyncio.Future[Keyed]"]]) -> None:
        keys = dict.fromkeys(key for asked, _ in waiting for key in asked)
        try:
            found = await self._keyed(list(keys))
        except BaseException as error:
            for _, future in waiting:
                if not future.done():
                    future.set_exception(error) if isinstance(error, Exception) else future.cancel()
            if not isinstance(error, Exception):
                raise
            return
        for _, future in waiting:
            if not future.done():
                future.set_result(found)
