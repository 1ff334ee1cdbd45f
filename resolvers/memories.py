"""Where earlier reads are kept: in the process, or in Redis for all gateways alike."""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import msgspec
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from platforms.readers import Projection
from resolvers.freshness import Kept, Shelf
from runtime.clock import Clock

PATIENCE = 0.25
"""Seconds that Redis has for an answer: reading live again costs about as much."""
REST = 5.0
"""Seconds for which a Redis that failed is left alone."""
LONG_AGO = datetime.min.replace(tzinfo=UTC)
_log = structlog.get_logger(__name__)
_pack = msgspec.msgpack.Encoder().encode


class ProcessMemory:
    """Keeps the rows of the last reads, the oldest going first; `most` counts rows, an absence being one."""

    def __init__(self, clock: Clock, *, most: int, seconds: float) -> None:
        self._clock = clock
        self._most = most
        self._seconds = timedelta(seconds=seconds)
        self._kept: OrderedDict[tuple[Shelf, str], Kept] = OrderedDict()
        self._rows = 0
        self._forgotten: dict[tuple[str, str], datetime] = {}

    def __len__(self) -> int:
        return self._rows

    async def recall(self, shelf: Shelf, keys: Sequence[str], seconds: int) -> Mapping[str, Kept]:
        facet = shelf.projection.facet
        oldest = max(
            self._clock.now() - min(timedelta(seconds=seconds), self._seconds),
            self._forgotten.get((shelf.platform, facet.entity), LONG_AGO),
        )
        return {
            key: kept for key in keys if (kept := self._kept.get((shelf, key))) is not None and kept.fetched_at > oldest
        }

    def keep(self, shelf: Shelf, found: Mapping[str, Kept]) -> None:
        if not self._most:
            return
        held = self._kept
        for key, kept in found.items():
            identity = (shelf, key)
            if identity in held:
                self._rows -= len(held.pop(identity).rows) or 1
            held[identity] = kept
            self._rows += len(kept.rows) or 1
        self._make_room()

    def forget(self, platform: str, entity: str, external_id: str) -> None:  # noqa: ARG002 - lists hold it as well
        self._forgotten[platform, entity] = self._clock.now()

    async def close(self) -> None:
        self._kept.clear()
        self._rows = 0

    def _make_room(self) -> None:
        oldest = self._clock.now() - self._seconds
        while self._kept:
            identity, kept = next(iter(self._kept.items()))
            if self._rows <= self._most and kept.fetched_at > oldest:
                return
            del self._kept[identity]
            self._rows -= len(kept.rows) or 1


class _Stored(msgspec.Struct, frozen=True, array_like=True):
    """What stands in Redis under one key; `rows` are decoded once it is known as what."""

    fetched_at: datetime
    total: int | None
    more: Any
    rows: msgspec.Raw


class RedisMemory:
    """Keeps reads in Redis, where every gateway finds them. Redis failing or slow means that nothing is recalled."""

    def __init__(self, redis: "Redis", clock: Clock, *, seconds: float, prefix: str = "crosswalk:read:") -> None:
        self._redis = redis
        self._clock = clock
        self._seconds = seconds
        self._prefix = prefix
        self._stored = msgspec.msgpack.Decoder(_Stored)
        self._tasks: set[asyncio.Task[None]] = set()
        self._rests_until = 0.0
        self._forgotten: dict[tuple[str, str], datetime] = {}

    async def recall(self, shelf: Shelf, keys: Sequence[str], seconds: int) -> Mapping[str, Kept]:
        if self._resting():
            return {}
        names = [self._name(shelf, key) for key in keys]
        try:
            async with asyncio.timeout(PATIENCE):
                forgot, *values = await self._redis.mget([self._forgot_name(shelf), *names])
        except (RedisError, OSError, TimeoutError) as error:
            self._rest(error)
            return {}
        try:
            oldest = self._oldest(shelf, seconds, forgot)
            found = {
                key: self._kept(shelf.projection, _bytes(value))
                for key, value in zip(keys, values, strict=True)
                if value is not None
            }
        except (msgspec.MsgspecError, ValueError):
            return {}  # another version of ours wrote it: it is read live, and written anew
        return {key: kept for key, kept in found.items() if kept.fetched_at > oldest}

    def _oldest(self, shelf: Shelf, seconds: int, forgot: bytes | str | None) -> datetime:
        """The moment before which nothing counts: too old, or told to be forgotten, here or through Redis."""
        oldest = max(
            self._clock.now() - timedelta(seconds=min(seconds, self._seconds)),
            self._forgotten.get((shelf.platform, shelf.projection.facet.entity), LONG_AGO),
        )
        return oldest if forgot is None else max(oldest, datetime.fromisoformat(_bytes(forgot).decode()))

    def keep(self, shelf: Shelf, found: Mapping[str, Kept]) -> None:
        if self._seconds > 0 and not self._resting():
            self._later(self._store(shelf, dict(found)))

    def forget(self, platform: str, entity: str, external_id: str) -> None:  # noqa: ARG002 - lists hold it as well
        self._forgotten[platform, entity] = self._clock.now()  # holds here at once, and if Redis can't be told
        self._later(self._note_change(f"{self._prefix}forgot:{platform}:{entity}"))

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with suppress(RedisError, OSError, TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await self._redis.aclose()

    async def settled(self) -> None:
        """Waits until everything handed over so far is stored."""
        await asyncio.gather(*self._tasks)

    def _resting(self) -> bool:
        return self._clock.monotonic() < self._rests_until

    def _rest(self, error: Exception) -> None:
        """Leaves Redis alone for a while, so that a frozen one costs an operation its patience once at most."""
        self._rests_until = self._clock.monotonic() + REST
        _log.warning("cache_unavailable", error=type(error).__name__, seconds=REST)

    def _later(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _store(self, shelf: Shelf, found: Mapping[str, Kept]) -> None:
        try:
            pipeline = self._redis.pipeline(transaction=False)
            for key, kept in found.items():
                value = _pack(_Stored(kept.fetched_at, kept.total, kept.more, msgspec.Raw(_pack(kept.rows))))
                pipeline.set(self._name(shelf, key), value, px=int(self._seconds * 1000))
            async with asyncio.timeout(PATIENCE):
                await pipeline.execute()
        except (RedisError, OSError, TimeoutError) as error:
            self._rest(error)

    async def _note_change(self, name: str) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                await self._redis.set(name, self._clock.now().isoformat(), px=int(self._seconds * 1000) or 1)
        except (RedisError, OSError, TimeoutError) as error:
            self._rest(error)

    def _kept(self, projection: Projection, value: bytes) -> Kept:
        stored = self._stored.decode(value)
        return Kept(_decoder(projection.row.struct).decode(stored.rows), stored.fetched_at, stored.total, stored.more)

    def _name(self, shelf: Shelf, key: str) -> str:
        """Keys may be long, and shelves are: both go in as a digest."""
        return self._prefix + blake2b(f"{shelf.name}|{key}".encode(), digest_size=20).hexdigest()

    def _forgot_name(self, shelf: Shelf) -> str:
        return f"{self._prefix}forgot:{shelf.platform}:{shelf.projection.facet.entity}"


@lru_cache(maxsize=1_000)
def _decoder(row: type[msgspec.Struct]) -> msgspec.msgpack.Decoder[Any]:
    return msgspec.msgpack.Decoder(list[row])  # type: ignore[valid-type]


def _bytes(value: bytes | str) -> bytes:
    """What a client that leaves answers undecoded returns."""
    return value if isinstance(value, bytes) else value.encode()
