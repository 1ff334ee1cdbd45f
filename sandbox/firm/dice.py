"""Seeded chance: the same seed and topic fall the same way on every machine."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import TypeVar

T = TypeVar("T")


class Dice:
    """One stream of chance per topic, so that a change to how invoices are made leaves the clients as they were."""

    def __init__(self, seed: int, topic: str) -> None:
        self._random = Random(f"{seed}/{topic}")
        self.uniform = self._random.random

    def chance(self, percent: float) -> bool:
        return self.uniform() * 100 < percent

    def between(self, low: int, high: int) -> int:
        """A whole number, both ends included."""
        return low + int(self.uniform() * (high - low + 1))

    def pick(self, choices: Sequence[T]) -> T:
        return choices[int(self.uniform() * len(choices))]

    def weighted(self, choices: Sequence[T], weights: Sequence[int]) -> T:
        return self._random.choices(choices, weights)[0]

    def sample(self, size: int, of: int) -> list[int]:
        """`size` different whole numbers below `of`, in chance's order."""
        return self._random.sample(range(of), size)

    def day(self, first: date, last: date) -> date:
        assert first <= last, f"no day lies between {first} and {last}"
        return first + timedelta(days=self.between(0, (last - first).days))

    def instant(self, first: date, last: date) -> datetime:
        """A second of a working day in UTC, from `first` to `last`."""
        return datetime.combine(self.day(first, last), time(7), UTC) + timedelta(seconds=self.between(0, 39_600))
