"""Oracle's date masks: TO_CHAR, TO_DATE, and the account's own date format."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import lru_cache

from sandbox.netsuite.suiteql.refusals import not_a_date, unsupported

ACCOUNT_DATE = "DD/MM/YYYY"
"""Setup > Company > General Preferences > Date Format of this account; SuiteQL shows dates in it."""

_MASK = re.compile(
    r'YYYY|YY|MONTH|MON|MM|DD|DY|HH24|HH12|HH|MI|SS|AM|PM|"(?P<literal>[^"]*)"|(?P<sign>[^A-Za-z0-9"])', re.IGNORECASE
)
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_LONG_MONTHS = (
    "JANUARY", "FEBRUARY", "MARCH", "APRIL", "MAY", "JUNE", "JULY", "AUGUST", "SEPTEMBER", "OCTOBER", "NOVEMBER",
    "DECEMBER",
)  # fmt: skip
_DAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")

_WRITTEN: dict[str, Callable[[datetime], str]] = {
    "YYYY": lambda moment: f"{moment.year:04d}",
    "YY": lambda moment: f"{moment.year % 100:02d}",
    "MONTH": lambda moment: _LONG_MONTHS[moment.month - 1],
    "MON": lambda moment: _MONTHS[moment.month - 1],
    "MM": lambda moment: f"{moment.month:02d}",
    "DD": lambda moment: f"{moment.day:02d}",
    "DY": lambda moment: _DAYS[moment.weekday()],
    "HH24": lambda moment: f"{moment.hour:02d}",
    "HH12": lambda moment: f"{(moment.hour - 1) % 12 + 1:02d}",
    "HH": lambda moment: f"{(moment.hour - 1) % 12 + 1:02d}",
    "MI": lambda moment: f"{moment.minute:02d}",
    "SS": lambda moment: f"{moment.second:02d}",
    "AM": lambda moment: "AM" if moment.hour < 12 else "PM",
    "PM": lambda moment: "AM" if moment.hour < 12 else "PM",
}
_READ = {
    "YYYY": r"(?P<year>\d{4})",
    "MM": r"(?P<month>\d{1,2})",
    "DD": r"(?P<day>\d{1,2})",
    "MON": r"(?P<monthname>[A-Za-z]{3})",
    "HH24": r"(?P<hour>\d{1,2})",
    "MI": r"(?P<minute>\d{1,2})",
    "SS": r"(?P<second>\d{1,2})",
}


def _elements(mask: str) -> list[tuple[str, bool]]:
    """The mask's elements in order; True marks text to be taken as it is."""
    elements: list[tuple[str, bool]] = []
    position = 0
    while position < len(mask):
        match = _MASK.match(mask, position)
        if match is None:
            raise unsupported()
        position = match.end()
        literal = match["literal"] if match["literal"] is not None else match["sign"]
        elements.append((match.group().upper(), False) if literal is None else (literal, True))
    return elements


def _verbatim(text: str) -> Callable[[datetime], str]:
    return lambda _: text


@lru_cache(maxsize=256)
def writer(mask: str) -> Callable[[date], str]:
    """TO_CHAR(value, mask) as a function."""
    parts: list[Callable[[datetime], str]] = []
    for text, literal in _elements(mask):
        parts.append(_verbatim(text) if literal else _WRITTEN[text])

    def write(value: date) -> str:
        moment = at_midnight(value)
        return "".join([part(moment) for part in parts])

    if [text for text, _ in _elements(mask)] == ["YYYY", "-", "MM", "-", "DD"]:
        return lambda value: value.isoformat()[:10]
    return write


@lru_cache(maxsize=256)
def _reader(mask: str) -> re.Pattern[str]:
    pattern = ""
    for text, literal in _elements(mask):
        if not literal and text not in _READ:
            raise unsupported()
        pattern += re.escape(text) if literal else _READ[text]
    return re.compile(pattern + r"\Z")


@lru_cache(maxsize=4096)
def read(text: str, mask: str) -> datetime:
    """TO_DATE(text, mask); as in Oracle the result has a time of day, midnight unless the mask says otherwise."""
    match = _reader(mask).match(text)
    if match is None:
        raise not_a_date(text)
    found = {name: part for name, part in match.groupdict().items() if part is not None}
    try:
        month = _MONTHS.index(found["monthname"].upper()) + 1 if "monthname" in found else int(found.get("month", 1))
        return datetime(
            int(found["year"]),
            month,
            int(found.get("day", 1)),
            int(found.get("hour", 0)),
            int(found.get("minute", 0)),
            int(found.get("second", 0)),
            tzinfo=UTC,
        )
    except (KeyError, ValueError):
        raise not_a_date(text) from None


def at_midnight(value: date) -> datetime:
    return value if isinstance(value, datetime) else datetime(value.year, value.month, value.day, tzinfo=UTC)


def shown(value: date) -> str:
    """A date as SuiteQL returns it bare, in the account's format, the time of day lost."""
    return f"{value.day:02d}/{value.month:02d}/{value.year:04d}"
