"""The record API's `q` filter: conditions on body fields joined by AND, OR and brackets.

Source: docs.oracle.com, Record Collection Filtering.
"""

import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from sandbox.netsuite.errors import invalid_parameter
from sandbox.netsuite.fields import Field, RecordType
from sandbox.store import Record

Test = Callable[[Record], bool]
_TOKEN = re.compile(r'\s*(?:(?P<quoted>"(?:[^"\\]|\\.)*")|(?P<list>\[[^\]]*\])|(?P<sign>[()])|(?P<word>[^\s()\[\]"]+))')
_DATE = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})\Z")

_TEXT: dict[str, Callable[[str, str], bool]] = {
    "IS": lambda mine, other: mine == other,
    "CONTAIN": lambda mine, other: other in mine,
    "START_WITH": str.startswith,
    "ENDWITH": str.endswith,
    "END_WITH": str.endswith,
}
_ORDERED: dict[str, Callable[[Any, Any], bool]] = {
    "EQUAL": lambda mine, other: bool(mine == other),
    "GREATER": lambda mine, other: bool(mine > other),
    "GREATER_OR_EQUAL": lambda mine, other: bool(mine >= other),
    "LESS": lambda mine, other: bool(mine < other),
    "LESS_OR_EQUAL": lambda mine, other: bool(mine <= other),
    "AFTER": lambda mine, other: bool(mine > other),
    "BEFORE": lambda mine, other: bool(mine < other),
    "ON": lambda mine, other: bool(mine == other),
    "ON_OR_AFTER": lambda mine, other: bool(mine >= other),
    "ON_OR_BEFORE": lambda mine, other: bool(mine <= other),
}
_DATE_OPERATORS = frozenset({"AFTER", "BEFORE", "ON", "ON_OR_AFTER", "ON_OR_BEFORE"})


def selection(record_type: RecordType, text: str) -> Test:
    """The filter as a test of stored records; anything wrong in it is a 400 INVALID_PARAMETER."""
    parser = _Filter(record_type, text)
    test = parser.either()
    parser.end()
    return test


class _Filter:
    def __init__(self, record_type: RecordType, text: str) -> None:
        self._fields = record_type.by_rest_name()
        self._tokens: list[tuple[str, str]] = []
        position = 0
        text = text.rstrip()
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None or match.lastgroup is None:
                raise _wrong(text[position:])
            self._tokens.append((match.lastgroup, match[match.lastgroup]))
            position = match.end()

    def either(self) -> Test:
        tests = [self._both()]
        while self._took("OR"):
            tests.append(self._both())
        return lambda record: any(test(record) for test in tests)

    def _both(self) -> Test:
        tests = [self._condition()]
        while self._took("AND"):
            tests.append(self._condition())
        return lambda record: all(test(record) for test in tests)

    def end(self) -> None:
        if self._tokens:
            raise _wrong(self._tokens[0][1])

    def _took(self, word: str) -> bool:
        if self._tokens and self._tokens[0] == ("word", word):
            self._tokens.pop(0)
            return True
        return False

    def _next(self) -> tuple[str, str]:
        if not self._tokens:
            raise _wrong("the end")
        return self._tokens.pop(0)

    def _condition(self) -> Test:
        kind, text = self._next()
        if (kind, text) == ("sign", "("):
            inner = self.either()
            if self._next() != ("sign", ")"):
                raise _wrong("missing )")
            return inner
        field = self._fields.get(text.lower())
        if kind != "word" or field is None:
            raise invalid_parameter("q", f"Invalid search query. Field '{text}' is not a body field of this record.")
        _, operator = self._next()
        operator = operator.upper()
        if operator in ("EMPTY", "EMPTY_NOT"):
            return lambda record: (record.get(field.column) is None) == (operator == "EMPTY")
        negative = operator.endswith("_NOT") or operator == "IS_NOT"
        test = self._test(field, operator.removesuffix("_NOT"), *self._next())
        if not negative:
            return lambda record: record.get(field.column) is not None and test(record[field.column])
        return lambda record: record.get(field.column) is None or not test(record[field.column])

    def _test(self, field: Field, operator: str, kind: str, text: str) -> Callable[[Any], bool]:
        if operator == "ANY_OF" or kind == "list":
            return self._within_list(field, operator, text)
        value = text[1:-1].replace('\\"', '"') if kind == "quoted" else text
        if field.kind in ("date", "moment"):
            if operator not in _DATE_OPERATORS:
                raise _wrong(operator)
            day, compare = _day(value), _ORDERED[operator]
            return lambda mine: compare(mine.date() if isinstance(mine, datetime) else mine, day)
        if field.kind in ("number", "duration", "id") and operator in _ORDERED and operator not in _DATE_OPERATORS:
            number, compare = _number(value), _ORDERED[operator]
            return lambda mine: compare(Decimal(mine), number)
        if field.kind == "flag" and operator == "IS":
            return lambda mine: (mine == "T") == (value.lower() in ("true", "t"))
        if operator in _TEXT:
            matches = _TEXT[operator]
            return lambda mine: matches(str(mine), value)
        raise _wrong(operator)

    def _within_list(self, field: Field, operator: str, text: str) -> Callable[[Any], bool]:
        items = [item.strip().strip('"') for item in text.strip("[]").split(",")]
        if operator == "ANY_OF":
            return lambda mine: str(mine) in items
        if operator in ("BETWEEN", "WITHIN") and len(items) == 2:
            if field.kind in ("date", "moment"):
                first, last = _day(items[0]), _day(items[1])
                return lambda mine: first <= (mine.date() if isinstance(mine, datetime) else mine) <= last
            low, high = _number(items[0]), _number(items[1])
            return lambda mine: low <= Decimal(mine) <= high
        raise _wrong(operator)


def _day(text: str) -> date:
    """Dates inside `q` are written in the account's format, DD/MM/YYYY here."""
    match = _DATE.match(text)
    try:
        if match is not None:
            return date(int(match[3]), int(match[2]), int(match[1]))
    except ValueError:
        pass
    raise invalid_parameter(
        "q", f"Invalid search query. Invalid date '{text}'. Use the account's date format DD/MM/YYYY."
    )


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise _wrong(text) from None


def _wrong(near: str) -> Exception:
    return invalid_parameter("q", f"Invalid search query. The query could not be read near '{near[:40]}'.")
