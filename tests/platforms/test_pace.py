"""How fast to call a platform that doesn't say how fast it may be called."""

import pytest

from platforms.pace import AdaptivePace


async def test_there_is_no_limit_before_the_first_refusal(clock):
    pace = AdaptivePace(clock)
    assert [pace.reserve(1.0) for _ in range(100)] == [0.0] * 100


async def test_a_refusal_halves_the_pace_once_and_peace_wins_it_back(clock):
    pace = AdaptivePace(clock, gain=1.0)
    for _ in range(40):
        pace.reserve(1.0)
    for _ in range(10):
        pace.refused()
    assert pace.rate == pytest.approx(20.0)
    clock.forward(4.0)
    assert pace.rate == pytest.approx(24.0)


async def test_turns_are_spaced_evenly_and_one_beyond_patience_is_refused(clock):
    pace = AdaptivePace(clock, gain=0.0)
    for _ in range(4):
        pace.reserve(1.0)
    pace.refused()
    assert [pace.reserve(2.0) for _ in range(5)] == [0.5, 1.0, 1.5, 2.0, None]


async def test_the_pace_never_falls_below_its_least(clock):
    pace = AdaptivePace(clock, least=0.5, gain=0.0)
    for _ in range(10):
        pace.reserve(10.0)
        pace.refused()
        clock.forward(10.0)
    assert pace.rate == 0.5
