"""Budgets that all processes of an installation share through Redis or Valkey."""

import asyncio
import secrets
from contextlib import suppress

from redis.asyncio import Redis
from redis.exceptions import RedisError

from platforms.budget_exchange import PREFIX, Exchange
from platforms.budget_shared import PATIENCE, SharedBudget
from runtime.clock import Clock
from runtime.redis import connect_redis


def redis_budgets(redis: Redis | str, *, prefix: str = PREFIX) -> "RedisBudgets":
    """Budgets for the platforms of this process, for `platforms.registry.connect(..., budgets=...)`.

    `redis` is a URL or a client that leaves answers undecoded; a client given stays the giver's to close. One event
    loop uses the result, so a process with several loops makes one for each. `prefix` begins every key, which a
    platform's name ends.
    """
    return RedisBudgets(redis, prefix)


class RedisBudgets:
    """A process's seats at its platforms' tables; close it when the platforms are closed."""

    def __init__(self, redis: Redis | str, prefix: str) -> None:
        self._redis = connect_redis(redis) if isinstance(redis, str) else redis
        self._own = isinstance(redis, str)
        self._prefix = prefix
        self._process = secrets.token_hex(8)
        self._budgets: list[SharedBudget] = []

    def __call__(self, platform: str, *, slots: int, clock: Clock) -> SharedBudget:
        table = Exchange(self._redis, platform, self._process, prefix=self._prefix)
        budget = SharedBudget(platform, table, slots=slots, clock=clock)
        self._budgets.append(budget)
        return budget

    async def aclose(self) -> None:
        """Gives up the seats. Never raises for what Redis does, and waits for it but a moment."""
        await asyncio.gather(*(budget.leave() for budget in self._budgets))
        if self._own:
            with suppress(RedisError, OSError, TimeoutError):
                async with asyncio.timeout(PATIENCE):
                    await self._redis.aclose()
