"""Pages to the end, batches of keys, counts and limits: every record once, none that wasn't asked for."""

from collections import defaultdict
from dataclasses import replace

import pytest

from platforms.bindings import Bindings
from platforms.mapping import same
from platforms.readers import ReadQuery
from resolvers.memories import ProcessMemory
from resolvers.plan.nodes import Age
from resolvers.run.reads import Reads
from schema.errors import UpstreamRejected

MALFORMED = ("", " ", "x' OR Id != ''", "1 OR 1=1", "1;--", "null", "../1", "1,2", "ü💥", "0" * 18, "a\0b", "\ud800")


async def test_pages_go_to_the_end(platform, facet, projection, case, read_all):
    page = await platform.reader.read(projection, ReadQuery())
    rows = await read_all(projection)
    ids = [projection.getter("id")(row) for row in rows]
    assert len(set(ids)) == len(ids)
    assert len(ids) == len(case.truth(facet)) or set(ids) == case.held(facet)
    assert page.total in (None, len(ids))
    counted = await platform.reader.count(facet, None)
    assert counted in (None, len(ids))


async def test_some_facet_really_has_several_pages(platform, any_facet):
    page = await platform.reader.read(platform.reader.project(any_facet, ["id"]), ReadQuery())
    assert page.more is not None


async def test_a_limit_is_the_most_that_comes(facet, projection, read_all):
    everything = await read_all(projection)
    for limit in (1, 3):
        rows = await read_all(projection, limit=limit)
        assert rows == everything[:limit]


async def test_the_graph_reads_450_ids_in_as_few_calls_as_the_limit_allows(
    platform, facet, projection, case, wire, read_all
):
    await platform.probe()
    rows = await read_all(projection)
    ids = [projection.getter("id")(row) for row in rows][:40]
    asked = ids[:20] + case.strangers(facet.type, 450 - len(ids)) + ids[20:]
    reads = Reads(Bindings({facet.role: [platform]}), ProcessMemory(wire, most=0, seconds=0), wire)
    before = len(wire.requests)
    keyed = await reads.by_keys(platform.name, projection, "id", asked, where=None, order=(), age=Age())
    batches = [groups for _, groups in keyed.batches]
    found = {key: rows for groups in batches for key, rows in groups.items()}
    assert keyed.failed == {}
    assert len(batches) == -(-450 // facet.batch["id"])
    pages = sum(max(1, -(-sum(map(len, groups.values())) // case.page_rows)) for groups in batches)
    assert len(wire.requests) - before <= pages * (1 + case.beside(facet))
    assert set(found) == set(asked)
    assert [key for key in asked if found[key]] == ids


async def test_every_relation_can_be_read_by_its_keys(facet, projection, read_all):
    everything = await read_all(projection)
    id_of = projection.getter("id")
    for path, limit in facet.batch.items():
        key_of = projection.getter(path)
        expected = defaultdict(set)
        for row in everything:
            expected[key_of(row)].add(id_of(row))
        expected.pop(None, None)
        keys = list(expected)[: min(limit, 25)]
        rows = await read_all(projection, by=path, keys=tuple(keys))
        found = defaultdict(set)
        for row in rows:
            found[key_of(row)].add(id_of(row))
        assert found == {key: expected[key] for key in keys}, path
        assert len(rows) == sum(map(len, found.values())), path


async def test_a_full_batch_is_taken(platform, facet, projection, case):
    for path, limit in facet.batch.items():
        keys = tuple(case.strangers(facet.type, limit))
        assert (await platform.reader.read(projection, ReadQuery(by=path, keys=keys))).rows == []


async def test_a_missing_key_has_no_rows_and_a_repeated_one_has_them_once(facet, projection, case, read_all):
    row, *_ = await read_all(projection, limit=1)
    here = projection.getter("id")(row)
    (nowhere,) = case.strangers(facet.type, 1)
    assert await read_all(projection, by="id", keys=(nowhere,)) == []
    assert await read_all(projection, by="id", keys=(here, nowhere, here)) == [row]


async def test_what_can_be_no_id_has_no_rows_and_harms_nobody(facet, projection, read_all):
    row, *_ = await read_all(projection, limit=1)
    here = projection.getter("id")(row)
    for path in facet.batch:
        assert await read_all(projection, by=path, keys=MALFORMED) == []
    assert await read_all(projection, by="id", keys=(*MALFORMED, here)) == [row]


async def test_an_unknown_path_is_a_mistake_of_ours(platform, facet):
    with pytest.raises(KeyError, match="no such path"):
        platform.reader.project(facet, ["no such path"])


async def test_a_field_that_the_vendor_does_not_have_is_refused_or_empty(platform, any_facet):
    wrong = replace(any_facet, rows=(*any_facet.rows, same("nowhere", "no_such_field_at_all")))
    projection = platform.reader.project(wrong, ["id", "nowhere"])
    try:
        rows = (await platform.reader.read(projection, ReadQuery(limit=3))).rows
    except UpstreamRejected:  # which nobody repeats
        rows = []
    assert [projection.getter("nowhere")(row) for row in rows] == [None] * len(rows)
