"""Somebody who follows a source's feeds by hand, round by round, and reads what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from platforms.bindings import Bindings
from runtime.settings.happenings import FeedsSettings
from sync.ledger.database import DatabaseLedger
from sync.ledger.port_of_changes import Feed, RecordChange
from sync.noticing.observer import Observer
from sync.noticing.schedule import LEASE_SECONDS, Schedule
from sync.noticing.turns import Turns
from tests.sync.conftest import HeldClock
from tests.sync.noticing.conftest import changes_told
from tests.sync.noticing.source import Source

NEVER = 1e9
USUAL = FeedsSettings(shortest_seconds=5, longest_seconds=20, probe_seconds=NEVER)


@dataclass
class Following:
    """One process that follows. `again()` is another one, or the same after it was killed."""

    source: Source
    ledger: DatabaseLedger
    clock: HeldClock
    settings: FeedsSettings = USUAL

    def __post_init__(self) -> None:
        async def pause(seconds: float) -> None:
            self.clock.advance(seconds)

        bindings = Bindings({self.source.role: [self.source]})
        observer = Observer(self.ledger, bindings, self.clock, pause=pause)
        turns = Turns(bindings, self.ledger, observer, self.settings, self.clock, random=Random(7))
        self.names = list(turns.feeds)
        self.schedule = Schedule(turns, self.ledger, self.settings, self.clock)

    async def begin(self) -> None:
        """Declares the feeds, and goes on with them until everything that was there is known."""
        await self.schedule.declare()
        await self.rounds()

    async def rounds(self, *, most: int = 200) -> int:
        """Turns until none is due; how many."""
        for number in range(most):
            if not await self.schedule.turn(self.names):
                return number
        raise AssertionError("there is always more to do")

    async def pass_time(self, seconds: float, *, step: float = 5.0) -> None:
        """Time passes, and whatever is due is done in it."""
        while seconds > 0:
            self.clock.advance(min(step, seconds))
            seconds -= step
            await self.rounds()

    def again(self) -> "Following":
        return Following(self.source, self.ledger, self.clock, self.settings)

    def outlive_leases(self) -> None:
        """Whoever held a feed is heard of no more."""
        self.clock.advance(LEASE_SECONDS + 1)

    async def feed(self, name: str | None = None) -> Feed:
        wanted = name or self.names[0]
        return next(feed for feed in await self.ledger.feeds.all() if feed.name == wanted)

    async def told(self, record: str | None = None) -> list[RecordChange]:
        """All changes of the source that became events, oldest first."""
        found = [event.change for event in await changes_told(self.ledger)]
        mine = [change for change in found if change.platform == self.source.name]
        return [change for change in mine if record is None or change.external_id == record]

    async def names_told(self, record: str, path: str = "name") -> Sequence[Any]:
        """What the record's value became, one after the other."""
        return [change.changes[path][1] for change in await self.told(record) if path in change.changes]
