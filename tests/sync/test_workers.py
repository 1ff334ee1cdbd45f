"""Workers: many runs at once in one process, each once; a stop ends in its time, and what it left another one does."""

import asyncio
from collections.abc import AsyncIterator

import dramatiq
import pytest
from dramatiq.brokers.stub import StubBroker

from platforms.bindings import Bindings
from resolvers.assembly import bindings_of
from runtime.clock import SystemClock
from runtime.database import open_database
from runtime.settings import Settings
from sync.broker import ACTOR, QUEUE, RunQueue, embedded_broker, redis_broker
from sync.firm import Firm
from sync.ledger.database import DatabaseLedger, open_ledger
from sync.ledger.records import RunStatus
from sync.relay import Relay
from sync.runner import Runner
from sync.workers import THREADS, Workers
from tests.sync.conftest import HeldClock
from tests.sync.shop import WORKFLOW, Errands, accepted, all_done, open_shop, until


@pytest.fixture
def settings() -> Settings:
    return Settings()


@pytest.fixture
def bindings(settings: Settings) -> Bindings:
    return bindings_of(settings, {})


@pytest.fixture
async def live(ledger_url: str) -> AsyncIterator[DatabaseLedger]:
    opened = open_ledger(ledger_url, clock=SystemClock())
    yield opened
    await opened.close()


@pytest.fixture
def errands() -> Errands:
    return Errands()


def runner(ledger: DatabaseLedger, bindings: Bindings, errands: Errands, clock: HeldClock | SystemClock) -> Runner:
    firm = Firm(bindings, {})
    return Runner(ledger, firm, {WORKFLOW: errands.flow()}, clock, owner="worker-1", approval_seconds=60)


def nobody() -> None:
    """Is rung."""


async def test_as_many_runs_are_worked_on_at_once_as_there_are_threads(
    settings: Settings, bindings: Bindings, live: DatabaseLedger, errands: Errands
) -> None:
    """Each waits until all are there: it could go on with none missing only."""
    all_there = asyncio.Barrier(THREADS)
    errands.work = all_there.wait
    async with open_shop(settings, bindings, live, SystemClock(), errands, threads=THREADS) as shop:
        runs = [await accepted(live) for _ in range(THREADS)]
        shop.relay.ring()
        await until(lambda: all_done(live, runs))
    assert errands.done == {run.id: 1 for run in runs}


async def test_runs_of_one_record_are_done_one_after_the_other(
    bindings: Bindings, live: DatabaseLedger, errands: Errands
) -> None:
    """The end of one wakes the next: nothing is swept here."""
    at_work = most = 0

    async def count() -> None:
        nonlocal at_work, most
        at_work += 1
        most = max(most, at_work)
        await asyncio.sleep(0)
        at_work -= 1

    errands.work = count
    clock = SystemClock()
    bell: list[Relay] = []

    def ring() -> None:
        bell[0].ring()

    workers = Workers(embedded_broker(), runner(live, bindings, errands, clock), threads=4, ring=ring)
    bell.append(Relay(live, workers.queue, clock, seconds=3_600))
    runs = [await accepted(live, order_key="account-1") for _ in range(8)]
    workers.start()
    relaying = asyncio.create_task(bell[0].run())
    bell[0].ring()
    await until(lambda: all_done(live, runs))
    relaying.cancel()
    await workers.stop()
    assert list(errands.done) == [run.id for run in runs]
    assert most == 1


async def test_a_message_that_comes_twice_is_worked_on_once(
    settings: Settings, bindings: Bindings, live: DatabaseLedger, errands: Errands
) -> None:
    async with open_shop(settings, bindings, live, SystemClock(), errands) as shop:
        assert shop.workers is not None
        run = await accepted(live)
        shop.workers.queue.announce([run.id] * 20)
        shop.relay.ring()
        await until(lambda: all_done(live, [run]))
    assert errands.done == {run.id: 1}


async def test_a_newer_versions_message_is_understood(
    settings: Settings, bindings: Bindings, live: DatabaseLedger, errands: Errands
) -> None:
    broker = embedded_broker()
    workers = Workers(broker, runner(live, bindings, errands, SystemClock()), threads=1, ring=nobody)
    workers.start()
    run = await accepted(live)
    broker.enqueue(
        dramatiq.Message(
            queue_name=QUEUE,
            actor_name=ACTOR,
            args=(),
            kwargs={"run_id": run.id, "tenant": "t-1", "hint": {"a": [1]}},
            options={"max_age": 5_000},
        )
    )
    await until(lambda: all_done(live, [run]))
    await workers.stop()
    assert broker.dead_letters == []


