"""What all who wait for the same are told: each event is looked at, and answered, once for all of them."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from types import TracebackType
from typing import Self

from resolvers.engine_port import Answer
from sync.ledger.records import Event
from sync.telling.watch import FellBehindError, Watch

MOST_WAITING = 1_000
"""Answers that may wait for one subscriber."""
AT_ONCE = 50
"""Events that are answered side by side."""
Answering = Callable[[Sequence[Event]], Awaitable[Sequence[Answer]]]


class Channel:
    """One watch of those who have caught up. It ends with the last of them, or where it can't go on."""

    def __init__(self, watch: Watch, answering: Answering, ended: Callable[[], None]) -> None:
        self.seats: dict[Seat, None] = {}
        self._watch = watch
        self._answering = answering
        self._ended = ended
        self._task = asyncio.create_task(self._run())

    def leave(self, seat: "Seat") -> None:
        self.seats.pop(seat, None)
        if not self.seats:
            self.close()

    def close(self) -> None:
        self._task.cancel()
        self._end()

    async def _run(self) -> None:
        try:
            while True:
                found = await self._watch.some(AT_ONCE)
                answers = await self._answering(found)
                told = [(event.cursor, answer) for event, answer in zip(found, answers, strict=True)]
                for seat in tuple(self.seats):
                    seat.put(told)
        except Exception as error:  # noqa: BLE001 - not swallowed: raised for each of those who wait
            self._end()
            for seat in tuple(self.seats):
                seat.fail(error)

    def _end(self) -> None:
        self._watch.close()
        self._ended()


class Seat:
    """One subscriber's place in a channel."""

    __slots__ = ("_arrived", "_channel", "_error", "_most", "_seen", "_traceback", "_waiting")

    def __init__(self, channel: Channel, *, seen: int, most: int) -> None:
        self._channel = channel
        self._seen = seen
        self._most = most
        self._waiting: list[tuple[int, Answer]] = []
        self._arrived: asyncio.Future[None] | None = None
        self._error: Exception | None = None
        self._traceback: TracebackType | None = None

    def __enter__(self) -> Self:
        self._channel.seats[self] = None
        return self

    def __exit__(self, *_: object) -> None:
        self._channel.leave(self)

    async def some(self) -> Sequence[Answer]:
        """Waits for the next answer, and gives those behind it that are there as well.

        Raises FellBehindError once as many as may wait were there and have been taken, and what ends the channel.
        """
        while not self._waiting:
            if isinstance(self._error, FellBehindError):
                raise FellBehindError(self._seen)
            if self._error is not None:
                raise self._error.with_traceback(self._traceback)  # many raise the same: it mustn't grow with each
            self._arrived = asyncio.get_running_loop().create_future()
            await self._arrived
        taken, self._waiting = self._waiting, []
        self._seen = taken[-1][0]
        return [answer for _, answer in taken]

    def put(self, told: Sequence[tuple[int, Answer]]) -> None:
        if told[0][0] <= self._last:
            told = [each for each in told if each[0] > self._last]
        room = self._most - len(self._waiting)
        if len(told) > room:
            self._waiting += told[:room]
            self._channel.leave(self)
            self.fail(FellBehindError(self._seen))
        elif told:
            self._waiting += told
            self._wake()

    def fail(self, error: Exception) -> None:
        """What waits can still be taken."""
        self._error, self._traceback = error, error.__traceback__
        self._wake()

    @property
    def _last(self) -> int:
        return self._waiting[-1][0] if self._waiting else self._seen

    def _wake(self) -> None:
        if self._arrived is not None and not self._arrived.done():
            self._arrived.set_result(None)


class Channels:
    """Those of a process, by what their subscribers have in common."""

    def __init__(self, *, most: int = MOST_WAITING) -> None:
        self.most = most
        self._channels: dict[Hashable, Channel] = {}

    def seat(self, key: Hashable, watch: Watch, answering: Answering) -> Seat:
        """A place for somebody whose watch has just caught up: it goes on behind what the watch has seen.

        To be called at that very moment. The watch belongs to the channel from now on, or is closed.
        """
        channel = self._channels.get(key)
        if channel is None:
            channel = Channel(watch, answering, lambda: self._forget(key, channel))
            self._channels[key] = channel
        else:
            watch.close()
        return Seat(channel, seen=watch.seen, most=self.most)

    def close(self) -> None:
        for channel in tuple(self._channels.values()):
            channel.close()

    def _forget(self, key: Hashable, channel: "Channel | None") -> None:
        if self._channels.get(key) is channel:
            del self._channels[key]
