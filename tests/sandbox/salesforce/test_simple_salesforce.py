"""The emulated org through simple-salesforce, a client that others wrote, over a loopback port."""

import csv
import io
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import (
    SalesforceAuthenticationFailed,
    SalesforceExpiredSession,
    SalesforceMalformedRequest,
    SalesforceMoreThanOneRecord,
    SalesforceRefusedRequest,
    SalesforceResourceNotFound,
)

from sandbox.firm.model import Firm
from sandbox.salesforce import SalesforcePlatform, build


class ToLoopback(HTTPAdapter):
    """The client insists on https and on salesforce.com; this sends its requests to the emulator instead."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._authority = urlsplit(url).netloc

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        request.url = urlsplit(str(request.url))._replace(scheme="http", netloc=self._authority).geturl()
        return super().send(request, *args, **kwargs)


def session_to(url: str) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.mount("https://", ToLoopback(url))
    return session


@pytest.fixture(scope="module")
def served(
    firm: Firm, new_clock: Callable[[], Any], on_loopback: Callable[..., Any]
) -> Iterator[tuple[SalesforcePlatform, str]]:
    """An org whose queries come in pages of 15 rows, and its URL; one server for the whole file."""
    org = build(firm, clock=new_clock(), query_page=15, bulk_polls=0)
    with on_loopback(org) as url:
        yield org, url


@pytest.fixture
def paged(served: tuple[SalesforcePlatform, str]) -> SalesforcePlatform:
    """The org as it was generated."""
    served[0].reset()
    return served[0]


@pytest.fixture
def url(served: tuple[SalesforcePlatform, str]) -> str:
    return served[1]


@pytest.fixture
def salesforce(url: str, paged: SalesforcePlatform) -> Salesforce:
    return Salesforce(
        consumer_key=paged.credentials["client_id"],
        consumer_secret=paged.credentials["client_secret"],
        domain="acme.my",
        session=session_to(url),
        version="62.0",
    )


def test_wrong_credentials_fail_to_log_in(url: str, paged: SalesforcePlatform) -> None:
    with pytest.raises(SalesforceAuthenticationFailed, match="invalid_client"):
        Salesforce(
            consumer_key=paged.credentials["client_id"],
            consumer_secret="wrong",
            domain="acme.my",
            session=session_to(url),
        )


def test_a_private_key_logs_in(firm: Firm, on_loopback: Callable[..., Any]) -> None:
    org = build(firm, clock=lambda: datetime.now(UTC))  # the client signs with the machine's time
    with on_loopback(org) as url:
        salesforce = Salesforce(
            username=org.credentials["username"],
            consumer_key=org.credentials["client_id"],
            privatekey=org.credentials["private_key"],
            session=session_to(url),
            version="62.0",
        )
        assert salesforce.query("SELECT COUNT() FROM Account")["totalSize"] == len(firm.clients)


def test_query_all_follows_the_pages_to_the_end(salesforce: Salesforce, firm: Firm) -> None:
    result = salesforce.query_all("SELECT AccountNumber, Owner.Name FROM Account ORDER BY AccountNumber")
    assert (result["totalSize"], result["done"]) == (40, True)
    assert [row["AccountNumber"] for row in result["records"]] == sorted(client.number for client in firm.clients)
    assert all(row["Owner"]["Name"] for row in result["records"])
    first = salesforce.query("SELECT Id FROM Account")
    assert not first["done"]
    assert len(salesforce.query_more(first["nextRecordsUrl"], identifier_is_url=True)["records"]) == 15


def test_a_record_is_created_read_changed_and_deleted(salesforce: Salesforce) -> None:
    created = salesforce.Contact.create({"LastName": "O'Hara", "Email": "o@example.com"})
    assert created["success"]
    contact = salesforce.Contact.get(created["id"])
    assert (contact["Name"], contact["attributes"]["type"]) == ("O'Hara", "Contact")
    assert salesforce.Contact.update(created["id"], {"Title": "Head"}) == 204
    assert salesforce.Contact.get(created["id"])["Title"] == "Head"
    assert salesforce.Contact.delete(created["id"]) == 204
    with pytest.raises(SalesforceResourceNotFound):
        salesforce.Contact.get(created["id"])


def test_an_upsert_creates_once(salesforce: Salesforce) -> None:
    assert salesforce.Account.upsert("CW_Key__c/acct-12", {"Name": "Halden"}) == 201
    assert salesforce.Account.upsert("CW_Key__c/acct-12", {"Site": "Bergen"}) == 200
    found = salesforce.Account.get_by_custom_id("CW_Key__c", "acct-12")
    assert (found["Name"], found["Site"]) == ("Halden", "Bergen")


def test_feeds_tell_changes_and_deletions(salesforce: Salesforce, paged: SalesforcePlatform) -> None:
    clock: Any = paged.stamps._clock
    start = clock()
    account = salesforce.Account.create({"Name": "Halden"})["id"]
    contact = salesforce.Contact.create({"LastName": "Berg"})["id"]
    salesforce.Contact.delete(contact)
    clock.advance(minutes=5)
    assert salesforce.Account.updated(start, start + timedelta(minutes=3))["ids"] == [account]
    deleted = salesforce.Contact.deleted(start, start + timedelta(minutes=3))["deletedRecords"]
    assert [each["id"] for each in deleted] == [contact]


def test_limits_and_usage_are_understood(salesforce: Salesforce) -> None:
    limits = salesforce.limits()
    assert limits["DailyApiRequests"] == {"Max": 5_000_000, "Remaining": 4_999_999}
    assert salesforce.api_usage["api-usage"].used == 1
    assert salesforce.api_usage["api-usage"].total == 5_000_000


def test_describe_and_metadata_are_understood(salesforce: Salesforce) -> None:
    described = salesforce.describe()
    assert described is not None
    assert "Account" in [each["name"] for each in described["sobjects"]]
    fields = [each["name"] for each in salesforce.Account.describe()["fields"]]
    assert fields[0] == "Id"
    assert salesforce.Account.metadata()["objectDescribe"]["keyPrefix"] == "001"


def test_a_composite_is_one_call(salesforce: Salesforce) -> None:
    steps = [
        {
            "method": "POST",
            "url": "/services/data/v62.0/sobjects/Account",
            "referenceId": "acc",
            "body": {"Name": "Halden"},
        },
        {
            "method": "POST",
            "url": "/services/data/v62.0/sobjects/Contact",
            "referenceId": "con",
            "body": {"LastName": "Berg", "AccountId": "@{acc.id}"},
        },
    ]
    answer = salesforce.restful("composite", method="POST", json={"allOrNone": True, "compositeRequest": steps})
    assert [each["httpStatusCode"] for each in answer["compositeResponse"]] == [201, 201]


def test_ids_are_read_in_one_batch(salesforce: Salesforce, paged: SalesforcePlatform) -> None:
    ids = list(paged.tables["Account"].rows)
    rows = salesforce.restful("composite/sobjects/Account", method="POST", json={"ids": ids, "fields": ["Id", "Name"]})
    assert [row["Id"] for row in rows] == ids


def test_a_bulk_query_is_read_in_two_pages(salesforce: Salesforce, firm: Firm) -> None:
    pages = list(salesforce.bulk2.Account.query("SELECT Id, Name FROM Account", max_records=25, wait=0))
    rows = [row for page in pages for row in csv.DictReader(io.StringIO(str(page)))]
    assert len(pages) == 2
    assert {row["Name"] for row in rows} == {client.crm_name for client in firm.clients}


def test_an_expired_session_is_renewed_without_a_word(salesforce: Salesforce, paged: SalesforcePlatform) -> None:
    before = salesforce.session_id
    paged.expire_sessions()
    assert salesforce.query("SELECT COUNT() FROM Account")["totalSize"] == 40
    assert salesforce.session_id != before


def test_a_given_session_that_expired_is_an_error(url: str, paged: SalesforcePlatform) -> None:
    salesforce = Salesforce(instance_url=url, session_id="gone", session=session_to(url), version="62.0")
    with pytest.raises(SalesforceExpiredSession):
        salesforce.limits()


def test_refusals_are_told_apart(
    salesforce: Salesforce, paged: SalesforcePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SalesforceMalformedRequest) as malformed:
        salesforce.query("SELECT Id FORM Account")
    assert malformed.value.content[0]["errorCode"] == "MALFORMED_QUERY"
    with pytest.raises(SalesforceResourceNotFound):
        salesforce.Account.get("001000000000000AAA")
    table = paged.tables["Account"]
    for record_id in list(table.rows)[:2]:
        table.update(record_id, {"CW_Key__c": "twice"})
    with pytest.raises(SalesforceMoreThanOneRecord):
        salesforce.Account.get_by_custom_id("CW_Key__c", "twice")
    monkeypatch.setattr(paged.instance.quota, "daily_requests", paged.instance.quota.used)
    with pytest.raises(SalesforceRefusedRequest) as refused:
        salesforce.limits()
    assert refused.value.content[0]["errorCode"] == "REQUEST_LIMIT_EXCEEDED"
