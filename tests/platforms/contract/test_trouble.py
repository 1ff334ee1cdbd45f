"""A platform in trouble: each kind is its own error, nothing hangs, and the next call is as good as ever."""

import asyncio

import pytest

from platforms.http import Failure
from platforms.readers import ReadQuery
from schema.errors import (
    PlatformError,
    RetryLater,
    UpstreamInvalidResponse,
    UpstreamQuotaExhausted,
    UpstreamRateLimited,
    UpstreamTimeout,
    UpstreamUnauthorized,
    UpstreamUnavailable,
)

GARBAGE = (b"", b"null", b"[]", b"{}", b"<html>busy</html>", b"\xff\xfe\x00", b'{"records": [1, 2', b'"text"', b"[[[[")


@pytest.fixture
async def read(platform, any_facet):
    """Reads a page, once signed in."""
    projection = platform.reader.project(any_facet, [row.path for row in any_facet.rows])
    assert (await platform.reader.read(projection, ReadQuery(limit=1))).rows
    return lambda **query: platform.reader.read(projection, ReadQuery(**query))


async def test_a_rate_limit_is_told_as_such(wire, read, case, platform):
    wire.script.append(case.rate_limited)
    with pytest.raises((UpstreamRateLimited, UpstreamQuotaExhausted)) as refused:
        await read()
    assert refused.value.retryable
    assert refused.value.platform == platform.name


async def test_a_session_that_ends_between_two_pages_costs_no_row(read, case):
    page = await read()
    whole = page.rows
    while page.more is not None:
        page = await read(resume=page.more)
        whole = whole + page.rows
    page = await read()
    rows = page.rows
    assert page.more is not None
    if case.expire is not None:
        case.expire()
    while page.more is not None:
        page = await read(resume=page.more)
        rows = rows + page.rows
    assert rows == whole


async def test_refused_credentials_are_a_persons_work(wire, read, platform):
    wire.says(b"[]", status=401)
    wire.says(b"{}", status=401)
    wire.says(b"[]", status=401)
    with pytest.raises(UpstreamUnauthorized) as refused:
        await read()
    assert not refused.value.retryable
    assert refused.value.platform == platform.name


@pytest.mark.parametrize("body", GARBAGE)
async def test_garbage_is_told_as_such(wire, read, platform, body):
    wire.says(body)
    with pytest.raises(UpstreamInvalidResponse) as refused:
        await read()
    assert refused.value.platform == platform.name
    assert (await read(limit=1)).rows


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        (Failure.TIMEOUT, UpstreamTimeout),
        (Failure.DROPPED, UpstreamUnavailable),
        (Failure.UNREACHABLE, UpstreamUnavailable),
        (Failure.TRUNCATED, UpstreamInvalidResponse),
    ],
)
async def test_no_whole_answer_is_told_as_such(wire, read, platform, failure, error):
    wire.fails(failure)
    with pytest.raises(error) as refused:
        await read()
    assert isinstance(refused.value, RetryLater)
    assert refused.value.platform == platform.name
    assert (await read(limit=1)).rows


@pytest.mark.parametrize("status", [400, 403, 404, 429, 500, 502, 503])
async def test_every_status_is_one_of_our_errors(wire, read, platform, status):
    wire.says(b"<html>no</html>", status=status)
    with pytest.raises(PlatformError) as refused:
        await read()
    assert refused.value.platform == platform.name
    assert refused.value.retryable is (status in (429, 500, 502, 503))


async def test_a_cancelled_read_leaves_its_place_to_others(wire, read):
    wire.hold = asyncio.Event()
    waiting = [asyncio.create_task(read(limit=1)) for _ in range(5)]  # more than there are slots
    await asyncio.sleep(0)
    for task in waiting:
        task.cancel()
    assert all(
        isinstance(done, asyncio.CancelledError) for done in await asyncio.gather(*waiting, return_exceptions=True)
    )
    wire.hold = None
    assert (await read(limit=1)).rows


async def test_a_probe_tells_instead_of_raising(platform, wire):
    good = await platform.probe()
    assert good.ok, good.detail
    wire.fails(Failure.UNREACHABLE)
    bad = await platform.probe()
    assert not bad.ok
    assert bad.advice
    assert platform.last_contact_at() is not None


async def test_no_secret_shows_in_what_people_read(wire, read, case, platform):
    await read()
    secrets = [value for name, value in case.credentials.items() if len(value) > 8 and name not in case.no_secrets]
    assert secrets
    for request in wire.requests:
        assert not any(secret in text for secret in secrets for text in (request.url, request.route, request.statement))
    assert all(request.route.startswith("/") and request.statement for request in wire.requests)
