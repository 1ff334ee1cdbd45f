"""While somebody waits for changes, the platforms are asked for them as often as they may be."""

import time
from collections.abc import Callable, Iterable
from contextlib import suppress

from schema.errors import LedgerUnavailable
from sync.ledger.port import Ledger
from sync.ledger.port_of_changes import type_of_kind

AGAIN_SECONDS = 1.0
"""Between two reminders of one kind, however many wait for it."""


class Interest:
    """Of one process. `seconds`: the shortest pause of a feed; None where feeds aren't followed."""

    def __init__(self, ledger: Ledger, seconds: float | None, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._ledger = ledger
        self._seconds = seconds
        self._monotonic = monotonic
        self._reminded: dict[str, float] = {}

    async def waiting_for(self, kinds: Iterable[str]) -> None:
        """Somebody waits for events of these kinds just now."""
        if self._seconds is None:
            return
        for kind in kinds:
            type_name, now = type_of_kind(kind), self._monotonic()
            if type_name is None or now - self._reminded.get(kind, -AGAIN_SECONDS) < AGAIN_SECONDS:
                continue
            self._reminded[kind] = now
            with suppress(LedgerUnavailable):  # the feeds come to it by themselves
                await self._ledger.feeds.hurry(type_name, seconds=self._seconds)
