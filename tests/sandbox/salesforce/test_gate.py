"""What every request passes: versions, sizes, media types, quota, concurrency."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from sandbox.firm.model import Firm
from sandbox.salesforce import SalesforcePlatform, build


async def test_versions_are_told_to_anybody(api: Any) -> None:
    for path in ("/services/data", "/services/data/"):
        versions = (await api.client.get(path)).json()
        assert {"label": "Winter '25", "url": "/services/data/v62.0", "version": "62.0"} in versions
        assert {"label": "Winter '27", "url": "/services/data/v68.0", "version": "68.0"} in versions


@pytest.mark.parametrize(
    ("version", "status"), [("v31.0", 200), ("v68.0", 200), ("v69.0", 404), ("v20.0", 410), ("v62.5", 404)]
)
async def test_any_listed_version_answers(api: Any, version: str, status: int) -> None:
    assert (await api.send("GET", f"/services/data/{version}/limits")).status_code == status


@pytest.mark.parametrize("path", ["/sobjects/", "/sobjects/Account/", "/query/?q=SELECT+Id+FROM+User", "/limits/", "/"])
async def test_trailing_slashes_are_accepted(api: Any, path: str) -> None:
    assert (await api.send("GET", path)).status_code == 200


async def test_unknown_paths_and_methods_answer_in_the_vendors_shape(api: Any) -> None:
    unknown = await api.send("GET", "/nothing/here")
    assert (unknown.status_code, unknown.json()[0]["errorCode"]) == (404, "NOT_FOUND")
    wrong = await api.send("PUT", "/sobjects/Account/001000000000001AAA", json={})
    assert (wrong.status_code, wrong.json()[0]["errorCode"]) == (405, "METHOD_NOT_ALLOWED")


async def test_a_uri_beyond_16_kilobytes_is_too_long(api: Any, org: SalesforcePlatform) -> None:
    ids = next(iter(org.tables["Account"].rows))
    fits = "','".join([ids] * 640)
    answer = await api.send("GET", "/query", params={"q": f"SELECT Id FROM Account WHERE Id IN ('{fits}')"})
    assert answer.status_code == 414
    headers = await api.send("GET", "/limits", headers={"X-Padding": "x" * 17_000})
    assert headers.status_code == 431


async def test_only_json_bodies_are_read(api: Any) -> None:
    answer = await api.send("POST", "/sobjects/Account", content=b"<x/>", headers={"Content-Type": "text/xml"})
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (415, "UNSUPPORTED_MEDIA_TYPE")
    for body in (b"{", b"[]", b'"x"', b"\xff", b"null", b"[" * 100_000):
        answer = await api.send("POST", "/sobjects/Account", content=body, headers={"Content-Type": "application/json"})
        assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "JSON_PARSER_ERROR")


async def test_every_answer_tells_the_usage(api: Any) -> None:
    first = await api.send("GET", "/limits")
    second = await api.send("GET", "/sobjects/Nothing")
    assert first.headers["Sforce-Limit-Info"] == "api-usage=1/5000000"
    assert second.headers["Sforce-Limit-Info"] == "api-usage=2/5000000"


async def test_a_used_up_day_is_403_until_the_window_rolls(
    firm: Firm, clock: Any, api_of: Callable[[SalesforcePlatform], Any]
) -> None:
    org = build(firm, clock=clock, daily_requests=3, session_seconds=10**6)
    api = await api_of(org).login()
    statuses = [(await api.send("GET", "/limits")).status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 403]
    refused = await api.send("GET", "/limits")
    assert refused.json()[0] == {"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}
    assert refused.headers["Sforce-Limit-Info"] == "api-usage=3/3"
    clock.advance(hours=24)
    limits = (await api.send("GET", "/limits")).json()
    assert limits["DailyApiRequests"] == {"Max": 3, "Remaining": 2}
    asked = org.rate_limited()
    assert (asked.status_code, asked.headers["Sforce-Limit-Info"]) == (403, "api-usage=3/3")
    assert b"REQUEST_LIMIT_EXCEEDED" in bytes(asked.body)


async def test_requests_beyond_the_concurrent_limit_are_refused(
    firm: Firm, clock: Any, api_of: Callable[[SalesforcePlatform], Any]
) -> None:
    api = await api_of(build(firm, clock=clock, concurrent_requests=2, response_ms=5)).login()
    answers = await asyncio.gather(*(api.send("GET", "/limits") for _ in range(5)))
    assert sorted(each.status_code for each in answers) == [200, 200, 403, 403, 403]
    refused = next(each for each in answers if each.status_code == 403)
    assert refused.json()[0]["message"] == "ConcurrentPerOrgLongTxn Limit exceeded."
    assert (await api.send("GET", "/limits")).status_code == 200


async def test_patch_may_be_tunnelled_through_post(api: Any, org: SalesforcePlatform) -> None:
    account = next(iter(org.tables["Account"].rows))
    answer = await api.send("POST", f"/sobjects/Account/{account}?_HttpMethod=PATCH", json={"Site": "tunnel"})
    assert answer.status_code == 204
    assert org.tables["Account"].rows[account]["Site"] == "tunnel"


async def test_limits_and_record_counts(api: Any, firm: Firm) -> None:
    limits = (await api.send("GET", "/limits")).json()
    assert limits["DailyBulkV2QueryJobs"] == {"Max": 10000, "Remaining": 10000}
    counts = (await api.send("GET", "/limits/recordCount?sObjects=Account,Nothing")).json()
    assert counts == {"sObjects": [{"count": len(firm.clients), "name": "Account"}]}


def test_options_out_of_range_are_refused(firm: Firm, clock: Any) -> None:
    with pytest.raises(ValueError, match="query_page must be at least 1"):
        build(firm, clock=clock, query_page=0)
