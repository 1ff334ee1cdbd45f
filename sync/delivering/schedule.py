"""When a delivery that failed is tried again: soon at first, then ever less often, and for the last time at the end."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

FIRST_SECONDS = 5.0
GROWTH = 2.6
LONGEST_SECONDS = 12 * 3600.0
_SHARE = 52_000
"""Of the whole time, the most that the first pause takes: so there are ten tries and more, however short it is."""
MOST_WAIT = timedelta(days=1)
"""That a receiver may ask for; one that asks for more is tried after a day."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """`jitter` gives numbers from 0 to below 1; a pause is between three quarters and five quarters of what it would
    be, so that receivers who failed together aren't tried together.
    """

    hours: float
    jitter: Callable[[], float]

    def next(self, *, begun: datetime, tries: int, now: datetime, asked: timedelta | None) -> datetime | None:
        """When to try again behind the `tries`th try; None: that was the last one. `begun`: when the first was;
        `asked`: how long the receiver wants to be left alone.
        """
        end = begun + timedelta(hours=self.hours)
        if now >= end:
            return None
        first = min(FIRST_SECONDS, self.hours * 3600 / _SHARE)
        pause = min(first * GROWTH ** min(tries - 1, 40), LONGEST_SECONDS) * (0.75 + self.jitter() / 2)
        planned = min(now + timedelta(seconds=pause), end)
        return planned if asked is None else max(planned, now + min(asked, MOST_WAIT))


def retry_after(text: str | None, now: datetime) -> timedelta | None:
    """What a Retry-After header asks for, in seconds or as a date; None where it says nothing that can be meant."""
    if text is None:
        return None
    if text.isascii() and text.isdigit():
        return timedelta(seconds=int(text[:9]))
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max((at if at.tzinfo else at.replace(tzinfo=UTC)) - now, timedelta())
