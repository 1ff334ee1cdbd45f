"""What those who send webhooks ask of the ledger. Every method is one transaction."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

import msgspec

from sync.ledger.records import Audited, Event

if TYPE_CHECKING:
    from sync.ledger.port import NewException

WEBHOOK_EVENT = "webhook"
"""The kind of events about a webhook itself, which only it is told; their payload says `what`: TEST or MISSED."""
TEST = "test"
MISSED = "missed"


class HookStatus(StrEnum):
    ACTIVE = "ACTIVE"
    DISABLED = "DISABLED"
    """Nothing is sent; its position stays, so that it can go on behind it."""
    DELETED = "DELETED"


class Hook(msgspec.Struct, frozen=True, kw_only=True):
    """An application that wants to be told. `position`: the last event that was looked at for it.

    `generation`: how often its secret was made, from 1; at `rotated_at` the last time while the one before was still to
    be good. `failing_since`: the first failure since anything was delivered. `rests_until`: the receiver asked to be
    left alone.
    """

    number: int
    id: str
    owner: str
    role: str
    """What the owner was when it was registered."""
    url: str
    description: str | None = None
    kinds: tuple[str, ...]
    filter: Mapping[str, tuple[str, ...]]
    status: HookStatus
    generation: int
    rotated_at: datetime | None = None
    position: int
    failing_since: datetime | None = None
    rests_until: datetime | None = None
    disabled_why: str | None = None
    created_at: datetime


class DeliveryStatus(StrEnum):
    PENDING = "PENDING"
    DELIVERED = "DELIVERED"
    FAILED = "FAILED"
    """It was tried for as long as the settings say."""
    DROPPED = "DROPPED"
    """It wasn't to be sent any more: skipped on request, or not for the owner's eyes by then."""


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One try. `status`: the receiver's; `error`: in one word why there is none, or what else went wrong."""

    at: datetime
    seconds: float
    status: int | None = None
    error: str | None = None


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One event's way to one webhook. `tries`: begun since `begun_at`; `attempts`: the last of all, oldest first."""

    number: int
    id: str
    hook_id: str
    cursor: int
    kind: str
    subject: str
    status: DeliveryStatus
    tries: int
    begun_at: datetime | None = None
    next_at: datetime | None = None
    taken_until: datetime | None = None
    attempts: tuple[Attempt, ...] = ()
    created_at: datetime
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewHook:
    id: str
    owner: str
    role: str
    url: str
    description: str | None
    kinds: tuple[str, ...]
    filter: Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class HookChange:
    """What becomes of a webhook. None: stays as it is."""

    url: str | None = None
    description: str | None = None
    kinds: tuple[str, ...] | None = None
    filter: Mapping[str, Sequence[str]] | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """A delivery to be tried now, by whoever has it. `event` None: it is kept no more."""

    delivery: Delivery
    hook: Hook
    event: Event | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a try came to. `status` PENDING with `next_at`: it is tried again then; without: when the webhook is enabled
    again. `disable`: why the webhook is disabled. `rests_until`: nothing is sent to it before.
    """

    status: DeliveryStatus
    attempt: Attempt | None
    next_at: datetime | None = None
    rests_until: datetime | None = None
    disable: str | None = None
    if_failing: bool = False
    """It is disabled only where nothing was delivered to it in the meantime; else this delivery alone has FAILED."""
    raised: "tuple[NewException, ...]" = ()
    """With the disabling, where there is to be one."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """`behind`: whether there are events that might be meant for a webhook; `passed`: or any others that it hasn't got
    past; `due`: whether a delivery waits to be tried now.
    """

    behind: bool
    passed: bool
    due: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """Deliveries that wait, and since when the oldest of them does."""

    count: int
    since: datetime | None


Meant = Callable[[Hook, Event], bool]
Gap = Callable[[Hook, int], "NewException"]
"""What to say of a webhook behind whose position so many events are kept no more."""


class Hooks(Protocol):
    """Who is told what. `audit` goes with what was changed, and is left out with it."""

    async def add(self, new: NewHook, audit: Audited) -> Hook | None:
        """It is told of what happens from now on. None: the id is taken."""
        ...

    async def get(self, hook_id: str) -> Hook | None:
        """Deleted ones too."""
        ...

    async def page(self, *, owner: str | None, first: int, after: int | None) -> tuple[Hook, ...]:
        """By ascending number, deleted ones left out. `owner` None: everybody's."""
        ...

    async def change(self, hook_id: str, change: HookChange, audit: Audited) -> Hook | None:
        """None where there is none (any more); so everywhere below."""
        ...

    async def rotate(self, hook: Hook, *, at_once: bool, audit: Audited) -> Hook | None:
        """`at_once`: the secret before signs no more. None, too, where somebody else has just rotated it."""
        ...

    async def disable(self, hook_id: str, why: str, audit: Audited) -> Hook | None:
        """None, too, where it isn't active."""
        ...

    async def enable(self, hook_id: str, *, skip_missed: bool, by: str, audit: Audited) -> Hook | None:
        """What waits is tried anew, and what happened since is told, unless it is to be skipped. None, too, where it
        isn't disabled.
        """
        ...

    async def delete(self, hook_id: str, *, by: str, audit: Audited) -> Hook | None: ...

    async def test(self, hook_id: str, correlation_id: str, audit: Audited) -> Hook | None:
        """Lets an event happen that only it is told. None, too, where it isn't active."""
        ...

    async def backlog(self, kinds: Sequence[str]) -> Backlog:
        """Of active webhooks."""
        ...

    async def distribute(self, meant: Meant, kinds: Sequence[str], gap: Gap, *, most: int) -> int:
        """Looks at the next events for all active webhooks and makes a delivery of each that is meant; how many events
        it looked at. Whoever does the same at the same time finds it done. A webhook behind whose position events are
        kept no more gets an event that says so, and there is an exception.
        """
        ...

    async def forget(self, *, before: datetime) -> int:
        """Removes deliveries that ended before, those that waited for a disabled webhook since before, and deleted
        webhooks without any, some thousand at a time; how many.
        """
        ...


class Deliveries(Protocol):
    async def take(self, *, most: int, per_hook: int, seconds: float) -> tuple[Taken, ...]:
        """Those that are due; nobody else gets them for `seconds`. Of one record and webhook only the oldest that
        waits, of one webhook so many that at most `per_hook` are under way in all processes.
        """
        ...

    async def end(self, taken: Taken, verdict: Verdict) -> bool:
        """Writes a try down. False, and nothing is changed, where somebody else has taken the delivery since."""
        ...

    async def give_back(self, taken: Sequence[Taken]) -> None:
        """Lets others take at once what nobody knows the outcome of, unless somebody has taken it since."""
        ...

    async def get(self, delivery_id: str) -> Delivery | None: ...

    async def page(
        self, hook_id: str, *, status: DeliveryStatus | None, first: int, before: int | None
    ) -> tuple[Delivery, ...]:
        """Newest first, those with a `number` below `before`."""
        ...

    async def count(self, hook_id: str, *, status: DeliveryStatus | None) -> int: ...

    async def redeliver(self, delivery_id: str, audit: Audited) -> Delivery | None:
        """Sends it again, whatever came of it. None where it waits anyway, or its event is kept no more."""
        ...

    async def waiting(self) -> Waiting:
        """Of active webhooks."""
        ...
