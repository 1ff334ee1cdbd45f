"""Tells a waiting person what is being done and how long it took."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Progress:
    """Lines on standard error, so that standard output holds results only."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    def say(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    def detail(self, text: str) -> None:
        """A line about the step under way."""
        self.say(f"    {text}")

    @contextmanager
    def step(self, text: str) -> Iterator[None]:
        """`text` while it is done, then the seconds that it took."""
        start = time.monotonic()
        self.say(f"  {text} ...")
        yield
        self.say(f"  {text}: {time.monotonic() - start:.1f} s")

    def elapsed(self) -> float:
        """Seconds since the command began."""
        return time.monotonic() - self._start
