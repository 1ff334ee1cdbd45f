"""What those who notice changes, and those who read of them, ask of the ledger. Every method is one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import msgspec

from sync.ledger.records import Json, Step


def change_kind(type_name: str) -> str:
    """The kind of the events that tell of changed records of a canonical type, such as `record.Project`."""
    return f"record.{type_name}"


def type_of_kind(kind: str) -> str | None:
    """The canonical type whose changes events of this kind tell; None where they tell something else."""
    prefix, _, type_name = kind.partition(".")
    return type_name if prefix == "record" else None


class RecordChange(msgspec.Struct, frozen=True, kw_only=True):
    """The payload of an event of a `change_kind`: what one platform's record became.

    `changes`: canonical path → [before, after] as JSON, both None where the platform had or has nothing there. `first`:
    the record was never seen before, so that its `before` values are unknown rather than empty. `gone`: the platform
    has it no more; `into`: the id of the one that it was merged into, where that is known. `run`: the governed run
    whose own write this is the echo of. `values`: what a subscriber's filter needs to know of the record beside its
    changes, by canonical path: the keys of related records, as the platform holds them, and the canonical status.
    """

    type: str
    role: str
    platform: str
    entity: str
    external_id: str
    changes: Mapping[str, tuple[Json, Json]]
    first: bool = False
    gone: bool = False
    into: str | None = None
    run: str | None = None
    occurred_at: datetime
    """When the platform says that it happened; where it doesn't say, when it was noticed."""
    observed_at: datetime
    noticed_by: str
    """`feed`, `webhook`, `probe`, `run`."""
    values: Mapping[str, Json] = {}


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """What a platform's record looked like when a difference was last found in it; values by canonical path, as JSON.

    `version` counts what was found; 0: never seen. `seen_at`: when the reading began that it was last found like this
    by, as far as that is kept up. `echoes`: of recent governed steps, by run, step and attempt, the paths at which
    their values have been seen: what becomes of those later is no echo.
    """

    platform: str
    type: str
    role: str
    external_id: str
    version: int
    values: Mapping[str, Json]
    modified_at: datetime | None = None
    seen_at: datetime
    gone_at: datetime | None = None
    echoes: Mapping[str, Sequence[str]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An event to be written. `subject`: the record's canonical global id."""

    subject: str
    correlation_id: str
    change: RecordChange


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What was found, by somebody who noted the snapshot's version *before* asking the platform.

    `expected`: that version, 0 for none. As it only counts where it still is the same, whatever is written was read
    later than what it replaces, however many look at once. `values` None: the record is gone. `read_at`: when the
    reading began; None: now.
    """

    platform: str
    type: str
    role: str
    external_id: str
    expected: int
    values: Mapping[str, Json] | None
    modified_at: datetime | None = None
    read_at: datetime | None = None
    echoes: Mapping[str, Sequence[str]] = field(default_factory=dict)
    told: tuple[Told, ...] = ()


class Snapshots(Protocol):
    """What was last seen, per platform and record."""

    async def get(
        self, platform: str, type_name: str, role: str, external_ids: Sequence[str]
    ) -> Mapping[str, Snapshot]:
        """By external id; absent: never seen, or forgotten."""
        ...

    async def observe(self, observations: Sequence[Observation]) -> tuple[bool, ...]:
        """Writes snapshots and events, each observation's whole or, where its snapshot is another by now, not at all:
        False then, and the record must be read again.
        """
        ...

    async def page(self, platform: str, type_name: str, role: str, *, after: str = "", most: int) -> Sequence[Snapshot]:
        """By ascending external id, gone ones left out; for those who compare."""
        ...

    async def count(
        self, platform: str, type_name: str, role: str, *, since: datetime | None = None, until: datetime | None = None
    ) -> int:
        """How many there are, gone ones left out; of those stamped from `since` up to, and without, `until`."""
        ...

    async def between(
        self, platform: str, type_name: str, role: str, *, since: datetime, until: datetime, most: int
    ) -> Sequence[Snapshot]:
        """Those stamped from `since` up to, and without, `until`, by stamp, gone ones left out."""
        ...

    async def some(self, platform: str, type_name: str, role: str, *, skip: int, most: int) -> Sequence[Snapshot]:
        """By ascending external id behind the first `skip`, gone ones left out; for samples."""
        ...

    async def written(self, platform: str, external_ids: Sequence[str], *, since: datetime) -> Sequence[Step]:
        """The steps that wrote, or may have written, to these records since: echoes are looked for among them."""
        ...

    async def being_created(self, platform: str, type_name: str, role: str, *, since: datetime) -> bool:
        """Whether a step is under way whose record's id isn't known yet: what is noticed now may be its echo."""
        ...

    async def forget(self, *, before: datetime) -> int:
        """Removes snapshots last seen before; some thousand at a time, how many."""
        ...


class Feed(msgspec.Struct, frozen=True, kw_only=True):
    """How far one platform's changes of one kind have been followed. `name`: such as `netsuite:Invoice:ERP`.

    `position` and `backfill` belong to whoever reads the feed; `backfill` None: none is under way. `reached_at`: all
    that the platform says happened before it has been seen. `interval`: seconds between two rounds at present.
    `counts`: rounds, rows, changes, holes, deletions.
    """

    name: str
    platform: str
    version: int
    position: Json = None
    backfill: Json = None
    paused: bool = False
    next_at: datetime
    taken_until: datetime | None = None
    reached_at: datetime | None = None
    round_at: datetime | None = None
    interval: float
    failures: int = 0
    error: str | None = None
    counts: Mapping[str, int] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedChange:
    """What a round makes of its feed. None: stays as it is; see `clear`."""

    position: Json | None = None
    backfill: Json | None = None
    next_at: datetime | None = None
    reached_at: datetime | None = None
    round_at: datetime | None = None
    interval: float | None = None
    failures: int | None = None
    error: str | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    """Added to what is counted already."""
    clear: frozenset[str] = frozenset()
    """Names of fields among backfill, error that become None."""


class Feeds(Protocol):
    """All feeds of an installation, shared by its processes."""

    async def declare(self, names: Mapping[str, str], *, interval: float) -> None:
        """Makes rows for feeds that have none, by name with the platform of each; due at once."""
        ...

    async def take(self, names: Sequence[str], *, seconds: float) -> Feed | None:
        """The feed among them that has been due longest, that isn't paused, and that nobody has; nobody else gets it
        for `seconds`.
        """
        ...

    async def keep(self, feed: Feed, *, seconds: float) -> bool:
        """It stays taken for `seconds` from now; False where somebody else has taken or moved it since."""
        ...

    async def give_back(self, feed: Feed, change: FeedChange) -> bool:
        """Ends a round. False, and nothing is changed, where somebody else has taken or moved it since."""
        ...

    async def all(self) -> Sequence[Feed]: ...

    async def pause(self, platform: str, *, paused: bool) -> int:
        """All feeds of a platform; how many."""
        ...

    async def hurry(self, type_name: str, *, seconds: float) -> int:
        """Somebody waits for changes of this type: its feeds, and logs, that had no round for so long are due now, and
        begin again with pauses of that length. How many; none that fails for now.
        """
        ...

    async def start_backfill(self, name: str, backfill: Json) -> Feed | None:
        """None where there is no such feed. One that is under way begins anew."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """Something that a platform sent by itself, as it came. `tries`: how often it was taken, this time included."""

    id: int
    source: str
    event_id: str
    body: bytes
    correlation_id: str
    received_at: datetime
    tries: int


class Inbox(Protocol):
    """What platforms send, kept raw before it is answered, once per source and event id."""

    async def put(self, *, source: str, event_id: str, body: bytes, correlation_id: str) -> bool:
        """False: it was there already."""
        ...

    async def take(self, *, most: int, seconds: float, source: str | None = None) -> tuple[Received, ...]:
        """Oldest first, of one source or of all; nobody else gets them for `seconds`. What is not `done` by then comes
        again.
        """
        ...

    async def is_due(self, source: str | None = None) -> bool:
        """Whether `take` would bring anything; cheaper to ask."""
        ...

    async def oldest(self) -> Mapping[str, datetime]:
        """When the oldest that isn't dealt with was received, by source."""
        ...

    async def put_back(self, ids: Sequence[int], *, seconds: float, forgiven: bool = False) -> None:
        """They come again in so many seconds. `forgiven`: as if they hadn't been taken this time."""
        ...

    async def set_aside(self, ids: Sequence[int], *, why: str) -> None:
        """They don't come again, and are kept as long as what is done."""
        ...

    async def done(self, ids: Sequence[int]) -> None: ...


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a feed was read. `version` 0: never yet."""

    position: Json
    version: int


class Cursors(Protocol):
    """How far each feed was read, by the feed's name."""

    async def get(self, name: str) -> Cursor: ...

    async def move(self, name: str, *, version: int, position: Json) -> bool:
        """False, and nothing is changed, where somebody else has moved it since `version` was read."""
        ...