async def test_a_stop_leaves_what_is_in_flight_to_another_worker(
    bindings: Bindings, ledger: DatabaseLedger, clock: HeldClock, errands: Errands
) -> None:
    forever = asyncio.Event()
    errands.work = forever.wait
    workers = Workers(
        embedded_broker(), runner(ledger, bindings, errands, clock), threads=2, stop_seconds=0.5, ring=nobody
    )
    workers.start()
    runs = [await accepted(ledger) for _ in range(3)]
    workers.queue.announce([run.id for run in runs])
    await until(lambda: len(errands.begun) == 2)
    began = asyncio.get_running_loop().time()
    await workers.stop()
    assert asyncio.get_running_loop().time() - began < 0.5 + 2.0
    assert errands.done == {}
    left = [await ledger.run(run.id) for run in runs]
    assert [run.status for run in left if run is not None] == [RunStatus.RUNNING, RunStatus.RUNNING, RunStatus.PENDING]
    forever.set()
    other = runner(ledger, bindings, errands, clock)
    assert not await other.take(runs[0].id)
    assert errands.done == {}
    clock.advance(31)
    for run in runs:
        await other.take(run.id)
    assert errands.done == {run.id: 1 for run in runs}
    assert await all_done(ledger, runs)


async def test_a_stop_waits_for_what_is_nearly_done(
    bindings: Bindings, ledger: DatabaseLedger, clock: HeldClock, errands: Errands
) -> None:
    nearly = asyncio.Event()
    errands.work = nearly.wait
    workers = Workers(embedded_broker(), runner(ledger, bindings, errands, clock), threads=2, ring=nobody)
    workers.start()
    run = await accepted(ledger)
    workers.queue.announce([run.id])
    await until(lambda: len(errands.begun) == 1)
    stopping = asyncio.create_task(workers.stop())
    await asyncio.sleep(0)
    nearly.set()
    await asyncio.wait_for(stopping, 5)
    assert await all_done(ledger, [run])


async def test_while_the_ledger_is_away_nothing_is_lost(
    settings: Settings, bindings: Bindings, postgres_ledger_url: str, errands: Errands
) -> None:
    from tests.sync.ledger.test_unavailable import line_to

    async with line_to(postgres_ledger_url) as (line, url):
        ledger = DatabaseLedger(open_database(url, total_seconds=0.5), clock=SystemClock())
        gate = asyncio.Event()
        errands.work = gate.wait
        hasty = settings.model_copy(update={"writes": settings.writes.model_copy(update={"lease_seconds": 2.0})})
        async with open_shop(hasty, bindings, ledger, SystemClock(), errands) as shop:
            run, later = await accepted(ledger), await accepted(ledger)
            shop.relay.ring()
            await until(lambda: len(errands.begun) == 2)
            line.freeze()
            gate.set()
            await asyncio.sleep(1.2)  # the end of both can't be written
            line.thaw()
            await until(lambda: all_done(ledger, [run, later]))
        await ledger.close()


def test_a_message_for_a_loop_that_is_closed_is_let_go(
    bindings: Bindings, ledger_url: str, errands: Errands, caplog: pytest.LogCaptureFixture
) -> None:
    broker = embedded_broker()

    async def begin() -> Workers:
        ledger = open_ledger(ledger_url, clock=SystemClock())
        workers = Workers(broker, runner(ledger, bindings, errands, SystemClock()), threads=1, ring=nobody)
        workers.start()
        return workers

    workers = asyncio.run(begin())
    workers.queue.announce(["run-1"])
    broker.join(QUEUE, timeout=5_000)
    assert broker.dead_letters == []
    assert [record for record in caplog.records if record.levelname in ("ERROR", "CRITICAL")] == []
    asyncio.run(workers.stop())


@pytest.mark.parametrize("broker", [embedded_broker(), redis_broker("redis://127.0.0.1:1/0")], ids=["stub", "redis"])
def test_the_names_that_are_used_are_those_declared(
    broker: dramatiq.Broker, bindings: Bindings, errands: Errands, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RedisBroker checks neither queue nor actor when a message is sent."""
    sent: list[dramatiq.Message] = []  # type: ignore[type-arg]  # dramatiq's own is loose
    monkeypatch.setattr(broker, "enqueue", lambda message, delay=None: sent.append(message))
    RunQueue(broker).announce(["run-1"])
    (message,) = sent
    assert {message.actor_name} == {ACTOR} == set(broker.get_declared_actors())
    assert {message.queue_name} == {QUEUE}
    assert QUEUE in broker.get_declared_queues()
    assert broker.get_actor(message.actor_name).queue_name == message.queue_name
    assert (message.args, message.kwargs) == ((), {"run_id": "run-1"})
    assert isinstance(broker, StubBroker) or broker.namespace == "crosswalk"  # type: ignore[attr-defined]
