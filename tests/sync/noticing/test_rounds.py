"""A feed notices each change once and in order: however late it shows, whatever page it falls on, whoever dies."""

from datetime import timedelta

import pytest

from platforms.feeds import FeedTraits
from runtime.settings.happenings import FeedsSettings
from schema.errors import UpstreamInvalidResponse, UpstreamRateLimited, UpstreamUnavailable
from tests.sync.noticing.following import NEVER, Following
from tests.sync.noticing.source import Manner, Source

WAYS = {
    "behind a row by value": Manner(),
    "from a stamp on": Manner(by_value=False, exact=False),
    "by the source's own places": Manner(by_value=False, ordered=False, exact=False),
}


@pytest.fixture(params=WAYS)
def manner(request):
    return WAYS[request.param]


@pytest.fixture
async def following(ledger, clock, manner):
    source = Source("shop", clock, manner)
    for number in range(10):
        source.put(f"r{number}", name=f"old {number}", stamp=clock.now() - timedelta(days=number))
    found = Following(source, ledger, clock)
    await found.begin()
    return found


async def test_what_was_there_is_known_and_no_news(following, ledger):
    assert await following.told() == []
    assert len(await ledger.snapshots.page("shop", "Account", "CRM", most=50)) == 10
    feed = await following.feed()
    assert feed.backfill is None
    assert feed.error is None
    assert feed.reached_at is not None


async def test_a_change_is_noticed_by_the_next_round_with_what_was_before(following, clock):
    clock.advance(30)
    following.source.put("r3", name="new")
    await following.rounds()
    (change,) = await following.told()
    assert change.changes == {"name": ("old 3", "new")}
    assert change.noticed_by == "feed"
    await following.pass_time(600)
    assert len(await following.told()) == 1


async def test_a_new_record_is_told_as_first(following, clock):
    clock.advance(30)
    following.source.put("s1", name="newcomer")
    await following.rounds()
    (change,) = await following.told()
    assert change.first
    assert change.changes["name"] == (None, "newcomer")


async def test_a_row_that_shows_late_with_an_older_stamp_is_noticed(following, clock):
    """The first of the five ways."""
    clock.advance(30)
    following.source.put("r1", name="slow", late=timedelta(seconds=50))
    clock.advance(20)
    following.source.put("r2", name="quick")
    await following.rounds()
    assert await following.names_told("r2") == ["quick"]
    assert await following.names_told("r1") == []
    await following.pass_time(60)
    assert await following.names_told("r1") == ["slow"]


async def test_equal_stamps_on_both_sides_of_a_pages_border_are_all_noticed(following, clock):
    """The second of the five ways: a page holds three."""
    clock.advance(30)
    for number in range(10):
        following.source.put(f"r{number}", name=f"together {number}")
    await following.rounds()
    for number in range(10):
        assert await following.names_told(f"r{number}") == [f"together {number}"]


async def test_two_changes_that_bear_one_stamp_are_both_noticed(following, clock):
    clock.advance(30)
    following.source.put("r1", name="one")
    clock.advance(0.2)
    await following.rounds()
    following.source.put("r1", name="two")
    await following.pass_time(20)
    assert await following.names_told("r1") == ["one", "two"]


async def test_a_second_change_of_the_same_stamp_that_shows_late_is_noticed(following, clock):
    clock.advance(30)
    following.source.put("r1", name="one")
    following.source.put("r1", name="two", late=timedelta(seconds=50))
    await following.pass_time(200)
    assert await following.names_told("r1") == ["one", "two"]


async def test_a_source_that_stamps_by_the_day_loses_nothing(ledger, clock):
    """The third of the five ways, at its worst: all of a day bears one stamp."""
    day = timedelta(days=1)
    manner = Manner(precision=day, traits=FeedTraits(overlap=timedelta(seconds=60), precision=day))
    source = Source("shop", clock, manner)
    source.put("r1", name="old")
    following = Following(source, ledger, clock)
    await following.begin()
    for hour in range(1, 40, 3):
        clock.advance(3 * 3600)
        source.put("r1", name=f"at {hour}")
        await following.rounds()
    assert await following.names_told("r1") == [f"at {hour}" for hour in range(1, 40, 3)]


