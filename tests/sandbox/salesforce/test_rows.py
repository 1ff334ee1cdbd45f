"""Single records: created, read, changed, deleted, and what is refused."""

from datetime import date
from typing import Any

import pytest

from sandbox.firm.model import Firm
from sandbox.salesforce import SalesforcePlatform, build
from sandbox.salesforce.objects.contract import last_day

DEAL = {"Name": "Halden - ERP rollout", "StageName": "Proposal/Price Quote", "CloseDate": "2026-06-30"}


def any_id(org: SalesforcePlatform, entity: str = "Account") -> str:
    return next(iter(org.tables[entity].rows))


async def test_a_created_record_is_located_and_read_back_with_every_field(api: Any, org: SalesforcePlatform) -> None:
    account = any_id(org)
    body = b'{"name":"Halden","accountid":"%s","STAGENAME":"Qualification","CloseDate":"2026-06-30","Amount":480000.10}'
    answer = await api.send(
        "POST", "/sobjects/Opportunity/", content=body % account.encode(), headers={"Content-Type": "application/json"}
    )
    created = answer.json()
    assert answer.status_code == 201
    assert created == {"id": created["id"], "success": True, "errors": []}
    assert created["id"].startswith("006")
    assert answer.headers["Location"] == f"/services/data/v62.0/sobjects/Opportunity/{created['id']}"
    read = await api.send("GET", f"/sobjects/opportunity/{created['id'][:15]}")
    row = read.json()
    assert row["attributes"] == {"type": "Opportunity", "url": answer.headers["Location"]}
    assert b'"Amount":480000.1,' in read.content
    assert b'"ExpectedRevenue":48000.01,' in read.content
    assert (row["Probability"], row["IsClosed"], row["ForecastCategory"], row["Fiscal"]) == (
        10,
        False,
        "Pipeline",
        "2026 2",
    )
    assert row["Description"] is None
    assert row["CreatedDate"] == row["SystemModstamp"] == "2026-11-20T12:00:00.000+0000"


async def test_asked_fields_come_in_their_own_case(api: Any, org: SalesforcePlatform) -> None:
    row = (await api.send("GET", f"/sobjects/Account/{any_id(org)}?fields=name,ownerid")).json()
    assert list(row) == ["attributes", "Name", "OwnerId"]
    unknown = await api.send("GET", f"/sobjects/Account/{any_id(org)}?fields=Foo")
    assert (unknown.status_code, unknown.json()[0]["errorCode"]) == (400, "INVALID_FIELD")


async def test_an_address_is_written_in_parts_and_read_whole(api: Any, org: SalesforcePlatform) -> None:
    account = any_id(org)
    await api.send("PATCH", f"/sobjects/Account/{account}", json={"BillingStreet": "1 Quay", "BillingCity": "Bergen"})
    row = (await api.send("GET", f"/sobjects/Account/{account}?fields=BillingAddress")).json()
    assert (row["BillingAddress"]["street"], row["BillingAddress"]["city"]) == ("1 Quay", "Bergen")
    assert set(row["BillingAddress"]) == {
        "street", "city", "state", "postalCode", "country", "latitude", "longitude", "geocodeAccuracy",
    }  # fmt: skip


async def test_a_change_moves_the_stamps_and_clears_with_null_or_nothing(
    api: Any, org: SalesforcePlatform, clock: Any
) -> None:
    account = any_id(org)
    clock.advance(minutes=5)
    answer = await api.send("PATCH", f"/sobjects/Account/{account}", json={"Website": None, "Site": ""})
    assert (answer.status_code, answer.content) == (204, b"")
    row = (await api.send("GET", f"/sobjects/Account/{account}")).json()
    assert (row["Website"], row["Site"]) == (None, None)
    assert row["SystemModstamp"] == row["LastModifiedDate"] == "2026-11-20T12:05:00.000+0000"


