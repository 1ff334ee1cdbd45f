"""The service of a process: it begins with what is due by itself, and gives back what it had when it is stopped."""

import asyncio

import pytest

from platforms.bindings import Bindings
from platforms.slots import Priority
from platforms.urgency import urgency
from runtime.settings import Settings
from schema.errors import LedgerUnavailable
from sync.background import background
from sync.noticing.schedule import Schedule
from tests.sync.noticing.following import Following
from tests.sync.noticing.source import Source


@pytest.fixture
def following(ledger, clock):
    source = Source("shop", clock)
    for number in range(10):
        source.put(f"r{number}", name="old")
    return Following(source, ledger, clock)


async def all_done(following):
    while True:
        await following.schedule.look()
        if not following.schedule.under_way:
            return
        await asyncio.gather(*following.schedule.under_way)


async def test_whatever_is_due_is_begun_without_anybody_waiting(following, clock):
    await all_done(following)
    clock.advance(30)
    following.source.put("r1", name="new")
    await all_done(following)
    assert await following.names_told("r1") == ["new"]


async def test_a_stopped_process_gives_back_what_it_had(following, clock):
    await all_done(following)
    clock.advance(30)
    following.source.put("r1", name="new")
    asked, stopped = asyncio.Event(), asyncio.Event()

    async def hang(*_):
        asked.set()
        await stopped.wait()

    usual, following.source.read = following.source.read, hang
    service = asyncio.create_task(following.schedule.run())
    await asked.wait()
    assert (await following.feed()).taken_until is not None
    service.cancel()
    await asyncio.gather(service, return_exceptions=True)
    assert (await following.feed()).taken_until is None
    following.source.read = usual
    await following.again().rounds()
    assert await following.names_told("r1") == ["new"]


async def test_live_rounds_are_more_urgent_than_backfills(following, clock):
    seen = []
    following.source.hook = lambda _: seen.append(urgency.get())
    await all_done(following)
    assert set(seen) == {Priority.SYNC, Priority.BACKFILL}
    seen.clear()
    clock.advance(30)
    await all_done(following)
    assert set(seen) == {Priority.SYNC}
    assert urgency.get() is Priority.INTERACTIVE


async def test_a_bug_holds_up_no_other_feed_and_is_tried_again(following, clock):
    def broken(_):
        raise KeyError("never thought of")

    following.source.hook = broken
    await all_done(following)
    feed = await following.feed()
    assert (feed.failures, feed.error) == (1, "KeyError: KeyError")
    following.source.hook = lambda _: None
    clock.advance(60)
    await all_done(following)
    assert (await following.feed()).failures == 0


async def test_a_ledger_that_is_away_ends_nothing(following, clock, monkeypatch):
    await all_done(following)
    tried = asyncio.Event()

    async def away(*_, **__):
        tried.set()
        raise LedgerUnavailable("it doesn't answer")

    monkeypatch.setattr(following.ledger.feeds, "all", away)
    service = asyncio.create_task(following.schedule.run())
    await tried.wait()
    assert not service.done()
    service.cancel()
    await asyncio.gather(service, return_exceptions=True)


@pytest.mark.parametrize("enabled", [True, False])
def test_feeds_can_be_off(ledger, clock, enabled):
    settings = Settings.model_validate({"feeds": {"enabled": enabled}})
    services = background(settings, Bindings({}), ledger, clock, None)
    assert any(isinstance(service, Schedule) for service in services) is enabled