async def test_a_week_of_changes_is_caught_up_in_bounded_rounds(following, clock):
    for number in range(200):
        clock.advance(3_000)
        following.source.put(f"r{number % 10}", name=f"change {number}")
        following.source.put(f"n{number}", name="new")
    assert await following.rounds() > 1
    for number in range(10):
        assert await following.names_told(f"r{number}") == [f"change {190 + number}"]
    assert len(await following.told()) == 210


async def test_the_next_round_comes_sooner_where_something_happens(following, clock):
    await following.pass_time(200)
    assert (await following.feed()).interval == 20
    following.source.put("r1", name="new")
    await following.pass_time(20)
    assert (await following.feed()).interval < 12
    await following.pass_time(100)
    assert (await following.feed()).interval == 20


async def test_an_idle_feed_asks_once_a_round(following, clock):
    await following.pass_time(300)
    following.source.calls.clear()
    await following.pass_time(100)
    assert len(following.source.calls) <= 6


async def test_a_paused_platform_is_left_alone_and_goes_on_where_it_was(following, ledger, clock):
    assert await ledger.feeds.pause("shop", paused=True) == 1
    clock.advance(30)
    following.source.put("r1", name="unseen")
    following.source.calls.clear()
    await following.pass_time(300)
    assert following.source.calls == []
    await ledger.feeds.pause("shop", paused=False)
    await following.rounds()
    assert await following.names_told("r1") == ["unseen"]


# --------------------------------------------------------------------------------------------------------- trouble


class DiedError(BaseException):
    """The process is killed here."""


def failing(error, *, from_call=1):
    calls = iter(range(1, 10_000))

    def hook(_):
        if next(calls) >= from_call:
            raise error

    return hook


async def test_an_error_moves_nothing_and_makes_the_feed_wait_longer(following, clock):
    clock.advance(30)
    following.source.put("r1", name="new")
    before = await following.feed()
    following.source.hook = failing(UpstreamUnavailable("away"))
    await following.rounds()
    first = await following.feed()
    assert (first.position, first.failures, first.error) == (before.position, 1, "UPSTREAM_UNAVAILABLE: away")
    pauses = []
    for _ in range(4):
        failed = await following.feed()
        pauses.append((failed.next_at - clock.now()).total_seconds())
        clock.advance(pauses[-1])
        await following.rounds()
    assert pauses == sorted(pauses)
    assert pauses[-1] > pauses[0]
    following.source.hook = lambda _: None
    await following.pass_time(200)
    assert await following.names_told("r1") == ["new"]
    assert (await following.feed()).error is None


async def test_a_platform_that_names_a_time_is_left_alone_until_then(following, clock):
    clock.advance(30)
    following.source.hook = failing(UpstreamRateLimited("slow down", retry_after=500.0))
    await following.rounds()
    assert (await following.feed()).next_at == clock.now() + timedelta(seconds=500)


@pytest.mark.parametrize("from_call", range(1, 12))
async def test_whoever_dies_anywhere_in_a_round_loses_and_repeats_nothing(following, clock, from_call):
    clock.advance(30)
    for number in range(10):
        following.source.put(f"r{number}", name=f"new {number}")
    following.source.hook = failing(DiedError(), from_call=from_call)
    try:
        await following.rounds()
    except DiedError:
        following.outlive_leases()
    following.source.hook = lambda _: None
    after = following.again()
    await after.rounds()
    await after.pass_time(300)
    for number in range(10):
        assert await after.names_told(f"r{number}") == [f"new {number}"]


async def test_the_same_page_again_and_again_is_cut_and_told(following, clock, ledger):
    clock.advance(30)
    for number in range(9):
        following.source.put(f"r{number}", name="new")
    kept = {}

    def same(query, page):
        if query.by is not None:
            return page
        first = kept.setdefault("page", page)
        return type(page)(first.rows, more=first.more or 3)

    following.source.answer = same
    for _ in range(4):
        await following.rounds(most=40)
        clock.advance(200)
    feed = await following.feed()
    assert feed.failures >= 3
    assert "again and again" in (feed.error or "")
    (problem,) = [found for _, found in await ledger.exceptions(first=9)]
    assert problem.code == "FEED_FAILING"
    following.source.answer = lambda _, page: page
    await following.pass_time(1_000)
    assert len(await following.told()) == 9
    assert [found.status for _, found in await ledger.exceptions(first=9)] == ["RESOLVED"]


