"""The ledger that the settings name, for a command to work with."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gateway.cli.refusal import Refusal
from runtime.clock import Clock, SystemClock
from runtime.database import DatabaseUrlError, sqlite_path
from runtime.settings import Settings
from schema.errors import LedgerUnavailable
from sync.ledger.database import DatabaseLedger, open_ledger
from sync.ledger.migrating import LedgerVersionError, prepare


@asynccontextmanager
async def opened_ledger(settings: Settings, clock: Clock) -> AsyncIterator[DatabaseLedger]:
    """A new file gets its tables. Refusal where this version can't work with what is there."""
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
async def existing_ledger(settings: Settings) -> AsyncIterator[DatabaseLedger]:
    """For who only looks into it. Refusal where there is none: a mistyped path must not look like an empty ledger."""
    try:
        path = sqlite_path(settings.ledger.url.get_secret_value())
    except DatabaseUrlError as error:
        raise Refusal(f"ledger: {error}") from None
    if path is not None and not path.exists():
        raise Refusal(f"ledger: there is no file {path}; correct ledger.url, or start the gateway, which makes it")
    async with opened_ledger(settings, SystemClock()) as ledger:
        try:
            yield ledger
        except LedgerUnavailable as error:
            raise Refusal(f"ledger: {error.detail}") from None
