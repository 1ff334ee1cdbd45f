"""A budget that several processes share, each by what it hears from the others."""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

import msgspec
import structlog
from redis.exceptions import RedisError

from platforms.budget import Holding, LocalBudget
from platforms.budget_exchange import LEASE_SECONDS, PRESENCE_SECONDS, RENEWAL_SECONDS, Heard, Said, read, written
from platforms.quota import Quota
from platforms.slots import Priority, class_caps
from runtime.clock import Clock
from schema.errors import UpstreamQuotaExhausted, UpstreamRateLimited, UpstreamUnavailable

PATIENCE = 0.25
"""Seconds that Redis has for an answer."""
REST = 3.0
"""Seconds for which a Redis that failed isn't asked."""
ASSUMED_PROCESSES = 4
"""Among how many a platform's places are divided before Redis has told how many there are."""
_AGAIN = (0.005, 0.05)  # seconds between two questions about a place, drawn from between these two
_AGAIN_INTERACTIVE = (0.005, 0.015)
_LINGERING = 0.02  # seconds for which a place that nobody wants may stay with who had it, to go with the next word
_LOOKS = 5
_KINDS: dict[str, type[Holding]] = {
    kind.code: kind for kind in (UpstreamRateLimited, UpstreamQuotaExhausted, UpstreamUnavailable)
}
_log = structlog.get_logger(__name__)


class Table(Protocol):
    """Where a process says what it has and wants, and hears what it gets; as `budget_exchange.Exchange`."""

    async def tell(self, said: Said) -> Heard: ...

    async def leave(self) -> None: ...


