"""One watcher's way through the events of a kind: first what is in the ledger, then what comes."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

from sync.ledger.records import Event

Accepts = Callable[[Event], bool]


class UnknownCursorError(Exception):
    """The ledger never gave this cursor."""


class EventsGoneError(Exception):
    """Events behind the watcher's place are kept no more. From behind `resume_after` on all are there."""

    def __init__(self, resume_after: int) -> None:
        super().__init__(resume_after)
        self.resume_after = resume_after


class FellBehindError(Exception):
    """Events came faster than they were taken. `resume_after`: the last one that was."""

    def __init__(self, resume_after: int) -> None:
        super().__init__(resume_after)
        self.resume_after = resume_after


class Source(Protocol):
    """What a watch asks of the follower that it belongs to."""

    page: int
    buffer: int

    async def join(self, watch: "Watch") -> None: ...

    def leave(self, watch: "Watch") -> None: ...

    async def read(self, kind: str, after: int) -> tuple[Sequence[Event], int]: ...


class Watch:
    """Made by `Follower.watch`. Gives one event after the other, each once; `close` ends it.

    While it is catching up it reads the ledger at its watcher's pace. Once it has caught up, `buffer` events may wait.
    """

    def __init__(self, source: Source, kind: str, accepts: Accepts, *, seen: int) -> None:
        self.kind = kind
        self._source = source
        self._accepts = accepts
        self.seen = seen
        """The last event that the watcher got, or where it began."""
        self._read = seen
        """The last event that was looked at."""
        self._waiting: deque[Event] = deque()
        self._pushed: deque[Event] = deque()
        self._arrived = asyncio.Event()
        self._live = False
        self._overrun = False

    def check(self, oldest: int) -> None:
        """Raises EventsGoneError where the event behind our place was forgotten; `oldest`: the oldest that is kept."""
        if self._read < oldest - 1:
            raise EventsGoneError(oldest - 1)

    async def next(self) -> Event:
        """Waits for it. Raises EventsGoneError, FellBehindError, and LedgerUnavailable while catching up."""
        return (await self.some(1))[0]

    async def some(self, most: int) -> Sequence[Event]:
        """Waits for the next one, and gives those behind it that are there as well. Raises as `next`."""
        while not self._waiting:
            await (self._arrival() if self._live else self._catch_up())
        return self._taken(most)

    async def behind(self, most: int) -> Sequence[Event]:
        """Some of those that are there already; none once all are taken, and others come by themselves from that very
        moment on. Raises as `next`.
        """
        while not self._waiting and not self._live:
            await self._catch_up()
        if not self._waiting and self._overrun:
            raise FellBehindError(self.seen)
        return self._taken(most)

    def _taken(self, most: int) -> Sequence[Event]:
        found = [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]
        if found:
            self.seen = found[-1].cursor
        return found

    def close(self) -> None:
        self._source.leave(self)

    def push(self, event: Event) -> None:
        """What the follower has found."""
        if event.kind != self.kind or event.cursor <= self._read or not self._accepts(event):
            return
        queue = self._waiting if self._live else self._pushed
        if len(queue) >= self._source.buffer:
            self._overrun = True
            self._source.leave(self)
        else:
            queue.append(event)
        self._arrived.set()

    async def _arrival(self) -> None:
        if self._overrun:
            raise FellBehindError(self.seen)
        self._arrived.clear()
        await self._arrived.wait()

    async def _catch_up(self) -> None:
        """Reads a page of the ledger. Behind the last one events come by themselves, without a gap or a repetition:
        what was in the ledger when we joined is in the page, what came since is pushed.
        """
        self._pushed.clear()
        self._overrun = False
        await self._source.join(self)
        found, oldest = await self._source.read(self.kind, self._read)
        self.check(oldest)
        if found:
            self._read = found[-1].cursor
        self._waiting.extend(filter(self._accepts, found))
        if len(found) == self._source.page or self._overrun:
            self._source.leave(self)
            return
        self._waiting.extend(event for event in self._pushed if event.cursor > self._read)
        self._pushed.clear()
        self._live = True
