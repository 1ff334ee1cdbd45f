"""What the settings keep no longer is forgotten, once an hour, and nothing else is."""

import asyncio
from datetime import timedelta

import pytest

from sync.ledger.database import DatabaseLedger
from sync.ledger.port_of_changes import Observation, RecordChange, Told
from sync.retention import Retention
from tests.sync.conftest import HeldClock


@pytest.fixture
def retention(ledger: DatabaseLedger, clock: HeldClock) -> Retention:
    async def pause(seconds: float) -> None:
        clock.advance(seconds)

    return Retention(ledger, clock, events=timedelta(days=2), snapshots=timedelta(days=5), pause=pause)


async def see(ledger: DatabaseLedger, clock: HeldClock, external_id: str) -> None:
    """A first sight, with its event."""
    change = RecordChange(
        type="Project",
        role="PSA",
        platform="kantata",
        entity="workspace",
        external_id=external_id,
        changes={},
        occurred_at=clock.now(),
        observed_at=clock.now(),
        noticed_by="feed",
    )
    observation = Observation(
        platform="kantata",
        type="Project",
        role="PSA",
        external_id=external_id,
        expected=0,
        values={},
        told=(Told(subject=external_id, correlation_id="c", change=change),),
    )
    await ledger.snapshots.observe([observation])


async def left(ledger: DatabaseLedger) -> tuple[list[str], list[str]]:
    """The records that have events, and those that have snapshots."""
    events = await ledger.events(after=0, kinds=["record.Project"], most=99)
    snapshots = await ledger.snapshots.page("kantata", "Project", "PSA", most=99)
    return [event.subject for event in events], [each.external_id for each in snapshots]


async def test_each_kind_is_kept_for_its_own_time(ledger: DatabaseLedger, clock: HeldClock, retention: Retention):
    for number in range(7):
        await see(ledger, clock, f"day {number}")
        clock.advance(timedelta(days=1).total_seconds())
    assert await retention.forget() == 5 + 2
    assert await left(ledger) == (["day 5", "day 6"], [f"day {number}" for number in (2, 3, 4, 5, 6)])
    oldest, newest = await ledger.event_span()
    assert (oldest, newest) == (6, 7)


async def test_it_is_done_once_an_hour_whoever_does_it(ledger: DatabaseLedger, clock: HeldClock, retention: Retention):
    await see(ledger, clock, "old")
    clock.advance(timedelta(days=9).total_seconds())
    forgotten = await asyncio.gather(*(retention.forget() for _ in range(4)))
    assert sorted(forgotten) == [0, 0, 0, 2]
    await see(ledger, clock, "new")
    clock.advance(timedelta(minutes=59).total_seconds())
    assert await retention.forget() == 0
    clock.advance(timedelta(days=9).total_seconds())
    assert await retention.forget() == 2


async def test_more_than_one_transaction_takes_is_forgotten_with_pauses(
    ledger: DatabaseLedger, clock: HeldClock, retention: Retention
):
    observations = [
        Observation(platform="k", type="Project", role="PSA", external_id=str(n), expected=0, values={})
        for n in range(5_100)
    ]
    await ledger.snapshots.observe(observations)
    clock.advance(timedelta(days=9).total_seconds())
    began = clock.now()
    assert await retention.forget() == 5_100
    assert (clock.now() - began).total_seconds() == pytest.approx(0.4)
