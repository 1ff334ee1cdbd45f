"""What databases of every kind have in common: what can be done on a connection, and what can go wrong."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

import msgspec
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

Result = TypeVar("Result")
Parameters = Mapping[str, Any] | Sequence[Mapping[str, Any]] | None


class Connection(Protocol):
    """A connection within a transaction: what SQLAlchemy's AsyncConnection offers, as far as it is used."""

    @property
    def dialect(self) -> sa.Dialect: ...

    async def execute(
        self, statement: sa.Executable, parameters: Parameters = None, /
    ) -> sa.Result[*tuple[Any, ...]]: ...

    async def scalar(self, statement: sa.Executable, parameters: Mapping[str, Any] | None = None, /) -> Any: ...

    async def run_sync(self, work: Callable[[sa.Connection], Result], /) -> Result: ...


class Database(Protocol):
    """Connections to one database, for one event loop."""

    @property
    def is_postgres(self) -> bool: ...

    async def write(self, work: Callable[[Connection], Awaitable[Result]], *, first: bool = False) -> Result:
        """Does `work` in one transaction: all of it is on disk when this returns, or nothing of it if `work` raises.
        Where writers have to queue, `first` goes before the others.

        `work` waits for nothing but the connection. It may be done twice, where a connection turns out dead, or a
        deadlock is resolved, before the commit. Raises DatabaseUnavailableError.
        """
        ...

    async def read(self, work: Callable[[Connection], Awaitable[Result]]) -> Result:
        """Does `work`, which only reads. Raises DatabaseUnavailableError."""
        ...

    async def close(self) -> None: ...


class DatabaseUnavailableError(Exception):
    """No answer in time, or no connection. Whether the commit of a write was the part that failed isn't known."""


class DatabaseUrlError(Exception):
    """The URL names nothing that can be opened; the message says what may stand there, and never a password."""


def encode_json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


JSON: Mapping[str, Any] = {
    "json_serializer": encode_json,
    "json_deserializer": msgspec.json.decode,
    "hide_parameters": True,  # they hold what no log should
}
"""How every engine writes JSON, and what it tells in its errors."""


def explained(error: Exception) -> Exception:
    """What to raise instead: an error that isn't about reaching the database is a bug, and stays what it is."""
    if isinstance(error, DBAPIError) and not isinstance(error, (OperationalError, InterfaceError)):
        return DatabaseUnavailableError(type(error.orig).__name__) if error.connection_invalidated else error
    cause = error.orig if isinstance(error, DBAPIError) else error
    return DatabaseUnavailableError(f"{type(cause).__name__}: {cause}".partition("\n")[0])
