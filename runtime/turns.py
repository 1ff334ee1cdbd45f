"""Writers of one SQLite file take turns, and those who wait at the same time wait for the disk only once.

A commit waits until its data is on the disk, which takes far longer than what most transactions do. So each turn is a
savepoint, undone by itself where it fails, and some milliseconds' worth of turns are committed together. None is told
how it ended before that: what it saw of the others isn't true before either.
"""

import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

Result = TypeVar("Result")
TOGETHER_SECONDS = 0.01
_FOURTH = 4
"""Each fourth turn is somebody's who isn't in a hurry, however many are."""


class _Turn:
    """What one writer wants done, and, once it is on the disk, what came of it."""

    def __init__(self, work: Callable[[sa.Connection], Any]) -> None:
        self.ended: Future[Any] = Future()
        self._work = work
        self._result: Any = None
        self._error: BaseException | None = None

    def take(self, connection: sa.Connection, *, alone: bool) -> None:
        try:
            if alone:
                self._result = self._work(connection)
            else:
                connection.exec_driver_sql("SAVEPOINT turn")
                self._result = self._work(connection)
                connection.exec_driver_sql("RELEASE turn")
        except Exception as error:
            # Of what it calls operational, such as a full disk, SQLite may have undone the others' turns as well.
            if alone or isinstance(error, OperationalError):
                raise
            connection.exec_driver_sql("ROLLBACK TO turn")
            connection.exec_driver_sql("RELEASE turn")
            self._error = error

    def end(self) -> None:
        if self._error is None:
            self.ended.set_result(self._result)
        else:
            self.ended.set_exception(self._error)


class Turns:
    """One thread writes for all. `first` goes before the others: whoever waits there is a person, or a lease."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sqlite-write")
        self._first: deque[_Turn] = deque()
        self._others: deque[_Turn] = deque()
        self._taken = 0

    def wait_for(self, work: Callable[[sa.Connection], Result], *, first: bool) -> Future[Result]:
        """Cancelling it before its turn has come leaves the queue; what has begun comes to its end."""
        turn = _Turn(work)
        (self._first if first else self._others).append(turn)
        self._thread.submit(self._together)
        return turn.ended

    def close(self) -> None:
        self._thread.shutdown(cancel_futures=True)
        self._engine.dispose()

    def _together(self) -> None:
        """Takes turns for a while, and commits them."""
        turn = self._next()
        if turn is None:
            return  # it was taken together with others
        taken = [turn]
        alone = not self._first and not self._others
        until = time.monotonic() + TOGETHER_SECONDS
        try:
            with self._engine.begin() as connection:
                turn.take(connection, alone=alone)
                while not alone and time.monotonic() < until and (turn := self._next()) is not None:
                    taken.append(turn)
                    turn.take(connection, alone=False)
        except BaseException as error:  # noqa: BLE001 - nothing of it is done, and all who took part must know
            for each in taken:
                each.ended.set_exception(error)
            return
        for each in taken:
            each.end()

    def _next(self) -> _Turn | None:
        """The next one who still wants it."""
        while True:
            self._taken += 1
            queues = (self._others, self._first) if self._taken % _FOURTH == 0 else (self._first, self._others)
            queue = next((waiting for waiting in queues if waiting), None)
            if queue is None:
                return None
            turn = queue.popleft()
            if turn.ended.set_running_or_notify_cancel():
                return turn
