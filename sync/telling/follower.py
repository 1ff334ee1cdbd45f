"""Follows the ledger's events, once for the whole process, and hands them to everybody who watches."""

import asyncio
from collections.abc import Sequence

import structlog

from runtime.bell import Hearing
from sync.ledger.port import Ledger
from sync.ledger.records import Event
from sync.telling.interest import Interest
from sync.telling.joint import JointReads
from sync.telling.watch import Accepts, UnknownCursorError, Watch

SECONDS = 0.2
"""Between two looks where nothing rings: what another process writes is seen by then, with Redis at once."""
PAGE = 500
"""Events that one read brings."""
BUFFER = 1_000
"""Events that may wait for one watcher."""


class Follower:
    """One per process. It looks only while somebody watches. `seconds`: between two looks where nothing rings."""

    def __init__(
        self,
        ledger: Ledger,
        kinds: Sequence[str],
        *,
        seconds: float = SECONDS,
        buffer: int = BUFFER,
        page: int = PAGE,
        feed_seconds: float | None = None,
    ) -> None:
        self.page = page
        self.buffer = buffer
        self._ledger = ledger
        self._kinds = tuple(kinds)
        self._hearing = Hearing(seconds=seconds)
        self._position = 0
        # Always all kinds: if they followed the watches, a read under way could pass over an event of a kind that
        # somebody has just joined for.
        self._watches: dict[str, dict[Watch, None]] = {kind: {} for kind in self._kinds}
        self._task: asyncio.Task[None] | None = None
        self._troubled = False
        self._joint = JointReads()
        self._interest = Interest(ledger, feed_seconds)

    @property
    def watched(self) -> int:
        """How many have caught up, or are about to."""
        return sum(map(len, self._watches.values()))

    async def watch(self, kind: str, accepts: Accepts, *, after: int | None = None) -> Watch:
        """A way through the events of a kind, behind the one with the cursor `after`; None: from now on.

        Raises UnknownCursorError for a cursor that the ledger never gave, EventsGoneError where events behind it are
        kept no more, and LedgerUnavailable.
        """
        oldest, newest = await self._span()
        if after is not None and after > newest:
            raise UnknownCursorError(after)
        watch = Watch(self, kind, accepts, seen=newest if after is None else after)
        watch.check(oldest)
        return watch

    async def close(self) -> None:
        task = self._task
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    # ------------------------------------------------------------------------------------------ asked by watches

    async def join(self, watch: Watch) -> None:
        """From the return on, every event that isn't in the ledger yet is pushed to the watch, and maybe others."""
        if self._task is None:
            self._ledger.bell.leave(self._hearing.ring)
            self._ledger.bell.listen(self._hearing.ring)  # what is written from here on rings
            _, newest = await self._span()
            if self._task is None:  # two may have asked
                self._position = newest
                self._task = asyncio.create_task(self._follow())
        self._watches[watch.kind][watch] = None

    def leave(self, watch: Watch) -> None:
        self._watches[watch.kind].pop(watch, None)

    async def read(self, kind: str, after: int) -> tuple[Sequence[Event], int]:
        """A page of events, and the cursor of the oldest that was kept a moment later."""
        found = await self._joint.get(
            (kind, after), lambda: self._ledger.events(after=after, kinds=[kind], most=self.page)
        )
        oldest, _ = await self._span()
        return found, oldest

    async def _span(self) -> tuple[int, int]:
        return await self._joint.get("span", self._ledger.event_span)

    # ------------------------------------------------------------------------------------------------ following

    async def _follow(self) -> None:
        try:
            while self.watched:
                await self._interest.waiting_for([kind for kind, watches in self._watches.items() if watches])
                await self._hearing.rung()
                await self._attempt()
        finally:
            self._ledger.bell.leave(self._hearing.ring)
            self._task = None

    async def _attempt(self) -> None:
        try:
            while await self._look():
                pass
        except Exception as error:  # noqa: BLE001 - an edge: whatever it was, nobody would ever be told again
            if not self._troubled:  # once, not five times a second
                structlog.get_logger().warning("can't follow the ledger for now", why=type(error).__name__)
            self._troubled = True
        else:
            self._troubled = False

    async def _look(self) -> bool:
        """Reads on, and pushes what came. Whether there may be more."""
        found = await self._ledger.events(after=self._position, kinds=self._kinds, most=self.page)
        for event in found:
            self._position = event.cursor
            for watch in tuple(self._watches[event.kind]):
                watch.push(event)
        return len(found) == self.page
