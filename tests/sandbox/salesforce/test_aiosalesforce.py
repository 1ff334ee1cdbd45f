"""The emulated org through aiosalesforce, a client that others wrote, over a loopback port."""

from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from aiosalesforce import Salesforce
from aiosalesforce.auth import ClientCredentialsFlow, JwtBearerFlow
from aiosalesforce.exceptions import (
    AuthenticationError,
    DuplicatesDetectedError,
    MoreThanOneRecordError,
    NotFoundError,
    RequestLimitExceededError,
    SalesforceError,
)
from aiosalesforce.retries import RetryPolicy
from aiosalesforce.retries.rules import ResponseRule

from sandbox.firm.model import Firm
from sandbox.salesforce import SalesforcePlatform, build


class ToLoopback(httpx.AsyncHTTPTransport):
    """The client insists on https and on my.salesforce.com; this sends its requests to the emulator instead."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._loopback = httpx.URL(url)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.url = request.url.copy_with(scheme="http", host=self._loopback.host, port=self._loopback.port)
        return await super().handle_async_request(request)


@pytest.fixture(scope="module")
def served(
    firm: Firm, new_clock: Callable[[], Any], on_loopback: Callable[..., Any]
) -> Iterator[tuple[SalesforcePlatform, str]]:
    """An org whose queries come in pages of 15 rows, and its URL; one server for the whole file."""
    org = build(firm, clock=new_clock(), query_page=15, duplicate_rule=True)
    with on_loopback(org) as url:
        yield org, url


@pytest.fixture
def paged(served: tuple[SalesforcePlatform, str]) -> SalesforcePlatform:
    """The org as it was generated."""
    served[0].reset()
    return served[0]


@pytest.fixture
async def http(served: tuple[SalesforcePlatform, str]) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=ToLoopback(served[1])) as client:
        yield client


@pytest.fixture
def salesforce(http: httpx.AsyncClient, paged: SalesforcePlatform) -> Salesforce:
    flow = ClientCredentialsFlow(paged.credentials["client_id"], paged.credentials["client_secret"])
    return Salesforce(http, "https://acme.my.salesforce.com", flow, version="62.0", retry_policy=None)


async def test_wrong_credentials_are_an_authentication_error(http: httpx.AsyncClient) -> None:
    salesforce = Salesforce(http, "https://acme.my.salesforce.com", ClientCredentialsFlow("nobody", "x"))
    with pytest.raises(AuthenticationError, match="invalid_client_id"):
        await salesforce.get_limits()


async def test_a_query_is_followed_to_its_end(salesforce: Salesforce, firm: Firm) -> None:
    rows = [row async for row in salesforce.query("SELECT AccountNumber FROM Account ORDER BY Name")]
    assert sorted(row["AccountNumber"] for row in rows) == sorted(client.number for client in firm.clients)


async def test_deleted_rows_are_seen_when_asked_for(salesforce: Salesforce) -> None:
    contact = await salesforce.sobject.create("Contact", {"LastName": "Gone"})
    await salesforce.sobject.delete("Contact", contact)
    soql = f"SELECT Id FROM Contact WHERE Id = '{contact}'"
    assert [row async for row in salesforce.query(soql)] == []
    assert [row["Id"] async for row in salesforce.query(soql, include_all_records=True)] == [contact]


async def test_a_record_is_created_read_and_changed(salesforce: Salesforce) -> None:
    contact = await salesforce.sobject.create("Contact", {"LastName": "Berg"})
    await salesforce.sobject.update("Contact", contact, {"Title": "Head"})
    read = await salesforce.sobject.get("Contact", contact, fields=["Name", "Title"])
    assert (read["Name"], read["Title"]) == ("Berg", "Head")


async def test_an_upsert_tells_whether_it_created(salesforce: Salesforce) -> None:
    first = await salesforce.sobject.upsert("Account", "a-1", "CW_Key__c", {"Name": "Halden", "CW_Key__c": "a-1"})
    again = await salesforce.sobject.upsert("Account", "a-1", "CW_Key__c", {"Site": "Bergen"})
    assert (first.created, again.created, again.id) == (True, False, first.id)
    read = await salesforce.sobject.get("Account", "a-1", external_id_field="CW_Key__c")
    assert read["Site"] == "Bergen"


async def test_a_composite_refers_to_earlier_answers(salesforce: Salesforce) -> None:
    async with salesforce.composite(all_or_none=True) as composite:
        account = composite.sobject.create("Account", {"Name": "Halden"})
        contact = composite.sobject.create("Contact", {"LastName": "Berg", "AccountId": str(account.reference.id)})
        query = composite.query(f"SELECT LastName FROM Contact WHERE AccountId = '{account.reference.id}'")
    assert account.is_success
    assert contact.is_success
    assert [row["LastName"] for row in query.records] == ["Berg"]


async def test_a_batch_of_independent_requests(salesforce: Salesforce, paged: SalesforcePlatform) -> None:
    known = next(iter(paged.tables["Account"].rows))
    async with salesforce.composite.batch() as batch:
        read = batch.sobject.get("Account", known, fields=["Name"])
        count = batch.query("SELECT Id FROM User LIMIT 1")
    assert read.record["Name"] == paged.tables["Account"].rows[known]["Name"]
    assert len(count.records) == 1


async def test_limits_are_read(salesforce: Salesforce) -> None:
    assert (await salesforce.get_limits())["DailyApiRequests"]["Max"] == 5_000_000


async def test_an_expired_session_is_renewed(salesforce: Salesforce, paged: SalesforcePlatform) -> None:
    await salesforce.get_limits()
    paged.expire_sessions()
    await salesforce.get_limits()


async def test_a_private_key_logs_in(firm: Firm, on_loopback: Callable[..., Any], tmp_path: Any) -> None:
    org = build(firm, clock=lambda: datetime.now(UTC))  # the client signs with the machine's time
    key_file = tmp_path / "key.pem"
    key_file.write_text(org.credentials["private_key"])
    flow = JwtBearerFlow(org.credentials["client_id"], org.credentials["username"], key_file)
    with on_loopback(org) as url:
        async with httpx.AsyncClient(transport=ToLoopback(url)) as client:
            assert await Salesforce(client, "https://acme.my.salesforce.com", flow).get_limits()


async def test_refusals_are_told_apart(
    salesforce: Salesforce, paged: SalesforcePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(NotFoundError):
        await salesforce.sobject.get("Account", "001000000000000AAA")
    with pytest.raises(SalesforceError, match="MALFORMED_QUERY"):
        _ = [row async for row in salesforce.query("SELECT Id FORM Account")]
    table = paged.tables["Account"]
    known = next(iter(table))
    with pytest.raises(DuplicatesDetectedError) as duplicates:
        await salesforce.sobject.create("Account", {"Name": known["Name"]})
    assert known["Id"] in [each["id"] for each in duplicates.value.duplicates]
    for record_id in list(table.rows)[:2]:
        table.update(record_id, {"CW_Key__c": "twice"})
    with pytest.raises(MoreThanOneRecordError):
        await salesforce.sobject.get("Account", "twice", external_id_field="CW_Key__c")
    monkeypatch.setattr(paged.instance.quota, "daily_requests", paged.instance.quota.used)
    with pytest.raises(RequestLimitExceededError):
        await salesforce.get_limits()


async def test_a_locked_row_is_tried_again(http: httpx.AsyncClient, paged: SalesforcePlatform) -> None:
    account = next(iter(paged.tables["Account"].rows))
    policy = RetryPolicy(
        response_rules=[ResponseRule(lambda answer: "UNABLE_TO_LOCK_ROW" in answer.text, max_retries=3)],
        backoff_base=0.001,
        backoff_max=0.001,
    )
    flow = ClientCredentialsFlow(paged.credentials["client_id"], paged.credentials["client_secret"])
    salesforce = Salesforce(http, "https://acme.my.salesforce.com", flow, version="62.0", retry_policy=policy)
    paged.lock(account, times=2)
    await salesforce.sobject.update("Account", account, {"Site": "third time"})
    assert paged.tables["Account"].rows[account]["Site"] == "third time"
