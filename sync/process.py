"""What a flow is, and what it is given to work with: the same words whether it is rehearsed or performed."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal, NoReturn, Protocol, TypeVar

import msgspec

from platforms.slots import Priority
from schema.errors import Queue
from sync.desk import Refusal, RefusalCode
from sync.effects import Done, Effect, Undo
from sync.firm import Firm
from sync.ledger.records import Json

T = TypeVar("T")
Path = tuple[str, ...]


class Refused(Exception):  # noqa: N818 - an answer to the caller, not a fault
    """The wish can't be granted as it stands; everything that is wrong with it is said at once."""

    def __init__(self, *refusals: Refusal) -> None:
        super().__init__("; ".join(refusal.message for refusal in refusals))
        self.refusals = refusals


def refused(code: RefusalCode, message: str, *path: str) -> Refused:
    """A single refusal; `path` leads into the input, `input` itself left out."""
    return Refused(Refusal(code, message, ("input", *path) if path else None))


class Process(Protocol):
    """One run of a flow, rehearsed (nothing is written) or performed.

    What a flow decides upon must come from its wish and its facts: these are the same each time that it is replayed.
    """

    firm: Firm
    run_id: str
    today: date
    if_version: str | None
    """The version of the record that the caller has seen, where the wish changes one record."""

    async def fact(self, name: str, kind: type[T], gather: Callable[[], Awaitable[T]]) -> T:
        """What `gather` found when this run first asked; later asking doesn't look again."""
        ...

    async def step(self, name: str, effect: Effect, *, undo: Undo) -> Done:
        """One effect on one platform, done once; `name` is its identity within the run."""
        ...

    def at_stake(self, amount: Decimal, currency: str) -> None:
        """How much money hangs on this run; shown where something goes wrong with it."""
        ...

    def needs_person(self, code: str, message: str, *, queue: Queue, detail: Json = None) -> NoReturn:
        """Stops here: a person must decide something first. What is done already stays."""
        ...

    def concerns(self, *record_ids: str) -> None:
        """Global ids of canonical records that the run touches."""
        ...


class Wish(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A command's input, by its GraphQL names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """A business process. `queue` are the people who own what goes wrong with it.

    `subject` names the record that it is about: runs about one record are done one after the other. `approver`: the
    role that must agree before anything is written. `on_refusal`: what becomes of finished steps when a
    platform refuses a later one.
    """

    name: str
    version: int
    wish: type[Wish]
    process: Callable[[Process, Any], Awaitable[None]]
    subject: Callable[[Any], str | None]
    queue: Queue
    approver: str | None = None
    on_refusal: Literal["undo", "stop"] = "undo"
    changes_one_record: bool = False
    """Whether `ifVersion` means something."""
    live: bool = False
    """What it reads may be another thing by the time that it is performed, such as what other runs have billed
    meanwhile: its plan is made anew right before its first step, however young it is.
    """
    urgency: Priority = Priority.GOVERNED_WRITE
    """How its reads stand beside those of others."""
