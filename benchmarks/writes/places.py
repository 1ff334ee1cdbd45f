"""Where runs are measured: on SQLite within one process, and on PostgreSQL and Valkey with workers beside it."""

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from pathlib import Path

import psycopg
import sqlalchemy as sa

from benchmarks.chaos.servers import PostgreSQL, Valkey
from benchmarks.processes import Service, running
from benchmarks.writes.counting import counted
from runtime.database import open_database
from sync.ledger.migrating import migrate
from sync.ledger.records import RunStatus
from sync.ledger.tables import IS_ACTIVE, runs

_names = count(1)


@dataclass(frozen=True, slots=True)
class Place:
    """How an installation is set up. No workers: the gateway does the work."""

    name: str
    workers: int


SQLITE = Place("SQLite, one process", 0)
ONE_WORKER = Place("PostgreSQL, Valkey, 1 worker", 1)
TWO_WORKERS = Place("PostgreSQL, Valkey, 2 workers", 2)
PLACES = (SQLITE, ONE_WORKER, TWO_WORKERS)


@dataclass(frozen=True, slots=True)
class Servers:
    """What runs for the whole of the measures. `cores` are those of the product and of its servers."""

    folder: Path
    upstream: Service
    postgres: PostgreSQL
    valkey: Valkey
    cores: set[int]


class Site:
    """One installation with a ledger of its own, whose processes come and go."""

    def __init__(self, place: Place, servers: Servers, ledger: str) -> None:
        self.place = place
        self.ledger = ledger
        self._servers = servers
        self._counts: list[Path] = []
        self._running: list[Service] = []

    def cpu(self) -> float:
        """Seconds of CPU that the processes which run now have spent."""
        return sum(service.cpu() for service in self._running)

    @property
    def transactions(self) -> int:
        """Of all processes so far."""
        return sum(counted(path) for path in self._counts)

    @contextmanager
    def process(self, kind: str) -> Iterator[Service]:
        counts = self._servers.folder / f"{kind}-{next(_names)}.count"
        self._counts.append(counts)
        arguments = [kind, "--upstream", self._servers.upstream.url, "--ledger", self.ledger, "--counts", str(counts)]
        if self.place.workers:
            arguments += ["--broker", self._servers.valkey.url]
        with running(kind, "benchmarks.writes.service", *arguments, core=self._servers.cores) as service:
            self._running.append(service)
            try:
                yield service
            finally:
                self._running.remove(service)

    @contextmanager
    def whole(self) -> Iterator[Service]:
        """The gateway, and all who work once they are told to."""
        with ExitStack() as stack:
            gateway = stack.enter_context(self.process("gateway"))
            for _ in range(self.place.workers):
                stack.enter_context(self.process("worker"))
            yield gateway

    def begin(self) -> None:
        """Those who run now announce and work from here on."""
        for service in self._running:
            os.kill(service.pid, signal.SIGUSR1)

    # --------------------------------------------------------------------------------------------------- the ledger

    async def ended(self, many: int, *, seconds: float = 300.0) -> list[datetime]:
        """When each of `many` runs ended, in order, once all have; RuntimeError where one didn't succeed."""
        database = open_database(self.ledger)
        open_runs = sa.select(sa.func.count()).select_from(runs).where(IS_ACTIVE)
        try:
            async with asyncio.timeout(seconds):
                while await database.read(lambda tx: tx.scalar(open_runs)):  # noqa: ASYNC110 - others write there
                    await asyncio.sleep(0.25)
            rows = (await database.read(lambda tx: tx.execute(sa.select(runs.c.status, runs.c.finished_at)))).all()
        finally:
            await database.close()
        wrong = [row.status for row in rows if row.status != RunStatus.SUCCEEDED]
        if wrong or len(rows) != many:
            raise RuntimeError(f"{len(rows)} of {many} runs, and of these {len(wrong)} did not succeed: {set(wrong)}")
        return sorted(row.finished_at for row in rows)


async def site(place: Place, servers: Servers) -> Site:
    """With an empty ledger, and nothing in the queue."""
    name = f"ledger{next(_names)}"
    url = f"sqlite:///{servers.folder / name}.db"
    if place.workers:
        with psycopg.connect(servers.postgres.url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")  # type: ignore[call-overload]  # a name of our own
        url = servers.postgres.url.rpartition("/")[0] + f"/{name}"
        servers.valkey.flush()
    await migrate(url)
    return Site(place, servers, url)
