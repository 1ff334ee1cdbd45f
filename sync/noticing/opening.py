"""Opens what a platform sent: reads which records each message names, looks at them, and says what became of it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

import structlog

from platforms.connected import Connected
from platforms.feeds import Hint
from platforms.inbound import UnacceptableError
from runtime.clock import Clock
from runtime.correlation import correlation_id
from schema.errors import (
    CrosswalkError,
    DeadlineExceeded,
    LedgerUnavailable,
    NeedsPerson,
    Queue,
    RetryLater,
    UpstreamInvalidResponse,
    UpstreamTooLarge,
)
from sync.calendar import due_at
from sync.ledger.port import Ledger, NewException
from sync.ledger.port_of_changes import Received
from sync.noticing.looking import Wanted
from sync.noticing.metrics import LETTER_METRICS

NOTICED_BY = "webhook"
SET_ASIDE = "WEBHOOK_SET_ASIDE"
MOST_TRIES = 8
"""Times that a message is tried which fails by itself, or with which a worker dies."""
LONGEST_REST = 60.0
_OWN_FAULT = (UpstreamInvalidResponse, UpstreamTooLarge)
_AWAY = (RetryLater, NeedsPerson, DeadlineExceeded)


class Looks(Protocol):
    """As `sync.noticing.looking.Looking` does: at records, and at those whose values they decide."""

    async def look(
        self, platform: Connected, wanted: Wanted, *, noticed_by: str, correlation_id: str | None = None
    ) -> object: ...


class Opener:
    """Of the messages of one platform."""

    def __init__(self, ledger: Ledger, platform: Connected, looks: Looks, clock: Clock) -> None:
        self.source = platform.name
        self._inbox = ledger.inbox
        self._ledger = ledger
        self._platform = platform
        self._looks = looks
        self._clock = clock

    async def open(self, letters: Sequence[Received]) -> float:
        """Afterwards each of them is done, set aside, or put back. Returns the seconds for which it makes no sense to
        take more, as the platform is away; else 0. Raises LedgerUnavailable: then they come again by themselves.
        """
        named: dict[int, Sequence[Hint]] = {}
        for letter in letters:
            if letter.tries > MOST_TRIES:
                await self._set_aside(letter, "Workers died with it, or couldn't keep what became of it.")
                continue
            try:
                named[letter.id] = self._hints(letter)
            except UnacceptableError as error:
                await self._set_aside(letter, error.detail)
        return await self._look([letter for letter in letters if letter.id in named], named)

    def _hints(self, letter: Received) -> Sequence[Hint]:
        found = self._platform.inbound.hints(letter.body)
        return [replace(hint, correlation_id=letter.correlation_id or None) for hint in found]

    async def _look(self, letters: Sequence[Received], named: Mapping[int, Sequence[Hint]]) -> float:
        """At all in one; where that fails and isn't because the platform is away, at those of each message alone."""
        if not letters:
            return 0.0
        hints = [hint for letter in letters for hint in named[letter.id]]
        first = letters[0].correlation_id
        correlation_id.set(first)
        try:
            await self._looks.look(
                self._platform, Wanted(hints=hints), noticed_by=NOTICED_BY, correlation_id=first or None
            )
        except LedgerUnavailable:
            raise
        except CrosswalkError as error:
            if isinstance(error, _AWAY) and not isinstance(error, _OWN_FAULT):
                return await self._wait(letters, error)
            why = f"{error.code}: {error.detail}"
        except Exception as error:  # noqa: BLE001 - an edge: one message that meets a bug must not hold up the others
            structlog.get_logger().error("a webhook met a bug", platform=self.source, why=type(error).__name__)
            why = f"it met a bug in Crosswalk, {type(error).__name__}."
        else:
            await self._done(letters)
            return 0.0
        if len(letters) > 1:
            return max([await self._look([letter], named) for letter in letters])
        await self._failed(letters[0], why)
        return 0.0

    async def _done(self, letters: Sequence[Received]) -> None:
        await self._inbox.done([letter.id for letter in letters])
        now = self._clock.now()
        LETTER_METRICS.letters.labels(self.source, "done").inc(len(letters))
        for letter in letters:
            LETTER_METRICS.seconds.labels(self.source).observe((now - letter.received_at).total_seconds())

    async def _wait(self, letters: Sequence[Received], error: CrosswalkError) -> float:
        """The platform is away. That is no fault of theirs, and counts for nothing."""
        rest = self._pause(letters[0])
        if isinstance(error, RetryLater) and error.retry_after is not None:
            rest = min(LONGEST_REST, max(rest, error.retry_after))
        await self._inbox.put_back([letter.id for letter in letters], seconds=rest, forgiven=True)
        LETTER_METRICS.letters.labels(self.source, "waits").inc(len(letters))
        return rest

    async def _failed(self, letter: Received, why: str) -> None:
        if letter.tries >= MOST_TRIES:
            await self._set_aside(letter, why)
            return
        await self._inbox.put_back([letter.id], seconds=self._pause(letter))
        LETTER_METRICS.letters.labels(self.source, "failed").inc()

    async def _set_aside(self, letter: Received, why: str) -> None:
        message = (
            f"A webhook of {self.source} can't be worked on. {why} It is kept and isn't tried any more; what it told "
            "of is noticed by the platform's feed. Mend what sends it, or look into the log for its correlation id."
        )
        problem = NewException(
            queue=Queue.INTEGRATION,
            code=SET_ASIDE,
            message=message,
            cause=f"{SET_ASIDE}:{self.source}",
            due_at=due_at(Queue.INTEGRATION, self._clock.now()),
            detail={"platform": self.source, "letter": letter.id, "eventId": letter.event_id, "tries": letter.tries},
        )
        await self._ledger.report(problem, correlation_id=letter.correlation_id)
        await self._inbox.set_aside([letter.id], why=why)
        LETTER_METRICS.letters.labels(self.source, "set_aside").inc()

    def _pause(self, letter: Received) -> float:
        """Longer the older it is: a second at first, a minute after five."""
        age = (self._clock.now() - letter.received_at).total_seconds()
        return min(LONGEST_REST, 1.0 + age / 5)
