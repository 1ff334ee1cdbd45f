"""The kinds of events that there are, and a plain way through them for who only looks."""

import asyncio
from collections.abc import AsyncIterator, Sequence

from sync.ledger.outcomes import EXCEPTION_EVENT, RUN_EVENT
from sync.ledger.port import Ledger
from sync.ledger.port_of_changes import change_kind
from sync.ledger.records import Event
from sync.noticing.tracked import FOLLOWED

EVENT_KINDS = (RUN_EVENT, EXCEPTION_EVENT, *map(change_kind, FOLLOWED))
PAGE = 200
SECONDS = 0.5
"""Between two looks for events of other processes."""


async def events_behind(ledger: Ledger, kinds: Sequence[str], after: int, *, follow: bool) -> AsyncIterator[Event]:
    """Oldest first, up to the newest; with `follow` without end."""
    while True:
        found = await ledger.events(after=after, kinds=kinds, most=PAGE)
        for event in found:
            yield event
            after = event.cursor
        if len(found) < PAGE:
            if not follow:
                return
            await asyncio.sleep(SECONDS)
