"""A database of PostgreSQL: no wait is longer than it may be, whatever the server does."""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Self, TypeVar

import psycopg
import sqlalchemy as sa
from psycopg.abc import PQGen
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from runtime.connection import JSON, Connection, explained

Result = TypeVar("Result")
CONNECTIONS = 15
_FRESH_SECONDS = 1.0
"""Until then a transaction that failed on the way is tried again; later the time is over."""
_TRANSIENT = frozenset({"40001", "40P01"})  # serialization failure and deadlock: nothing was written

_SETTINGS = """
select set_config('statement_timeout', %(statement)s, false),
    set_config('lock_timeout', %(lock)s, false),
    set_config('idle_in_transaction_session_timeout', %(idle)s, false),
    set_config('default_transaction_isolation', 'read committed', false),
    set_config('synchronous_commit',
        case current_setting('synchronous_commit') when 'off' then 'on' else current_setting('synchronous_commit') end,
        false)
"""


class BoundedConnection(psycopg.AsyncConnection[Any]):
    """The server's own time limits hold while the server runs. Where it is frozen, or its network gone, this end cuts
    the connection, and the call fails like any other whose connection broke.
    """

    wait_seconds: float

    @classmethod
    async def bounded(cls, *args: Any, total_seconds: float, **kwargs: Any) -> Self:
        connection = await cls.connect(*args, autocommit=True, **kwargs)
        connection.wait_seconds = total_seconds * 0.55
        limits = {
            "statement": f"{int(total_seconds * 500)}ms",
            "lock": f"{int(total_seconds * 450)}ms",
            "idle": f"{int(total_seconds * 1000)}ms",  # a frozen process may not hold its locks for longer
        }
        await connection.execute(_SETTINGS, limits)
        await connection.set_autocommit(False)
        return connection

    async def wait(self, gen: PQGen[Any], *args: Any, **kwargs: Any) -> Any:
        seconds = getattr(self, "wait_seconds", None)
        if seconds is None:
            return await super().wait(gen, *args, **kwargs)
        timer = asyncio.get_running_loop().call_later(seconds, self._cut)
        try:
            return await super().wait(gen, *args, **kwargs)
        finally:
            timer.cancel()

    async def cancel_safe(self, *, timeout: float = 30.0) -> None:  # noqa: ASYNC109 - psycopg's
        await super().cancel_safe(timeout=min(timeout, 1.0))

    def _cut(self) -> None:
        with socket.socket(fileno=os.dup(self.pgconn.socket)) as copy:
            copy.shutdown(socket.SHUT_RDWR)


class PostgresDatabase:
    """A pool of connections for one event loop."""

    is_postgres = True

    def __init__(self, address: sa.URL, *, total_seconds: float) -> None:
        async def connect(*args: Any, **kwargs: Any) -> BoundedConnection:
            return await BoundedConnection.bounded(*args, total_seconds=total_seconds, **kwargs)

        self._total_seconds = total_seconds
        self._engine = create_async_engine(
            address,
            connect_args={"async_creator_fn": connect, "connect_timeout": 2},
            pool_size=CONNECTIONS,
            max_overflow=0,
            pool_timeout=total_seconds,
            pool_use_lifo=True,
            **JSON,
        )
        self._reader = self._engine.execution_options(isolation_level="AUTOCOMMIT")  # one statement needs no BEGIN

    async def write(self, work: Callable[[Connection], Awaitable[Result]], *, first: bool = False) -> Result:  # noqa: ARG002 - nobody has to wait for the others here
        return await self._do(self._engine.begin, work)

    async def read(self, work: Callable[[Connection], Awaitable[Result]]) -> Result:
        return await self._do(self._reader.connect, work)

    async def _do(
        self,
        connect: Callable[[], AbstractAsyncContextManager[AsyncConnection]],
        work: Callable[[Connection], Awaitable[Result]],
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
                    raise explained(error) from error
            except (PoolTimeoutError, TimeoutError, OSError) as error:
                raise explained(error) from error

    async def close(self) -> None:
        await self._engine.dispose()


def _passes(error: DBAPIError) -> bool:
    """Whether the same work may well succeed at once: on another connection, or after the deadlock."""
    return error.connection_invalidated or getattr(error.orig, "sqlstate", None) in _TRANSIENT
