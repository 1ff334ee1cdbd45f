"""What the processes that call one platform tell each other through Redis or Valkey, in one round trip.

All that is shared stands in one hash per platform. A process says what it has and what it wants, always in full: what
was lost on the way, or with Redis' memory, is made good by its next word. Redis' own clock counts.
"""

from collections.abc import Callable
from hashlib import sha1
from pathlib import Path

import msgspec
from redis.asyncio import Redis
from redis.exceptions import NoScriptError

from platforms.quota import Quota

PREFIX = "crosswalk:budget:1:"
"""Of the keys. The number goes up when two versions of this module would misunderstand each other."""
LEASE_SECONDS = 5.0
"""After this silence the places of a process are taken for free: it was killed."""
RENEWAL_SECONDS = 1.0
"""Whoever has places speaks at least so often."""
SETTLING_SECONDS = 1.25
"""After Redis has forgotten everything nobody is admitted for so long: time for each to say again what it has."""
MARK_SECONDS = 0.25
"""After this silence nobody stands back any more for those who wait in a process."""
PRESENCE_SECONDS = 30.0
"""After this silence a process no longer counts as one that shares."""


class Said(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One process's word. The tuples are by class, the most urgent first.

    `number` rises with every word, so that one which arrives late is told from the last one; `known` says that the last
    is so short ago that the process must still be known. `held` are the places it has, `waits` its callers without one,
    `waited` the milliseconds of the first of each. `pause` is in milliseconds, `paused_by` the code of the answer that
    asked for it. `quota` is a quota as JSON where there is news of it.
    """

    number: int
    known: bool = False
    caps: tuple[int, ...]
    held: int
    waits: tuple[int, ...]
    waited: tuple[int, ...]
    pause: int = 0
    paused_by: str = ""
    quota: str = ""


class Heard(msgspec.Struct, frozen=True, array_like=True):
    """The answer: how many callers of each class may go, and what the others know.

    `free` are the places that nobody wants. `processes` counts this one too; 0: the word came too late to count.
    """

    admitted: tuple[int, ...]
    free: int
    processes: int
    pause: int
    paused_by: str
    quota: str


class Exchange:
    """One process's seat at one platform's table.

    `clock` tells milliseconds and stands in for Redis' own, where nothing else is to count.
    """

    def __init__(
        self,
        redis: Redis,
        platform: str,
        process: str,
        *,
        prefix: str = PREFIX,
        clock: Callable[[], int] | None = None,
    ) -> None:
        self._redis = redis
        self._key = f"{prefix}{platform}"
        self._process = process
        self._clock = clock

    async def tell(self, said: Said) -> Heard:
        """Raises RedisError or OSError where Redis fails, and MsgspecError where what stands there isn't ours."""
        now = 0 if self._clock is None else self._clock()
        word = _encode((self._process, said, now, *_SPANS))
        try:
            answer = await self._redis.evalsha(_DIGEST, 1, self._key, word)
        except NoScriptError:
            answer = await self._redis.eval(_SCRIPT, 1, self._key, word)
        return _heard.decode(answer)

    async def leave(self) -> None:
        """Says that this process is gone, with all that it had."""
        await self._redis.hdel(self._key, f"@{self._process}")


def written(quota: Quota) -> str:
    return msgspec.json.encode(quota).decode()


def read(quota: str) -> Quota:
    return _quota.decode(quota)


_encode: Callable[[object], bytes] = msgspec.msgpack.Encoder().encode
_heard = msgspec.msgpack.Decoder(Heard)
_quota = msgspec.json.Decoder(Quota)
_SCRIPT = Path(__file__).with_suffix(".lua").read_text(encoding="utf-8")
_DIGEST = sha1(_SCRIPT.encode(), usedforsecurity=False).hexdigest()
_SPANS = tuple(int(seconds * 1000) for seconds in (LEASE_SECONDS, MARK_SECONDS, PRESENCE_SECONDS, SETTLING_SECONDS))
