"""Conditions on canonical values, written in SuiteQL with every value bound."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from decimal import Decimal
from enum import Enum
from typing import Any, TypeAlias

from platforms.netsuite import clocks
from platforms.netsuite.facets import MOST_KEYS
from platforms.netsuite.ids import internal_number
from platforms.netsuite.tables import Column, Kind
from platforms.predicates import And, Compare, Constant, Missing, Operator, Or, Predicate
from schema.errors import BadUserInput

_SIGNS: dict[Operator, str] = {"eq": "=", "lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
_LONGEST_TEXT = 4000  # bytes: Oracle's VARCHAR2; no column holds more
_MOST_DIGITS, _FARTHEST = 38, 120  # digits and exponent: Oracle's NUMBER
_FIRST_YEAR, _LAST_YEAR = 1000, 9999  # nothing was or will be changed before or behind; Oracle's DATE knows more

_STRANGE = re.compile("[\0\ud800-\udfff]")  # what no column holds: NUL, and halves of signs


@dataclass(frozen=True, slots=True)
class Sql:
    """A piece of SuiteQL and the values of its `?`, in their order."""

    text: str
    params: tuple[Any, ...] = ()


Condition: TypeAlias = Sql | bool
"""True or False where the answer doesn't depend on the record."""


class Conditions:
    """Writes the conditions of one statement. `today` is an ISO date, `zone` that of the account's clocks."""

    def __init__(self, column: Callable[[str], Column], today: str, zone: tzinfo) -> None:
        self._column = column
        self._today = today
        self._zone = zone

    def of(self, where: Predicate) -> Condition:
        match where:
            case Constant(value):
                return value
            case And(parts):
                return every([self.of(part) for part in parts])
            case Or(parts):
                return some([self.of(part) for part in parts])
            case Missing(path, negated):
                return self._null(self.expression(path), missing=not negated)
            case Compare(path, operator, value, negated):
                found = self._compared(path, operator, value)
                return self._negated(path, found) if negated else found
            case _:
                raise TypeError(f"not a normalised predicate: {where}")

    def expression(self, path: str) -> Sql:
        """What a path is compared by."""
        column = self._column(path)
        return Sql(column.sql, (self._today,) * column.todays)

    def among(self, path: str, values: Iterable[Any]) -> Condition:
        """Whether the path's value is one of these; values that no record can have are left out."""
        column, expression = self._column(path), self.expression(path)
        if column.kind is Kind.MOMENT:
            return some([self._moment(expression, "eq", value) for value in values])
        known = [bound for value in values if (bound := _bound(column.kind, value)) is not None]
        chunks = [known[start : start + MOST_KEYS] for start in range(0, len(known), MOST_KEYS)]
        return some([self._in(column, expression, chunk) for chunk in chunks])

    def _compared(self, path: str, operator: Operator, value: Any) -> Condition:
        column, expression = self._column(path), self.expression(path)
        if column.kind is Kind.NUMBER:
            _check_number(value)
        if operator in ("eq", "in"):
            return self.among(path, value if operator == "in" else (value,))
        if column.kind is Kind.TEXT:
            return self._text(expression, operator, value)
        if column.kind is Kind.MOMENT:
            return self._moment(expression, operator, value)
        bound = _bound(column.kind, value)
        if bound is None:
            raise BadUserInput("`after` names a record that this platform can't have: start again without it.")
        return Sql(f"{expression.text} {_SIGNS[operator]} {_mark(column.kind)}", (*expression.params, bound))

    def _moment(self, expression: Sql, operator: Operator, value: Any) -> Condition:
        if not isinstance(value, datetime):
            raise BadUserInput("`after` is not a cursor: use an `endCursor` or `cursor` of an earlier page.")
        if not _FIRST_YEAR < value.year < _LAST_YEAR:
            everything = operator in ("gt", "gte") if value.year <= _FIRST_YEAR else operator in ("lt", "lte")
            return self._null(expression, missing=False) if everything else False
        said = clocks.bound(operator, value, self._zone)
        if said.time is None:
            return False
        text = f"{expression.text} {_SIGNS[said.operator]} TO_DATE(?, 'YYYY-MM-DD HH24:MI:SS')"
        return Sql(text, (*expression.params, said.time.isoformat(sep=" ")))

    def _text(self, expression: Sql, operator: Operator, value: str) -> Condition:
        if value == "":  # Oracle takes it for NULL; here every text is at or behind it
            everything = operator in ("startsWith", "contains", "gt", "gte")
            return self._null(expression, missing=False) if everything else False
        if operator in ("startsWith", "contains"):
            bound = _sayable(value)
            if bound is None:
                return False
            escaped = bound.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
            pattern = f"{escaped}%" if operator == "startsWith" else f"%{escaped}%"
            return Sql(f"{expression.text} LIKE ? ESCAPE '\\'", (*expression.params, pattern))
        if _sayable(value) is None:
            return self._beside(expression, operator, value)
        return Sql(f"{expression.text} {_SIGNS[operator]} ?", (*expression.params, value))

    def _beside(self, expression: Sql, operator: Operator, value: str) -> Condition:
        """Before or behind a text that no column holds: told by the nearest one that a column may hold."""
        above = operator in ("gt", "gte")
        strange = _STRANGE.search(value)
        if strange is None:
            raise BadUserInput(f"A text to compare with must be shorter than {_LONGEST_TEXT} bytes.")
        before = value[: strange.start()]
        if strange[0] == "\0":  # the first sign of all: only what equals `before`, or is before it, comes before
            return self._text(expression, "gt" if above else "lte", before)
        return self._text(expression, "gte" if above else "lt", f"{before}\ue000")  # the first behind half a sign

    def _in(self, column: Column, expression: Sql, values: Sequence[Any]) -> Sql:
        mark = _mark(column.kind)
        params = (*expression.params, *values)
        if len(values) == 1:
            return Sql(f"{expression.text} = {mark}", params)
        return Sql(f"{expression.text} IN ({', '.join([mark] * len(values))})", params)

    def _null(self, expression: Sql, *, missing: bool) -> Sql:
        return Sql(f"{expression.text} IS {'' if missing else 'NOT '}NULL", expression.params)

    def _negated(self, path: str, found: Condition) -> Condition:
        """The opposite, which holds for a missing value too, as SQL's own would not."""
        if isinstance(found, bool):
            return not found
        null = self._null(self.expression(path), missing=True)
        return Sql(f"(NOT ({found.text}) OR {null.text})", (*found.params, *null.params))