async def test_an_answer_that_cant_be_meant_moves_nothing(following, clock):
    clock.advance(30)
    following.source.put("r1", name="new")

    def broken(query, page):
        if query.by is None:
            raise UpstreamInvalidResponse("the answer doesn't have the documented form")
        return page

    before = await following.feed()
    following.source.answer = broken
    await following.rounds()
    assert (await following.feed()).position == before.position
    following.source.answer = lambda _, page: page
    await following.pass_time(100)
    assert await following.names_told("r1") == ["new"]


async def test_a_stamp_far_in_the_future_moves_no_window(following, clock):
    clock.advance(30)
    following.source.put("r1", name="wild", stamp=clock.now() + timedelta(days=3_000))
    await following.rounds()
    assert await following.names_told("r1") == ["wild"]
    clock.advance(30)
    following.source.put("r2", name="usual")
    await following.pass_time(60)
    assert await following.names_told("r2") == ["usual"]


# -------------------------------------------------------------------------------------------- several, and backfills


async def test_two_processes_at_once_tell_each_change_once(following, clock):
    other = following.again()
    for number in range(30):
        clock.advance(7)
        following.source.put(f"r{number % 10}", name=f"change {number}")
        await following.schedule.look()
        await other.schedule.look()
        for task in [*following.schedule.under_way, *other.schedule.under_way]:
            await task
    await following.pass_time(200)
    for number in range(10):
        told = await following.names_told(f"r{number}")
        assert told[-1] == f"change {20 + number}"
        assert len(set(told)) == len(told)


async def test_a_feed_that_begins_now_tells_the_first_change_without_what_was_before(ledger, clock):
    source = Source("shop", clock)
    source.put("r1", name="old")
    settings = FeedsSettings(shortest_seconds=5, longest_seconds=20, probe_seconds=NEVER, start="now")
    following = Following(source, ledger, clock, settings)
    clock.advance(3_600)
    source.put("r2", name="old as well")
    await following.begin()
    clock.advance(30)
    source.put("r1", name="new")
    await following.rounds()
    (change,) = await following.told()
    assert (change.external_id, change.first) == ("r1", True)


async def test_a_backfill_from_an_instant_looks_at_everything_since_beside_the_live_feed(following, ledger, clock):
    source = following.source
    clock.advance(86_400)
    source.put("r9", name="repaired", stamp=clock.now() - timedelta(hours=2))
    await following.pass_time(600)
    source.put("r8", name="hidden", stampless=True)
    name = following.names[0]
    since = (clock.now() - timedelta(days=30)).isoformat()
    assert await ledger.feeds.start_backfill(name, {"since": since, "baseline": True}) is not None
    clock.advance(30)
    source.put("r1", name="live")
    await following.rounds()
    assert await following.names_told("r1") == ["live"]
    assert await following.names_told("r8") == ["hidden"]
    assert (await following.feed()).backfill is None


async def test_a_backfill_goes_on_where_it_was_when_its_process_dies(ledger, clock):
    source = Source("shop", clock)
    for number in range(40):
        source.put(f"r{number:02}", name="old", stamp=clock.now() - timedelta(days=number))
    first = Following(source, ledger, clock)
    await first.schedule.declare()
    await first.schedule.turn(first.names)
    assert (await first.feed()).backfill is not None
    source.hook = failing(DiedError(), from_call=4)
    with pytest.raises(DiedError):
        await first.rounds()
    source.hook = lambda _: None
    first.outlive_leases()
    after = first.again()
    await after.rounds()
    assert len(await ledger.snapshots.page("shop", "Account", "CRM", most=50)) == 40
    assert await after.told() == []


async def test_what_cant_be_asked_for_changes_is_read_whole_now_and_then(ledger, clock):
    source = Source("shop", clock, Manner(askable=False, ordered=False))
    for number in range(10):
        source.put(f"r{number}", name="old")
    following = Following(source, ledger, clock)
    await following.begin()
    assert await following.told() == []
    clock.advance(30)
    source.put("r7", name="new")
    source.put("s1", name="newcomer")
    await following.pass_time(400)
    assert await following.names_told("r7") == ["new"]
    assert await following.names_told("s1") == ["newcomer"]
