"""When a delivery is tried again: ten times and more over the whole time, and never before a receiver wants it."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise

import pytest

from sync.delivering.schedule import MOST_WAIT, Schedule, retry_after

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)


def tries_of(schedule: Schedule) -> list[datetime]:
    """When a delivery is tried that nobody ever takes."""
    found = [NOW]
    while (following := schedule.next(begun=NOW, tries=len(found), now=found[-1], asked=None)) is not None:
        found.append(following)
    return found


@pytest.mark.parametrize("hours", [0.5, 1, 24, 72, 720])
@pytest.mark.parametrize("jitter", [0.0, 0.5, 0.999])
def test_there_are_ten_tries_and_more_until_the_very_end(hours, jitter):
    tries = tries_of(Schedule(hours, lambda: jitter))
    assert 10 <= len(tries) <= 100
    assert tries[-1] == NOW + timedelta(hours=hours)
    assert sorted(set(tries)) == tries
    pauses = [later - sooner for sooner, later in pairwise(tries[:-1])]
    assert pauses == sorted(pauses)
    assert pauses[0] <= timedelta(seconds=7)


def test_those_who_failed_together_are_not_tried_together():
    draws = iter([0.0, 0.25, 0.5, 0.75])
    schedule = Schedule(72, lambda: next(draws))
    assert len({schedule.next(begun=NOW, tries=4, now=NOW, asked=None) for _ in range(4)}) == 4


def test_a_receiver_that_wants_to_be_left_alone_is_for_up_to_a_day():
    schedule = Schedule(72, lambda: 0.5)
    hour = schedule.next(begun=NOW, tries=1, now=NOW, asked=timedelta(hours=1))
    assert hour == NOW + timedelta(hours=1)
    assert schedule.next(begun=NOW, tries=1, now=NOW, asked=timedelta(days=900)) == NOW + MOST_WAIT
    late = schedule.next(begun=NOW, tries=9, now=NOW, asked=timedelta(seconds=1))
    assert late is not None
    assert late > NOW + timedelta(hours=1)
    assert schedule.next(begun=NOW - timedelta(hours=72), tries=9, now=NOW, asked=timedelta(hours=1)) is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, None), ("120", 120), ("0", 0), ("", None), ("soon", None), ("-5", None), ("1.5", None), ("٣", None),
        ("9" * 400, 999_999_999), (format_datetime(NOW + timedelta(minutes=5), usegmt=True), 300),
        (format_datetime(NOW - timedelta(minutes=5), usegmt=True), 0), ("Fri, 99 Nov 2026 09:00:00 GMT", None),
        ("Fri, 20 Nov 2026 09:00:30 -0000", 30),
    ],
)  # fmt: skip
def test_retry_after_is_seconds_or_a_date_and_else_nothing(text, seconds):
    found = retry_after(text, NOW)
    assert found == (None if seconds is None else timedelta(seconds=seconds))
