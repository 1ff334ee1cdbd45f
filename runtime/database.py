"""A database by its URL, SQLite or PostgreSQL, whose every wait ends."""

from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from runtime.connection import Connection, Database, DatabaseUnavailableError, DatabaseUrlError, encode_json
from runtime.sqlite import SqliteDatabase

__all__ = [
    "TOTAL_SECONDS",
    "Connection",
    "Database",
    "DatabaseUnavailableError",
    "DatabaseUrlError",
    "encode_json",
    "open_database",
    "sqlite_path",
]

TOTAL_SECONDS = 4.5
"""What one transaction may take, the wait for a connection included: below the five seconds that callers are promised
an answer in, whatever state the database is in."""


def open_database(url: str, *, total_seconds: float = TOTAL_SECONDS) -> Database:
    """The database that `url` names: `sqlite:///PATH` or `postgresql://USER@HOST/NAME`. It connects when it is used.

    Raises DatabaseUrlError.
    """
    address = _address(url)
    if address.get_backend_name() == "sqlite":
        return SqliteDatabase(address, total_seconds=total_seconds)
    try:
        from runtime.postgres import PostgresDatabase  # its driver is an extra that an installation on SQLite lacks
    except ModuleNotFoundError:
        raise DatabaseUrlError("PostgreSQL needs its driver: install crosswalk[postgres]") from None
    return PostgresDatabase(address, total_seconds=total_seconds)


def sqlite_path(url: str) -> Path | None:
    """Where the file of an SQLite database is; None for another database."""
    address = _address(url)
    return Path(address.database or "") if address.get_backend_name() == "sqlite" else None


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
    return address.set(drivername="sqlite")
