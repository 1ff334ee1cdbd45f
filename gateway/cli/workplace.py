"""What a process that takes or does work needs beside the platforms: the ledger, shared budgets, and its workshop."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gateway.cli.refusal import Refusal
from platforms.budget import Budgets
from platforms.budget_redis import redis_budgets
from runtime.clock import Clock
from runtime.database import DatabaseUrlError
from runtime.settings import Settings
from schema.errors import LedgerUnavailable
from sync.ledger.database import DatabaseLedger, open_ledger
from sync.ledger.migrating import LedgerVersionError, prepare
from sync.workshop import Workshop


@asynccontextmanager
async def opened_ledger(settings: Settings, clock: Clock) -> AsyncIterator[DatabaseLedger]:
    """The ledger that the settings name; Refusal where this version can't work with it."""
    url = settings.ledger.url.get_secret_value()
    try:
        await prepare(url)
    except (DatabaseUrlError, LedgerVersionError) as error:
        raise Refusal(f"ledger: {error}") from None
    except LedgerUnavailable as error:
        raise Refusal(f"ledger: {error.detail}", "is the database running, and ledger.url right?") from None
    ledger = open_ledger(url, clock=clock)
    try:
        yield ledger
    finally:
        await ledger.close()


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
