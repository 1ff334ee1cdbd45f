"""Instants of an account whose clocks are not UTC's: what is read is found, also in the hour that comes twice."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from platforms.netsuite.clocks import bound, instant_of, set_back

NEW_YORK = ZoneInfo("America/New_York")
ZONES = [UTC, NEW_YORK, ZoneInfo("Europe/London"), ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Asia/Kolkata")]
SET_BACK = datetime(2026, 11, 1, 6, tzinfo=UTC)  # in New York, where 01:00 to 02:00 comes twice: from 05:00 to 07:00
HOLDS = {
    "eq": lambda one, other: one == other,
    "lt": lambda one, other: one < other,
    "lte": lambda one, other: one <= other,
    "gt": lambda one, other: one > other,
    "gte": lambda one, other: one >= other,
}


def shown(moment, zone):
    """The time that the vendor stores: to the second, and without its zone."""
    return moment.astimezone(zone).replace(microsecond=0, tzinfo=None, fold=0)


def from_then(hours):
    most = hours * 3_600_000_000
    return st.integers(-most, most).map(lambda microseconds: SET_BACK + timedelta(microseconds=microseconds))


moments = st.one_of(from_then(3), from_then(30), from_then(200_000))


@given(st.sampled_from(ZONES), moments, moments, st.sampled_from(sorted(HOLDS)))
def test_a_condition_holds_for_what_is_read_as_meant(zone, asked, stored, operator):
    time = shown(stored, zone)
    said = bound(operator, asked, zone)
    found = said.time is not None and HOLDS[said.operator](time, said.time)
    assert found is HOLDS[operator](instant_of(time, zone), asked)


@given(st.sampled_from(ZONES), moments, moments)
def test_a_later_time_is_never_read_as_an_earlier_instant(zone, one, other):
    first, last = sorted((shown(one, zone), shown(other, zone)))
    assert instant_of(first, zone) <= instant_of(last, zone)


@pytest.mark.parametrize(
    ("zone", "minutes"), [("UTC", 0), ("Asia/Kolkata", 0), ("America/New_York", 60), ("Australia/Lord_Howe", 30)]
)
def test_so_much_the_clocks_are_set_back(zone, minutes):
    assert set_back(ZoneInfo(zone), SET_BACK) == timedelta(minutes=minutes)


def test_what_is_stamped_in_the_hour_that_comes_twice_is_read_as_of_the_first():
    second = SET_BACK + timedelta(minutes=30)
    assert instant_of(shown(second, NEW_YORK), NEW_YORK) == second - timedelta(hours=1)