@pytest.mark.parametrize(
    ("entity", "fields", "code", "named"),
    [
        ("Account", {"Site": "x"}, "REQUIRED_FIELD_MISSING", ["Name"]),
        ("Opportunity", {"Name": "x"}, "REQUIRED_FIELD_MISSING", ["StageName", "CloseDate"]),
        ("Account", {"Name": "x", "Foo": 1}, "INVALID_FIELD", None),
        ("Account", {"Name": "x" * 256}, "STRING_TOO_LONG", ["Name"]),
        ("Account", {"Name": "x", "CW_Status__c": "Odd"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", ["CW_Status__c"]),
        ("Account", {"Name": "x", "OwnerId": "nonsense"}, "MALFORMED_ID", ["OwnerId"]),
        ("Account", {"Name": "x", "OwnerId": "001000000000000AAA"}, "MALFORMED_ID", ["OwnerId"]),
        ("Account", {"Name": "x", "ParentId": "001000000000000AAA"}, "INVALID_CROSS_REFERENCE_KEY", ["ParentId"]),
        ("Account", {"Name": "x", "CreatedDate": "2026-01-01"}, "INVALID_FIELD_FOR_INSERT_UPDATE", ["CreatedDate"]),
        ("Account", {"Name": 5}, "JSON_PARSER_ERROR", None),
        ("Account", {"Name": "x", "NumberOfEmployees": 1.5}, "JSON_PARSER_ERROR", None),
        ("Opportunity", {**DEAL, "Amount": "plenty"}, "JSON_PARSER_ERROR", None),
        ("Opportunity", {**DEAL, "Amount": 10**17}, "NUMBER_OUTSIDE_VALID_RANGE", ["Amount"]),
        ("Opportunity", {**DEAL, "CloseDate": "tomorrow"}, "JSON_PARSER_ERROR", None),
        ("Opportunity", {**DEAL, "IsPrivate": None}, "JSON_PARSER_ERROR", None),
        ("Contact", {"LastName": "x", "Email": "nowhere"}, "INVALID_EMAIL_ADDRESS", ["Email"]),
        ("Contact", {"LastName": "x", "Name": "y"}, "INVALID_FIELD_FOR_INSERT_UPDATE", ["Name"]),
    ],
)
async def test_a_bad_record_is_refused_and_nothing_is_kept(
    api: Any, org: SalesforcePlatform, entity: str, fields: dict[str, Any], code: str, named: list[str] | None
) -> None:
    before = len(org.tables[entity])
    answer = await api.send("POST", f"/sobjects/{entity}", json=fields)
    (error,) = answer.json()
    assert (answer.status_code, error["errorCode"], error.get("fields")) == (400, code, named)
    assert len(org.tables[entity]) == before


async def test_an_id_in_the_body_of_a_change_is_refused(api: Any, org: SalesforcePlatform) -> None:
    answer = await api.send("PATCH", f"/sobjects/Account/{any_id(org)}", json={"Id": any_id(org)})
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "INVALID_FIELD_FOR_INSERT_UPDATE")


async def test_missing_and_deleted_records_are_404(api: Any, org: SalesforcePlatform) -> None:
    missing = await api.send("GET", "/sobjects/Account/001000000000000AAA")
    assert missing.status_code == 404
    assert missing.json() == [{"message": "The requested resource does not exist", "errorCode": "NOT_FOUND"}]
    malformed = await api.send("GET", "/sobjects/Account/nonsense")
    assert malformed.status_code == 404
    assert malformed.json()[0]["message"].endswith("does not exist or is not accessible: nonsense")
    assert (await api.send("GET", "/sobjects/Nothing/001000000000000AAA")).status_code == 404
    contact = any_id(org, "Contact")
    assert (await api.send("DELETE", f"/sobjects/Contact/{contact}")).status_code == 204
    gone = await api.send("DELETE", f"/sobjects/Contact/{contact}")
    assert (gone.status_code, gone.json()[0]["errorCode"]) == (404, "ENTITY_IS_DELETED")


async def test_deleting_an_account_takes_what_belongs_to_it_along(api: Any, org: SalesforcePlatform) -> None:
    parent, child = (org.create("Account", {"Name": name})["Id"] for name in ("Parent", "Child"))
    org.change("Account", child, {"ParentId": parent})
    contact = org.create("Contact", {"LastName": "Berg", "AccountId": parent})["Id"]
    contract = org.create("Contract", {"AccountId": parent})["Id"]
    assert (await api.send("DELETE", f"/sobjects/Account/{parent}")).status_code == 204
    assert org.show("Contact", contact) is None
    assert org.show("Contract", contract) is None
    kept = org.show("Account", child)
    assert kept is not None
    assert kept["ParentId"] is None


async def test_an_activated_contract_keeps_itself_and_its_account(
    api: Any, org: SalesforcePlatform, clock: Any
) -> None:
    account = org.create("Account", {"Name": "Owner"})["Id"]
    contact = org.create("Contact", {"LastName": "Berg", "AccountId": account})["Id"]
    early = await api.send("POST", "/sobjects/Contract", json={"AccountId": account, "Status": "Activated"})
    assert early.json()[0]["errorCode"] == "FIELD_INTEGRITY_EXCEPTION"
    fields = {"AccountId": account, "StartDate": "2026-01-01", "ContractTerm": 12}
    contract = (await api.send("POST", "/sobjects/Contract", json=fields)).json()["id"]
    row = (await api.send("GET", f"/sobjects/Contract/{contract}")).json()
    assert (row["Status"], row["StatusCode"], row["EndDate"]) == ("Draft", "Draft", "2026-12-31")
    assert row["ContractNumber"].isdigit()
    url = f"/sobjects/Contract/{contract}"
    assert (await api.send("PATCH", url, json={"Status": "Activated"})).status_code == 204
    row = (await api.send("GET", url)).json()
    assert (row["StatusCode"], row["ActivatedDate"]) == ("Activated", "2026-11-20T12:00:00.000+0000")
    assert (await api.send("PATCH", url, json={"Status": "Draft"})).json()[0][
        "errorCode"
    ] == "FIELD_INTEGRITY_EXCEPTION"
    assert (await api.send("DELETE", url)).status_code == 400
    assert (await api.send("DELETE", f"/sobjects/Account/{account}")).status_code == 400
    assert org.show("Contact", contact) is not None, "the refused deletion is undone as a whole"


async def test_a_parent_may_be_named_by_its_external_id(api: Any, org: SalesforcePlatform) -> None:
    account = org.create("Account", {"Name": "Halden", "CW_Key__c": "acct-h"})["Id"]
    body = {"LastName": "Berg", "Account": {"CW_Key__c": "acct-h"}}
    contact = (await api.send("POST", "/sobjects/Contact", json=body)).json()["id"]
    assert org.tables["Contact"].rows[contact]["AccountId"] == account
    unknown = await api.send("POST", "/sobjects/Contact", json={"LastName": "B", "Account": {"CW_Key__c": "none"}})
    assert unknown.json()[0]["errorCode"] == "INVALID_FIELD"


async def test_a_locked_record_fails_writes_to_it_and_below_it(api: Any, org: SalesforcePlatform) -> None:
    account = any_id(org)
    org.lock(account, times=2)
    direct = await api.send("PATCH", f"/sobjects/Account/{account}", json={"Site": "x"})
    below = await api.send("POST", "/sobjects/Contact", json={"LastName": "Berg", "AccountId": account})
    for refused in (direct, below):
        assert (refused.status_code, refused.json()[0]["errorCode"]) == (400, "UNABLE_TO_LOCK_ROW")
        assert refused.json()[0]["message"].endswith(account)
    assert (await api.send("PATCH", f"/sobjects/Account/{account}", json={"Site": "x"})).status_code == 204
    org.lock(account)
    assert (await api.send("DELETE", f"/sobjects/Account/{account}")).status_code == 400
    org.unlock(account)
    assert (await api.send("PATCH", f"/sobjects/Account/{account}", json={"Site": "y"})).status_code == 204


async def test_entity_tags_guard_accounts(api: Any, org: SalesforcePlatform) -> None:
    url = f"/sobjects/Account/{any_id(org)}"
    tag = (await api.send("GET", url)).headers["ETag"]
    assert tag.endswith('--gzip"')
    assert (await api.send("GET", url, headers={"If-None-Match": tag})).status_code == 304
    assert (await api.send("PATCH", url, json={"Site": "a"}, headers={"If-Match": tag})).status_code == 204
    stale = await api.send("PATCH", url, json={"Site": "b"}, headers={"If-Match": tag})
    assert (stale.status_code, stale.json()[0]["errorCode"]) == (412, "PRECONDITION_FAILED")
    contact = await api.send("GET", f"/sobjects/Contact/{any_id(org, 'Contact')}")
    assert "ETag" not in contact.headers


async def test_dates_guard_every_row_at_one_second(api: Any, org: SalesforcePlatform, clock: Any) -> None:
    contact = org.create("Contact", {"LastName": "Berg"})["Id"]
    url = f"/sobjects/Contact/{contact}"
    at, before = "Fri, 20 Nov 2026 12:00:00 GMT", "Fri, 20 Nov 2026 11:59:59 GMT"
    assert (await api.send("GET", url)).headers["Last-Modified"] == at
    assert (await api.send("GET", url, headers={"If-Modified-Since": at})).status_code == 304
    assert (await api.send("GET", url, headers={"If-Modified-Since": before})).status_code == 200
    clock.advance(milliseconds=900)
    assert (await api.send("PATCH", url, json={"Title": "a"}, headers={"If-Unmodified-Since": at})).status_code == 204
    assert (await api.send("PATCH", url, json={"Title": "b"}, headers={"If-Unmodified-Since": at})).status_code == 204
    late = await api.send("PATCH", url, json={"Title": "c"}, headers={"If-Unmodified-Since": before})
    assert late.status_code == 412
    unreadable = await api.send("PATCH", url, json={"Title": "d"}, headers={"If-Unmodified-Since": "yesterday"})
    assert unreadable.status_code == 400


async def test_the_duplicate_rule_is_off_unless_asked_for(api: Any, org: SalesforcePlatform) -> None:
    name = org.tables["Account"].rows[any_id(org)]["Name"]
    assert (await api.send("POST", "/sobjects/Account", json={"Name": name})).status_code == 201


async def test_likely_duplicates_are_told_and_may_be_allowed(firm: Firm, clock: Any, api_of: Any) -> None:
    org = build(firm, clock=clock, duplicate_rule=True)
    api = await api_of(org).login()
    account = any_id(org)
    body = {"Name": f" {org.tables['Account'].rows[account]['Name'].upper()}"}
    (error,) = (await api.send("POST", "/sobjects/Account", json=body)).json()
    assert (error["errorCode"], error["message"]) == ("DUPLICATES_DETECTED", "Use one of these records?")
    match = error["duplicateResult"]["matchResults"][0]["matchRecords"][0]
    assert (match["record"]["Id"], match["matchConfidence"]) == (account, 100.0)
    allowed = await api.send(
        "POST", "/sobjects/Account", json=body, headers={"Sforce-Duplicate-Rule-Header": "allowSave=true"}
    )
    assert allowed.status_code == 201


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        ("2026-01-01", 12, "2026-12-31"),
        ("2026-12-01", 1, "2026-12-31"),
        ("2026-03-15", 6, "2026-09-14"),
        ("2026-01-31", 1, "2026-02-28"),
        ("2024-02-29", 12, "2025-02-28"),
        ("2026-06-30", 0, "2026-06-29"),
    ],
)
def test_the_last_day_of_a_term(start: str, months: int, end: str) -> None:
    assert last_day(date.fromisoformat(start), months).isoformat() == end
