"""What a process that takes or does work needs beside platforms and ledger: shared budgets, and its workshop."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from platforms.budget import Budgets
from platforms.budget_redis import redis_budgets
from runtime.settings import Settings
from sync.workshop import Workshop


@asynccontextmanager
async def shared_budgets(settings: Settings) -> AsyncIterator[Budgets | None]:
    """What processes share of each platform's places and quota, where a Redis is configured; else None."""
    url = settings.broker.url or settings.cache.url
    if url is None:
        yield None
        return
    budgets = redis_budgets(url.get_secret_value())
    try:
        yield budgets
    finally:
        await budgets.aclose()


@asynccontextmanager
async def working(shop: Workshop) -> AsyncIterator[None]:
    """Runs are announced, and worked on where this process does that, from entering to leaving."""
    await shop.start()
    try:
        yield
    finally:
        await shop.stop()
