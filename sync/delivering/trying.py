"""One try to deliver an event, and what follows from how it went."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from platforms.addresses import UrlProblemError
from platforms.http import TransportError
from platforms.receivers import AddressRefusedError, Answer
from runtime.clock import Clock
from sync.delivering import troubles
from sync.delivering.audience import Audience
from sync.delivering.messages import MEDIA_TYPE, event_id, message
from sync.delivering.schedule import MOST_WAIT, Schedule, retry_after
from sync.delivering.signing import Secrets, signed
from sync.ledger.port_of_webhooks import Attempt, DeliveryStatus, Hook, Taken, Verdict
from sync.ledger.records import Event

GONE = 410
AGENT = "Crosswalk-Webhooks/1"
_FIRST_TRY = timedelta(minutes=2)
"""By when the first try of a delivery has surely come to something."""
_NO_OWNER = "nobody has a key of its owner's name any more."
_IS_GONE = "its receiver answered 410, which says that it is gone for good."
_FAILING = "nothing has been delivered to it for as long as an event is tried."


class Sender(Protocol):
    """As `platforms.receivers.Receivers`."""

    async def post(self, url: str, headers: Mapping[str, str], body: bytes, *, seconds: float) -> Answer: ...


@dataclass(frozen=True, slots=True)
class _Outcome:
    attempt: Attempt
    wait: timedelta | None = None
    """That the receiver asks for."""

    @property
    def is_delivered(self) -> bool:
        return self.attempt.status is not None and 200 <= self.attempt.status < 300


class Trying:
    """`seconds`: how long a receiver may take."""

    def __init__(
        self,
        sender: Sender,
        secrets: Secrets,
        audience: Audience,
        schedule: Schedule,
        clock: Clock,
        *,
        seconds: float,
    ) -> None:
        self.seconds = seconds
        self.audience = audience
        self._sender = sender
        self._secrets = secrets
        self._schedule = schedule
        self._clock = clock

    async def verdict(self, taken: Taken) -> Verdict:
        """Tries, unless the event isn't to be sent any more."""
        hook, event = taken.hook, taken.event
        if event is None:
            return Verdict(status=DeliveryStatus.DROPPED, attempt=None)
        if self.audience.role_of(hook.owner) is None:
            return self._disabling(hook, _NO_OWNER, None, self._clock.now())
        if not self.audience.may_hear(hook, event):
            return Verdict(status=DeliveryStatus.DROPPED, attempt=None)
        outcome = await self._sent(hook, event)
        return self._following(taken, outcome, self._clock.now())

    async def _sent(self, hook: Hook, event: Event) -> _Outcome:
        at, began = self._clock.now(), self._clock.monotonic()
        body = message(hook, event, self.audience)
        headers = {"Content-Type": MEDIA_TYPE, "User-Agent": AGENT}
        headers |= signed(self._secrets.signing(hook, at), event_id(event), at, body)
        status: int | None = None
        error: str | None = None
        wait: timedelta | None = None
        try:
            answer = await self._sender.post(hook.url, headers, body, seconds=self.seconds)
            status = answer.status
            wait = retry_after(answer.headers.get("Retry-After"), self._clock.now())
        except TransportError as failed:
            error = failed.failure.name
        except UrlProblemError:
            error = "URL_REFUSED"
        except AddressRefusedError:
            error = "ADDRESS_REFUSED"
        took = round(self._clock.monotonic() - began, 3)
        return _Outcome(Attempt(at=at, seconds=took, status=status, error=error), wait)

    def _following(self, taken: Taken, outcome: _Outcome, now: datetime) -> Verdict:
        hook, delivery, attempt = taken.hook, taken.delivery, outcome.attempt
        if outcome.is_delivered:
            return Verdict(status=DeliveryStatus.DELIVERED, attempt=attempt)
        if attempt.status == GONE:
            return self._disabling(hook, _IS_GONE, attempt, now)
        begun = delivery.begun_at or now
        next_at = self._schedule.next(begun=begun, tries=delivery.tries, now=now, asked=outcome.wait)
        rests_until = None if outcome.wait is None else now + min(outcome.wait, MOST_WAIT)
        if next_at is not None:
            return Verdict(status=DeliveryStatus.PENDING, attempt=attempt, next_at=next_at, rests_until=rests_until)
        if hook.failing_since is not None and hook.failing_since <= begun + _FIRST_TRY:
            return self._disabling(hook, _FAILING, attempt, now, if_failing=True)
        raised = (troubles.undelivered(hook, delivery, now),)
        return Verdict(status=DeliveryStatus.FAILED, attempt=attempt, raised=raised, rests_until=rests_until)

    @staticmethod
    def _disabling(
        hook: Hook, why: str, attempt: Attempt | None, now: datetime, *, if_failing: bool = False
    ) -> Verdict:
        """The delivery waits until somebody enables the webhook again."""
        return Verdict(
            status=DeliveryStatus.PENDING,
            attempt=attempt,
            disable=why,
            if_failing=if_failing,
            raised=(troubles.disabled(hook, why, now),),
        )
