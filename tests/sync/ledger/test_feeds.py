"""A feed is followed by one at a time, from where the last round came to; whoever lost it changes nothing any more."""

import asyncio
from datetime import timedelta

import pytest

from sync.ledger.port_of_changes import FeedChange

NAMES = {"netsuite:Invoice:ERP": "netsuite", "netsuite:Payment:ERP": "netsuite", "kantata:Project:PSA": "kantata"}
INVOICES, PAYMENTS, PROJECTS = NAMES


async def by_name(ledger):
    return {feed.name: feed for feed in await ledger.feeds.all()}


@pytest.fixture
async def feeds(ledger):
    await ledger.feeds.declare(NAMES, interval=5.0)
    return ledger.feeds


async def test_a_declared_feed_is_due_at_once_and_new(ledger, feeds, clock):
    found = (await by_name(ledger))[INVOICES]
    assert (found.platform, found.version, found.position, found.backfill) == ("netsuite", 1, None, None)
    assert (found.paused, found.next_at, found.interval, found.counts) == (False, clock.now(), 5.0, {})
    assert sorted(await by_name(ledger)) == sorted(NAMES)


async def test_declaring_again_changes_nothing(ledger, feeds, clock):
    taken = await feeds.take([INVOICES], seconds=30)
    await feeds.give_back(taken, FeedChange(position={"at": 1}, interval=60.0))
    clock.advance(10)
    await asyncio.gather(*(feeds.declare(NAMES, interval=1.0) for _ in range(4)))
    found = (await by_name(ledger))[INVOICES]
    assert (found.position, found.interval) == ({"at": 1}, 60.0)


async def test_who_takes_a_feed_has_it_alone_until_the_time_is_over(feeds, clock):
    taken = await feeds.take([INVOICES], seconds=30)
    assert (taken.name, taken.taken_until) == (INVOICES, clock.now() + timedelta(seconds=30))
    assert await feeds.take([INVOICES], seconds=30) is None
    clock.advance(30)
    again = await feeds.take([INVOICES], seconds=30)
    assert again.version == taken.version + 1
    assert not await feeds.give_back(taken, FeedChange(position={"at": "late"}))
    assert await feeds.give_back(again, FeedChange(position={"at": "next"}))


async def test_of_many_at_once_each_feed_has_one_taker(feeds):
    taken = await asyncio.gather(*(feeds.take(list(NAMES), seconds=30) for _ in range(8)))
    assert sorted(feed.name for feed in taken if feed is not None) == sorted(NAMES)


async def test_the_one_that_has_been_due_longest_comes_first(feeds, clock):
    for name, seconds in ((INVOICES, 20), (PAYMENTS, 10), (PROJECTS, 30)):
        taken = await feeds.take([name], seconds=1)
        await feeds.give_back(taken, FeedChange(next_at=clock.now() + timedelta(seconds=seconds)))
    assert await feeds.take(list(NAMES), seconds=5) is None
    clock.advance(25)
    assert (await feeds.take(list(NAMES), seconds=5)).name == PAYMENTS
    assert (await feeds.take(list(NAMES), seconds=5)).name == INVOICES
    assert await feeds.take(list(NAMES), seconds=5) is None
    clock.advance(5)
    assert (await feeds.take([PROJECTS], seconds=5)).name == PROJECTS


async def test_nobody_takes_feeds_that_it_does_not_name(feeds):
    assert await feeds.take(["salesforce:Account:CRM"], seconds=5) is None
    assert await feeds.take([], seconds=5) is None


