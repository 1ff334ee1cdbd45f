"""What a vendor tells of its changes: rows by their stamps, none passed over, and logs that can be read twice."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from platforms.feeds import FeedTraits, PositionForgottenError
from platforms.predicates import And, Compare
from platforms.readers import Order, ReadQuery
from schema.errors import UpstreamInvalidResponse
from sync.noticing.followed import FacetFeed
from sync.noticing.pages import Rows
from sync.noticing.positions import Walk

LATER = datetime(2027, 1, 1, 9, 30, 15, tzinfo=UTC)
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
MOST_PAGES = 400
REPEATING = {"Payment", "CreditMemo"}
"""A payment of several invoices is a row for each of them, under one id."""


def rows_of(platform, facet):
    return Rows(FacetFeed(name="a feed", platform=platform, facet=facet, traits=FeedTraits()))


async def walked(rows, since):
    """Pages of rows, from a stamp to the end."""
    pages = []
    walk = Walk(since=since, began_at=since)
    while walk is not None:
        page = await rows.page(walk)
        pages.append(page.rows)
        walk = page.walk
        assert len(pages) < MOST_PAGES
    return pages


async def log_to_the_end(log, position):
    hints, more = [], True
    for _ in range(MOST_PAGES):
        page = await log.read(position)
        hints += page.hints
        position, more = json.loads(json.dumps(page.position)), page.more
        if not more:
            return hints, position
    pytest.fail(f"{log.name} has no end")


# --------------------------------------------------------------------------------------------------------- rows


async def test_all_rows_come_by_their_stamps(platform, facet, stamped, projection, read_all):
    told = [(projection.getter("id")(row), projection.getter(stamped)(row)) for row in await read_all(projection)]
    expected = {key: stamp.astimezone(UTC) for key, stamp in told if stamp is not None}
    pages = await walked(rows_of(platform, facet), BEGINNING)
    found = [row for page in pages for row in page]
    assert {row.id: row.stamp for row in found} == expected
    assert [row.stamp for row in found] == sorted(row.stamp for row in found)


async def test_the_newest_stamp_is_told(platform, facet, stamped, projection, read_all):
    stamps = [projection.getter(stamped)(row) for row in await read_all(projection)]
    newest = max((stamp for stamp in stamps if stamp is not None), default=None)
    assert await rows_of(platform, facet).newest() == newest


async def test_a_span_of_stamps_brings_what_lies_in_it(platform, facet, stamped, projection, read_all):
    id_of, stamp_of = projection.getter("id"), projection.getter(stamped)
    rows = [row for row in await read_all(projection) if stamp_of(row) is not None]
    stamps = sorted({stamp_of(row) for row in rows}) or [LATER]
    low, high = stamps[len(stamps) // 4], stamps[3 * len(stamps) // 4]
    where = And((Compare(stamped, "gte", low), Compare(stamped, "lte", high)))
    found = {id_of(row) for row in await read_all(projection, where=where, order=(Order(stamped),))}
    expected = {id_of(row) for row in rows if low <= stamp_of(row) <= high}
    assert expected <= found
    assert found == expected or not facet.pushable[stamped].exact


async def test_pages_of_equal_stamps_lose_nothing(changing, facet, stamped, touched):
    """Two pages and more of rows with one stamp, one before and one behind them."""
    platform = changing.platform
    projection = platform.reader.project(facet, ["id", stamped])
    found = await platform.reader.read(projection, ReadQuery())
    rows = found.rows
    while found.more is not None and len(rows) < 3 * changing.module.PAGE_ROWS:
        found = await platform.reader.read(projection, ReadQuery(resume=found.more))
        rows = rows + found.rows
    ids = list(dict.fromkeys(projection.getter("id")(row) for row in rows))
    stamps = dict.fromkeys(ids, LATER)
    stamps |= {ids[0]: LATER - timedelta(seconds=1), ids[-1]: LATER + timedelta(seconds=1)}
    for key, stamp in stamps.items():
        path = f"/records/{platform.name}/{facet.entity}/{key}?stamp={stamp:%Y-%m-%dT%H:%M:%SZ}"
        changing.told("PATCH", path, touched)
    pages = await walked(rows_of(platform, facet), LATER - timedelta(seconds=2))
    told = [row for page in pages for row in page]
    assert {row.id: row.stamp for row in told if row.id in stamps} == stamps
    assert len({row.id for row in told}) == len(told) or facet.type in REPEATING


# --------------------------------------------------------------------------------------------------------- logs


async def test_a_record_that_vanishes_shows_in_a_log(changing):
    logs = changing.platform.feeds.logs
    starts = [json.loads(json.dumps(log.start())) for log in logs]
    type_name, external_id, into = changing.vanish()
    hints = []
    for log, start in zip(logs, starts, strict=True):
        hints += (await log_to_the_end(log, start))[0]
    told = [(hint.gone, hint.into) for hint in hints if (hint.type, hint.external_id) == (type_name, external_id)]
    assert (True, into) in told
    assert {(hint.type, hint.role) for hint in hints} <= changing.platform.reader.facets.keys()


async def test_a_log_read_twice_tells_the_same(changing):
    for log in changing.platform.feeds.logs:
        start = json.loads(json.dumps(log.start()))
        changing.vanish()
        first, end = await log_to_the_end(log, start)
        again, _ = await log_to_the_end(log, start)
        assert again == first
        nothing, _ = await log_to_the_end(log, end)
        assert nothing == []


async def test_a_log_that_answers_garbage_is_an_error_and_loses_nothing(changing, wire):
    await changing.platform.probe()
    starts = [(log, log.start()) for log in changing.platform.feeds.logs]
    type_name, external_id, _ = changing.vanish()
    told = set()
    for log, start in starts:
        for body in (b"<html>", b"{}", b'{"items": 7}', b"[]", b'{"result": {"id": 1}}', b"\xff"):
            wire.says(body)
            with pytest.raises(UpstreamInvalidResponse):
                await log.read(start)
        told |= {(hint.type, hint.external_id) for hint in (await log_to_the_end(log, start))[0]}
    assert (type_name, external_id) in told


@pytest.mark.parametrize("position", [None, 7, "yesterday", [], {}, {"since": "soon"}, {"since": None}])
async def test_a_position_of_another_version_is_forgotten(changing, position):
    for log in changing.platform.feeds.logs:
        with pytest.raises(PositionForgottenError):
            await log.read(position)


async def test_a_position_older_than_the_platform_remembers_is_forgotten(changing, wire, monkeypatch):
    days = getattr(changing.module, "FORGETS", None)
    starts = [(log, log.start()) for log in changing.platform.feeds.logs]
    if days is None:  # what there is to be told is told, as long as there is anything
        for log, start in starts:
            assert (await log.read(start)).more is False
        return
    monkeypatch.setattr(wire, "now", lambda: datetime.now(UTC) + timedelta(days=days))
    for log, start in starts:
        with pytest.raises(PositionForgottenError) as forgotten:
            await log.read(start)
        assert forgotten.value.since is not None


def test_what_is_said_of_facets_names_what_is_there(platform):
    """Paths that change without a stamp, and children with the path that names their parent."""
    facets = platform.reader.facets
    assert platform.feeds.traits.keys() <= facets.keys()
    for key, traits in platform.feeds.traits.items():
        heads = {path.split(".", 1)[0] for path in facets[key].by_path()}
        assert traits.restamps <= heads | facets[key].by_path().keys()
        for child, path in traits.children.items():
            assert path in facets[child].by_path()
            assert "modifiedAt" in facets[child].by_path()
