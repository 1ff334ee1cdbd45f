"""What changed, what was deleted, and everything at once as CSV."""

import csv
import io
from typing import Any

import pytest

from sandbox.firm.model import Firm
from sandbox.salesforce import SalesforcePlatform

SPAN = {"start": "2026-11-20T12:00:00+00:00", "end": "2026-11-20T12:10:30Z"}


async def test_updated_and_deleted_tell_what_happened_within_a_span(
    api: Any, org: SalesforcePlatform, clock: Any
) -> None:
    changed, gone = org.create("Account", {"Name": "A"})["Id"], org.create("Account", {"Name": "B"})["Id"]
    clock.advance(minutes=5)
    org.change("Account", changed, {"Site": "x"})
    org.remove("Account", gone)
    clock.advance(minutes=10)
    updated = (await api.send("GET", "/sobjects/Account/updated/", params=SPAN)).json()
    assert updated == {"ids": [changed], "latestDateCovered": "2026-11-20T12:10:00.000+0000"}
    deleted = (await api.send("GET", "/sobjects/Account/deleted/", params=SPAN)).json()
    assert deleted["deletedRecords"] == [{"id": gone, "deletedDate": "2026-11-20T12:05:00.000+0000"}]
    assert deleted["earliestDateAvailable"] == "2026-11-05T12:15:00.000+0000"
    assert (await api.send("GET", "/sobjects/Contact/updated", params=SPAN)).json()["ids"] == []


@pytest.mark.parametrize(
    ("feed", "start", "end"),
    [
        ("updated", "2026-10-20T00:00:00Z", "2026-11-20T00:00:00Z"),
        ("deleted", "2026-11-04T00:00:00Z", "2026-11-20T00:00:00Z"),
        ("updated", "2026-11-20T00:00:00Z", "2026-11-20T00:00:30Z"),
        ("updated", "yesterday", "2026-11-20T00:00:30Z"),
        ("updated", "2026-11-20", "2026-11-21"),
    ],
)
async def test_spans_that_reach_too_far_back_or_are_none_are_refused(api: Any, feed: str, start: str, end: str) -> None:
    answer = await api.send("GET", f"/sobjects/Account/{feed}", params={"start": start, "end": end})
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "INVALID_REPLICATION_DATE")
    missing = await api.send("GET", f"/sobjects/Account/{feed}", params={"start": start})
    assert missing.status_code == 400


async def test_a_bulk_query_runs_to_its_end_in_pages(api: Any, firm: Firm) -> None:
    soql = "SELECT Name, Owner.Name, IsDeleted, ParentId, CreatedDate FROM Account ORDER BY Name, Id"
    created = await api.send("POST", "/jobs/query", json={"operation": "query", "query": soql})
    job = created.json()
    assert (job["state"], job["object"], job["apiVersion"], job["columnDelimiter"]) == (
        "UploadComplete", "Account", 62.0, "COMMA",
    )  # fmt: skip
    url = f"/jobs/query/{job['id']}"
    assert (await api.send("GET", f"{url}/results")).status_code == 400
    assert (await api.send("GET", url)).json()["state"] == "InProgress"
    done = (await api.send("GET", url)).json()
    assert (done["state"], done["jobType"], done["numberRecordsProcessed"]) == ("JobComplete", "V2Query", 40)
    rows: list[dict[str, str]] = []
    locator = ""
    while locator != "null":
        page = await api.send("GET", f"{url}/results", params={"maxRecords": "15", "locator": locator})
        assert page.headers["Content-Type"].startswith("text/csv")
        part = list(csv.DictReader(io.StringIO(page.text)))
        assert page.headers["Sforce-NumberOfRecords"] == str(len(part))
        rows += part
        locator = page.headers["Sforce-Locator"]
    assert sorted(row["Name"] for row in rows) == sorted(client.crm_name for client in firm.clients)
    assert rows[0]["Owner.Name"]
    assert rows[0]["IsDeleted"] == "false"
    assert rows[0]["CreatedDate"].endswith(".000Z")
    assert "" in {row["ParentId"] for row in rows}
    assert page.text.startswith('"Name","Owner.Name"')
    assert (await api.send("GET", f"{url}/results?locator=nonsense")).status_code == 400
    assert (await api.send("DELETE", url)).status_code == 204
    assert (await api.send("GET", url)).status_code == 404


async def test_a_bulk_query_can_be_aborted_and_shaped(api: Any) -> None:
    asked = {
        "operation": "queryAll", "query": "SELECT Id, Name FROM User", "columnDelimiter": "PIPE", "lineEnding": "CRLF",
    }  # fmt: skip
    job = (await api.send("POST", "/jobs/query", json=asked)).json()
    aborted = await api.send("PATCH", f"/jobs/query/{job['id']}", json={"state": "Aborted"})
    assert aborted.json()["state"] == "Aborted"
    job = (await api.send("POST", "/jobs/query", json=asked)).json()
    for _ in range(2):
        await api.send("GET", f"/jobs/query/{job['id']}")
    results = await api.send("GET", f"/jobs/query/{job['id']}/results")
    assert results.content.startswith(b'"Id"|"Name"\r\n')


@pytest.mark.parametrize(
    ("soql", "code"),
    [
        ("SELECT COUNT(Id) FROM Account", "API_ERROR"),
        ("SELECT Industry FROM Account GROUP BY Industry", "API_ERROR"),
        ("SELECT Id, (SELECT Id FROM Contacts) FROM Account", "API_ERROR"),
        ("SELECT Id FROM Account OFFSET 1", "API_ERROR"),
        ("SELECT BillingAddress FROM Account", "API_ERROR"),
        ("SELECT Foo FROM Account", "INVALID_FIELD"),
        ("SELECT Id FORM Account", "MALFORMED_QUERY"),
    ],
)
async def test_what_bulk_can_not_answer_is_refused(api: Any, soql: str, code: str) -> None:
    answer = await api.send("POST", "/jobs/query", json={"operation": "query", "query": soql})
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, code)
