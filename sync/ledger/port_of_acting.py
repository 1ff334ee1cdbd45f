"""What those who act upon changes by themselves ask of the ledger. Every method is one transaction."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

import msgspec

from sync.ledger.records import Json, Run, Step

if TYPE_CHECKING:
    from sync.ledger.port import NewException
    from sync.ledger.port_of_changes import Cursor

Place = tuple[str, str]
"""A record's global id and a canonical path of it."""


class Trigger(msgspec.Struct, frozen=True, kw_only=True):
    """What one rule knows of one record, and whether it has yet to look at it.

    `cursor`: the newest event that woke it. `next_at` None: there is nothing to look at before another event. `parked`:
    why it waits, such as a platform that is away. `refused`: a digest of what was refused last. `identity`: a digest of
    what held when a run was last requested; `generation` counts those.
    """

    rule: str
    subject: str
    version: int
    cursor: int
    correlation_id: str
    next_at: datetime | None = None
    taken_until: datetime | None = None
    tries: int = 0
    parked: str | None = None
    refused: str | None = None
    identity: str | None = None
    generation: int = 0
    run_id: str | None = None
    fired_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Woken:
    """A rule has to look at a record because of an event."""

    rule: str
    subject: str
    cursor: int
    correlation_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fired:
    """A run was requested for what held."""

    identity: str
    generation: int
    run_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What came of a look. `next_at`: when to look again without any event.

    `refused` takes the place of what was refused before, None included. Open exceptions whose cause begins with
    `settled` are closed but for those of `kept`. `forgotten`: nothing needs to be known of the record any more.
    """

    next_at: datetime | None = None
    tries: int = 0
    parked: str | None = None
    refused: str | None = None
    fired: Fired | None = None
    raised: "tuple[NewException, ...]" = ()
    settled: str | None = None
    kept: frozenset[str] = frozenset()
    woken: tuple[Woken, ...] = ()
    forgotten: bool = False


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """One change of a path; `run` where it was the governed run's."""

    platform: str
    before: Json
    after: Json
    run: str | None
    at: datetime
    cursor: int


class Tug(msgspec.Struct, frozen=True, kw_only=True):
    """The latest changes of one path of one record. `cause`: of the exception that paused it; `paused`: it is open."""

    subject: str
    path: str
    moves: tuple[Move, ...] = ()
    cause: str | None = None
    paused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """What was read out of some events, to be written down with how far they were read."""

    position: int
    woken: tuple[Woken, ...] = ()
    tugs: tuple[Tug, ...] = ()
    raised: "tuple[tuple[NewException, str], ...]" = ()
    """Exceptions with their correlation ids."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a rule is doing: records that it has yet to look at, and those for which its wish was refused."""

    waiting: int = 0
    refused: int = 0
    fired_at: datetime | None = None
    run_id: str | None = None


class Triggers(Protocol):
    """What rules have to look at, shared by an installation's processes."""

    async def tugs(self, places: Collection[Place]) -> Mapping[Place, Tug]:
        """Those that are known."""
        ...

    async def writes(self, subjects: Collection[str], *, since: datetime) -> Mapping[str, Sequence[Step]]:
        """The finished steps of runs about these records since then."""
        ...

    async def note(self, name: str, cursor: "Cursor", noted: Noted) -> bool:
        """Moves the cursor called `name` and writes down what was read; False, and nothing is changed, where somebody
        else has moved it since.
        """
        ...

    async def take(self, *, most: int, seconds: float) -> tuple[Trigger, ...]:
        """What has been due longest; nobody else gets it for `seconds`."""
        ...

    async def give_back(self, trigger: Trigger, looked: Looked) -> bool:
        """False, and nothing is changed, where somebody else has taken it since.

        What was woken meanwhile is due again.
        """
        ...

    async def standings(self) -> Mapping[str, Standing]:
        """By rule."""
        ...

    async def latest_run(self, workflow: str, subject: str) -> Run | None:
        """The newest run of a workflow about a record, whoever asked for it."""
        ...

    async def forget(self, *, before: datetime) -> int:
        """Removes what is known of paths that haven't changed since and aren't paused; some thousand, how many."""
        ...
