"""Looks at once at what our own governed steps have written, so that nobody waits for a feed to come round to it.

Finished steps are events of the ledger, and are followed like any other. It only makes things quicker: what is passed
over here because its platform doesn't answer, its feed notices.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import structlog

from platforms.bindings import Bindings
from platforms.feeds import Hint
from platforms.slots import Priority
from platforms.urgency import urgency
from runtime.bell import BURST_SECONDS, Hearing
from runtime.clock import Clock
from runtime.settings import Settings
from schema.errors import LedgerUnavailable, PlatformError
from schema.roles import PlatformRole
from sync.ledger.outcomes import STEP_EVENT
from sync.ledger.port import Ledger
from sync.ledger.port_of_changes import Cursor
from sync.ledger.records import Event
from sync.noticing.followed import followed
from sync.noticing.looking import Looking, Wanted
from sync.noticing.observer import Observer

NAME = "noticing:run"
"""Of the cursor that says how far they were followed, and until when somebody is at it."""
SECONDS = 1.0
"""Between two looks where nothing rings."""
PAGE = 200
LEASE = timedelta(seconds=60)
BY = "run"


class OwnWrites:
    """Of several processes one looks at a time: who has moved the cursor to say so. `seconds`: between two looks where
    nothing rings.
    """

    def __init__(
        self, ledger: Ledger, bindings: Bindings, looking: Looking, clock: Clock, *, seconds: float = SECONDS
    ) -> None:
        self._ledger = ledger
        self._platforms = bindings.platforms
        self._looking = looking
        self._clock = clock
        self._hearing = Hearing(seconds=seconds, burst=BURST_SECONDS)
        self._troubled = False

    async def run(self) -> None:
        """Until it is cancelled."""
        urgency.set(Priority.SYNC)  # of this task alone
        self._ledger.bell.listen(self._hearing.ring)
        try:
            while True:
                await self._attempt()
                await self._hearing.rung()
        finally:
            self._ledger.bell.leave(self._hearing.ring)

    async def look(self) -> int:
        """Looks at all that was written since the last time; how many steps that were. None are where somebody else is
        at it.
        """
        looked = 0
        while True:
            cursor = await self._ledger.cursors.get(NAME)
            after, taken_until = _read(cursor)
            if after is None:  # the first time ever: from now on
                _, newest = await self._ledger.event_span()
                await self._ledger.cursors.move(NAME, version=cursor.version, position=_position(newest, None))
                continue
            if taken_until is not None and taken_until > self._clock.now():
                return looked
            found = await self._ledger.events(after=after, kinds=[STEP_EVENT], most=PAGE)
            if not found or not await self._take(cursor, after):
                return looked
            await self._look_at(found)
            looked += len(found)
            done = _position(found[-1].cursor, None)
            if not await self._ledger.cursors.move(NAME, version=cursor.version + 1, position=done):
                return looked  # it took so long that another has begun

    async def _take(self, cursor: Cursor, after: int) -> bool:
        taken = _position(after, self._clock.now() + LEASE)
        return await self._ledger.cursors.move(NAME, version=cursor.version, position=taken)

    async def _look_at(self, found: Sequence[Event]) -> None:
        by_platform: dict[str, list[Hint]] = defaultdict(list)
        for event in found:
            told: Mapping[str, str] = event.payload
            if told["platform"] not in self._platforms:
                continue  # taken out of the settings since
            by_platform[told["platform"]].append(
                Hint(
                    type=told["type"],
                    role=PlatformRole(told["role"]),
                    external_id=told["externalId"],
                    gone=bool(told["gone"]),
                )
            )
        async with asyncio.TaskGroup() as group:
            for platform, hints in by_platform.items():
                group.create_task(self._look_on(platform, hints))

    async def _look_on(self, platform: str, hints: Sequence[Hint]) -> None:
        try:
            await self._looking.look(self._platforms[platform], Wanted(hints=hints), noticed_by=BY)
        except PlatformError as error:
            log = structlog.get_logger()
            log.warning("what was written is left to the feeds", platform=platform, code=error.code, count=len(hints))

    async def _attempt(self) -> None:
        try:
            await self.look()
        except* LedgerUnavailable:  # on its own, or among those who looked at once
            if not self._troubled:
                structlog.get_logger().warning("can't look at what was written: the ledger doesn't answer")
            self._troubled = True
        else:
            self._troubled = False


def looking_at_own_writes(
    settings: Settings, bindings: Bindings, ledger: Ledger, observer: Observer, clock: Clock
) -> OwnWrites | None:
    """None where an installation doesn't ask its platforms for changes."""
    looking = Looking(followed(bindings), bindings, ledger.snapshots, observer)
    return OwnWrites(ledger, bindings, looking, clock) if settings.feeds.enabled else None


def _position(after: int, taken_until: datetime | None) -> Mapping[str, object]:
    return {"after": after, "takenUntil": None if taken_until is None else taken_until.isoformat()}


def _read(cursor: Cursor) -> tuple[int | None, datetime | None]:
    if cursor.version == 0:
        return None, None
    until = cursor.position["takenUntil"]
    return cursor.position["after"], None if until is None else datetime.fromisoformat(until)
