"""Conditions on canonical values, as they are pushed to platforms and held here.

The logic has two values: a comparison with a missing value is false, and `Not` turns that round. `normalised` moves
every `Not` down to the comparisons, so that a connector only ever sees `And`, `Or`, `Compare`, `TRUE` and `FALSE`.
Strings compare exactly, by code point.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

Operator = Literal["eq", "in", "startsWith", "contains", "lt", "lte", "gt", "gte"]


@dataclass(frozen=True, slots=True)
class Compare:
    """`path operator value`, or its opposite where `negated`.

    Because a comparison with a missing value is false, a negated one also holds where the value is missing.
    `path` is a canonical path such as `name` or `billing.overdue.amount`; `value` is canonical too (a tuple for `in`).
    """

    path: str
    operator: Operator
    value: Any
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Missing:
    """The value at `path` is missing; with `negated`, it is there. Made for keyset paging over missing values."""

    path: str
    negated: bool = False


@dataclass(frozen=True, slots=True)
class And:
    parts: tuple["Predicate", ...]


@dataclass(frozen=True, slots=True)
class Or:
    parts: tuple["Predicate", ...]


@dataclass(frozen=True, slots=True)
class Not:
    part: "Predicate"


@dataclass(frozen=True, slots=True)
class Constant:
    value: bool


TRUE = Constant(value=True)
FALSE = Constant(value=False)
Predicate: TypeAlias = Compare | Missing | And | Or | Not | Constant


def all_of(parts: Iterable[Predicate]) -> Predicate:
    """The conjunction, flattened; contradictions between single values of one path become `FALSE`."""
    flat = list(dict.fromkeys(_flat(parts, And)))
    if FALSE in flat:
        return FALSE
    flat = [part for part in flat if part != TRUE]
    if _contradictory(flat):
        return FALSE
    if not flat:
        return TRUE
    return flat[0] if len(flat) == 1 else And(tuple(flat))


def any_of(parts: Iterable[Predicate]) -> Predicate:
    """The disjunction, flattened."""
    flat = list(dict.fromkeys(_flat(parts, Or)))
    if TRUE in flat:
        return TRUE
    flat = [part for part in flat if part != FALSE]
    if not flat:
        return FALSE
    return flat[0] if len(flat) == 1 else Or(tuple(flat))


def normalised(predicate: Predicate, *, negated: bool = False) -> Predicate:
    """An equal predicate without `Not`, constants folded."""
    match predicate:
        case Constant(value):
            return TRUE if value is not negated else FALSE
        case Compare():
            return _settled(replace(predicate, negated=predicate.negated is not negated))
        case Missing():
            return replace(predicate, negated=predicate.negated is not negated)
        case Not(part):
            return normalised(part, negated=not negated)
        case And(parts):
            join = any_of if negated else all_of
            return join(normalised(part, negated=negated) for part in parts)
        case Or(parts):
            join = all_of if negated else any_of
            return join(normalised(part, negated=negated) for part in parts)


def paths(predicate: Predicate) -> frozenset[str]:
    """Every canonical path that the predicate looks at."""
    return frozenset(leaf.path for leaf in leaves(predicate))


def leaves(predicate: Predicate) -> Iterator[Compare | Missing]:
    match predicate:
        case Compare() | Missing():
            yield predicate
        case And(parts) | Or(parts):
            for part in parts:
                yield from leaves(part)
        case Not(part):
            yield from leaves(part)
        case Constant():
            return


def conjuncts(predicate: Predicate) -> tuple[Predicate, ...]:
    """The parts that must all hold."""
    if predicate == TRUE:
        return ()
    return predicate.parts if isinstance(predicate, And) else (predicate,)


def holds(predicate: Predicate, value_at: Callable[[str], Any]) -> bool:
    """Whether the predicate holds for the record whose canonical values `value_at` tells."""
    match predicate:
        case Constant(value):
            return value
        case Compare(path, operator, value, negated):
            return _compare(operator, value_at(path), value) is not negated
        case Missing(path, negated):
            return (value_at(path) is None) is not negated
        case And(parts):
            return all(holds(part, value_at) for part in parts)
        case Or(parts):
            return any(holds(part, value_at) for part in parts)
        case Not(part):
            return not holds(part, value_at)


def _compare(operator: Operator, found: Any, value: Any) -> bool:
    if found is None:
        return False
    match operator:
        case "eq":
            return bool(found == value)
        case "in":
            return found in value
        case "startsWith":
            return bool(found.startswith(value))
        case "contains":
            return value in found
        case "lt":
            return bool(found < value)
        case "lte":
            return bool(found <= value)
        case "gt":
            return bool(found > value)
        case "gte":
            return bool(found >= value)


def _settled(leaf: Compare) -> Predicate:
    if leaf.operator == "in" and leaf.value == ():
        return TRUE if leaf.negated else FALSE
    return leaf


def _flat(parts: Iterable[Predicate], kind: type[And] | type[Or]) -> Iterator[Predicate]:
    for part in parts:
        if isinstance(part, kind):
            yield from part.parts
        else:
            yield part


def _contradictory(parts: list[Predicate]) -> bool:
    """Whether two comparisons of one path can't both hold. Sees single values and ranges, not every contradiction."""
    by_path: dict[str, list[Compare]] = {}
    for part in parts:
        if isinstance(part, Compare) and not part.negated:
            by_path.setdefault(part.path, []).append(part)
    return any(len(leaves_) > 1 and _empty(leaves_) for leaves_ in by_path.values())


def _empty(leaves_: list[Compare]) -> bool:
    allowed: set[Any] | None = None
    for leaf in leaves_:
        if leaf.operator == "in" and not isinstance(leaf.value, tuple):
            return False  # keys that are not known yet
        if leaf.operator in ("eq", "in"):
            values = {leaf.value} if leaf.operator == "eq" else set(leaf.value)
            allowed = values if allowed is None else allowed & values
    if allowed is not None:
        return not any(all(_compare(leaf.operator, value, leaf.value) for leaf in leaves_) for value in allowed)
    lower = [leaf for leaf in leaves_ if leaf.operator in ("gt", "gte")]
    upper = [leaf for leaf in leaves_ if leaf.operator in ("lt", "lte")]
    return any(_apart(low, high) for low in lower for high in upper)


def _apart(low: Compare, high: Compare) -> bool:
    """Whether nothing lies between the two bounds."""
    if low.value == high.value:
        return low.operator == "gt" or high.operator == "lt"
    return bool(low.value > high.value)
