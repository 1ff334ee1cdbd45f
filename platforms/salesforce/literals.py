"""Canonical values as SOQL literals, each safe to stand in a query whatever a caller typed.

https://developer.salesforce.com/docs/atlas.en-us.soql_sosl.meta/soql_sosl/sforce_api_calls_soql_select_quotedstringescapes.htm
https://developer.salesforce.com/docs/atlas.en-us.soql_sosl.meta/soql_sosl/sforce_api_calls_soql_select_dateformats.htm
"""

from datetime import UTC, date, datetime
from decimal import ROUND_FLOOR, Context, Decimal
from typing import NamedTuple

_ESCAPES = {
    **{code: f"\\u{code:04x}" for code in (*range(1, 32), 127, 0x2028, 0x2029)},
    ord("\n"): "\\n",
    ord("\r"): "\\r",
    ord("\t"): "\\t",
    ord("'"): "\\'",
    ord('"'): '\\"',
    ord("\\"): "\\\\",
}
# In LIKE it isn't documented whether an escaped backslash escapes what follows: any one character stands for it.
_LIKE_ESCAPES = {**_ESCAPES, ord("%"): "\\%", ord("_"): "\\_", ord("\\"): "_"}
_FIRST_YEAR, _LAST_YEAR = 1700, 4000  # dates beyond are refused by the vendor
_MOST = Decimal(10) ** 18  # a number field has 18 digits before and behind the point together
_STEP = Decimal("1E-18")
_EXACTLY = Context(prec=40, rounding=ROUND_FLOOR)


class Point(NamedTuple):
    """A value on a field's scale: `literal` is it, or, where not `exact`, the field's next possible value below it.

    `side` is -1 or 1 where the value lies before or behind everything that the field can hold.
    """

    literal: str = ""
    exact: bool = True
    side: int = 0


def sayable(text: str) -> bool:
    """Whether a record can hold the text at all: not with a NUL in it, nor half of a character."""
    return "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


def quoted(text: str) -> str:
    return f"'{text.translate(_ESCAPES)}'"


def like(text: str, *, anywhere: bool) -> str:
    """A LIKE pattern for text that begins with, or holds `anywhere`, the given one."""
    return f"'{'%' if anywhere else ''}{text.translate(_LIKE_ESCAPES)}%'"


def number(value: Decimal) -> Point:
    if abs(value) >= _MOST:
        return Point(side=1 if value > 0 else -1)
    floor = value.quantize(_STEP, context=_EXACTLY)  # 1E-999999999 would be a gigabyte of zeros
    return Point(format(floor.normalize(_EXACTLY), "f"), exact=floor == value)


def day(value: date) -> Point:
    if not _FIRST_YEAR <= value.year < _LAST_YEAR:
        return Point(side=1 if value.year >= _LAST_YEAR else -1)
    return Point(value.isoformat())


def instant(value: datetime) -> Point:
    """To the millisecond, as the vendor's stamps are; the value is in UTC or says its zone."""
    moment = value.astimezone(UTC)
    if not _FIRST_YEAR <= moment.year < _LAST_YEAR:
        return Point(side=1 if moment.year >= _LAST_YEAR else -1)
    thousandths, rest = divmod(moment.microsecond, 1000)
    fraction = f".{thousandths:03}" if thousandths else ""
    return Point(f"{moment:%Y-%m-%dT%H:%M:%S}{fraction}Z", exact=rest == 0)
