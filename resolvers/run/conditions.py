"""What of a condition a platform can hold itself, and what has to be held here."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from platforms.bindings import Bindings
from platforms.predicates import (
    And,
    Compare,
    Missing,
    Or,
    Predicate,
    all_of,
    any_of,
    conjuncts,
    leaves,
    normalised,
)
from platforms.readers import Facet, Order, Pushable
from schema.ids import RecordKey

MOST_VALUES = 200
"""How many values of a path that isn't read by keys one condition may list for a platform."""


@dataclass(frozen=True, slots=True)
class Split:
    """A condition in two parts. The rows asked for are those for which both hold; `local` may repeat what is pushed."""

    pushed: Predicate | None
    local: Predicate | None


def split(where: Predicate, facet: Facet) -> Split:
    """The conjuncts that the facet's platform can hold, and those that it can't, or not exactly."""
    pushed: list[Predicate] = []
    local: list[Predicate] = []
    for part in conjuncts(where):
        found = [_pushable(leaf, facet) for leaf in leaves(part)]
        if all(item is not None for item in found):
            pushed.append(part)
            if any(item is not None and not item.exact for item in found):
                local.append(part)
        else:
            local.append(part)
    return Split(all_of(pushed) if pushed else None, all_of(local) if local else None)


def overlong(leaf: Predicate, facet: Facet) -> bool:
    """Whether a comparison lists more values than the platform takes in one call."""
    if not isinstance(leaf, Compare) or leaf.operator != "in" or not isinstance(leaf.value, tuple):
        return False
    return len(leaf.value) > facet.batch.get(leaf.path, MOST_VALUES)


def _pushable(leaf: Compare | Missing, facet: Facet) -> Pushable | None:
    found = facet.pushable.get(leaf.path)
    if found is None or (leaf.negated and not found.exact) or overlong(leaf, facet):
        return None
    if isinstance(leaf, Missing):
        return found
    return found if leaf.operator in found.operators else None


def localised(where: Predicate, platform: str, bindings: Bindings) -> Predicate:
    """The condition with record keys replaced by the ids that this platform's rows hold; others match nothing here."""

    def change(leaf: Compare) -> Predicate:
        value = leaf.value
        if leaf.operator != "in" or not value or not isinstance(value[0], RecordKey):
            return leaf
        anchor = bindings.anchor(value[0].type)
        whose = platform if leaf.path == "id" or anchor is None else bindings.peer(platform, anchor)
        ids = tuple(key.external_id for key in value if key.platform == whose)
        return normalised(Compare(leaf.path, "in", ids, leaf.negated))

    return replaced(where, change)


def replaced(where: Predicate, change: Callable[[Compare], Predicate]) -> Predicate:
    """The condition with every comparison passed through `change`."""
    match where:
        case Compare():
            return change(where)
        case And(parts):
            return all_of(replaced(part, change) for part in parts)
        case Or(parts):
            return any_of(replaced(part, change) for part in parts)
        case _:
            return where


def behind(order: tuple[Order, ...], values: tuple[Any, ...], external_id: str) -> Predicate:
    """The rows that come after the row with these order values and this id: the keyset of the next page.

    Missing values come first when ascending and last when descending; equal values come by ascending id.
    """
    parts: list[Predicate] = []
    equal: list[Predicate] = []
    for item, value in zip(order, values, strict=True):
        if (beyond := _beyond(item, value)) is not None:
            parts.append(all_of([*equal, beyond]))
        equal.append(Missing(item.path) if value is None else Compare(item.path, "eq", value))
    parts.append(all_of([*equal, Compare("id", "gt", external_id)]))
    return any_of(parts)


def _beyond(item: Order, value: Any) -> Predicate | None:
    if value is None:
        return None if item.descending else Missing(item.path, negated=True)
    if item.descending:
        return any_of([Compare(item.path, "lt", value), Missing(item.path)])
    return Compare(item.path, "gt", value)


def sort_key(values: Iterable[Any], order: tuple[Order, ...]) -> tuple[Any, ...]:
    """A key that sorts rows by `order`: text without regard to case first, then by code point."""
    return tuple(_part(value, descending=item.descending) for value, item in zip(values, order, strict=True))


def id_key(external_id: str) -> tuple[int, str]:
    """A key that sorts ids as a platform does: numbers by value, others as text."""
    return (len(external_id), external_id) if external_id.isdigit() else (0, external_id)


def _part(value: Any, *, descending: bool) -> Any:
    if isinstance(value, str):
        value = (value.casefold(), value)
    present = (value is not None, value if value is not None else 0)
    return Reversed(present) if descending else present


class Reversed:
    """Sorts the other way round."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __lt__(self, other: "Reversed") -> bool:
        return bool(other.value < self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Reversed) and bool(self.value == other.value)

    __hash__ = None  # type: ignore[assignment]
