"""A value that nobody can read costs the record that has it, and no other; garbage costs a try."""

from typing import Any

import pytest

from platforms.bindings import Bindings
from platforms.feeds import Hint
from platforms.readers import ReadPage, ReadQuery
from schema.errors import PlatformError, Queue, UpstreamInvalidResponse
from schema.roles import PlatformRole
from sync.ledger.database import DatabaseLedger
from sync.noticing.observer import UNREADABLE, Noticed, Observer
from sync.noticing.sight import MOST_BROKEN, Eye
from sync.noticing.tracked import Follows, Tracked
from tests.sync.conftest import HeldClock
from tests.sync.noticing.conftest import changes_told
from tests.sync.noticing.source import Manner, Source

CRM = PlatformRole.CRM
WILD = object()


def undecodable(*broken: str):
    """The platform answers, and no answer with such a record in it has the documented form."""

    def answer(query: ReadQuery, page: ReadPage) -> ReadPage:
        if any(row.id in broken for row in page.rows):
            raise UpstreamInvalidResponse("the answer doesn't have the documented form", platform="crm")
        return page

    return answer


def wild(*broken: str, value: Any = WILD):
    """Such a record has a value that no mapping can tame."""

    def answer(_: ReadQuery, page: ReadPage) -> ReadPage:
        for row in page.rows:
            if row.id in broken:
                row.status = value
        return page

    return answer


@pytest.fixture
def source(clock: HeldClock) -> Source:
    found = Source("crm", clock, Manner(page_size=50))
    for number in range(20):
        found.put(f"{number:02}", name=f"Client {number}", status="ACTIVE")
    clock.advance(60)
    return found


IDS = [f"{number:02}" for number in range(20)]


def tracked_in(source: Source) -> tuple[Bindings, Tracked]:
    bindings = Bindings({CRM: [source]})
    [found] = Follows(bindings)
    return bindings, found


@pytest.mark.parametrize("spoil", [undecodable, wild])
@pytest.mark.parametrize("broken", [("07",), ("00", "19"), ("03", "04", "05")])
async def test_only_the_broken_are_unreadable(source: Source, spoil, broken: tuple[str, ...]):
    bindings, tracked = tracked_in(source)
    source.answer = spoil(*broken)
    sight = await Eye(bindings).look(tracked, IDS)
    assert sight.unreadable == set(broken)
    assert sorted(sight.seen) == [each for each in IDS if each not in broken]
    assert sight.missing([*IDS, "99"]) == ["99"]
    assert sight.seen["01"].values == {"name": "Client 1", "status": "ACTIVE"}


async def test_one_alone_is_unreadable_where_others_can_be_read(source: Source):
    bindings, tracked = tracked_in(source)
    source.answer = undecodable("07")
    assert (await Eye(bindings).look(tracked, ["07"])).unreadable == {"07"}


async def test_garbage_is_no_broken_record(source: Source):
    bindings, tracked = tracked_in(source)
    source.answer = undecodable(*IDS)
    for asked in (IDS, IDS[:1], IDS[:4]):
        with pytest.raises(PlatformError):
            await Eye(bindings).look(tracked, asked)


async def test_the_search_for_what_is_broken_has_its_bound(source: Source):
    bindings, tracked = tracked_in(source)
    many = [f"{number:03}" for number in range(200)]
    for each in many:
        source.put(each, name="More", status="ACTIVE")
    source.answer = undecodable(*many)
    with pytest.raises(UpstreamInvalidResponse):
        await Eye(bindings).look(tracked, many)
    assert len(source.calls) == MOST_BROKEN + 1


async def test_pages_without_an_end_are_an_error(source: Source):
    bindings, tracked = tracked_in(source)
    source.answer = lambda _, page: ReadPage(page.rows, more=0)
    with pytest.raises(PlatformError, match="no end"):
        await Eye(bindings).look(tracked, IDS)
    assert len(source.calls) < 10


async def test_the_others_are_noticed_and_a_person_is_told_of_the_broken(
    source: Source, clock: HeldClock, ledger: DatabaseLedger
):
    observer = Observer(ledger, Bindings({CRM: [source]}), clock)
    hints = [Hint(type="Account", role=CRM, external_id=each) for each in IDS]
    await observer.look("crm", hints, noticed_by="feed", baseline=True)
    for each in IDS[:4]:
        source.put(each, status="CLOSED")
    source.answer = wild("02")
    noticed = await observer.look("crm", hints, noticed_by="feed")
    assert noticed == Noticed(read=19, changed=3, unreadable=1)
    assert [event.change.external_id for event in await changes_told(ledger)] == ["00", "01", "03"]
    [(_, problem)] = await ledger.exceptions(first=9)
    assert (problem.code, problem.queue) == (UNREADABLE, Queue.INTEGRATION)
    assert problem.detail["externalIds"] == ["02"]
    source.answer = lambda _, page: page
    assert await observer.look("crm", hints, noticed_by="feed") == Noticed(read=20, changed=1)
