"""Whoever waits for a change has the platforms asked for it more often, but never more often than they may be."""

import asyncio
from datetime import timedelta
from typing import Any

from sync.ledger.database import DatabaseLedger
from sync.ledger.port_of_changes import FeedChange, change_kind
from sync.telling.follower import Follower
from sync.telling.interest import AGAIN_SECONDS, Interest

PROJECTS, INVOICES = "kantata:Project:PSA", "netsuite:Invoice:ERP"


async def idle_feeds(ledger: DatabaseLedger, clock: Any) -> None:
    await ledger.feeds.declare({PROJECTS: "kantata", INVOICES: "netsuite"}, interval=60.0)
    for name in (PROJECTS, INVOICES):
        taken = await ledger.feeds.take([name], seconds=5)
        assert taken is not None
        later = clock.now() + timedelta(hours=1)
        await ledger.feeds.give_back(taken, FeedChange(round_at=clock.now(), next_at=later))
    clock.advance(60)


async def due(ledger: DatabaseLedger, clock: Any) -> list[str]:
    return [feed.name for feed in await ledger.feeds.all() if feed.next_at <= clock.now()]


async def test_a_watch_hurries_the_feeds_of_its_type(ledger: DatabaseLedger, clock: Any) -> None:
    await idle_feeds(ledger, clock)
    kind = change_kind("Project")
    follower = Follower(ledger, [kind, change_kind("Invoice")], seconds=0.01, feed_seconds=5.0)
    watch = await follower.watch(kind, lambda _event: True)
    waiting = asyncio.create_task(watch.next())
    async with asyncio.timeout(20):
        while await due(ledger, clock) != [PROJECTS]:  # noqa: ASYNC110 - another task does it
            await asyncio.sleep(0.01)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await follower.close()


async def test_however_many_wait_a_kind_is_reminded_of_once_in_a_while(ledger: DatabaseLedger, clock: Any) -> None:
    await idle_feeds(ledger, clock)
    now = 100.0
    interest = Interest(ledger, 5.0, monotonic=lambda: now)
    await interest.waiting_for([change_kind("Project"), "syncRun"])
    assert await due(ledger, clock) == [PROJECTS]
    taken = await ledger.feeds.take([PROJECTS], seconds=5)
    assert taken is not None
    await ledger.feeds.give_back(taken, FeedChange(next_at=clock.now() + timedelta(hours=1)))
    await interest.waiting_for([change_kind("Project")])
    assert await due(ledger, clock) == []
    now += AGAIN_SECONDS
    await interest.waiting_for([change_kind("Project")])
    assert await due(ledger, clock) == [PROJECTS]


async def test_where_feeds_are_off_nobody_is_hurried(ledger: DatabaseLedger, clock: Any) -> None:
    await idle_feeds(ledger, clock)
    await Interest(ledger, None).waiting_for([change_kind("Project")])
    assert await due(ledger, clock) == []