def every(parts: Iterable[Condition]) -> Condition:
    return _joined(parts, " AND ", decisive=False)


def some(parts: Iterable[Condition]) -> Condition:
    return _joined(parts, " OR ", decisive=True)


def _joined(parts: Iterable[Condition], word: str, *, decisive: bool) -> Condition:
    kept: list[Sql] = []
    for part in parts:
        if isinstance(part, Sql):
            kept.append(part)
        elif part is decisive:
            return decisive
    if not kept:
        return not decisive
    if len(kept) == 1:
        return kept[0]
    return Sql(f"({word.join(part.text for part in kept)})", tuple(param for part in kept for param in part.params))


def _mark(kind: Kind) -> str:
    return "TO_DATE(?, 'YYYY-MM-DD')" if kind is Kind.DAY else "?"


def _bound(kind: Kind, value: Any) -> Any:
    """A value as it is bound; None where no record can have it."""
    if isinstance(value, Enum):
        return value.value
    match kind:
        case Kind.ID:
            return internal_number(value)
        case Kind.TEXT | Kind.KEY:
            return _sayable(value)
        case Kind.FLAG:
            return "T" if value else "F"
        case Kind.DAY:
            return value.isoformat() if isinstance(value, date) else None
        case _:
            return value


def _sayable(value: str) -> str | None:
    """Text that a column can hold: not empty (which is NULL), not too long, without NUL, and valid Unicode."""
    if not value or "\0" in value:
        return None
    try:
        return value if len(value.encode()) <= _LONGEST_TEXT else None
    except UnicodeEncodeError:
        return None


def _check_number(value: Any) -> None:
    for item in value if isinstance(value, (tuple, list, set, frozenset)) else (value,):
        if isinstance(item, Decimal):
            _, digits, exponent = item.as_tuple()
            if not isinstance(exponent, int) or len(digits) > _MOST_DIGITS or abs(exponent) > _FARTHEST:
                raise BadUserInput(f"A number in a filter has at most {_MOST_DIGITS} digits.")
