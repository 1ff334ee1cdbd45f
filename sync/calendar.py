"""When a problem should be settled, by whose it is."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from schema.errors import Queue

_DAYS: Mapping[Queue, int] = {Queue.INTEGRATION: 1, Queue.FINANCE: 2, Queue.PMO: 2, Queue.SALES_OPS: 2}


def due_at(queue: Queue, now: datetime) -> datetime:
    """The same time of day so many working days on; Saturdays and Sundays don't count."""
    left, day = _DAYS[queue], now
    while left:
        day += timedelta(days=1)
        left -= day.weekday() < 5
    return day
