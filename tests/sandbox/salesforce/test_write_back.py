"""What is written back to the org: custom fields, invoices, a contract's steps; and writes under a condition."""

from typing import Any

import pytest

from sandbox.salesforce import SalesforcePlatform

INVOICE = {
    "Name": "INV-1001",
    "Status__c": "Posted",
    "Issue_Date__c": "2026-11-01",
    "Due_Date__c": "2026-12-01",
    "Total__c": 5760,
    "Paid__c": 0,
    "Balance__c": 5760,
    "Credited__c": 0,
    "CurrencyIsoCode": "GBP",
}
BY_KEY = "/sobjects/CW_Invoice__c/CW_Key__c/inv-1001"


def any_id(org: SalesforcePlatform, entity: str) -> str:
    return next(iter(org.tables[entity].rows))


@pytest.mark.parametrize(
    ("entity", "field", "value"),
    [
        ("Account", "CW_Sync_Status__c", "Synced"),
        ("Account", "CW_ERP_Customers__c", "netsuite:647\n" * 200),
        ("Opportunity", "CW_Sync_Status__c", "Synced"),
        ("Opportunity", "CW_Project__c", "P100001"),
        ("Opportunity", "CW_Project_URL__c", "https://psa.example/workspaces/1"),
        ("Contract", "CW_Sync_Status__c", "x" * 255),
        ("Contract", "CW_Project__c", "P100001"),
    ],
)
async def test_the_firms_own_fields_take_what_was_done(
    api: Any, org: SalesforcePlatform, entity: str, field: str, value: str
) -> None:
    url = f"/sobjects/{entity}/{any_id(org, entity)}"
    assert (await api.send("GET", f"{url}?fields={field}")).json()[field] is None
    assert (await api.send("PATCH", url, json={field: value})).status_code == 204
    assert (await api.send("GET", f"{url}?fields={field}")).json()[field] == value


@pytest.mark.parametrize(
    ("entity", "field", "longest"),
    [
        ("Account", "CW_Sync_Status__c", 255),
        ("Opportunity", "CW_Project__c", 40),
        ("Opportunity", "CW_Project_URL__c", 255),
        ("Contract", "CW_Project__c", 40),
    ],
)
async def test_longer_texts_are_refused(
    api: Any, org: SalesforcePlatform, entity: str, field: str, longest: int
) -> None:
    url = f"/sobjects/{entity}/{any_id(org, entity)}"
    assert (await api.send("PATCH", url, json={field: "x" * longest})).status_code == 204
    (error,) = (await api.send("PATCH", url, json={field: "x" * (longest + 1)})).json()
    assert error["errorCode"] == "STRING_TOO_LONG"


async def test_an_invoice_is_upserted_by_its_key_and_found_from_both_sides(api: Any, org: SalesforcePlatform) -> None:
    assert (await api.query("SELECT COUNT() FROM CW_Invoice__c")) == []
    contract = org.tables["Contract"].rows[any_id(org, "Contract")]
    body = {**INVOICE, "Account__c": contract["AccountId"], "Contract__c": contract["Id"]}
    first = await api.send("PATCH", BY_KEY, json=body)
    assert (first.status_code, first.json()["created"]) == (201, True)
    assert first.json()["id"].startswith("a03")
    again = await api.send("PATCH", BY_KEY, json={"Status__c": "Paid", "Paid__c": 5760.0, "Balance__c": 0})
    assert (again.status_code, again.json()) == (200, {**first.json(), "created": False})
    row = (await api.send("GET", BY_KEY)).json()
    assert (row["Name"], row["Status__c"], row["Total__c"], row["Balance__c"]) == ("INV-1001", "Paid", 5760.0, 0.0)
    assert (row["CurrencyIsoCode"], row["CW_Key__c"]) == ("GBP", "inv-1001")
    for entity, parent in (("Account", contract["AccountId"]), ("Contract", contract["Id"])):
        (above,) = await api.query(f"SELECT Id, (SELECT Name FROM CW_Invoices__r) FROM {entity} WHERE Id = '{parent}'")
        assert [each["Name"] for each in above["CW_Invoices__r"]["records"]] == ["INV-1001"]
    (below,) = await api.query("SELECT Account__r.Name, Contract__r.ContractNumber FROM CW_Invoice__c")
    assert below["Contract__r"]["ContractNumber"] == contract["ContractNumber"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"Name": None}, "REQUIRED_FIELD_MISSING"),
        ({"Status__c": "Lost"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        ({"Account__c": "001000000000000AAA"}, "INVALID_CROSS_REFERENCE_KEY"),
        ({"Total__c": "plenty"}, "JSON_PARSER_ERROR"),
    ],
)
async def test_a_wrong_invoice_is_refused(api: Any, org: SalesforcePlatform, change: dict[str, Any], code: str) -> None:
    refused = await api.send("PATCH", BY_KEY, json={**INVOICE, **change})
    assert (refused.status_code, refused.json()[0]["errorCode"]) == (400, code)
    assert len(org.tables["CW_Invoice__c"]) == 0


