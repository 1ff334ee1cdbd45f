"""Conditions as Tryton's domains, and how each kind of field is compared there.

A domain is a list of clauses `[field, operator, value]` that all hold, or of domains after "OR". Where the answer
doesn't depend on the record, a condition is True or False. Tryton's `!=` and `not in` leave out missing values, so that
negated comparisons always say them. Source: https://docs.tryton.org/latest/server/topics/domain.html
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol, TypeAlias

from platforms.predicates import Compare, Operator
from platforms.readers import COMPARISONS, Pushable
from platforms.tryton.wire import said_day
from schema.errors import BadUserInput

Domain: TypeAlias = list[Any]
Condition: TypeAlias = Domain | bool

EQUALITY: frozenset[Operator] = frozenset({"eq", "in"})
SEARCH: frozenset[Operator] = frozenset({"eq", "in", "startsWith", "contains"})
SIGNS = {"eq": "=", "lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
_OPPOSITE = {"=": "!=", "<": ">=", "<=": ">", ">": "<=", ">=": "<", "in": "not in", "like": "not like"}
_MOST_ID = 2**31 - 1  # PostgreSQL refuses more for Tryton's ids
_LONGEST_PATTERN = 10_000  # SQLite refuses patterns past 50,000 bytes


class Column(Protocol):
    """A canonical path as Tryton compares it. `order` is the field to order by, None where Tryton has none."""

    @property
    def pushable(self) -> Pushable | None: ...

    @property
    def order(self) -> str | None: ...

    def condition(self, leaf: Compare) -> Condition: ...

    def missing(self, *, negated: bool) -> Condition: ...


# ---------------------------------------------------------------------------------------------------- clauses


def clause(field: str, sign: str, value: Any, *, negated: bool = False) -> Domain:
    """One comparison as a domain of its own; a negated one holds for a missing value too."""
    if not negated:
        return [[field, sign, value]]
    opposite = [field, _OPPOSITE[sign], value]
    return [opposite] if value is None else ["OR", opposite, [field, "=", None]]


def among(field: str, values: Iterable[Any], *, negated: bool) -> Condition:
    """Whether the field holds one of the values."""
    found = list(values)
    return clause(field, "in", found, negated=negated) if found else negated


def both(parts: Iterable[Condition]) -> Condition:
    """The conjunction."""
    said = [part for part in parts if part is not True]
    if False in said:
        return False
    if not said:
        return True
    return said[0] if len(said) == 1 else ["AND", *said]


def either(parts: Iterable[Condition]) -> Condition:
    """The disjunction."""
    said = [part for part in parts if part is not False]
    if True in said:
        return True
    if not said:
        return False
    return said[0] if len(said) == 1 else ["OR", *said]


# --------------------------------------------------------------------------------------------------- literals


def as_id(text: Any) -> int | None:
    """The number of a record; None for what can't be one, as written by Tryton."""
    if not (isinstance(text, str) and text.isascii() and text.isdecimal() and len(text) <= 10):
        return None
    number = int(text)
    return number if str(number) == text and number <= _MOST_ID else None


def ids(texts: Iterable[Any]) -> list[int]:
    return [number for number in map(as_id, texts) if number is not None]


def sayable(text: str) -> bool:
    """Whether a record can hold the text at all: not with a NUL in it, nor half of a character."""
    return "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


def wanted(leaf: Compare) -> tuple[Any, ...]:
    """The values of an `eq` or `in`."""
    return tuple(leaf.value) if leaf.operator == "in" else (leaf.value,)


def pattern(leaf: Compare) -> str:
    """A LIKE pattern for text that begins with, or holds anywhere, the leaf's own."""
    if len(leaf.value) > _LONGEST_PATTERN:
        raise BadUserInput(f"The text to look for in `{leaf.path}` is too long for Tryton: use a shorter one.")
    escaped = leaf.value.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%" if leaf.operator == "contains" else f"{escaped}%"


# ---------------------------------------------------------------------------------------------------- columns


@dataclass(frozen=True, slots=True)
class IdColumn:
    """The record's own id."""

    @property
    def pushable(self) -> Pushable:
        return Pushable(frozenset({"eq", "in", "gt"}))

    @property
    def order(self) -> str:
        return "id"

    def condition(self, leaf: Compare) -> Condition:
        if leaf.operator in EQUALITY:
            return among("id", ids(wanted(leaf)), negated=leaf.negated)
        number = as_id(leaf.value)
        if number is None:
            raise not_a_cursor()
        return clause("id", ">", number, negated=leaf.negated)

    def missing(self, *, negated: bool) -> Condition:
        return negated


