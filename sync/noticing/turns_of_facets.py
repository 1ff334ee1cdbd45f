"""A turn of a facet's feed: what changed first, and then what has time, each a bounded part."""

from datetime import datetime, timedelta
from random import Random

import msgspec

from platforms.slots import Priority
from platforms.urgency import urgent
from runtime.clock import Clock
from runtime.settings.happenings import FeedsSettings
from sync.ledger.port_of_changes import Feed
from sync.noticing.alarms import Alarms
from sync.noticing.checking import Checking
from sync.noticing.followed import FacetFeed
from sync.noticing.pages import Rows
from sync.noticing.positions import Backfill, Live, Position, Probing, Scan, read_position, written
from sync.noticing.probes import Probes
from sync.noticing.progress import Progress
from sync.noticing.rotation import Turning
from sync.noticing.rounds import Rounds
from sync.noticing.scans import Scans

PAGES = 8
LOOKS = 2_000
SECONDS = 15.0
"""What one turn does of one thing at most: pages, records looked at, time."""
SLICE = 4
"""Pages of a backfill or scan in one turn: the live feed waits for no more."""
SCANS_APART = 10
"""How many of the longest intervals lie between two scans."""
LEAST_TURNING = 10.0
"""Seconds between two looks at some records whose values change without a stamp."""
CLEAN = 3
"""Probes in a row that must find nothing, before what was missed counts as mended."""


