"""Writers of one SQLite file: together on the disk, each whole or not at all, and who is in a hurry first."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from runtime.connection import Connection, Database, DatabaseUnavailableError
from runtime.database import open_database

Work = Callable[[Connection], Awaitable[Any]]


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = open_database(f"sqlite:///{tmp_path}/notes.db")
    await opened.write(lambda connection: connection.execute(sa.text("create table notes (number integer unique)")))
    yield opened
    await opened.close()


def note(number: int) -> Work:
    async def write(connection: Connection) -> int:
        await connection.execute(sa.text("insert into notes values (:number)"), {"number": number})
        return number

    return write


async def notes(database: Database) -> list[int]:
    async def read(connection: Connection) -> list[int]:
        return list((await connection.execute(sa.text("select number from notes order by rowid"))).scalars())

    return await database.read(read)


async def failing(connection: Connection) -> None:
    await connection.execute(sa.text("insert into notes values (-1)"))
    raise ValueError("no")


async def test_those_who_wait_at_the_same_time_wait_for_the_disk_once(database: Database) -> None:
    commits: list[Any] = []

    def count(connection: Any) -> None:
        commits.append(connection)

    sa.event.listen(Engine, "commit", count)
    try:
        told = await asyncio.gather(*(database.write(note(number)) for number in range(50)))
    finally:
        sa.event.remove(Engine, "commit", count)
    assert told == list(range(50))
    assert await notes(database) == list(range(50))
    assert len(commits) < 50


async def test_one_that_fails_takes_nobody_with_it(database: Database) -> None:
    works = [note(1), failing, note(2), note(1), note(3)]
    told = await asyncio.gather(*(database.write(work) for work in works), return_exceptions=True)
    assert [type(answer).__name__ for answer in told] == ["int", "ValueError", "int", "IntegrityError", "int"]
    assert await notes(database) == [1, 2, 3]


async def test_nobody_is_told_of_what_did_not_reach_the_disk(database: Database) -> None:
    """Not even that something was there already, which wasn't after all."""

    def fail(_: Any) -> None:
        raise sa.exc.OperationalError("commit", None, sqlite3.OperationalError("disk I/O error"))

    sa.event.listen(Engine, "commit", fail)
    try:
        works = [note(1), note(1), failing]
        told = await asyncio.gather(*(database.write(work) for work in works), return_exceptions=True)
    finally:
        sa.event.remove(Engine, "commit", fail)
    assert {type(answer) for answer in told[:2]} == {DatabaseUnavailableError}
    assert await notes(database) == []
    assert await database.write(note(1)) == 1


async def test_who_is_in_a_hurry_goes_first_and_does_not_keep_the_others_for_ever(database: Database) -> None:
    others = [database.write(note(number)) for number in range(100, 140)]
    hurried = [database.write(note(number), first=True) for number in range(12)]
    await asyncio.gather(*others, *hurried)
    order = await notes(database)
    places = [order.index(number) for number in range(12)]
    assert places == sorted(places)
    assert places[-1] < 20
    assert any(number >= 100 for number in order[1 : places[-1]])


async def test_who_gives_up_before_its_turn_writes_nothing(database: Database) -> None:
    writes = [asyncio.ensure_future(database.write(note(number))) for number in range(30)]
    await asyncio.sleep(0)
    for write in writes[1:]:
        write.cancel()
    await asyncio.wait(writes)
    left = await notes(database)
    assert 0 in left
    assert await database.write(note(99)) == 99
    assert await notes(database) == [*left, 99]