@dataclass(frozen=True, slots=True)
class ReferenceColumn:
    """The id of a related record in Tryton; `order` None, since Tryton would order by that record's name."""

    field: str

    @property
    def pushable(self) -> Pushable:
        return Pushable(EQUALITY)

    @property
    def order(self) -> None:
        return None

    def condition(self, leaf: Compare) -> Condition:
        return among(self.field, ids(wanted(leaf)), negated=leaf.negated)

    def missing(self, *, negated: bool) -> Condition:
        return clause(self.field, "=", None, negated=negated)


@dataclass(frozen=True, slots=True)
class _Wider:
    """What the columns have in common whose conditions may find more than asked."""

    @property
    def order(self) -> None:
        return None

    def missing(self, *, negated: bool) -> Condition:  # noqa: ARG002 - whatever is asked, all may be found
        return True


@dataclass(frozen=True, slots=True)
class LinkColumn(_Wider):
    """A field that may hold another platform's id. What isn't of that form is no link, which Tryton can't tell."""

    field: str
    is_id: Callable[[str], bool]

    @property
    def pushable(self) -> Pushable:
        return Pushable(EQUALITY, exact=False)

    def condition(self, leaf: Compare) -> Condition:
        return among(self.field, (key for key in wanted(leaf) if self.is_id(key)), negated=leaf.negated)


@dataclass(frozen=True, slots=True)
class TextColumn(_Wider):
    """Text. On SQLite, LIKE ignores the case of ASCII letters, so that text conditions may find more than asked."""

    field: str

    @property
    def pushable(self) -> Pushable:
        return Pushable(SEARCH, exact=False)

    def condition(self, leaf: Compare) -> Condition:
        if leaf.operator in EQUALITY:
            texts = (text for text in wanted(leaf) if text and sayable(text))
            return among(self.field, texts, negated=leaf.negated)
        sought = pattern(leaf)
        return clause(self.field, "like", sought, negated=leaf.negated) if sayable(leaf.value) else leaf.negated


@dataclass(frozen=True, slots=True)
class DayColumn:
    """A stored day."""

    field: str

    @property
    def pushable(self) -> Pushable:
        return Pushable(COMPARISONS)

    @property
    def order(self) -> str:
        return self.field

    def condition(self, leaf: Compare) -> Condition:
        if leaf.operator in EQUALITY:
            return among(self.field, [said_day(value) for value in wanted(leaf)], negated=leaf.negated)
        if not isinstance(leaf.value, date):
            raise not_a_cursor()
        return clause(self.field, SIGNS[leaf.operator], said_day(leaf.value), negated=leaf.negated)

    def missing(self, *, negated: bool) -> Condition:
        return clause(self.field, "=", None, negated=negated)


@dataclass(frozen=True, slots=True)
class WiderColumn(_Wider):
    """A value that Tryton can't compare itself; `widely` finds a condition that no record fails for which it holds."""

    operators: frozenset[Operator]
    widely: Callable[[Compare], Condition]

    @property
    def pushable(self) -> Pushable:
        return Pushable(self.operators, exact=False)

    def condition(self, leaf: Compare) -> Condition:
        return True if leaf.negated else self.widely(leaf)


@dataclass(frozen=True, slots=True)
class ExistsColumn:
    """A flag that is set where a record of a one-to-many field meets a condition."""

    field: str
    having: Domain

    @property
    def pushable(self) -> Pushable:
        return Pushable(EQUALITY)

    @property
    def order(self) -> None:
        return None

    def condition(self, leaf: Compare) -> Condition:
        asked = [flag for flag in (True, False) if (flag in wanted(leaf)) is not leaf.negated]
        if len(asked) != 1:
            return bool(asked)
        return [[self.field, "where" if asked[0] else "not where", self.having]]

    def missing(self, *, negated: bool) -> Condition:
        return negated


@dataclass(frozen=True, slots=True)
class PlaceColumn:
    """A whole number that orders records; Tryton's missing one stands before all others, and counts as 0 here."""

    field: str

    @property
    def pushable(self) -> None:
        return None

    @property
    def order(self) -> str:
        return self.field

    def condition(self, leaf: Compare) -> Condition:
        """For paging alone, so neither negated nor `in`."""
        value = leaf.value
        if not isinstance(value, int) or abs(value) > _MOST_ID:
            raise not_a_cursor()
        found = clause(self.field, SIGNS[leaf.operator], value)
        zero = {"lt": value > 0, "gt": value < 0, "eq": value == 0}[leaf.operator]
        return ["OR", *found, [self.field, "=", None]] if zero else found

    def missing(self, *, negated: bool) -> Condition:
        return negated


def not_a_cursor() -> BadUserInput:
    """Order values only come from rows, unless somebody makes a cursor up."""
    return BadUserInput("`after` is not a cursor: use an `endCursor` or `cursor` of an earlier page.")
