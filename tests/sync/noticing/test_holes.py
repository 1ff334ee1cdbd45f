"""Probes find what a feed has missed, repair it and say so; what a feed will still notice is no hole."""

from datetime import timedelta

import pytest

from platforms.feeds import FeedTraits
from runtime.settings.happenings import FeedsSettings
from tests.sync.noticing.following import Following
from tests.sync.noticing.source import Manner, Source

PROBING = FeedsSettings(shortest_seconds=5, longest_seconds=20, probe_seconds=60)
MINUTE = timedelta(seconds=60)


def shop(clock, manner=None):
    source = Source("shop", clock, manner or Manner())
    for number in range(10):
        source.put(f"r{number}", name=f"old {number}", stamp=clock.now() - timedelta(days=number + 1))
    return source


@pytest.fixture
async def following(ledger, clock):
    found = Following(shop(clock), ledger, clock, PROBING)
    await found.begin()
    return found


async def missed(following, *records):
    """Records that change with a stamp from before the window, as if they had shown far too late."""
    clock = following.clock
    clock.advance(60)
    following.source.put("r9", name="something newer")
    await following.pass_time(300)
    for record in records:
        following.source.put(record, name="missed", stamp=clock.now() - timedelta(seconds=330))


async def problems(ledger):
    return [found for _, found in await ledger.exceptions(first=20)]


async def test_a_change_that_a_feed_missed_is_found_repaired_and_told_once(following, ledger):
    await missed(following, "r1", "r2")
    await following.pass_time(70)
    assert await following.names_told("r1") == ["missed"]
    assert await following.names_told("r2") == ["missed"]
    assert {change.noticed_by for change in await following.told("r1")} == {"probe"}
    (problem,) = await problems(ledger)
    assert (problem.code, problem.queue, problem.status) == ("FEED_MISSED_CHANGES", "INTEGRATION", "OPEN")
    assert {record["externalId"] for record in problem.detail["records"]} == {"r1", "r2"}
    assert (await following.feed()).counts["holes"] == 2


async def test_the_exception_closes_when_several_probes_have_found_nothing_more(following, ledger):
    await missed(following, "r1")
    await following.pass_time(90)
    assert [found.status for found in await problems(ledger)] == ["OPEN"]
    await following.pass_time(400)
    assert [found.status for found in await problems(ledger)] == ["RESOLVED"]


async def test_a_record_that_nobody_knows_is_found_by_the_number_of_its_day(following, ledger):
    await missed(following)
    following.source.put("unknown", name="hidden", stamp=following.clock.now() - timedelta(seconds=330))
    await following.pass_time(70)
    (change,) = await following.told("unknown")
    assert (change.first, change.noticed_by) == (True, "probe")
    (problem,) = await problems(ledger)
    assert problem.detail["records"] == [
        {
            "externalId": "unknown",
            "modifiedAt": problem.detail["records"][0]["modifiedAt"],
            "paths": [],
        }
    ]


async def test_a_value_that_changes_without_any_stamp_is_found_and_named(following, ledger):
    """The fifth of the five ways, where nobody has said that the field is a formula."""
    following.source.put("r4", name="worked out anew", stampless=True)
    await following.pass_time(130)
    assert await following.names_told("r4") == ["worked out anew"]
    (problem,) = await problems(ledger)
    assert problem.detail["records"][0]["paths"] == ["name"]


async def test_a_declared_formula_is_read_again_and_is_no_hole(ledger, clock):
    """The fifth of the five ways, where it is declared."""
    traits = FeedTraits(overlap=MINUTE, restamps=frozenset({"name"}))
    following = Following(shop(clock, Manner(traits=traits)), ledger, clock, PROBING)
    await following.begin()
    following.source.put("r4", name="worked out anew", stampless=True)
    await following.pass_time(30)
    assert await following.names_told("r4") == ["worked out anew"]
    await following.pass_time(200)
    assert await problems(ledger) == []


async def test_nothing_is_found_where_nothing_was_missed(following, ledger, clock):
    """Changes go on all the time, late ones as well, and a probe falls into all of it."""
    for number in range(120):
        late = timedelta(seconds=number % 50)
        following.source.put(f"r{number % 10}", name=f"change {number}", late=late)
        if number % 7 == 0:
            following.source.put(f"n{number}", name="new", late=late)
        if number % 31 == 0:
            following.source.put(f"n{number}", gone=True, late=timedelta(seconds=55))
        await following.pass_time(7, step=7)
    await following.pass_time(200)
    assert await problems(ledger) == []
    assert "holes" not in (await following.feed()).counts
    for number in range(10):
        assert (await following.names_told(f"r{number}"))[-1] == f"change {110 + number}"


async def test_a_paused_feed_has_missed_nothing(following, ledger, clock):
    await ledger.feeds.pause("shop", paused=True)
    for number in range(10):
        clock.advance(600)
        following.source.put(f"r{number}", name="while away")
    await ledger.feeds.pause("shop", paused=False)
    await following.pass_time(400)
    assert await problems(ledger) == []
    assert len(await following.told()) == 10


async def test_a_feed_that_began_now_has_missed_nothing_of_what_was_before(ledger, clock):
    settings = PROBING.model_copy(update={"start": "now"})
    following = Following(shop(clock), ledger, clock, settings)
    await following.begin()
    for number in range(30):
        clock.advance(30)
        following.source.put(f"r{number % 3}", name=f"change {number}")
        await following.rounds()
    await following.pass_time(400)
    assert await problems(ledger) == []


async def test_a_deletion_that_nobody_tells_of_is_noticed_by_looking_at_all_in_turn(following, ledger):
    following.source.put("r5", gone=True)
    await following.pass_time(130)
    (change,) = await following.told("r5")
    assert change.gone
    assert await problems(ledger) == []


async def test_an_invoice_becomes_overdue_when_its_day_has_passed(ledger, clock):
    traits = FeedTraits(overlap=MINUTE, restamps=frozenset({"status"}))
    manner = Manner(paths=("status", "dueDate"), traits=traits)
    source = Source("books", clock, manner, type_name="Invoice")
    today = clock.now().date()
    for number in range(300):
        source.put(f"i{number:03}", status="POSTED", dueDate=today + timedelta(days=number - 1))
    following = Following(source, ledger, clock, PROBING)
    await following.begin()
    clock.advance(16 * 3600)
    source.put("i001", status="OVERDUE", stampless=True)
    await following.rounds()
    assert await following.names_told("i001", "status") == ["OVERDUE"]
