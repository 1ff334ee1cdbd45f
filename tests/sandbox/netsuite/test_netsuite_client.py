"""The client that others wrote, PyPI's `netsuite`, against the account on a loopback port."""

import asyncio
import json
from typing import Any

import httpx2
import pytest
from netsuite import rest_api_base
from netsuite.config import Config, TokenAuth
from netsuite.exceptions import NetsuiteAPIRequestError
from netsuite.rest_api import NetSuiteRestApi


@pytest.fixture(autouse=True)
def _one_http_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """Authlib, which signs for this client, signs requests of httpx2 wherever that is installed, as it is here."""
    monkeypatch.setattr(rest_api_base, "httpx", httpx2)


class OnLoopback(NetSuiteRestApi):
    """The client derives its host from the account's id; here it is given."""

    base = ""

    def _make_url(self, subpath: str) -> str:
        return f"{self.base}/services/rest{subpath}"


def client_of(platform: dict[str, Any], **wrong: str) -> OnLoopback:
    keys = platform["credentials"] | wrong
    auth = TokenAuth(
        consumer_key=keys["consumer_key"],
        consumer_secret=keys["consumer_secret"],
        token_id=keys["token_key"],
        token_secret=keys["token_secret"],
    )
    client = OnLoopback(Config(account=keys["account"], auth=auth))
    client.base = platform["url"]
    return client


@pytest.fixture
def client(loopback: dict[str, Any]) -> OnLoopback:
    return client_of(loopback["platforms"]["netsuite"])


async def test_it_reads_several_pages_of_a_query(client: OnLoopback) -> None:
    seen: list[str] = []
    while True:
        q = "SELECT id, companyname FROM customer ORDER BY id"
        page = await client.suiteql(q, limit=10, offset=len(seen))
        seen += [item["id"] for item in page["items"]]
        if not page["hasMore"]:
            break
    assert len(seen) == page["totalResults"] > 30
    assert seen == sorted(seen, key=int)


async def test_it_passes_parameters(client: OnLoopback) -> None:
    found = await client.suiteql("SELECT id FROM customer WHERE companyname = ?", json={"params": ["O'Hara & Söhne"]})
    quoted = await client.suiteql("SELECT id FROM customer WHERE companyname = 'O''Hara & Söhne'")
    assert found["items"] == quoted["items"]


async def test_it_creates_upserts_changes_reads_and_deletes(client: OnLoopback) -> None:
    body = {"companyName": "Client By Others", "subsidiary": {"id": "1"}}
    assert await client.post("/record/v1/customer", json=body | {"externalId": "PYPI-1"}) is None
    created = await client.request("POST", "/record/v1/customer", json=body)
    assert created.status_code == 204
    key = created.headers["location"].rpartition("/")[2]
    assert created.headers["location"] == f"{client.base}/services/rest/record/v1/customer/{key}"
    for name in ("Put Once", "Put Twice"):
        assert await client.put("/record/v1/customer/eid:PYPI-2", json=body | {"companyName": name}) is None
    assert await client.patch("/record/v1/customer/eid:PYPI-2", json={"phone": "+44 20"}) is None
    found = await client.get("/record/v1/customer/eid:PYPI-2", params={"expandSubResources": "true"})
    assert (found["companyName"], found["phone"]) == ("Put Twice", "+44 20")
    listed = await client.get("/record/v1/customer", params={"q": 'externalId START_WITH "PYPI"', "limit": 10})
    assert listed["count"] == 2
    for name in (key, "eid:PYPI-1", "eid:PYPI-2"):
        assert await client.delete(f"/record/v1/customer/{name}") is None


async def test_it_reads_the_catalog(client: OnLoopback) -> None:
    assert "properties" in await client.jsonschema("customer")
    assert set((await client.openapi(["customer", "job"]))["components"]["schemas"]) == {"customer", "job"}


def error_of(raised: Any) -> dict[str, Any]:
    return json.loads(raised.value.response_text)["o:errorDetails"][0] | {"status": raised.value.status_code}


async def test_it_is_told_what_is_wrong(client: OnLoopback) -> None:
    with pytest.raises(NetsuiteAPIRequestError) as raised:
        await client.suiteql("SELECT id FROM customer LIMIT 5")
    assert (error_of(raised)["status"], error_of(raised)["o:errorCode"]) == (400, "INVALID_PARAMETER")
    with pytest.raises(NetsuiteAPIRequestError) as raised:
        await client.post("/record/v1/customer", json={"companyName": "X", "subsidiary": {"id": "1"}, "colour": "red"})
    assert (error_of(raised)["o:errorCode"], error_of(raised)["o:errorPath"]) == ("INVALID_CONTENT", "colour")
    with pytest.raises(NetsuiteAPIRequestError) as raised:
        await client.get("/record/v1/customer/1")
    assert (error_of(raised)["status"], error_of(raised)["o:errorCode"]) == (404, "NONEXISTENT_ID")


async def test_a_wrong_secret_is_no_login(loopback: dict[str, Any]) -> None:
    wrong = client_of(loopback["platforms"]["netsuite"], token_secret="wrong")
    with pytest.raises(NetsuiteAPIRequestError) as raised:
        await wrong.suiteql("SELECT id FROM customer")
    assert (error_of(raised)["status"], error_of(raised)["o:errorCode"]) == (401, "INVALID_LOGIN")


async def test_more_requests_at_once_than_the_pool_holds_are_refused_at_once(loopback: dict[str, Any]) -> None:
    """The second account has a pool of two and takes 40 ms over each request."""
    client = client_of(loopback["platforms"]["emea"])
    asked = [client.request("GET", "/system/v1/governanceLimits") for _ in range(6)]
    answers = await asyncio.gather(*asked)
    statuses = [answer.status_code for answer in answers]
    assert set(statuses) == {200, 429}
    refused = answers[statuses.index(429)].json()
    assert (refused["title"], refused["o:errorCode"]) == ("Too Many Requests", "USER_ERROR")
    assert refused["o:errorDetails"][0]["o:errorCode"] == "CONCURRENCY_LIMIT_EXCEEDED"
    assert "retry-after" not in answers[statuses.index(429)].headers
    served = answers[statuses.index(200)].json()
    assert served["accountConcurrencyLimit"] == 2
    assert (await client.get("/system/v1/governanceLimits")) == served
