"""The account's clocks: SuiteQL tells and compares instants as they show them, without their zone.

Where clocks are set back, an hour comes twice. What SuiteQL tells of it can't be told apart, and is read as the first
of the two; conditions are written so that they hold for just what is read.
"""

from datetime import UTC, datetime, timedelta, tzinfo
from typing import NamedTuple

from platforms.predicates import Operator

_SECOND = timedelta(seconds=1)
_YEAR = [timedelta(days=days) for days in range(0, 366, 7)]


class Bound(NamedTuple):
    """A comparison with a time that the clocks show; `time` None: nothing that is read can be meant."""

    operator: Operator
    time: datetime | None


def instant_of(shown: datetime, zone: tzinfo) -> datetime:
    """The instant at which the clocks show this; the first, if they do twice."""
    return shown.replace(tzinfo=zone, fold=0).astimezone(UTC)


def bound(operator: Operator, moment: datetime, zone: tzinfo) -> Bound:
    """What the clocks' times are compared with, in whole seconds, so that just what is read as meant is found."""
    local = moment.astimezone(zone)
    second = local.replace(microsecond=0, tzinfo=None, fold=0)
    upwards = operator in ("gt", "gte")
    if local.fold:  # nothing is read as of the hour's second time: it begins and ends between two times that are
        return Bound("eq", None) if operator == "eq" else Bound("gte" if upwards else "lt", _hour_end(second, zone))
    if not local.microsecond:
        return Bound(operator, second)
    return Bound("eq", None) if operator == "eq" else Bound("gt" if upwards else "lte", second)


def set_back(zone: tzinfo, now: datetime) -> timedelta:
    """By how much the clocks are set back within a year: for so long, newer changes bear older times."""
    offsets = [(now + after).astimezone(zone).utcoffset() or timedelta() for after in _YEAR]
    return max(offsets) - min(offsets)


def _hour_end(shown: datetime, zone: tzinfo) -> datetime:
    """The first time behind `shown`, which comes twice, that comes only once."""
    first, last = 0, 4 * 3600  # seconds: `first` comes twice, `last` doesn't
    while last - first > 1:
        middle = (first + last) // 2
        first, last = (middle, last) if _comes_twice(shown + middle * _SECOND, zone) else (first, middle)
    return shown + last * _SECOND


def _comes_twice(shown: datetime, zone: tzinfo) -> bool:
    return shown.replace(tzinfo=zone, fold=0).utcoffset() != shown.replace(tzinfo=zone, fold=1).utcoffset()
