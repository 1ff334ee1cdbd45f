"""Event streams that several operations share: asked for first, opened then, in the protocol's single connection mode.

https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md#single-connection-mode
"""

import asyncio
import secrets
from collections.abc import Coroutine
from contextlib import ExitStack
from typing import Any

from gateway.streams.places import Places
from resolvers.engine_port import Viewer

WAITING = 100
"""Events that may wait for the stream to be opened or read, before their operations wait in turn."""


class Reservation:
    """One stream and its operations; they may begin before it is opened."""

    def __init__(self, token: str, viewer: Viewer) -> None:
        self.token = token
        self.viewer = viewer
        self.events: asyncio.Queue[bytes] = asyncio.Queue(WAITING)
        self.operations: dict[str, asyncio.Task[None]] = {}
        self.is_open = False
        self.held = ExitStack()
        """What goes when it does."""

    def begin(self, key: str, work: Coroutine[Any, Any, None]) -> None:
        task = self.operations[key] = asyncio.create_task(work)
        task.add_done_callback(lambda done: self.forget(key, done))

    def forget(self, key: str, task: asyncio.Task[None] | None) -> None:
        """From now on the id may be used again."""
        if self.operations.get(key) is task:
            self.operations.pop(key, None)

    def cancel(self, key: str) -> None:
        task = self.operations.pop(key, None)
        if task is not None:
            task.cancel()


class Reservations:
    """Those of one gateway, by token. A token opens nothing without the key that it was given to."""

    def __init__(self, places: Places, *, seconds: float) -> None:
        self._places = places
        self._seconds = seconds
        self._reserved: dict[str, Reservation] = {}

    def __len__(self) -> int:
        return len(self._reserved)

    def make(self, viewer: Viewer) -> Reservation:
        """Good until it has been opened and closed, or isn't opened in time. Raises NoPlaceError."""
        made = Reservation(secrets.token_urlsafe(24), viewer)
        with ExitStack() as stack:
            stack.enter_context(self._places.connected())
            stack.enter_context(self._places.held(viewer))
            made.held = stack.pop_all()
        late = asyncio.get_running_loop().call_later(self._seconds, self._end_unopened, made)
        made.held.callback(late.cancel)
        self._reserved[made.token] = made
        return made

    def find(self, token: str, viewer: Viewer) -> Reservation | None:
        found = self._reserved.get(token)
        return found if found is not None and found.viewer == viewer else None

    def end(self, reservation: Reservation) -> None:
        self._reserved.pop(reservation.token, None)
        for key in tuple(reservation.operations):
            reservation.cancel(key)
        reservation.held.close()

    def _end_unopened(self, reservation: Reservation) -> None:
        if not reservation.is_open:
            self.end(reservation)
