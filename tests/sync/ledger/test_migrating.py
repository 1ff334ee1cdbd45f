"""Tables come from migrations alone; a ledger of another version is refused with what to do."""

import asyncio
import os
import stat
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from runtime.database import DatabaseUrlError, open_database
from schema.errors import LedgerUnavailable
from sync import migrations
from sync.ledger import migrating
from sync.ledger.database import open_ledger
from sync.ledger.migrating import LedgerVersionError, Migrated, migrate, prepare
from sync.ledger.tables_of_changes import metadata

NEWEST = migrations.REVISIONS[-1]


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request, tmp_path):
    """A database without any table."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/empty.db"
        return
    server = request.getfixturevalue("postgres_url")
    name = f"empty_{uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"create database {name}")
        yield f"{server.rpartition('/')[0]}/{name}"
        connection.execute(f"drop database {name} with (force)")


async def in_database(url, work):
    database = open_database(url)
    try:
        return await database.write(lambda connection: connection.run_sync(work))
    finally:
        await database.close()


def upgrade(connection, revision):
    config = Config()
    config.set_main_option("script_location", "sync:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


async def test_the_migrations_make_exactly_the_tables_that_the_code_works_with(ledger_url):
    def differences(connection):
        return compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata)

    assert await in_database(ledger_url, differences) == []


async def test_the_conditions_of_partial_indexes_are_those_of_the_code(ledger_url):
    """Which comparing doesn't look at: without the condition a problem could be raised once and never again."""

    def conditions(connection):
        found = {}
        for table in metadata.tables:
            for index in sa.inspect(connection).get_indexes(table):
                options = index.get("dialect_options", {})
                where = options.get("sqlite_where", options.get("postgresql_where"))
                if where is not None:
                    found[index["name"]] = str(where)
        return found

    found = await in_database(ledger_url, conditions)
    meant = {
        index.name: index.dialect_options["sqlite"]["where"]
        for table in metadata.tables.values()
        for index in table.indexes
        if index.dialect_options["sqlite"]["where"] is not None
    }
    assert sorted(found) == sorted(meant)
    for name, where in meant.items():
        for word in str(where.compile(compile_kwargs={"literal_binds": True})).replace(",", " ").split():
            assert word.strip("()'").rpartition(".")[2] in found[name] or word == "IN", (name, word)


def test_the_revisions_are_those_of_the_files():
    folder = Path(migrations.__file__).parent
    script = ScriptDirectory(str(folder))
    assert [revision.revision for revision in reversed(list(script.walk_revisions()))] == list(migrations.REVISIONS)
    assert script.get_heads() == [NEWEST]


async def test_migrating_is_done_once(empty_url):
    assert await migrate(empty_url) == Migrated(None, NEWEST)
    assert await migrate(empty_url) == Migrated(NEWEST, NEWEST)
    await prepare(empty_url)


async def test_two_that_migrate_at_once_are_in_no_way_of_each_other(empty_url):
    answers = await asyncio.gather(*(migrate(empty_url) for _ in range(4)))
    assert min(answers, key=lambda answer: answer.before or "") == Migrated(None, NEWEST)
    assert answers.count(Migrated(NEWEST, NEWEST)) == 3


async def test_a_new_file_is_prepared_by_itself_and_a_new_database_is_not(empty_url, clock, new_run):
    if empty_url.startswith("sqlite"):
        await prepare(empty_url)
        ledger = open_ledger(empty_url, clock=clock)
        assert await ledger.accept(new_run())
        await ledger.close()
        path = empty_url.removeprefix("sqlite:///")
        assert stat.S_IMODE((await asyncio.to_thread(os.stat, path)).st_mode) == 0o600
    else:
        with pytest.raises(LedgerVersionError, match="no tables yet; run `crosswalk migrate`"):
            await prepare(empty_url)


async def test_an_older_ledger_is_refused_with_what_to_do(ledger_url, monkeypatch):
    monkeypatch.setattr(migrating, "REVISIONS", (*migrations.REVISIONS, "0999"))
    told = rf"is at revision {NEWEST}, and .* needs 0999; .* run `crosswalk migrate`"
    with pytest.raises(LedgerVersionError, match=told):
        await prepare(ledger_url)


async def test_a_ledger_of_the_first_revision_is_brought_up_to_the_newest_with_all_that_is_in_it(empty_url):
    await in_database(empty_url, lambda connection: upgrade(connection, "0001"))
    await in_database(
        empty_url,
        lambda connection: connection.exec_driver_sql(
            "insert into cursors (name, position, version, at) values ('feed', '{}', 7, '2026-01-31 00:00:00')"
        ),
    )
    with pytest.raises(LedgerVersionError, match="run `crosswalk migrate`"):
        await prepare(empty_url)
    assert await migrate(empty_url) == Migrated("0001", NEWEST)
    await prepare(empty_url)
    kept = await in_database(
        empty_url, lambda connection: connection.exec_driver_sql("select name, version from cursors").all()
    )
    assert [tuple(row) for row in kept] == [("feed", 7)]
    differences = await in_database(
        empty_url, lambda connection: compare_metadata(MigrationContext.configure(connection), metadata)
    )
    assert differences == []


async def test_a_newer_ledger_is_refused_with_what_to_do(ledger_url):
    def made_by_a_newer_version(connection):
        connection.exec_driver_sql("update alembic_version set version_num = '0999'")

    await in_database(ledger_url, made_by_a_newer_version)
    try:
        for attempt in (prepare, migrate):
            with pytest.raises(LedgerVersionError, match="revision 0999 by a newer version of Crosswalk"):
                await attempt(ledger_url)
    finally:
        await in_database(
            ledger_url,
            lambda connection: connection.exec_driver_sql(f"update alembic_version set version_num = '{NEWEST}'"),
        )


async def test_a_server_that_is_not_there_is_told():
    url = "postgresql://crosswalk:s3cret@127.0.0.1:1/nothing"
    for attempt in (prepare, migrate):
        with pytest.raises(LedgerUnavailable, match="can't be reached") as caught:
            await attempt(url)
        assert "s3cret" not in caught.value.detail


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("mysql://db/x", "mysql is not supported"),
        ("nonsense", "not a database's URL"),
        ("sqlite://", "in memory loses everything"),
        ("sqlite:////nowhere/at/all.db", "can't be made"),
    ],
)
async def test_a_url_that_names_no_database_is_told(url, told):
    with pytest.raises(DatabaseUrlError, match=told):
        await prepare(url)
