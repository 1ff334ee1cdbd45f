"""Ends what goes on with a key that is valid no more."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from gateway.keys import KeyRing
from resolvers.engine_port import Viewer

REASON = "The key that this began with is valid no more, or has changed: connect again with a valid one."


class KeyWithdrawnError(Exception):
    """The key opens nothing any more, or not for the same holder."""


@contextmanager
def while_valid(keys: KeyRing, presented: str, holder: Viewer) -> Iterator[None]:
    """Raises KeyWithdrawnError at once where the key isn't the holder's by now, and later inside, wherever the task
    waits at that moment.
    """
    task = asyncio.current_task()
    assert task is not None
    withdrawn = False

    def lose() -> None:
        nonlocal withdrawn
        if not withdrawn:
            withdrawn = True
            task.cancel()

    leave = keys.watch(presented, lose)
    try:
        if keys.holder(presented) != holder:
            raise KeyWithdrawnError(REASON)
        yield
    except asyncio.CancelledError:
        if not withdrawn or task.uncancel() > 0:
            raise
        raise KeyWithdrawnError(REASON) from None
    finally:
        leave()
