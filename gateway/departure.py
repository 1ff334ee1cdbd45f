"""Stops working for a caller who has left."""

import asyncio
from types import TracebackType
from typing import Self

from starlette.types import Receive


class Departure:
    """Cancels the task inside `with` once the connection ends; `gone` tells that from any other cancellation.

    Watching costs a task, so it begins only after `delay` seconds: most operations are over by then. Without `receive`
    nobody is watched.
    """

    __slots__ = ("_delay", "_receive", "_task", "_timer", "_watcher", "gone")

    def __init__(self, receive: Receive | None, *, delay: float) -> None:
        self._receive = receive
        self._delay = delay
        self._task: asyncio.Task[object] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._watcher: asyncio.Task[None] | None = None
        self.gone = False

    def __enter__(self) -> Self:
        self._task = asyncio.current_task()
        if self._receive is not None:
            self._timer = asyncio.get_running_loop().call_later(self._delay, self._watch, self._receive)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._watcher is not None:
            self._watcher.cancel()

    def _watch(self, receive: Receive) -> None:
        self._watcher = asyncio.get_running_loop().create_task(self._wait(receive))

    async def _wait(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self.gone = True
        if self._task is not None:
            self._task.cancel()