class SharedBudget(LocalBudget):
    """Nobody goes before the table has admitted them. While it fails, this process keeps to its share of the places.

    It speaks whenever there is news, one word at a time; what comes up meanwhile is in the next one, and so is a place
    given back while half of all are free. It belongs to the event loop that it is first used on.
    """

    __slots__ = (
        "_alone_until",
        "_clock",
        "_closed",
        "_jitter",
        "_known_until",
        "_lingers",
        "_news",
        "_number",
        "_paused",
        "_places",
        "_platform",
        "_processes",
        "_roomy",
        "_speaking",
        "_table",
        "_timer",
        "_unsaid",
    )

    def __init__(
        self, platform: str, table: Table, *, slots: int, clock: Clock, jitter: Callable[[], float] = random.random
    ) -> None:
        super().__init__(0)
        self._platform = platform
        self._table = table
        self._places = slots
        self._clock = clock
        self._jitter = jitter
        self._processes = ASSUMED_PROCESSES
        self._number = 0
        self._known_until = 0.0
        self._alone_until: float | None = None
        self._unsaid = False
        self._lingers = False
        self._roomy = False
        self._paused: tuple[float, str] | None = None
        self._news: Quota | None = None
        self._speaking: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False

    @property
    def places(self) -> int:
        return self._places

    def take_now(self, priority: Priority) -> bool:
        taken = super().take_now(priority)
        if taken:
            self._speak_soon()
        return taken

    async def take(self, priority: Priority) -> bool:
        self._speak_soon()
        try:
            return await super().take(priority)
        except asyncio.CancelledError:
            self._speak_soon()  # others need not stand back for it any more
            raise

    def give_back(self) -> None:
        super().give_back()
        if self._roomy:
            self._speak_later()
        else:
            self._speak_soon()

    def hold(self, until: float, by: type[Holding]) -> None:
        super().hold(until, by)
        self._paused = (until, by.code)
        self._speak_soon()

    def quota_seen(self, quota: Quota) -> None:
        self.quota = self._news = quota
        self._speak_later()

    async def leave(self) -> None:
        """Gives up its seat; whoever still calls keeps to the share of the places."""
        alone = self._alone_until is not None
        self._closed = True
        self._hush()
        if self._speaking is not None:
            self._speaking.cancel()
            await asyncio.gather(self._speaking, return_exceptions=True)
        if self._number and not alone:
            with suppress(RedisError, OSError, TimeoutError):
                async with asyncio.timeout(PATIENCE):
                    await self._table.leave()
        self.resize(self._share())

    # ----------------------------------------------------------------------------------------------- conversation

    def _speak_soon(self) -> None:
        if self._closed or (self._alone_until is not None and self._clock.monotonic() < self._alone_until):
            return
        self._unsaid = True
        if self._speaking is None:
            self._hush()
            self._speaking = asyncio.get_running_loop().create_task(self._converse())

    def _speak_later(self) -> None:
        if self._closed or self._lingers or self._alone_until is not None:
            return
        self._lingers = True
        if self._speaking is None:
            self._hush()
            self._timer = asyncio.get_running_loop().call_later(_LINGERING, self._speak_soon)

    def _hush(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    async def _converse(self) -> None:
        try:
            while self._unsaid:
                self._unsaid = self._lingers = False
                await self._speak()
        finally:
            self._speaking = None
        pause = self._until_next()
        if pause is not None:
            self._timer = asyncio.get_running_loop().call_later(pause, self._speak_soon)

    def _until_next(self) -> float | None:
        """Seconds until this process speaks again without news; None: not before there are."""
        if self._alone_until is not None:
            return self._alone_until - self._clock.monotonic() if self.in_use else None
        waiting = self.waiting
        if any(waiting):
            least, most = _AGAIN_INTERACTIVE if waiting[Priority.INTERACTIVE] else _AGAIN
            return least + (most - least) * self._jitter()
        if self._lingers:
            return _LINGERING
        return RENEWAL_SECONDS if self.in_use else None

    async def _speak(self) -> None:
        said, paused, news = self._word(), self._paused, self._news
        began = self._clock.monotonic()
        try:
            heard = await self._answer(said)
            if heard.quota and self._news is news:
                self.quota = read(heard.quota)
        except (RedisError, OSError, TimeoutError, msgspec.MsgspecError) as error:
            self._go_alone(error)
            return
        self._paused = None if self._paused is paused else self._paused
        self._news = None if self._news is news else self._news
        self._hear(heard, late=self._clock.monotonic() - began > LEASE_SECONDS / 2)

    def _word(self) -> Said:
        self._number += 1
        now = asyncio.get_running_loop().time()
        until, code = self._paused or (0.0, "")
        return Said(
            number=self._number,
            known=self._clock.monotonic() < self._known_until,
            caps=class_caps(self._places),
            held=self.in_use,
            waits=self.waiting,
            waited=tuple(int(self.longest_wait(priority, now) * 1000) for priority in Priority),
            pause=max(0, int((until - self._clock.monotonic()) * 1000)) if code else 0,
            paused_by=code,
            quota="" if self._news is None else written(self._news),
        )

    async def _answer(self, said: Said) -> Heard:
        """Raises TimeoutError after `PATIENCE`, of which a moment when this process itself stood still uses little."""
        answer = asyncio.get_running_loop().create_task(self._table.tell(said))
        answer.add_done_callback(_heard_of)
        try:
            for _ in range(_LOOKS):
                await asyncio.wait({answer}, timeout=PATIENCE / _LOOKS)
                if answer.done():
                    return answer.result()
        finally:
            answer.cancel()
        raise TimeoutError

    def _hear(self, heard: Heard, *, late: bool) -> None:
        if self._alone_until is not None:
            self._alone_until = None
            self.resize(0)
            _log.info("budget_shared", platform=self._platform, processes=heard.processes)
        self._processes = heard.processes or self._processes
        self._known_until = self._clock.monotonic() + PRESENCE_SECONDS / 2
        self._roomy = heard.free >= self._places / 2
        if heard.pause:
            super().hold(self._clock.monotonic() + heard.pause / 1000, _KINDS.get(heard.paused_by, UpstreamRateLimited))
            self.send_away()
        for priority, many in zip(Priority, heard.admitted, strict=True):
            for _ in range(many):
                if late or not self.admit(priority):  # its lease may be over, or the caller has left
                    self._unsaid = True
                    break

    def _go_alone(self, error: Exception) -> None:
        if self._alone_until is None:
            share, name = self._share(), type(error).__name__
            _log.warning("budget_unshared", platform=self._platform, error=name, places=share, seconds=REST)
        self._alone_until = self._clock.monotonic() + REST
        self._unsaid = self._lingers = self._roomy = False
        self.resize(self._share())

    def _share(self) -> int:
        return max(1, self._places // self._processes)


def _heard_of(answer: "asyncio.Task[Heard]") -> None:
    """An answer that nobody waits for any more may fail in peace."""
    if not answer.cancelled():
        answer.exception()
