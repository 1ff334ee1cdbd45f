"""A database by its URL, SQLite or PostgreSQL, whose every wait ends."""

import asyncio
import os
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, closing, suppress
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import msgspec
from sqlalchemy import URL, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

Result = TypeVar("Result")

TOTAL_SECONDS = 4.5
"""What one transaction may take, the wait for a connection included: below the five seconds that callers are promised
an answer in, whatever state the database is in."""
SQLITE_READERS = 4
POSTGRES_CONNECTIONS = 15
_FRESH_SECONDS = 1.0
"""Until then a transaction that failed on the way is tried again; later the time is over."""
_TRANSIENT = frozenset({"40001", "40P01"})  # PostgreSQL's serialization failure and deadlock: nothing was written


class DatabaseUnavailableError(Exception):
    """No answer in time, or no connection. Whether the commit of a write was the part that failed isn't known."""


class DatabaseUrlError(Exception):
    """The URL names nothing that can be opened; the message says what may stand there, and never a password."""


class Database:
    """Connections to one database, for one event loop. On SQLite writers queue for one connection, readers never wait
    for them.
    """

    def __init__(self, *, reader: AsyncEngine, writer: AsyncEngine, total_seconds: float) -> None:
        self._reader = reader
        self._writer = writer
        self._total_seconds = total_seconds

    @property
    def is_postgres(self) -> bool:
        return self._writer.dialect.name == "postgresql"

    async def write(self, work: Callable[[AsyncConnection], Awaitable[Result]]) -> Result:
        """Does `work` in one transaction: all of it is on disk when this returns, or nothing of it if `work` raises.

        `work` may be done twice, where a connection turns out dead, or a deadlock is resolved, before the commit.
        Raises DatabaseUnavailableError.
        """
        return await self._do(self._writer.begin, work)

    async def read(self, work: Callable[[AsyncConnection], Awaitable[Result]]) -> Result:
        """Does `work`, which only reads. Raises DatabaseUnavailableError."""
        return await self._do(self._reader.connect, work)

    async def _do(
        self,
        connect: Callable[[], AbstractAsyncContextManager[AsyncConnection]],
        work: Callable[[AsyncConnection], Awaitable[Result]],
    ) -> Result:
        loop = asyncio.get_running_loop()
        began = loop.time()
        while True:
            finished = False
            try:
                async with asyncio.timeout_at(began + self._total_seconds), connect() as connection:
                    result = await work(connection)
                    finished = True
                return result
            except DBAPIError as error:
                if finished or not _passes(error) or loop.time() - began > _FRESH_SECONDS:
                    raise _explained(error) from error
            except (PoolTimeoutError, TimeoutError, OSError) as error:
                raise _explained(error) from error

    async def close(self) -> None:
        await self._writer.dispose()
        await self._reader.dispose()


def open_database(url: str, *, total_seconds: float = TOTAL_SECONDS) -> Database:
    """The database that `url` names: `sqlite:///PATH` or `postgresql://USER@HOST/NAME`. It connects when it is used.

    Raises DatabaseUrlError.
    """
    address = _address(url)
    if address.get_backend_name() == "sqlite":
        _make_file(address)
        return Database(
            reader=_sqlite(address, total_seconds, begin="BEGIN", connections=SQLITE_READERS),
            writer=_sqlite(address, total_seconds, begin="BEGIN IMMEDIATE", connections=1),
            total_seconds=total_seconds,
        )
    engine = _postgres(address, total_seconds)
    reader = engine.execution_options(isolation_level="AUTOCOMMIT")  # a read of one statement needs no BEGIN
    return Database(reader=reader, writer=engine, total_seconds=total_seconds)


def sqlite_path(url: str) -> Path | None:
    """Where the file of an SQLite database is; None for another database."""
    address = _address(url)
    return Path(address.database or "") if address.get_backend_name() == "sqlite" else None


def encode_json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _address(url: str) -> URL:
    try:
        address = make_url(url)
    except ArgumentError:
        raise DatabaseUrlError("not a database's URL; write sqlite:///PATH or postgresql://USER@HOST/NAME") from None
    kind = address.drivername.partition("+")[0]
    if kind in ("postgres", "postgresql"):
        return address.set(drivername="postgresql+psycopg")
    if kind != "sqlite":
        raise DatabaseUrlError(f"{kind} is not supported; write sqlite:///PATH or postgresql://USER@HOST/NAME")
    if address.database in (None, "", ":memory:"):
        raise DatabaseUrlError("a database in memory loses everything; name its file: sqlite:///PATH")
    return address.set(drivername="sqlite+aiosqlite")


def _make_file(address: URL) -> None:
    """An empty database, where there is none. Only its owner may read it (SQLite would let everybody), and it is in WAL
    mode from its first moment on (two processes that start at once would be in each other's way changing that).
    """
    path = Path(address.database or "")
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


def _sqlite(address: URL, total_seconds: float, *, begin: str, connections: int) -> AsyncEngine:
    engine = create_async_engine(
        address,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=total_seconds,
        hide_parameters=True,  # they hold what no log should
        json_serializer=encode_json,
        json_deserializer=msgspec.json.decode,
    )
    # FULL: each commit reaches the disk before it is acknowledged, so that it outlives a loss of power too.
    settings = (
        f"PRAGMA busy_timeout = {int(total_seconds * 600)}",
        "PRAGMA journal_mode = WAL",
        "PRAGMA synchronous = FULL",
    )

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # else the driver begins transactions by itself, and deferred ones
        cursor = connection.cursor()
        for setting in settings:
            cursor.execute(setting)
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def start(connection: Any) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _postgres(address: URL, total_seconds: float) -> AsyncEngine:
    try:
        from runtime.postgres import connector  # its driver is an extra that an installation on SQLite lacks
    except ModuleNotFoundError:
        raise DatabaseUrlError("PostgreSQL needs its driver: install crosswalk[postgres]") from None
    return create_async_engine(
        address,
        connect_args={"async_creator_fn": connector(total_seconds), "connect_timeout": 2},
        pool_size=POSTGRES_CONNECTIONS,
        max_overflow=0,
        pool_timeout=total_seconds,
        pool_use_lifo=True,
        hide_parameters=True,  # they hold what no log should
        json_serializer=encode_json,
        json_deserializer=msgspec.json.decode,
    )


def _passes(error: DBAPIError) -> bool:
    """Whether the same work may well succeed at once: on another connection, or after the deadlock."""
    return error.connection_invalidated or getattr(error.orig, "sqlstate", None) in _TRANSIENT


def _explained(error: Exception) -> Exception:
    """What to raise instead: an error that isn't about reaching the database is a bug, and stays what it is."""
    if isinstance(error, DBAPIError) and not isinstance(error, (OperationalError, InterfaceError)):
        return error if not error.connection_invalidated else DatabaseUnavailableError(type(error.orig).__name__)
    cause = error.orig if isinstance(error, DBAPIError) else error
    return DatabaseUnavailableError(f"{type(cause).__name__}: {cause}".partition("\n")[0])
