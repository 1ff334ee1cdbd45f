"""A database in a file of SQLite. Whole transactions are done in a thread: each costs one way there and back."""

import asyncio
import os
import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError

from runtime.connection import (
    JSON,
    Connection,
    DatabaseUrlError,
    Parameters,
    explained,
)
from runtime.turns import Turns

Result = TypeVar("Result")
READERS = 4


class ThreadConnection:
    """Does at once, in the thread that it is in, what a connection over a network would have to be waited for."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self.dialect = connection.dialect

    async def execute(self, statement: sa.Executable, parameters: Parameters = None) -> sa.Result[*tuple[Any, ...]]:
        result = self._connection.execute(statement, parameters)
        return result.freeze()() if result.returns_rows else result

    async def scalar(self, statement: sa.Executable, parameters: Mapping[str, Any] | None = None) -> Any:
        return self._connection.scalar(statement, parameters)

    async def run_sync(self, work: Callable[[sa.Connection], Result]) -> Result:
        return work(self._connection)


class SqliteDatabase:
    """Writers take turns in one thread, over all processes by SQLite's own lock; readers never wait for them."""

    is_postgres = False

    def __init__(self, address: sa.URL, *, total_seconds: float) -> None:
        _make_file(Path(address.database or ""))
        self._writers = Turns(_engine(address, total_seconds, begin="BEGIN IMMEDIATE", connections=1))
        self._reader = _engine(address, total_seconds, begin="BEGIN", connections=READERS)
        self._reading = ThreadPoolExecutor(READERS, thread_name_prefix="sqlite-read")
        self._total_seconds = total_seconds

    async def write(self, work: Callable[[Connection], Awaitable[Result]], *, first: bool = False) -> Result:
        def done(connection: sa.Connection) -> Result:
            return _finished(work(ThreadConnection(connection)))

        return await self._in_time(self._writers.wait_for(done, first=first))

    async def read(self, work: Callable[[Connection], Awaitable[Result]]) -> Result:
        def done() -> Result:
            with self._reader.connect() as connection:
                return _finished(work(ThreadConnection(connection)))

        return await self._in_time(self._reading.submit(done))

    async def _in_time(self, ended: Future[Result]) -> Result:
        try:
            async with asyncio.timeout(self._total_seconds):
                return await asyncio.wrap_future(ended)
        except (DBAPIError, TimeoutError, OSError) as error:
            raise explained(error) from error

    async def close(self) -> None:
        await asyncio.to_thread(self._writers.close)
        await asyncio.to_thread(self._reading.shutdown, cancel_futures=True)
        await asyncio.to_thread(self._reader.dispose)


def _finished(work: Awaitable[Result]) -> Result:
    """What `work` comes to, which waits for nothing but its ThreadConnection, and so never really waits."""
    steps = work.__await__()
    try:
        next(steps)
    except StopIteration as end:
        result: Result = end.value
        return result
    raise RuntimeError("a transaction may wait for its own connection only")


def _engine(address: sa.URL, total_seconds: float, *, begin: str, connections: int) -> sa.Engine:
    engine = sa.create_engine(address, pool_size=connections, max_overflow=0, pool_timeout=total_seconds, **JSON)
    # FULL: each commit reaches the disk before it is acknowledged, so that it outlives a loss of power too.
    settings = (
        f"PRAGMA busy_timeout = {int(total_seconds * 600)}",
        "PRAGMA journal_mode = WAL",
        "PRAGMA synchronous = FULL",
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # else the driver begins transactions by itself, and deferred ones
        for setting in settings:
            connection.execute(setting)

    @event.listens_for(engine, "begin")
    def start(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _make_file(path: Path) -> None:
    """An empty database, where there is none. Only its owner may read it (SQLite would let everybody), and it is in WAL
    mode from its first moment on (two processes that start at once would be in each other's way changing that).
    """
    if path.exists():
        return
    new = path.with_name(f".{path.name}.{os.getpid()}-{uuid4().hex}")
    try:
        os.close(os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with closing(sqlite3.connect(new)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
        with suppress(FileExistsError):
            path.hardlink_to(new)
    except OSError as error:
        raise DatabaseUrlError(f"the file {path} can't be made: {error.strerror}") from None
    finally:
        new.unlink(missing_ok=True)
