"""Until when the running operation may take, known to every call made on its behalf."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

operation_deadline: ContextVar[float | None] = ContextVar("operation_deadline", default=None)
"""An instant of the monotonic clock; None outside an operation, where a platform's own timeout alone counts."""


@contextmanager
def until(instant: float) -> Iterator[None]:
    """Everything inside, and every task started inside, has to be done by `instant` of the monotonic clock."""
    outer = operation_deadline.get()
    token = operation_deadline.set(instant if outer is None else min(outer, instant))
    try:
        yield
    finally:
        operation_deadline.reset(token)
