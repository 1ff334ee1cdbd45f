"""What a comparison is: two sides, the key that joins them, and what becomes of what differs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from schema.errors import Queue
from schema.ids import RecordKey, encode_id
from sync.firm import Firm
from sync.reconciling.judging import Rules
from sync.reconciling.seen import Looked, Unit, Walked

Which = Literal["left", "right"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """One side is read from its beginning to its end, and each of its records looked up on the other one. `dated`: the
    path of the day by which it is bounded.
    """

    which: Which
    side: Walked
    dated: str = "modifiedAt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """Whose record a unit is: the CRM's platform and what links customers to the client there. `exact`: of its
    customers this link names one; else any of them may be meant.
    """

    platform: str
    link: str
    exact: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """The flow that brings a record into line by ownership, for differences of these kinds."""

    workflow: str
    kinds: frozenset[str]
    wish: Callable[[Firm, Unit], Mapping[str, Any] | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """`left_name` and `right_name` are what people call a record of each side, `queue` who owns what differs, and
    `days` how soon it should be settled.
    """

    name: str
    title: str
    left_name: str
    right_name: str
    left: Looked
    right: Looked
    walks: tuple[Walk, ...]
    rules: Rules
    queue: Queue
    days: int
    type: str
    """Of the canonical records that it tells of."""
    record: Callable[[Firm, Unit], str | None]
    client: Callable[[Firm, Unit], Client | None] | None = None
    """None: it isn't of any legal entity."""
    settled: Callable[[Unit], bool] | None = None
    """Whether its two sides can be the same yet."""
    repair: Repair | None = None

    def applies(self, firm: Firm) -> bool:
        """Whether this firm's platforms have both sides."""
        return bool(self.left.platforms(firm)) and bool(self.right.platforms(firm))


def keyed(type_name: str) -> Callable[[Firm, Unit], str | None]:
    """The canonical record that the key names."""

    def record(_: Firm, unit: Unit) -> str | None:
        return None if unit.key is None else encode_id(RecordKey(type_name, *unit.key))

    return record


def named(comparisons: Sequence[Comparison]) -> Mapping[str, Comparison]:
    return {each.name: each for each in comparisons}
