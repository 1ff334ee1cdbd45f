"""Time, read at the edge and passed in, so that tests can hold it."""

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Where time comes from."""

    def now(self) -> datetime:
        """The moment, in UTC, for what is written down or compared with a platform's stamps."""
        ...

    def monotonic(self) -> float:
        """Seconds from an arbitrary start that never run backwards, for deadlines and ages."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()
