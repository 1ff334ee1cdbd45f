"""A list of changes that a platform keeps by itself is followed from place to place."""

from datetime import timedelta

import pytest

from platforms.feeds import Hint, HintPage, PlatformFeeds, PositionForgottenError
from tests.sync.noticing.following import Following
from tests.sync.noticing.source import CRM, Source

LOG = "shop:log:deletions"


class Deletions:
    """Tells two a page; `oldest` is the first that is still remembered."""

    name = "deletions"

    def __init__(self):
        self.entries = []
        self.oldest = 0
        self.endless = False

    def start(self):
        return len(self.entries)

    async def read(self, position):
        if position < self.oldest:
            raise PositionForgottenError("that is too long ago", since=None, platform="shop")
        if self.endless:
            return HintPage([], position, more=True)
        hints = self.entries[position : position + 2]
        return HintPage(hints, position + len(hints), more=position + len(hints) < len(self.entries))


@pytest.fixture
async def following(ledger, clock):
    source = Source("shop", clock)
    for number in range(10):
        source.put(f"r{number}", name=f"old {number}", stamp=clock.now() - timedelta(days=1))
    source.log = Deletions()
    source.feeds = PlatformFeeds(traits=source.feeds.traits, logs=(source.log,))
    found = Following(source, ledger, clock)
    await found.begin()
    clock.advance(30)
    return found


def delete(source, *records, into=None):
    for record in records:
        source.put(record, gone=True)
        source.log.entries.append(Hint(type="Account", role=CRM, external_id=record, gone=True, into=into))


async def test_deletions_and_merges_are_told(following):
    delete(following.source, "r1", "r2", "r3")
    delete(following.source, "r4", into="r5")
    await following.rounds()
    told = {change.external_id: change for change in await following.told()}
    assert set(told) == {"r1", "r2", "r3", "r4"}
    assert all(change.gone for change in told.values())
    assert told["r4"].into is not None
    assert (await following.feed(LOG)).counts["deletions"] == 4


async def test_what_the_platform_doesnt_remember_is_looked_for_in_the_rows(following, clock):
    following.source.log.oldest = 5
    following.source.log.entries += [Hint(type="Account", role=CRM, external_id="x")] * 5
    following.source.put("r6", name="changed unseen", stampless=True)
    await following.rounds()
    assert await following.names_told("r6") == ["changed unseen"]
    delete(following.source, "r7")
    await following.pass_time(30)
    assert [change.external_id for change in await following.told() if change.gone] == ["r7"]
    assert (await following.feed(LOG)).error is None


async def test_a_log_that_names_the_same_place_for_ever_is_cut_and_told(following):
    following.source.log.endless = True
    await following.rounds()
    feed = await following.feed(LOG)
    assert feed.failures == 1
    assert "no end" in feed.error
    following.source.log.endless = False
    delete(following.source, "r1")
    await following.pass_time(60)
    assert [change.external_id for change in await following.told()] == ["r1"]


async def test_a_deletion_by_mistake_of_the_log_is_not_believed(following):
    """The record is still there when it is read again."""
    following.source.log.entries.append(Hint(type="Account", role=CRM, external_id="r1", gone=True))
    await following.rounds()
    assert await following.told() == []
