"""What is accepted reaches a worker: at once when the bell rings, again when its message is lost, by any relay."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from typing import Any

import dramatiq
import pytest
import sqlalchemy as sa
from dramatiq.brokers.stub import StubBroker
from dramatiq.errors import BrokerError
from sqlalchemy.engine import Engine
from structlog.testing import capture_logs

from runtime.clock import SystemClock
from runtime.database import open_database
from sync import relay as relays
from sync.broker import QUEUE, RunQueue
from sync.ledger.database import DatabaseLedger, open_ledger
from sync.ledger.port import Outcome, RunChange
from sync.ledger.records import RunStatus
from sync.relay import ASK_AGAIN, Relay
from tests.sync.conftest import HeldClock
from tests.sync.office import Office
from tests.sync.shop import accepted, until


class MoodyBroker(StubBroker):
    """One that takes nothing while there is an `error`."""

    error: Exception | None = None

    def enqueue(self, message: dramatiq.Message, *, delay: int | None = None) -> dramatiq.Message:
        if self.error is not None:
            raise self.error
        return super().enqueue(message, delay=delay)


@pytest.fixture
def broker() -> Iterator[MoodyBroker]:
    found = MoodyBroker()
    yield found
    found.close()


@pytest.fixture
def queue(broker: MoodyBroker) -> RunQueue:
    return RunQueue(broker)


@pytest.fixture
async def live(ledger_url: str) -> AsyncIterator[DatabaseLedger]:
    """The ledger in real time, for a relay that runs."""
    opened = open_ledger(ledger_url, clock=SystemClock())
    yield opened
    await opened.close()


def announced(broker: StubBroker) -> list[str]:
    """The runs whose messages lie in the queue, which is empty after that."""
    found: list[str] = []
    while broker.queues[QUEUE].qsize():
        found.append(dramatiq.Message.decode(broker.queues[QUEUE].get()).kwargs["run_id"])
    return found


async def test_taking_a_run_on_is_one_transaction(office: Office) -> None:
    client = office.of_firm("Account")[0]
    commits: list[Any] = []

    def count(connection: Any) -> None:
        commits.append(connection)

    sa.event.listen(Engine, "commit", count)
    try:
        run = await office.accepted("updateAccount", id=office.id_of("Account", client), industry="Energy")
    finally:
        sa.event.remove(Engine, "commit", count)
    assert len(commits) == 1
    assert [run_id for _, run_id in await office.ledger.unsent(most=5)] == [run.id]
    assert [event.subject for event in await office.ledger.events(after=0, kinds=["syncRun"], most=5)] == [run.id]
    assert await office.ledger.verify_audit() == (1, None)
    assert office.rung == [1]


async def test_what_is_accepted_is_announced_in_its_order_and_once(
    ledger: DatabaseLedger, clock: HeldClock, broker: MoodyBroker, queue: RunQueue
) -> None:
    relay = Relay(ledger, queue, clock)
    runs = [await accepted(ledger) for _ in range(5)]
    await relay.hand_over()
    await relay.hand_over()
    await relay.sweep()
    assert announced(broker) == [run.id for run in runs]


async def test_a_lost_message_is_sent_again_within_seconds(
    ledger: DatabaseLedger, clock: HeldClock, broker: MoodyBroker, queue: RunQueue
) -> None:
    relay = Relay(ledger, queue, clock)
    runs = {(await accepted(ledger)).id for _ in range(3)}
    await relay.hand_over()
    broker.flush_all()
    clock.advance(ASK_AGAIN.total_seconds())
    await relay.sweep()
    assert announced(broker) == []
    clock.advance(0.5)
    await relay.sweep()
    assert set(announced(broker)) == runs


async def test_what_a_dead_process_accepted_another_ones_relay_announces(
    ledger: DatabaseLedger, ledger_url: str, clock: HeldClock, broker: MoodyBroker, queue: RunQueue
) -> None:
    run = await accepted(ledger)
    await ledger.close()
    other = open_ledger(ledger_url, clock=clock)
    await Relay(other, queue, clock).hand_over()
    assert announced(broker) == [run.id]
    assert await other.unsent(most=5) == ()
    await other.close()


async def test_two_relays_at_once_announce_everything_and_lose_nothing(
    ledger: DatabaseLedger, clock: HeldClock, broker: MoodyBroker, queue: RunQueue
) -> None:
    runs = [(await accepted(ledger)).id for _ in range(30)]
    one, other = Relay(ledger, queue, clock), Relay(ledger, queue, clock)
    await asyncio.gather(one.hand_over(), other.hand_over(), one.sweep(), other.sweep())
    told = announced(broker)
    assert set(told) == set(runs)
    clock.advance(1)
    await asyncio.gather(one.hand_over(), other.hand_over(), one.sweep(), other.sweep())
    assert announced(broker) == []


async def test_a_broker_that_fails_in_the_middle_loses_nothing(
    ledger: DatabaseLedger, clock: HeldClock, broker: MoodyBroker, queue: RunQueue
) -> None:
    runs = [(await accepted(ledger)).id for _ in range(3)]
    broker.error = BrokerError("gone")
    with pytest.raises(BrokerError):
        await Relay(ledger, queue, clock).hand_over()
    assert len(await ledger.unsent(most=5)) == 3
    broker.error = None
    await Relay(ledger, queue, clock).hand_over()
    assert announced(broker) == runs


async def test_while_the_queue_is_long_nothing_is_announced_again(
    ledger: DatabaseLedger,
    clock: HeldClock,
    broker: MoodyBroker,
    queue: RunQueue,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(relays, "ENOUGH", 4)
    monkeypatch.setattr(relays, "MOST_AT_ONCE", 3)
    relay = Relay(ledger, queue, clock)
    runs = {(await accepted(ledger)).id for _ in range(7)}
    await relay.hand_over()
    clock.advance(60)
    await relay.sweep()
    assert len(announced(broker)) == 7
    await relay.sweep()
    assert len(found := announced(broker)) == 6  # three, and as that is little three more
    await relay.sweep()
    assert {*found, *announced(broker)} == runs


async def test_a_run_that_has_others_in_front_of_it_in_the_queue_is_given_the_time_for_them(
    ledger: DatabaseLedger, clock: HeldClock, broker: MoodyBroker, queue: RunQueue
) -> None:
    relay = Relay(ledger, queue, clock)
    runs = [(await accepted(ledger)).id for _ in range(3)]
    await relay.hand_over()
    clock.advance(5.2)
    await relay.sweep()
    assert queue.waiting() == 3
    clock.advance(0.2)
    await relay.sweep()
    assert {*announced(broker)[3:]} == {*runs}


async def test_a_rung_relay_announces_at_once(live: DatabaseLedger, broker: MoodyBroker, queue: RunQueue) -> None:
    relay = Relay(live, queue, SystemClock(), seconds=3_600)
    running = asyncio.create_task(relay.run())
    run = await accepted(live)
    relay.ring()
    assert await until(lambda: broker.queues[QUEUE].qsize() == 1) < 2
    assert announced(broker) == [run.id]
    running.cancel()


async def test_a_relay_that_nobody_rings_finds_it_by_itself(
    live: DatabaseLedger, broker: MoodyBroker, queue: RunQueue
) -> None:
    running = asyncio.create_task(Relay(live, queue, SystemClock(), seconds=0.05).run())
    run = await accepted(live)
    await until(lambda: broker.queues[QUEUE].qsize() == 1)
    assert announced(broker) == [run.id]
    running.cancel()


async def test_a_relay_that_is_rung_without_end_sweeps_all_the_same(
    live: DatabaseLedger, broker: MoodyBroker, queue: RunQueue
) -> None:
    """Else a busy gateway would leave retries and lost messages where they are."""
    run = await accepted(live)
    claimed = await live.claim(run.id, "worker-1", seconds=30)
    assert claimed is not None
    now = SystemClock().now()
    await live.release(claimed[1], RunChange(status=RunStatus.RUNNING, next_at=now), Outcome())
    await live.sent([number for number, _ in await live.unsent(most=5)])
    clock = HeldClock()
    clock.advance((now - clock.now()).total_seconds() + 60)
    relay = Relay(live, queue, clock, seconds=0.5)
    running = asyncio.create_task(relay.run())

    def ringing() -> bool:
        relay.ring()
        clock.advance(0.05)
        return broker.queues[QUEUE].qsize() > 0

    await until(ringing)
    assert announced(broker) == [run.id]
    running.cancel()


@pytest.mark.parametrize("error", [BrokerError("gone"), OSError("cut"), ValueError("a mistake of ours")])
async def test_whatever_befalls_a_relay_it_goes_on_and_says_so_once(
    live: DatabaseLedger, broker: MoodyBroker, queue: RunQueue, error: Exception
) -> None:
    broker.error = error
    run = await accepted(live)
    with capture_logs() as said:
        running = asyncio.create_task(Relay(live, queue, SystemClock(), seconds=0.02).run())
        await until(lambda: len(said) > 1)
        await asyncio.sleep(0.1)  # a few more failures, which aren't told
        broker.error = None
        await until(lambda: broker.queues[QUEUE].qsize() > 0)
        running.cancel()
    assert announced(broker)[0] == run.id
    warnings = [(entry["event"], entry["why"]) for entry in said if entry["log_level"] == "warning"]
    assert sorted(warnings) == [
        ("can't announce runs again for now", type(error).__name__),
        ("can't hand over runs for now", type(error).__name__),
    ]


async def test_a_relay_outlives_that_the_ledger_is_away(ledger_url: str, broker: MoodyBroker, queue: RunQueue) -> None:
    ledger = DatabaseLedger(open_database(ledger_url, total_seconds=0.3), clock=SystemClock())
    run = await accepted(ledger)
    with capture_logs() as said:
        async with Locked(ledger_url):
            running = asyncio.create_task(Relay(ledger, queue, SystemClock(), seconds=0.02).run())
            await until(lambda: any(entry.get("why") == "LedgerUnavailable" for entry in said))
        await until(lambda: broker.queues[QUEUE].qsize() > 0)
        await until(lambda: _nothing_unsent(ledger))
    running.cancel()
    assert set(announced(broker)) == {run.id}
    await ledger.close()


async def _nothing_unsent(ledger: DatabaseLedger) -> bool:
    return await ledger.unsent(most=1) == ()


class Locked:
    """Somebody keeps the ledger's tables to himself."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def __aenter__(self) -> None:
        if self._url.startswith("sqlite"):
            self._engine = None
            self._other = sqlite3.connect(self._url.removeprefix("sqlite:///"), isolation_level=None)
            self._other.execute("begin exclusive")
            return
        self._engine = sa.create_engine(self._url.replace("postgresql://", "postgresql+psycopg://"))
        self._connection = self._engine.connect()
        self._connection.execute(sa.text("lock table outbox, runs in access exclusive mode"))

    async def __aexit__(self, *_: object) -> None:
        if self._engine is None:
            with closing(self._other):
                self._other.execute("rollback")
            return
        self._connection.close()
        self._engine.dispose()
