"""A ledger with nothing in it, on either database, and a clock that a test holds."""

import asyncio
import os
import shutil
import tempfile
import urllib.request
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg
import pytest

from sync.ledger.database import DatabaseLedger, open_ledger
from sync.ledger.migrating import migrate
from sync.ledger.tables import metadata

if TYPE_CHECKING:
    from tests.sync.office import Office
    from tests.sync.watched import Watched

DATABASES = ["sqlite", "postgresql"]


class HeldClock:
    """Time stands still until a test moves it."""

    def __init__(self) -> None:
        self._now = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
        self._monotonic = 0.0

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)
        self._monotonic += seconds


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ledger") / "template.db"
    asyncio.run(migrate(f"sqlite:///{path}"))
    return path


@pytest.fixture(scope="session")
def postgres_ledger(postgres_url: str) -> str:
    name = f"ledger_{uuid4().hex}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"create database {name}")
    url = beside(postgres_url, name)
    asyncio.run(migrate(url))
    return url


@pytest.fixture
def postgres_ledger_url(postgres_ledger: str) -> str:
    """Emptied, which is far quicker than a database for each test."""
    with psycopg.connect(postgres_ledger) as connection:
        connection.execute(f"truncate {', '.join(metadata.tables)} restart identity")
        connection.execute("insert into head (id, audits, hash, events) values (1, 0, repeat('0', 64), 0)")
    return postgres_ledger


@pytest.fixture
def quick_folder(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is one: tests may lose a database, so waiting for the disk gains nothing."""
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(prefix="cw-ledger-", dir=memory) as folder:
        yield Path(folder)


@pytest.fixture(params=DATABASES)
def ledger_url(request: pytest.FixtureRequest, quick_folder: Path) -> str:
    """The URL of a ledger for this test alone, migrated and empty; for one kind of database after the other."""
    if request.param == "sqlite":
        path = quick_folder / "ledger.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        return f"sqlite:///{path}"
    url: str = request.getfixturevalue("postgres_ledger_url")
    return url


@pytest.fixture
async def ledger(ledger_url: str, clock: HeldClock) -> AsyncIterator[DatabaseLedger]:
    opened = open_ledger(ledger_url, clock=clock)
    yield opened
    await opened.close()


def beside(server: str, name: str) -> str:
    """The URL of another database on the same server."""
    return f"{server.rpartition('/')[0]}/{name}"


@pytest.fixture(scope="module")
def firm_sandbox(sandbox: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The sandbox as new for the tests of a file, which see what the earlier of them did: each takes its own records.
    As new again after them.
    """
    reset = urllib.request.Request(f"{sandbox['control']}/reset", method="POST")
    urllib.request.urlopen(reset, timeout=60).close()
    yield sandbox
    urllib.request.urlopen(reset, timeout=60).close()


@pytest.fixture
async def office(
    firm_sandbox: dict[str, Any], tmp_path: Path, ledger: DatabaseLedger, clock: HeldClock
) -> AsyncIterator["Office"]:
    """Desk and runner over the sandbox's platforms and an empty ledger, on either database; no faults, no calls yet."""
    from tests.sync.office import open_office  # it needs this file's clock

    folder = tmp_path / "office"
    folder.mkdir()
    opened = open_office(firm_sandbox, folder, ledger, clock)
    opened.control.calm()
    yield opened
    opened.control.calm()
    await opened.close()


@pytest.fixture
def fresh_office(office: "Office") -> "Office":
    """An office whose platforms nobody has changed anything in."""
    office.control.send("POST", "/reset")
    return office


@pytest.fixture
async def watched(
    firm_sandbox: dict[str, Any], tmp_path: Path, ledger: DatabaseLedger, clock: HeldClock
) -> AsyncIterator["Watched"]:
    """An office with every call to ledger and platforms seen."""
    from tests.sync.watched import open_watched

    async with open_watched(firm_sandbox, tmp_path, ledger, clock) as opened:
        yield opened


@pytest.fixture
async def hurried(
    firm_sandbox: dict[str, Any], tmp_path: Path, ledger: DatabaseLedger, clock: HeldClock
) -> AsyncIterator["Watched"]:
    """The same, giving a platform less than half a second for an answer."""
    from tests.sync.watched import open_watched

    async with open_watched(firm_sandbox, tmp_path, ledger, clock, timeout_seconds=0.4) as opened:
        yield opened
