"""Signing in: once, again when a session is over, and never over and over."""

import json
from base64 import b64encode

import pytest

from schema.enums import PlatformHealth
from schema.errors import UpstreamInvalidResponse, UpstreamUnauthorized

INVOICES = "model.account.invoice.search_read"
PAGE_429 = "<h1>Too Many Requests</h1>\n<p>This user has exceeded an allotted request count. Try again later.</p>"


async def test_calls_are_made_with_the_session_and_in_the_context_of_its_user(read, database):
    await read("Invoice", ["number"])
    await read("Invoice", ["number"])
    login, preferences, first, second = database.requests
    assert json.loads(login.body)["params"] == ["crosswalk", {"password": "s3cret-pass"}, "en"]
    assert "Authorization" not in login.headers
    session = "Session " + b64encode(b"crosswalk:2:0a1b2c").decode()
    assert {one.headers["Authorization"] for one in (preferences, first, second)} == {session}
    context = {"company": 1, "companies": [1, 2], "company_filter": "all", "language": "de"}
    assert [call["params"][-1] for call in database.calls(INVOICES)] == [context, context]
    assert {one.url for one in database.requests} == {"http://tryton.example/acme/rpc/"}
    assert first.route == "/{database}/rpc/model.account.invoice.search_read"


async def test_a_session_that_is_over_is_renewed_once(read, database):
    database.says(INVOICES, "", status=401)
    database.says(INVOICES, [{"id": 7, "number": "INV7"}])
    assert await read("Invoice", ["number"]) == [{"number": "INV7"}]
    assert len(database.calls("login")) == 2


async def test_a_wrong_password_is_tried_once_and_then_left_alone(read, database):
    database.answers["common.db.login"] = [(401, "<html>no</html>")]
    for _ in range(5):
        with pytest.raises(UpstreamUnauthorized) as refused:
            await read("Invoice", ["number"])
        database.seconds -= 5.0  # the clock stands still
    assert refused.value.platform == "books"
    assert len(database.requests) == 1


async def test_a_locked_user_is_not_tried_over_and_over(read, database):
    """Every try prolongs the lock."""
    database.answers["common.db.login"] = [(429, PAGE_429)]
    with pytest.raises(UpstreamUnauthorized, match="too many failed logins"):
        await read("Invoice", ["number"])
    database.seconds -= 5.0
    with pytest.raises(UpstreamUnauthorized):
        await read("Invoice", ["number"])
    assert len(database.requests) == 1


async def test_a_login_meets_a_server_that_just_restarted(read, database):
    database.answers["common.db.login"].insert(0, (503, "<html>starting</html>"))
    assert await read("Invoice", ["number"]) == []


@pytest.mark.parametrize(
    ("method", "result"),
    [
        ("common.db.login", None),
        ("common.db.login", [2, "to\nken", None]),
        ("common.db.login", ["2", "token", None]),
        ("model.res.user.get_preferences", [1]),
    ],
)
async def test_a_login_that_cannot_be_read_is_told_as_such(read, database, method, result):
    database.answers[method] = [(200, {"id": 1, "result": result})]
    with pytest.raises(UpstreamInvalidResponse) as refused:
        await read("Invoice", ["number"])
    assert refused.value.platform == "books"


async def test_a_probe_says_what_to_do(books, database):
    database.answers["common.db.login"] = [(401, "")]
    refused = await books.probe()
    assert not refused.ok
    assert "password" in refused.advice
    assert "s3cret" not in repr(refused)
    assert books.quota() is None
    assert books.health() is not PlatformHealth.HEALTHY
