"""Waits until every record has been looked at once, so that each change is told with what was before."""

import asyncio

from schema.errors import LedgerUnavailable
from sync.ledger.port import Ledger

_PAUSE = 0.1


async def all_known(ledger: Ledger, *, seconds: float) -> None:
    """Of the feeds that the installation has. TimeoutError where that takes longer."""
    async with asyncio.timeout(seconds):
        while not await _known(ledger):  # noqa: ASYNC110 - another process does it, maybe
            await asyncio.sleep(_PAUSE)


async def _known(ledger: Ledger) -> bool:
    try:
        feeds = await ledger.feeds.all()
    except LedgerUnavailable:
        return False
    return bool(feeds) and all(feed.round_at is not None and feed.backfill is None for feed in feeds)
