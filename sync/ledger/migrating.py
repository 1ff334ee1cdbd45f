"""Brings a ledger's tables up to this version, or says why this version can't work with them."""

from dataclasses import dataclass

import sqlalchemy as sa

from runtime.database import Connection, DatabaseUnavailableError, open_database, sqlite_path
from schema.errors import LedgerUnavailable
from sync.migrations import REVISIONS

_PATIENCE_SECONDS = 600.0
"""A large table takes its time to be changed."""
_LOCK = 7_119_041_377  # any number that nothing else in the database uses as an advisory lock


class LedgerVersionError(Exception):
    """The ledger's tables are of another version than this program; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Migrated:
    """From which revision to which; `before` None where there were no tables."""

    before: str | None
    after: str


async def migrate(url: str) -> Migrated:
    """Brings the ledger at `url` up to this version; nothing happens where it is so already, or meanwhile.

    Raises DatabaseUrlError, LedgerUnavailable, and LedgerVersionError for one of a newer version.
    """
    database = open_database(url, total_seconds=_PATIENCE_SECONDS)
    try:
        return await database.write(_upgraded)
    except DatabaseUnavailableError as error:
        raise LedgerUnavailable(f"The ledger's database can't be reached or changed: {error}") from error
    finally:
        await database.close()


async def prepare(url: str) -> None:
    """Makes sure that this version can work with the ledger at `url`: an SQLite file without tables gets them.

    Raises DatabaseUrlError, LedgerUnavailable, and LedgerVersionError where `crosswalk migrate`, or another version of
    the program, is needed.
    """
    database = open_database(url)
    try:
        found = await database.read(revision_of)
    except DatabaseUnavailableError as error:
        raise LedgerUnavailable(f"The ledger's database can't be reached: {error}") from error
    finally:
        await database.close()
    if found is None and sqlite_path(url) is not None:
        await migrate(url)
    else:
        _check(found)


async def revision_of(connection: Connection) -> str | None:
    """Which revision the tables are of; None where there are none."""
    there = await connection.run_sync(lambda synchronous: sa.inspect(synchronous).has_table(_VERSION.name))
    if not there:
        return None
    found: str | None = (await connection.execute(sa.select(_VERSION.c.version_num))).scalar_one_or_none()
    return found


def _check(found: str | None) -> None:
    if found is None:
        raise LedgerVersionError("the ledger's database has no tables yet; run `crosswalk migrate`")
    if found not in REVISIONS:
        raise LedgerVersionError(
            f"the ledger was migrated to revision {found} by a newer version of Crosswalk, and this one knows none "
            f"past {REVISIONS[-1]}; run that version, or restore the backup from before its migration"
        )
    if found != REVISIONS[-1]:
        raise LedgerVersionError(
            f"the ledger is at revision {found}, and this version of Crosswalk needs {REVISIONS[-1]}; make a backup "
            "and run `crosswalk migrate`"
        )


async def _upgraded(connection: Connection) -> Migrated:
    if connection.dialect.name == "postgresql":  # SQLite's BEGIN IMMEDIATE keeps a second migration waiting
        await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    before = await revision_of(connection)
    if before is not None and before not in REVISIONS:
        _check(before)
    if before != REVISIONS[-1]:
        await connection.run_sync(_upgrade)
    return Migrated(before, REVISIONS[-1])


def _upgrade(connection: sa.Connection) -> None:
    from alembic import command  # only who migrates needs to load it
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "sync:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


_VERSION = sa.Table("alembic_version", sa.MetaData(), sa.Column("version_num", sa.Text))