class FacetTurn:
    """Meets `progress.Turn`."""

    def __init__(
        self,
        feed: FacetFeed,
        rows: Rows,
        rounds: Rounds,
        scans: Scans,
        turning: Turning,
        probes: Probes,
        checking: Checking,
        alarms: Alarms,
        settings: FeedsSettings,
        clock: Clock,
        random: Random,
    ) -> None:
        self._feed = feed
        self._rows = rows
        self._rounds = rounds
        self._scans = scans
        self._turning = turning
        self._probes = probes
        self._checking = checking
        self._alarms = alarms
        self._settings = settings
        self._clock = clock
        self._random = random

    async def go(self, feed: Feed, progress: Progress) -> None:
        backfill = read_position(Backfill, feed.backfill)
        position = read_position(Position, feed.position)
        if position is None:
            with urgent(Priority.SYNC):
                position = await self._start()
            if not position.whole and position.live is not None and backfill is None:
                backfill = self._first_backfill(position)
                progress.backfill = None if backfill is None else written(backfill)
            progress.position = written(position)
        with urgent(Priority.SYNC):
            position = await self._live(feed, position, progress, beside=backfill is not None)
        with urgent(Priority.BACKFILL):
            position = await self._scan(position, progress)
            if backfill is not None:
                position = await self._fill(position, backfill, progress)
            if self._feed.seen and position.live is not None and position.live.walk is None:
                position = await self._rotate(position, progress)
                position = await self._probe(position, progress, busy=progress.more)

    # ---------------------------------------------------------------------------------------------------- beginning

    async def _start(self) -> Position:
        now = self._clock.now()
        later = timedelta(seconds=self._settings.probe_seconds * (0.5 + self._random.random() / 2))
        probing = Probing(next_at=now + later)
        if not self._rows.askable:
            return Position(scan=Scan(), probing=probing)
        live = await self._rounds.start()
        return Position(start=live.high, whole=live.high is None or not self._feed.seen, live=live, probing=probing)

    def _first_backfill(self, position: Position) -> Backfill | None:
        """What was there at the start; what changes from then on is the live feed's."""
        if self._settings.start == "now":
            return None
        return Backfill(until=position.start, baseline=True, everything=True)

    # ----------------------------------------------------------------------------------------------- what has changed

    async def _live(self, feed: Feed, position: Position, progress: Progress, *, beside: bool) -> Position:
        """`beside`: a backfill is under way, whose turns come one after the other."""
        if position.live is None or (beside and not self._is_due(feed, position.live)):
            return position
        progress.asked = True
        until = self._clock.monotonic() + SECONDS
        for _ in range(PAGES):
            step = await self._rounds.step(position)
            began = step.began_at
            position = msgspec.structs.replace(position, live=step.live)
            progress.position = written(position)
            progress.add(step.tally)
            progress.news += step.tally.changes
            if step.ended:
                progress.reached_at, progress.rounds = began, 1
                return position
            if progress.tally.looks >= LOOKS or self._clock.monotonic() >= until:
                break
        progress.more = True
        return position

    def _is_due(self, feed: Feed, live: Live) -> bool:
        if live.walk is not None or feed.round_at is None:
            return True
        return (self._clock.now() - feed.round_at).total_seconds() >= feed.interval

    # ------------------------------------------------------------------------------------------------- what has time

    async def _scan(self, position: Position, progress: Progress) -> Position:
        scan = position.scan
        if scan is None or not self._is_time(scan.next_at):
            return position
        progress.asked = True
        for _ in range(SLICE):
            found = await self._scans.scan(scan)
            scan = found.scan
            progress.add(found.tally)
            if found.ended:
                now = self._clock.now()
                apart = timedelta(seconds=self._settings.longest_seconds * SCANS_APART)
                scan = msgspec.structs.replace(scan, next_at=now + apart)
                position = msgspec.structs.replace(position, whole=True)
                progress.reached_at, progress.rounds = found.began_at, 1
            position = msgspec.structs.replace(position, scan=scan)
            progress.position = written(position)
            if found.ended:
                return position
        progress.more = True
        return position

    async def _fill(self, position: Position, backfill: Backfill, progress: Progress) -> Position:
        for _ in range(SLICE):
            found = await self._scans.fill(backfill)
            progress.add(found.tally)
            if found.backfill is None:
                progress.filled = True
                position = msgspec.structs.replace(position, whole=position.whole or backfill.since is None)
                progress.position = written(position)
                return position
            backfill = found.backfill
            progress.backfill = written(backfill)
        progress.more = True
        return position

    async def _rotate(self, position: Position, progress: Progress) -> Position:
        if self._turning.is_calendar_due(position):
            rotation, tally = await self._turning.pass_days(position)
            position = self._kept(position, progress, rotation=rotation)
            progress.add(tally)
        if self._is_time(position.rotation.next_at):
            rotation, tally = await self._turning.turn(position)
            pause = self._turning_seconds()
            rotation = msgspec.structs.replace(rotation, next_at=self._clock.now() + timedelta(seconds=pause))
            position = self._kept(position, progress, rotation=rotation)
            progress.add(tally)
        return position

    async def _probe(self, position: Position, progress: Progress, *, busy: bool) -> Position:
        """`busy`: it goes on right away, and what isn't there yet would be taken for missed."""
        probing = position.probing
        probed = not busy and self._is_time(probing.next_at)
        if probed:
            progress.add(await self._probes.probe(position))
            pause = timedelta(seconds=self._settings.probe_seconds)
            probing = msgspec.structs.replace(probing, next_at=self._clock.now() + pause)
        holes = self._checking.taken()
        if holes:
            await self._alarms.missed(self._feed, holes)
            probing = msgspec.structs.replace(probing, clean=0)
        elif probed and probing.clean is not None:
            clean = probing.clean + 1
            if clean >= CLEAN:
                await self._alarms.mended(self._feed)
            probing = msgspec.structs.replace(probing, clean=None if clean >= CLEAN else clean)
        return position if probing == position.probing else self._kept(position, progress, probing=probing)

    def _turning_seconds(self) -> float:
        """Values that change without a stamp are waited for; that a record is gone usually shows elsewhere as well."""
        settings = self._settings
        return max(LEAST_TURNING, settings.longest_seconds) if self._feed.traits.restamps else settings.probe_seconds

    @staticmethod
    def _kept(position: Position, progress: Progress, **changed: msgspec.Struct) -> Position:
        position = msgspec.structs.replace(position, **changed)
        progress.position = written(position)
        return position

    def _is_time(self, at: datetime | None) -> bool:
        return at is None or at <= self._clock.now()
