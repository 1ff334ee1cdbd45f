"""SuiteQL's functions of one row, and its aggregates of many."""

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sandbox.netsuite.suiteql.compiled import (
    Compiled,
    ValueKind,
    as_moment,
    as_number,
    as_text,
    comparable,
    derived,
    kind_of,
    to_number,
    to_text,
)
from sandbox.netsuite.suiteql.dates import ACCOUNT_DATE, at_midnight, read, writer
from sandbox.netsuite.suiteql.refusals import unsupported

Build = Callable[[list[Compiled]], Compiled]

AGGREGATES = frozenset({"sum", "count", "min", "max", "avg"})


def _strict(function: Callable[..., Any]) -> Callable[..., Any]:
    """NULL in, NULL out; and an empty text out is NULL."""

    def call(*arguments: Any) -> Any:
        if None in arguments:
            return None
        result = function(*arguments)
        return None if result == "" else result

    return call


def _text_function(function: Callable[[str], Any], kind: ValueKind = "text") -> Build:
    def build(arguments: list[Compiled]) -> Compiled:
        (only,) = arguments
        return derived(kind, [as_text(only)], _strict(function))

    return build


def _to_char(arguments: list[Compiled]) -> Compiled:
    """TO_CHAR(date, mask) or TO_CHAR(value); number masks are not covered."""
    value = arguments[0]
    if len(arguments) == 1:
        return derived("text", [value], to_text)
    mask = arguments[1]
    if not mask.constant or not isinstance(mask.value, str) or value.kind not in ("date", "moment", "null"):
        raise unsupported()
    write = writer(mask.value)
    return derived("text", [value], lambda moment: None if moment is None else write(moment))


def _to_date(arguments: list[Compiled]) -> Compiled:
    if arguments[0].kind in ("date", "moment"):
        return as_moment(arguments[0])
    mask = arguments[1].value if len(arguments) == 2 else ACCOUNT_DATE
    if not isinstance(mask, str):
        raise unsupported()
    return derived("moment", [as_text(arguments[0])], _strict(lambda text: read(text, mask)))


def _first_known(arguments: list[Compiled]) -> Compiled:
    """NVL and COALESCE."""
    same = comparable(arguments)
    kind = kind_of(same)
    return derived(kind, same, lambda *values: next((value for value in values if value is not None), None))


def _rounded(arguments: list[Compiled]) -> Compiled:
    def function(value: Decimal | int, places: Decimal | int = 0) -> Decimal:
        return Decimal(value).quantize(Decimal(1).scaleb(-int(places)), ROUND_HALF_UP)

    return derived("number", [as_number(argument) for argument in arguments], _strict(function))


def _truncated(arguments: list[Compiled]) -> Compiled:
    """TRUNC of a date drops its time of day, of a number its fraction."""
    value = arguments[0]
    if value.kind in ("date", "moment"):

        def day(moment: date) -> datetime:
            return datetime(moment.year, moment.month, moment.day, tzinfo=UTC)

        return derived("moment", [value], _strict(day))
    return derived("number", [as_number(value)], _strict(lambda number: Decimal(int(number))))


def _part_of_text(arguments: list[Compiled]) -> Compiled:
    def substring(text: str, start: Decimal | int, length: Decimal | int | None = None) -> str:
        begin = int(start) - 1 if start > 0 else max(len(text) + int(start), 0)
        return text[max(begin, 0) :] if length is None else text[max(begin, 0) : max(begin, 0) + int(length)]

    prepared = [as_text(arguments[0]), *(as_number(argument) for argument in arguments[1:])]
    return derived("text", prepared, _strict(substring))


def _absolute(arguments: list[Compiled]) -> Compiled:
    (only,) = arguments
    return derived("number", [as_number(only)], _strict(abs))


def _number(arguments: list[Compiled]) -> Compiled:
    return derived("number", [as_text(arguments[0])], _strict(to_number))


FUNCTIONS: dict[str, tuple[int, int, Build]] = {
    "to_char": (1, 2, _to_char),
    "to_date": (1, 2, _to_date),
    "to_timestamp": (1, 2, _to_date),
    "to_number": (1, 1, _number),
    "nvl": (2, 2, _first_known),
    "coalesce": (1, 64, _first_known),
    "upper": (1, 1, _text_function(str.upper)),
    "lower": (1, 1, _text_function(str.lower)),
    "trim": (1, 1, _text_function(str.strip)),
    "length": (1, 1, _text_function(len, "number")),
    "substr": (2, 3, _part_of_text),
    "abs": (1, 1, _absolute),
    "round": (1, 2, _rounded),
    "trunc": (1, 1, _truncated),
}
"""By lower-case name: least and most arguments, and how to build the call."""


def call(function: str, arguments: list[Compiled]) -> Compiled:
    known = FUNCTIONS.get(function)
    if known is None:
        raise unsupported()
    least, most, build = known
    if not least <= len(arguments) <= most:
        raise unsupported()
    return build(arguments)


def concatenated(left: Compiled, right: Compiled) -> Compiled:
    """`||`, for which NULL is the empty text."""

    def join(first: str | None, second: str | None) -> str | None:
        return (first or "") + (second or "") or None

    return derived("text", [as_text(left), as_text(right)], join)


def calculated(sign: str, left: Compiled, right: Compiled) -> Compiled:
    """+ - * / on numbers; days added to dates, dates subtracted in days."""
    if sign in "+-" and left.kind in ("date", "moment"):
        return _shifted(sign, left, right)
    first, second = as_number(left), as_number(right)
    operations: dict[str, Callable[[Any, Any], Any]] = {
        "+": lambda one, two: one + two,
        "-": lambda one, two: one - two,
        "*": lambda one, two: one * two,
        "/": _divide,
    }
    return derived("number", [first, second], _strict(operations[sign]))


def _divide(one: Decimal | int, two: Decimal | int) -> Decimal:
    if two == 0:
        raise unsupported()
    return Decimal(one) / Decimal(two)


def _shifted(sign: str, left: Compiled, right: Compiled) -> Compiled:
    if right.kind in ("date", "moment"):
        if sign == "+":
            raise unsupported()

        def days(one: date, two: date) -> Decimal:
            return Decimal(int((at_midnight(one) - at_midnight(two)).total_seconds())) / 86_400

        return derived("number", [left, right], _strict(days))
    direction = 1 if sign == "+" else -1

    def move(moment: date, amount: Decimal | int) -> datetime:
        start = at_midnight(moment)
        return datetime.fromtimestamp(start.timestamp() + direction * int(amount * 86_400), UTC)

    return derived("moment", [left, as_number(right)], _strict(move))


def aggregated(function: str, values: Iterable[Any], *, distinct: bool) -> Any:
    """SUM, COUNT, MIN, MAX or AVG over values, NULLs left out. All but COUNT of nothing are NULL."""
    known = [value for value in values if value is not None]
    if distinct:
        known = list(dict.fromkeys(known))
    if function == "count":
        return len(known)
    if not known:
        return None
    if function == "sum":
        return sum(known)
    if function == "min":
        return min(known)
    if function == "max":
        return max(known)
    return Decimal(sum(known)) / len(known)
