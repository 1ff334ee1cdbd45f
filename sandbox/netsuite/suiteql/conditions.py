"""SuiteQL's conditions, in three-valued logic: True, False, or None for unknown."""

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from sandbox.netsuite.suiteql.compiled import ColumnUse, Compiled, Evaluate, as_text, comparable, derived
from sandbox.netsuite.suiteql.dates import at_midnight
from sandbox.netsuite.suiteql.refusals import unsupported

_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def stored(use: ColumnUse, value: Any) -> Any:
    """A compared value as the column stores it; None where no stored value can equal it."""
    kind = use.column.kind
    if kind == "id":
        return str(int(value)) if value == int(value) else None
    if kind == "date" and isinstance(value, datetime):
        return value.date() if value == at_midnight(value.date()) else None
    if kind == "moment" and isinstance(value, date):
        return at_midnight(value)
    return value


def _keyed(condition: Compiled, operand: Compiled, values: Sequence[Any]) -> Compiled:
    """The condition with the keys by which an index can answer it, where `operand` is a stored column as it is."""
    if operand.use is None or operand.use.column.compute is not None:
        return condition
    use = operand.use
    return replace(condition, keys=(use, tuple(dict.fromkeys(stored(use, value) for value in values))))


def compared(sign: str, left: Compiled, right: Compiled) -> Compiled:
    same = _narrowed(left, right) or comparable([left, right])
    compare = _OPERATORS[sign]

    def test(one: Any, two: Any) -> bool | None:
        return None if one is None or two is None else compare(one, two)

    condition = derived("truth", same, test)
    if same[1].constant and same[1].value is not None and not same[0].constant:
        condition = replace(condition, evaluate=_against(same[0].evaluate, compare, same[1].value))
    if sign != "=":
        return condition
    for one, other in (same, same[::-1]):
        if one.use is not None and other.constant:
            return condition if other.value is None else _keyed(condition, one, [other.value])
    return replace(condition, equates=(same[0], same[1]))


def _narrowed(left: Compiled, right: Compiled) -> list[Compiled] | None:
    """A day compared with a moment at midnight compares days, which spares converting every row."""
    if left.kind == "date" and right.constant and isinstance(right.value, datetime):
        day = right.value.date()
        if at_midnight(day) == right.value:
            return [left, replace(right, value=day, kind="date", evaluate=lambda _: day)]
    return None


def _against(evaluate: Evaluate, compare: Callable[[Any, Any], bool], value: Any) -> Evaluate:
    def test(bound: Any) -> bool | None:
        one = evaluate(bound)
        return None if one is None else compare(one, value)

    return test


def among(operand: Compiled, items: Sequence[Compiled]) -> Compiled:
    """`operand IN (items)`; a NULL among the items makes a miss unknown."""
    operand_alike, *alike = comparable([operand, *items])
    if not all(item.constant for item in items):
        return any_of([compared("=", operand, item) for item in items])
    known = {item.value for item in alike if item.value is not None}
    miss = None if len([item for item in alike if item.value is not None]) < len(alike) else False
    return _keyed(_member(operand_alike, known, miss), operand_alike, [*known])


def _member(operand: Compiled, known: set[Any], miss: bool | None) -> Compiled:
    def test(value: Any) -> bool | None:
        if value is None:
            return None
        return True if value in known else miss

    return derived("truth", [operand], test)


def like(operand: Compiled, pattern: Compiled, escape: str | None) -> Compiled:
    """Case-sensitive; % is any text, _ any one character."""

    def test(text: str | None, mask: str | None) -> bool | None:
        if text is None or mask is None:
            return None
        return _pattern(mask, escape).match(text) is not None

    return derived("truth", [as_text(operand), as_text(pattern)], test)


@lru_cache(maxsize=512)
def _pattern(mask: str, escape: str | None) -> re.Pattern[str]:
    expression = ""
    position = 0
    while position < len(mask):
        character = mask[position]
        if character == escape:
            position += 1
            if position >= len(mask) or mask[position] not in ("%", "_", escape):
                raise unsupported()
            expression += re.escape(mask[position])
        else:
            expression += {"%": ".*", "_": "."}.get(character) or re.escape(character)
        position += 1
    return re.compile(expression + r"\Z", re.DOTALL)


def is_null(operand: Compiled) -> Compiled:
    return derived("truth", [operand], lambda value: value is None)


def negated(condition: Compiled) -> Compiled:
    return derived("truth", [truth(condition)], lambda value: None if value is None else not value)


def truth(part: Compiled) -> Compiled:
    if part.kind != "truth" and not (part.kind == "null" and part.constant):
        raise unsupported()
    return part


def all_of(parts: Sequence[Compiled]) -> Compiled:
    return _joined([truth(part) for part in parts], decisive=False)


def any_of(parts: Sequence[Compiled]) -> Compiled:
    return _joined([truth(part) for part in parts], decisive=True)


def _joined(parts: list[Compiled], *, decisive: bool) -> Compiled:
    functions = [part.evaluate for part in parts]

    def test(bound: Any) -> bool | None:
        result: bool | None = not decisive
        for evaluate in functions:
            value = evaluate(bound)
            if value is None:
                result = None
            elif bool(value) == decisive:
                return decisive
        return result

    return Compiled(test, "truth", frozenset[int]().union(*(part.slots for part in parts)))
