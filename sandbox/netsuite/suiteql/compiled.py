"""An expression turned into a function of a row, with its type known beforehand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from sandbox.netsuite.suiteql.dates import ACCOUNT_DATE, at_midnight, read, writer
from sandbox.netsuite.suiteql.refusals import not_a_number, unsupported
from sandbox.netsuite.suiteql.sources import Column, Row

Bound = list[Row]
"""One row of each of the query's tables, an outer query's tables first; MISSED where a LEFT JOIN found none."""

Evaluate = Callable[[Any], Any]
"""From a Bound (or, in a grouped query, from the group's list of Bounds) to a value, NULL being None."""

ValueKind = Literal["number", "text", "date", "moment", "truth", "null"]
MISSED: Row = {}


@dataclass(frozen=True, slots=True)
class ColumnUse:
    slot: int
    name: str
    column: Column


@dataclass(frozen=True, slots=True)
class Compiled:
    """`slots` are the tables it needs; `constant` tells that `value` holds for every row of this run.

    A condition also tells how rows can be found instead of tested: `keys` are a column's only possible stored values,
    `equates` the two sides of an equality.
    """

    evaluate: Evaluate
    kind: ValueKind
    slots: frozenset[int] = frozenset()
    constant: bool = False
    value: Any = None
    use: ColumnUse | None = None
    keys: tuple[ColumnUse, tuple[Any, ...]] | None = None
    equates: tuple[Compiled, Compiled] | None = None


def constant(value: Any) -> Compiled:
    """NULL for the empty string, as in Oracle."""
    if value == "":
        value = None
    kind: ValueKind
    if value is None:
        kind = "null"
    elif isinstance(value, str):
        kind = "text"
    elif isinstance(value, datetime):
        kind = "moment"
    elif isinstance(value, date):
        kind = "date"
    else:
        kind = "number"
    return Compiled(lambda _: value, kind, constant=True, value=value)


def column(use: ColumnUse) -> Compiled:
    """Reads a column; an id becomes a number."""
    slot, name, compute = use.slot, use.name, use.column.compute
    evaluate: Evaluate
    if compute is not None:

        def computed(bound: Bound) -> Any:
            row = bound[slot]
            return compute(row) if row else None

        evaluate = computed
    elif use.column.kind == "id":

        def number(bound: Bound) -> Any:
            value = bound[slot].get(name)
            return None if value is None else int(value)

        evaluate = number
    else:
        evaluate = lambda bound: bound[slot].get(name)  # noqa: E731  # the three ways to read stand side by side
    kind: ValueKind = "number" if use.column.kind == "id" else use.column.kind
    return Compiled(evaluate, kind, frozenset({slot}), use=use)


def derived(kind: ValueKind, arguments: list[Compiled], function: Callable[..., Any]) -> Compiled:
    """A value computed from others; computed once where they are constant."""
    slots = frozenset[int]().union(*(argument.slots for argument in arguments))
    functions = [argument.evaluate for argument in arguments]
    if all(argument.constant for argument in arguments):
        value = function(*(argument.value for argument in arguments))
        return Compiled(lambda _: value, kind if value is not None else "null", constant=True, value=value)
    if len(functions) == 1:
        only = functions[0]
        return Compiled(lambda bound: function(only(bound)), kind, slots)
    if len(functions) == 2:
        first, second = functions
        return Compiled(lambda bound: function(first(bound), second(bound)), kind, slots)
    return Compiled(lambda bound: function(*[evaluate(bound) for evaluate in functions]), kind, slots)


def kind_of(parts: list[Compiled]) -> ValueKind:
    """The type of whichever of the parts, all alike, is taken."""
    return next((part.kind for part in parts if part.kind != "null"), "null")


# -- Oracle's implicit conversions


def to_number(text: str) -> Decimal:
    try:
        value = Decimal(text.strip())
    except InvalidOperation:
        raise not_a_number(text) from None
    if not value.is_finite():
        raise not_a_number(text)
    return value


def to_text(value: Any) -> str | None:
    """A value as text: numbers without trailing zeros, dates in the account's format."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, date):
        return writer(ACCOUNT_DATE)(value)
    if isinstance(value, Decimal):
        shown = f"{value:f}"
        return shown.rstrip("0").rstrip(".") if "." in shown else shown
    return str(value)


def as_number(part: Compiled) -> Compiled:
    if part.kind in ("number", "null"):
        return part
    if part.kind == "text":
        return derived("number", [part], lambda text: None if text is None else to_number(text))
    raise unsupported()


def as_text(part: Compiled) -> Compiled:
    if part.kind in ("text", "null"):
        return part
    if part.kind == "truth":
        raise unsupported()
    return derived("text", [part], to_text)


def as_moment(part: Compiled) -> Compiled:
    if part.kind in ("moment", "null"):
        return part
    if part.kind == "date":
        return derived("moment", [part], lambda day: None if day is None else at_midnight(day))
    if part.kind == "text":
        return derived("moment", [part], lambda text: None if text is None else read(text, ACCOUNT_DATE))
    raise unsupported()


def comparable(parts: list[Compiled]) -> list[Compiled]:
    """The parts brought to one type, as Oracle does before it compares: dates, else numbers, else text."""
    kinds = {part.kind for part in parts} - {"null"}
    if "truth" in kinds:
        raise unsupported()
    if len(kinds) < 2:
        return parts
    if kinds & {"date", "moment"}:
        if "number" in kinds:
            raise unsupported()
        return [as_moment(part) for part in parts]
    return [as_number(part) for part in parts]
