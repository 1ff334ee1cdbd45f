"""Whatever the database does, an answer comes in time, and all is well again as soon as it is."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from urllib.parse import urlsplit

import psycopg
import pytest
from sqlalchemy.exc import IntegrityError

from runtime.clock import SystemClock
from runtime.database import TOTAL_SECONDS, open_database
from schema.errors import LedgerUnavailable
from sync.ledger.database import DatabaseLedger

SECONDS = 1.0
"""Far less than in earnest, so that the suite needn't wait."""


class Line:
    """A network between us and the server, which may fall silent without hanging up, or be cut."""

    def __init__(self, host: str, port: int) -> None:
        self._there = (host, port)
        self._open = asyncio.Event()
        self._open.set()
        self._ends: set[asyncio.StreamWriter] = set()
        self.port = 0

    def freeze(self) -> None:
        self._open.clear()

    def thaw(self) -> None:
        self._open.set()

    def cut(self) -> None:
        for end in self._ends:
            end.transport.abort()

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection(*self._there)
        self._ends |= {writer, there_writer}
        await asyncio.gather(self._pump(reader, there_writer), self._pump(there_reader, writer), return_exceptions=True)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while piece := await reader.read(65_536):
                await self._open.wait()
                writer.write(piece)
                await writer.drain()
        finally:
            writer.close()


@asynccontextmanager
async def line_to(url: str) -> AsyncIterator[tuple[Line, str]]:
    there = urlsplit(url)
    line = Line(str(there.hostname), int(there.port or 5432))
    server = await asyncio.start_server(line.carry, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    yield line, url.replace(f":{there.port}/", f":{port}/")
    line.thaw()
    line.cut()
    server.close()


@asynccontextmanager
async def impatient(url: str) -> AsyncIterator[DatabaseLedger]:
    ledger = DatabaseLedger(open_database(url, total_seconds=SECONDS), clock=SystemClock())
    yield ledger
    await ledger.close()


async def refused_in_time(*asked) -> None:
    began = time.monotonic()
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert time.monotonic() - began < SECONDS + 0.75
    assert {type(answer) for answer in answers} == {LedgerUnavailable}


def test_in_earnest_the_wait_is_shorter_than_what_callers_are_promised():
    assert TOTAL_SECONDS < 5


async def test_a_frozen_server_costs_a_bounded_time(postgres_ledger_url, new_run, said_by):
    async with line_to(postgres_ledger_url) as (line, url), impatient(url) as ledger:
        first = await ledger.accept(new_run(audit=(said_by(),)))
        line.freeze()
        writes = [ledger.accept(new_run()) for _ in range(20)]
        await refused_in_time(*writes, *(ledger.run(first.id) for _ in range(20)))
        await refused_in_time(ledger.accept(new_run()), ledger.run(first.id))
        line.thaw()
        assert await ledger.run(first.id) == first
        assert await ledger.accept(new_run(audit=(said_by(),)))
        assert (await ledger.verify_audit())[1] is None


async def test_connections_that_died_meanwhile_are_replaced(postgres_ledger_url, new_run):
    async with line_to(postgres_ledger_url) as (line, url), impatient(url) as ledger:
        runs = [await ledger.accept(new_run()), await ledger.accept(new_run())]
        await asyncio.gather(*(ledger.run(run.id) for run in runs * 4))
        line.cut()
        assert await asyncio.gather(*(ledger.run(run.id) for run in runs * 4)) == runs * 4
        line.cut()
        assert await asyncio.gather(*(ledger.accept(new_run()) for _ in range(4)))


async def test_a_server_that_is_gone_is_told(postgres_ledger_url, new_run):
    async with line_to(postgres_ledger_url) as (_, url), impatient(url) as ledger:
        await ledger.accept(new_run())
    async with impatient(url) as ledger:
        await refused_in_time(ledger.accept(new_run()), ledger.run("x"))


async def test_a_lock_that_somebody_keeps_costs_a_bounded_time(ledger_url, new_run, said_by):
    async with impatient(ledger_url) as ledger:
        if ledger_url.startswith("sqlite"):
            with closing(sqlite3.connect(ledger_url.removeprefix("sqlite:///"), isolation_level=None)) as other:
                other.execute("begin immediate")
                await refused_in_time(*(ledger.accept(new_run(audit=(said_by(),))) for _ in range(5)))
                assert await ledger.run("x") is None  # reading goes on
        else:
            with psycopg.connect(ledger_url) as other:
                other.execute("select * from head for update")
                await refused_in_time(*(ledger.accept(new_run(audit=(said_by(),))) for _ in range(5)))
                assert await ledger.run("x") is None
        run = await ledger.accept(new_run(audit=(said_by(),)))
        assert await ledger.run(run.id) == run


async def test_who_gives_up_waiting_leaves_nothing_behind(ledger_url, new_run, said_by):
    async with impatient(ledger_url) as ledger:
        for _ in range(30):
            asked = asyncio.create_task(ledger.accept(new_run(audit=(said_by(),))))
            await asyncio.sleep(0)
            await asyncio.sleep(0.001)
            asked.cancel()
            await asyncio.wait([asked])
        run = await ledger.accept(new_run(audit=(said_by(),)))
        assert await ledger.run(run.id) == run
        assert (await ledger.verify_audit())[1] is None


async def test_a_mistake_of_ours_is_not_taken_for_an_outage(ledger, new_run):
    run = await ledger.accept(new_run())
    with pytest.raises(IntegrityError) as caught:
        await ledger.accept(new_run(id=run.id, input={"name": "a customer's"}))
    assert "a customer's" not in str(caught.value)
