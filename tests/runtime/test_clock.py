"""The system's clock tells UTC and never runs backwards."""

from datetime import timedelta

from runtime.clock import SystemClock


def test_now_is_in_utc() -> None:
    assert SystemClock().now().utcoffset() == timedelta(0)


def test_the_monotonic_time_does_not_run_backwards() -> None:
    clock = SystemClock()
    assert clock.monotonic() <= clock.monotonic()
