"""Date literals such as `TODAY` or `LAST_N_DAYS:30`, as the days that they mean in UTC.

Source: `sforce_api_calls_soql_select_dateformats.htm`. Weeks begin on Sunday, as in the vendor's default locale; fiscal
periods are the calendar's.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial

Start = Callable[[date, int], date]  # the first day of the period so many periods from today's


@dataclass(frozen=True, slots=True)
class Days:
    """From `first` up to but not including `end`."""

    first: date
    end: date


def days_of(literal: str, today: date) -> Days | None:
    """The days of a literal, or None when there is no such literal."""
    name, _, count = literal.upper().partition(":")
    if count:
        counted = _COUNTED.get(name)
        return None if counted is None else counted(today, int(count))
    if name in _DAYS:
        return _span(today, _DAYS[name], _DAYS[name] + 1)
    if name == "LAST_90_DAYS":
        return _span(today, -90, 1)
    if name == "NEXT_90_DAYS":
        return _span(today, 1, 91)
    shift, _, unit = name.partition("_")
    start = _STARTS.get(unit.removeprefix("FISCAL_"))
    if start is None or shift not in _SHIFTS:
        return None
    return Days(start(today, _SHIFTS[shift]), start(today, _SHIFTS[shift] + 1))


def _span(today: date, first: int, end: int) -> Days:
    return Days(today + timedelta(days=first), today + timedelta(days=end))


def _week(today: date, shift: int) -> date:
    return today - timedelta(days=(today.weekday() + 1) % 7) + timedelta(weeks=shift)


def _months(today: date, months: int) -> date:
    years, month = divmod(today.month - 1 + months, 12)
    return date(today.year + years, month + 1, 1)


def _quarter(today: date, shift: int) -> date:
    return _months(today.replace(month=(today.month - 1) // 3 * 3 + 1, day=1), 3 * shift)


def _year(today: date, shift: int) -> date:
    return date(today.year + shift, 1, 1)


def _units_before(start: Start, today: date, count: int) -> Days:
    return Days(start(today, -count), start(today, 0))


def _units_after(start: Start, today: date, count: int) -> Days:
    return Days(start(today, 1), start(today, count + 1))


def _unit_ago(start: Start, today: date, count: int) -> Days:
    return Days(start(today, -count), start(today, 1 - count))


_DAYS = {"YESTERDAY": -1, "TODAY": 0, "TOMORROW": 1}
_SHIFTS = {"LAST": -1, "THIS": 0, "NEXT": 1}
_STARTS: dict[str, Start] = {"WEEK": _week, "MONTH": _months, "QUARTER": _quarter, "YEAR": _year}
_COUNTED: dict[str, Callable[[date, int], Days]] = {
    "LAST_N_DAYS": lambda today, n: _span(today, -n, 1),
    "NEXT_N_DAYS": lambda today, n: _span(today, 1, n + 1),
    "N_DAYS_AGO": lambda today, n: _span(today, -n, 1 - n),
}
for _unit, _start in _STARTS.items():
    _COUNTED[f"LAST_N_{_unit}S"] = partial(_units_before, _start)
    _COUNTED[f"NEXT_N_{_unit}S"] = partial(_units_after, _start)
    _COUNTED[f"N_{_unit}S_AGO"] = partial(_unit_ago, _start)