async def test_a_round_writes_what_it_came_to(ledger, feeds, clock):
    taken = await feeds.take([INVOICES], seconds=30)
    clock.advance(2)
    change = FeedChange(
        position={"after": "2026-11-20T08:00:00Z", "id": "7"},
        next_at=clock.now() + timedelta(seconds=5),
        reached_at=clock.now() - timedelta(seconds=9),
        round_at=clock.now(),
        failures=2,
        error="It is away.",
        counts={"rounds": 1, "rows": 10},
    )
    assert await feeds.give_back(taken, change)
    found = (await by_name(ledger))[INVOICES]
    assert (found.position, found.reached_at, found.round_at) == (change.position, change.reached_at, clock.now())
    assert (found.failures, found.error, found.counts, found.taken_until) == (2, "It is away.", change.counts, None)
    clock.advance(5)
    again = await feeds.take([INVOICES], seconds=30)
    assert again.position == change.position
    ended = FeedChange(failures=0, counts={"rounds": 1, "changes": 3}, clear=frozenset({"error"}))
    assert await feeds.give_back(again, ended)
    found = (await by_name(ledger))[INVOICES]
    assert (found.failures, found.error) == (0, None)
    assert found.counts == {"rounds": 2, "rows": 10, "changes": 3}
    assert found.position == change.position


async def test_what_can_never_be_missing_can_not_be_cleared(feeds):
    taken = await feeds.take([INVOICES], seconds=30)
    with pytest.raises(ValueError, match="interval"):
        await feeds.give_back(taken, FeedChange(clear=frozenset({"interval"})))


async def test_a_paused_platforms_feeds_are_taken_by_nobody(ledger, feeds):
    assert await feeds.pause("netsuite", paused=True) == 2
    assert (await feeds.take(list(NAMES), seconds=5)).name == PROJECTS
    assert await feeds.take(list(NAMES), seconds=5) is None
    assert {name: feed.paused for name, feed in (await by_name(ledger)).items()} == {
        INVOICES: True,
        PAYMENTS: True,
        PROJECTS: False,
    }
    assert await feeds.pause("netsuite", paused=False) == 2
    assert await feeds.take([INVOICES], seconds=5) is not None
    assert await feeds.pause("nobody", paused=True) == 0


async def test_a_round_under_way_ends_well_although_its_platform_is_paused(feeds):
    taken = await feeds.take([INVOICES], seconds=30)
    await feeds.pause("netsuite", paused=True)
    assert await feeds.give_back(taken, FeedChange(position={"at": 1}))


async def test_a_backfill_begins_anew_and_whoever_had_the_feed_has_lost_it(ledger, feeds, clock):
    taken = await feeds.take([INVOICES], seconds=30)
    begun = await feeds.start_backfill(INVOICES, {"since": "2026-01-01"})
    assert (begun.backfill, begun.taken_until, begun.next_at) == ({"since": "2026-01-01"}, None, clock.now())
    assert not await feeds.give_back(taken, FeedChange(position={"at": 1}))
    again = await feeds.take([INVOICES], seconds=30)
    assert again.position is None
    assert await feeds.give_back(again, FeedChange(clear=frozenset({"backfill"})))
    assert (await by_name(ledger))[INVOICES].backfill is None
    assert await feeds.start_backfill("nobody:Invoice:ERP", {}) is None


async def test_feeds_of_a_type_that_somebody_waits_for_are_due_at_once_and_no_others(ledger, feeds, clock):
    for name in NAMES:
        taken = await feeds.take([name], seconds=5)
        change = FeedChange(round_at=clock.now(), next_at=clock.now() + timedelta(minutes=5), interval=300.0)
        await feeds.give_back(taken, change)
    assert await feeds.hurry("Project", seconds=2.0) == 0, "its round is just over"
    clock.advance(2)
    assert await feeds.hurry("Project", seconds=2.0) == 1
    found = await by_name(ledger)
    assert (found[PROJECTS].next_at, found[PROJECTS].interval) == (clock.now(), 2.0)
    assert found[INVOICES].next_at > clock.now()
    assert await feeds.hurry("Project", seconds=2.0) == 0, "it is due already"


async def test_a_feed_that_fails_keeps_its_pause_whoever_waits(feeds, clock):
    taken = await feeds.take([PROJECTS], seconds=5)
    later = clock.now() + timedelta(minutes=5)
    await feeds.give_back(taken, FeedChange(round_at=clock.now(), next_at=later, failures=1))
    clock.advance(60)
    assert await feeds.hurry("Project", seconds=2.0) == 0