async def test_invoices_outlive_their_contract(api: Any, org: SalesforcePlatform) -> None:
    account = org.create("Account", {"Name": "Halden"})["Id"]
    contract = org.create("Contract", {"AccountId": account})["Id"]
    invoice = org.create("CW_Invoice__c", {**INVOICE, "Account__c": account, "Contract__c": contract})["Id"]
    assert (await api.send("DELETE", f"/sobjects/Contract/{contract}")).status_code == 204
    row = (await api.send("GET", f"/sobjects/CW_Invoice__c/{invoice}")).json()
    assert (row["Contract__c"], row["Account__c"]) == (None, account)


async def test_a_contract_goes_from_draft_by_approval_to_activation(
    api: Any, org: SalesforcePlatform, clock: Any
) -> None:
    account = any_id(org, "Account")
    made = await api.send("PATCH", "/sobjects/Contract/CW_Key__c/ctr-1", json={"AccountId": account})
    url = f"/sobjects/Contract/{made.json()['id']}"
    seen = []
    for status in ("In Approval Process", "Approved", "Activated"):
        clock.advance(minutes=30)
        assert (await api.send("PATCH", url, json={"Status": status})).status_code == 204
        row = (await api.send("GET", url)).json()
        seen.append((row["StatusCode"], row["LastApprovedDate"], row["ActivatedDate"]))
    approved, activated = "2026-11-20T13:00:00.000+0000", "2026-11-20T13:30:00.000+0000"
    assert seen == [
        ("InApproval", None, None),
        ("InApproval", approved, None),
        ("Activated", approved, activated),
    ]
    for status in ("Draft", "In Approval Process", "Approved"):
        refused = await api.send("PATCH", url, json={"Status": status, "Description": "back"})
        assert (refused.status_code, refused.json()[0]["errorCode"]) == (400, "FIELD_INTEGRITY_EXCEPTION")
    assert (await api.send("GET", url)).json()["Description"] is None
    assert (await api.send("PATCH", url, json={"Status": "Terminated"})).status_code == 204


@pytest.mark.parametrize("status", ["In Approval Process", "Approved", "Activated", "Expired"])
async def test_a_contract_begins_as_a_draft(api: Any, org: SalesforcePlatform, status: str) -> None:
    body = {"AccountId": any_id(org, "Account"), "Status": status}
    refused = await api.send("POST", "/sobjects/Contract", json=body)
    assert (refused.status_code, refused.json()[0]["errorCode"]) == (400, "FIELD_INTEGRITY_EXCEPTION")


async def test_a_status_the_firm_has_not_is_refused(api: Any, org: SalesforcePlatform) -> None:
    url = f"/sobjects/Contract/{any_id(org, 'Contract')}"
    refused = await api.send("PATCH", url, json={"Status": "Signed"})
    assert refused.json()[0]["errorCode"] == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"


@pytest.mark.parametrize("entity", ["Account", "Opportunity", "Contract", "CW_Invoice__c"])
async def test_a_write_under_a_condition_loses_to_an_earlier_change(
    api: Any, org: SalesforcePlatform, clock: Any, entity: str
) -> None:
    if entity == "CW_Invoice__c":
        org.create(entity, INVOICE)
    field = "Status__c" if entity == "CW_Invoice__c" else "CW_Sync_Status__c"
    url = f"/sobjects/{entity}/{any_id(org, entity)}"
    read = {"If-Unmodified-Since": (await api.send("GET", url)).headers["Last-Modified"]}
    clock.advance(seconds=1)
    assert (await api.send("PATCH", url, json={field: "Draft"}, headers=read)).status_code == 204
    stale = await api.send("PATCH", url, json={field: "Sent"}, headers=read)
    assert (stale.status_code, stale.json()[0]["errorCode"]) == (412, "PRECONDITION_FAILED")
    assert (await api.send("GET", url)).json()[field] == "Draft"


async def test_a_condition_holds_within_a_composite(api: Any, org: SalesforcePlatform, clock: Any) -> None:
    contact = any_id(org, "Contact")
    url = f"/services/data/v62.0/sobjects/Contact/{contact}"
    read = {"If-Unmodified-Since": (await api.send("GET", f"/sobjects/Contact/{contact}")).headers["Last-Modified"]}
    clock.advance(seconds=1)
    part = {"method": "PATCH", "url": url, "referenceId": "one", "httpHeaders": read, "body": {"Title": "a"}}
    body = {"compositeRequest": [part, {**part, "referenceId": "two"}]}
    done = (await api.send("POST", "/composite", json=body)).json()["compositeResponse"]
    assert [each["httpStatusCode"] for each in done] == [204, 412]
