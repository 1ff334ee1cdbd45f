"""Connections to PostgreSQL on which no wait is longer than it may be, whatever the server does."""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable
from typing import Any, Self

import psycopg
from psycopg.abc import PQGen

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


def connector(total_seconds: float) -> Callable[..., Awaitable[BoundedConnection]]:
    """Makes connections on which a statement, a lock and an answer are waited for about half of `total_seconds`."""

    async def connect(*args: Any, **kwargs: Any) -> BoundedConnection:
        return await BoundedConnection.bounded(*args, total_seconds=total_seconds, **kwargs)

    return connect
