"""Identical reads in flight at the same time share one call."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from contextvars import copy_context
from typing import Any, Generic, TypeVar

from msgspec.structs import replace

from platforms.call_log import UpstreamCall, upstream_calls
from platforms.deadline import operation_deadline
from runtime.clock import Clock, SystemClock
from schema.errors import DeadlineExceeded

T = TypeVar("T")


class _Flight(Generic[T]):
    __slots__ = ("callers", "calls", "task")

    def __init__(self, task: "asyncio.Task[T]", calls: list[UpstreamCall]) -> None:
        self.task = task
        self.calls = calls
        self.callers = 0


class SharedCalls(Generic[T]):
    """One flight per key. A caller who leaves doesn't disturb the others; when the last one leaves, it is cancelled.

    The flight itself knows no deadline, since its callers' differ: each waits until its own. A failure reaches every
    caller of the flight; nothing is kept afterwards.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._flights: dict[Hashable, _Flight[T]] = {}

    async def share(self, key: Hashable, call: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """`call`'s result, from the flight under way for `key` or from a new one. The key must tell all that matters to
        the answer: platform, query, fields, and whose eyes it is for.
        """
        flight = self._flights.get(key)
        joined = flight is not None
        if flight is None:
            flight = self._take_off(key, call)
        flight.callers += 1
        try:
            result = await self._landing(flight.task)
        except BaseException:
            self._leave(key, flight)
            raise
        finally:
            self._tell(flight, joined=joined)
        return result

    def _take_off(self, key: Hashable, call: Callable[[], Coroutine[Any, Any, T]]) -> _Flight[T]:
        calls: list[UpstreamCall] = []
        context = copy_context()
        context.run(operation_deadline.set, None)
        context.run(upstream_calls.set, calls)
        task = asyncio.get_running_loop().create_task(call(), context=context)
        flight = self._flights[key] = _Flight(task, calls)
        task.add_done_callback(lambda done: self._landed(key, flight, done))
        return flight

    def _landed(self, key: Hashable, flight: _Flight[T], task: "asyncio.Task[T]") -> None:
        self._forget(key, flight)
        if not task.cancelled():
            task.exception()  # all callers may have left: nobody else would look at it

    async def _landing(self, task: "asyncio.Task[T]") -> T:
        deadline = operation_deadline.get()
        if deadline is None:
            return await asyncio.shield(task)
        try:
            async with asyncio.timeout(deadline - self._clock.monotonic()) as timer:
                return await asyncio.shield(task)
        except TimeoutError:
            if timer.expired():
                raise DeadlineExceeded("the operation's time ended while waiting for a shared read") from None
            raise

    def _leave(self, key: Hashable, flight: _Flight[T]) -> None:
        flight.callers -= 1
        if flight.callers == 0 and not flight.task.done():
            self._forget(key, flight)  # a newcomer must not board what is being cancelled
            flight.task.cancel()

    def _forget(self, key: Hashable, flight: _Flight[T]) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]

    @staticmethod
    def _tell(flight: _Flight[T], *, joined: bool) -> None:
        log = upstream_calls.get()
        if log is not None:
            log.extend(replace(call, shared=True) for call in flight.calls) if joined else log.extend(flight.calls)
