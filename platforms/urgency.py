"""How urgent a caller's reads are, where it doesn't say so call by call."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from platforms.slots import Priority

urgency: ContextVar[Priority] = ContextVar("urgency", default=Priority.INTERACTIVE)
"""Set by whoever works on something that nobody sits and waits for; the gate's calls go by it."""


@contextmanager
def urgent(priority: Priority) -> Iterator[None]:
    """Everything inside, and every task started inside, is as urgent as said."""
    token = urgency.set(priority)
    try:
        yield
    finally:
        urgency.reset(token)
