"""Takes what platforms sent out of the inbox as it comes, and has it opened."""

import asyncio
from collections.abc import Mapping, Sequence

import structlog

from platforms.bindings import Bindings
from platforms.connected import Connected
from platforms.slots import Priority
from platforms.urgency import urgency
from runtime.bell import BURST_SECONDS, Hearing
from runtime.clock import Clock
from runtime.settings import Settings
from schema.errors import LedgerUnavailable
from sync.ledger.port import Ledger
from sync.ledger.port_of_changes import Received
from sync.noticing.followed import followed
from sync.noticing.looking import Looking
from sync.noticing.metrics import LETTER_METRICS
from sync.noticing.observer import Observer
from sync.noticing.opening import Looks, Opener

SECONDS = 1.0
"""Between two looks into the inbox where nothing rings."""
AGE_SECONDS = 10.0
"""Between two looks at how old the oldest message is."""
LEASE_SECONDS = 60.0
MOST_AT_ONCE = 100
LANES = 3
"""How many such handfuls are worked on at once: one may wait for a step that is under way on its record."""


def opening_letters(
    settings: Settings, bindings: Bindings, ledger: Ledger, observer: Observer, clock: Clock
) -> "Letters | None":
    """For the platforms that may send webhooks; None where none may."""
    senders = {name: platform for name, platform in bindings.platforms.items() if name in settings.webhooks}
    if not senders:
        return None
    looking = Looking(followed(bindings), bindings, ledger.snapshots, observer)
    return Letters(ledger, senders, looking, clock)


class Letters:
    """Several processes may do this: whoever takes a message has it. Troubles of the moment don't end it."""

    def __init__(
        self,
        ledger: Ledger,
        platforms: Mapping[str, Connected],
        looks: Looks,
        clock: Clock,
        *,
        seconds: float = SECONDS,
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        openers = [Opener(ledger, platform, looks, clock) for platform in platforms.values()]
        self._boxes = [Box(ledger, opener, clock, seconds=seconds) for opener in openers]

    async def run(self) -> None:
        """Until it is cancelled."""
        urgency.set(Priority.SYNC)
        async with asyncio.TaskGroup() as group:
            for box in self._boxes:
                group.create_task(box.run())
            group.create_task(self._tell_ages())

    async def work(self) -> None:
        """Until nothing is due. Raises LedgerUnavailable."""
        for box in self._boxes:
            while await box.work():
                pass

    async def _tell_ages(self) -> None:
        while True:
            try:
                oldest = await self._ledger.inbox.oldest()
            except LedgerUnavailable:
                oldest = {}
            now = self._clock.now()
            for box in self._boxes:
                since = oldest.get(box.source, now)
                LETTER_METRICS.oldest.labels(box.source).set((now - since).total_seconds())
            await asyncio.sleep(AGE_SECONDS)


class Box:
    """The messages of one platform, apart from those of others: one that is away keeps nobody else waiting."""

    def __init__(self, ledger: Ledger, opener: Opener, clock: Clock, *, seconds: float) -> None:
        self.source = opener.source
        self._ledger = ledger
        self._opener = opener
        self._clock = clock
        self._hearing = Hearing(seconds=seconds, burst=BURST_SECONDS)
        self._lanes = asyncio.Semaphore(LANES)
        self._rests_until = clock.monotonic()
        self._troubled = False

    async def run(self) -> None:
        """Until it is cancelled."""
        self._ledger.bell.listen(self._hearing.ring)
        try:
            async with asyncio.TaskGroup() as group:
                while True:
                    await self._rest()
                    await self._lanes.acquire()
                    letters = await self._taken_or_none()
                    if letters:
                        group.create_task(self._lane(letters))
                    else:
                        self._lanes.release()
                        await self._hearing.rung()
        finally:
            self._ledger.bell.leave(self._hearing.ring)

    async def work(self) -> bool:
        """Works on a handful; False where nothing was due. Raises LedgerUnavailable."""
        letters = await self._taken()
        if letters:
            await self._opener.open(letters)
        return bool(letters)

    async def _taken(self) -> tuple[Received, ...]:
        inbox = self._ledger.inbox
        if not await inbox.is_due(self.source):
            return ()
        return await inbox.take(most=MOST_AT_ONCE, seconds=LEASE_SECONDS, source=self.source)

    async def _taken_or_none(self) -> tuple[Received, ...]:
        try:
            letters = await self._taken()
        except Exception as error:  # noqa: BLE001 - an edge: whatever it was, nothing would ever be noticed again
            self._note_trouble(error)
            return ()
        self._troubled = False
        return letters

    async def _lane(self, letters: Sequence[Received]) -> None:
        try:
            rest = await self._opener.open(letters)
            if rest:
                self._rests_until = self._clock.monotonic() + rest
        except Exception as error:  # noqa: BLE001 - an edge: what it had comes again when its lease has ended
            self._note_trouble(error)
        finally:
            self._lanes.release()

    async def _rest(self) -> None:
        """The platform is away: its messages wait with us, and stay out of its way."""
        left = self._rests_until - self._clock.monotonic()
        if left > 0:
            await asyncio.sleep(left)

    def _note_trouble(self, error: Exception) -> None:
        if not self._troubled:  # once, not every second
            why = type(error).__name__
            structlog.get_logger().warning("can't work on webhooks for now", platform=self.source, why=why)
        self._troubled = True
