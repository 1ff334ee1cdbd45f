"""Every vendor's writer keeps the port's promises: once, as asked, read back, taken back, and honest when it fails."""

import pytest

from schema.errors import Landed, PlatformError, UpstreamRejected
from sync.values import alike

KEY = "cwabcdefghijklmnopqrstuvwx23"  # of the length and letters that steps' keys have
MALFORMED = ("", " ", "x' OR Id != ''", "1 OR 1=1", "1;--", "null", "../1", "1/2", "1?x=1", "ü💥", "a\0b", "\ud800")
FAULTS = {
    "drop_before": ({"kind": "drop_before"}, {Landed.UNKNOWN}, False),
    "drop_after": ({"kind": "drop_after"}, {Landed.UNKNOWN}, True),
    "garbage": ({"kind": "garbage"}, {Landed.UNKNOWN, Landed.YES}, True),
    "server_error": ({"kind": "status", "status": 500}, {Landed.UNKNOWN}, False),
    "refused": ({"kind": "status", "status": 400}, {Landed.NO}, False),
    "rate_limit": ({"kind": "rate_limit"}, {Landed.NO}, False),
}


@pytest.fixture
def made(writing):
    """`await made()` is the id of the sample's record: a new one, or the one that is there."""

    async def make():
        if writing.record is not None:
            return writing.record
        return await writing.writer.create(writing.writable, KEY, writing.new)

    return make


@pytest.fixture
def creatable():
    """With it a test runs over what can be made alone; so for the other two."""


@pytest.fixture
def removable():
    """Over what can be taken back alone."""


@pytest.fixture
def unique():
    """Over what the platform itself makes once for a key alone."""


def wrong(asked, found):
    """What isn't as it was asked for, with what is there."""
    return {path: (value, found[path]) for path, value in asked.items() if not alike(value, found[path])}


def told(writing, values):
    return {path: value for path, value in values.items() if writing.writable.paths[path].told}


def test_its_sample_goes_with_what_it_declares(writing):
    writable = writing.writable
    assert writable.creatable is (writing.record is None)
    assert all(writable.settable(path, creating=False) for path in writing.change)
    if writable.creatable:
        assert all(writable.settable(path, creating=True) for path in writing.new)
        needed = {path for path, settable in writable.paths.items() if settable.required and settable.create}
        assert needed <= writing.new.keys()
    tried = writing.change.keys() | (writing.new or {}).keys()
    assert writable.paths.keys() <= tried, "the sample leaves a path out"


def test_every_path_is_on_the_vendors_page(writing, writable_key, request):
    page = (request.config.rootpath / "docs" / "vendors" / f"{writable_key[0]}.md").read_text(encoding="utf-8")
    assert f"`{writing.writable.entity}" in page
    assert {path for path in writing.writable.paths if f"`{path}`" not in page} == set()


async def test_a_new_record_is_found_by_its_key_and_reads_back_as_asked(writing, made, creatable):
    assert await writing.writer.find(writing.writable, KEY) == ()
    record_id = await made()
    fetched = await writing.writer.fetch(writing.writable, record_id)
    assert fetched is not None
    assert fetched.external_id == record_id
    assert wrong(told(writing, writing.new), fetched.values) == {}
    assert fetched.values.keys() == told(writing, writing.writable.paths).keys()
    (found,) = await writing.writer.find(writing.writable, KEY)
    assert (found.external_id, found.values) == (record_id, fetched.values)


async def test_one_key_makes_one_record_where_the_platform_promises_it(writing, made, creatable, unique):
    assert await made() == await made()
    assert len(await writing.writer.find(writing.writable, KEY)) == 1


async def test_a_change_is_there_and_leaves_the_rest(writing, made):
    record_id = await made()
    before = await writing.writer.fetch(writing.writable, record_id)
    await writing.writer.update(writing.writable, record_id, {})
    await writing.writer.update(writing.writable, record_id, writing.change)
    after = await writing.writer.fetch(writing.writable, record_id)
    assert wrong(told(writing, writing.change), after.values) == {}
    rest = told(writing, writing.new or {}).keys() - writing.change.keys()
    assert {path: after.values[path] for path in rest} == {path: before.values[path] for path in rest}


async def test_none_clears_what_may_be_missing(writing, made):
    record_id = await made()
    await writing.writer.update(writing.writable, record_id, writing.change)
    for path in writing.change:
        settable = writing.writable.paths[path]
        if settable.required or not settable.told or path in writing.kept:
            continue
        await writing.writer.update(writing.writable, record_id, {path: None})
        found = await writing.writer.fetch(writing.writable, record_id)
        assert found.values[path] in (None, ()), path


async def test_reading_back_costs_one_call(writing, made, wire):
    record_id = await made()
    await writing.writer.fetch(writing.writable, record_id)  # what is learned once may cost more
    before = len(wire.requests)
    await writing.writer.fetch(writing.writable, record_id)
    assert len(wire.requests) - before == 1


async def test_an_unknown_record_is_none_and_cannot_be_changed(writing):
    for record_id in (*writing.strangers(1), *MALFORMED):
        assert await writing.writer.fetch(writing.writable, record_id) is None
        with pytest.raises(UpstreamRejected) as refused:
            await writing.writer.update(writing.writable, record_id, writing.change)
        assert refused.value.landed is Landed.NO


async def test_an_unknown_key_names_nothing_whatever_it_says(writing):
    for key in ("cwnobodysownkey", *MALFORMED):
        assert await writing.writer.find(writing.writable, key) == ()


async def test_a_removed_record_is_gone_and_removing_it_again_is_done_already(writing, made, creatable, removable):
    record_id = await made()
    await writing.writer.remove(writing.writable, record_id)
    assert await writing.writer.fetch(writing.writable, record_id) is None
    for gone in (record_id, *writing.strangers(1), *MALFORMED):
        await writing.writer.remove(writing.writable, gone)


@pytest.mark.parametrize("name", FAULTS)
async def test_a_failed_creation_tells_whether_it_may_be_done(writing, made, creatable, name):
    fault, landed, done = FAULTS[name]
    await writing.writer.find(writing.writable, KEY)  # signs in, where that is needed
    writing.goes_wrong(**fault)
    with pytest.raises(PlatformError) as failed:
        await made()
    assert failed.value.landed in landed
    assert failed.value.platform is not None
    assert len(await writing.again().find(writing.writable, KEY)) == done


async def test_no_secret_shows_in_what_people_read(writing, made, wire):
    record_id = await made()
    await writing.writer.update(writing.writable, record_id, writing.change)
    assert writing.secrets
    for request in wire.requests:
        assert request.route.startswith("/")
        assert request.statement
        texts = (request.url, request.route, request.statement)
        assert not any(secret in text for secret in writing.secrets for text in texts)
