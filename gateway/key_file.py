"""Takes on the keys of a file whenever it changes, while the gateway runs."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import structlog

from gateway.keys import ApiKey, KeyRing

SECONDS = 2.0
"""Between two looks at the file."""
Stamp = tuple[int, int, int]


class KeyFile:
    """`read` gives all keys of the installation as they are now; ValueError: the file can't be used, and why.

    Then those that it held before stay good: a file that is just being written must not lock everybody out.
    """

    def __init__(self, ring: KeyRing, path: Path, read: Callable[[], Iterable[ApiKey]]) -> None:
        self._ring = ring
        self._path = path
        self._read = read
        self._seen: Stamp | None = None

    @asynccontextmanager
    async def followed(self) -> AsyncIterator[None]:
        """Within the block it is looked at again and again."""
        following = asyncio.create_task(self._follow())
        try:
            yield
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)

    async def _follow(self) -> None:
        while True:
            await self.look()
            await asyncio.sleep(SECONDS)

    async def look(self) -> None:
        stamp = await asyncio.to_thread(self._stamp)
        if stamp == self._seen:
            return
        try:
            keys = await asyncio.to_thread(lambda: tuple(self._read()))
        except ValueError as error:
            structlog.get_logger().warning("the file of keys can't be used: the keys stay as they were", why=str(error))
        else:
            self._ring.replace(keys)
        self._seen = stamp  # that of before it was read: what has changed meanwhile is seen next time

    def _stamp(self) -> Stamp | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino
