"""The record API: reading, listing, filtering, and entities written."""

from typing import Any

import pytest

RECORD = "/services/rest/record/v1"
HOST = "https://1234567-sb1.suitetalk.api.netsuite.com"
HARBOR: dict[str, Any] = {
    "externalId": "HL-001",
    "companyName": "Harbor Lane Advisory",
    "isPerson": False,
    "subsidiary": {"id": "1"},
    "email": "ap@harborlane.example",
    "terms": {"id": "2"},
    "addressBook": {
        "items": [
            {
                "label": "HQ",
                "defaultBilling": True,
                "addressBookAddress": {
                    "addr1": "4 Quay St",
                    "city": "Bristol",
                    "zip": "BS1 4AA",
                    "country": {"id": "GB"},
                },
            }
        ]
    },
}


async def test_a_customer_is_created_and_read_back(api: Any) -> None:
    key = await api.made("POST", f"{RECORD}/customer", HARBOR)
    assert key.isdigit()
    for name in (key, "eid:HL-001"):
        found = await api.get(f"/customer/{name}")
        assert (found["id"], found["companyName"], found["email"]) == (
            key,
            "Harbor Lane Advisory",
            "ap@harborlane.example",
        )
        assert found["subsidiary"]["id"] == "1"
        assert found["subsidiary"]["links"][0]["href"] == f"{HOST}{RECORD}/subsidiary/1"
        assert found["isPerson"] is False
        assert found["dateCreated"] == found["lastModifiedDate"] == "2026-11-20T12:00:00Z"
        assert found["addressBook"] == {
            "links": [{"rel": "self", "href": f"{HOST}{RECORD}/customer/{key}/addressBook"}]
        }
        assert "phone" not in found


async def test_sublists_are_expanded_only_when_asked(api: Any) -> None:
    key = await api.made("POST", f"{RECORD}/customer", HARBOR)
    book = (await api.get(f"/customer/{key}", expandSubResources="true"))["addressBook"]
    assert (book["totalResults"], book["count"], book["hasMore"], book["offset"]) == (1, 1, False, 0)
    assert book["items"][0]["addressBookAddress"]["city"] == "Bristol"
    assert book == await api.get(f"/customer/{key}/addressBook")


async def test_fields_and_enums_come_as_asked(api: Any) -> None:
    key = await api.made("POST", f"{RECORD}/customer", HARBOR)
    few = await api.get(f"/customer/{key}", fields="companyName,creditHoldOverride")
    assert set(few) == {"links", "id", "companyName", "creditHoldOverride"}
    assert few["creditHoldOverride"] == {"id": "AUTO", "refName": "Auto"}
    assert (await api.get(f"/customer/{key}", simpleEnumFormat="true"))["creditHoldOverride"] == "AUTO"


async def test_type_and_field_names_are_read_in_any_case(api: Any) -> None:
    body = {"companyname": "Small Letters", "subsidiary": {"id": "1"}, "entityid": "X-1"}
    key = await api.made("POST", f"{RECORD}/CUSTOMER", body)
    found = await api.get(f"/Customer/{key}")
    assert (found["companyName"], found["entityId"]) == ("Small Letters", "X-1")


async def test_a_patch_changes_what_it_names_and_null_clears(api: Any, clock: Any) -> None:
    key = await api.made("POST", f"{RECORD}/customer", HARBOR)
    clock.advance(minutes=3, microseconds=5)
    assert await api.made("PATCH", f"{RECORD}/customer/eid:HL-001", {"email": None, "phone": "1"}) == key
    found = await api.get(f"/customer/{key}")
    assert "email" not in found
    assert (found["phone"], found["companyName"]) == ("1", "Harbor Lane Advisory")
    assert (found["dateCreated"], found["lastModifiedDate"]) == ("2026-11-20T12:00:00Z", "2026-11-20T12:03:00Z")


async def test_an_upsert_creates_once_and_then_updates(api: Any) -> None:
    body = {key: value for key, value in HARBOR.items() if key != "externalId"}
    first = await api.made("PUT", f"{RECORD}/customer/eid:HL-002", body)
    again = await api.made("PUT", f"{RECORD}/customer/eid:HL-002", body | {"companyName": "Renamed"})
    assert first == again
    found = await api.get(f"/customer/{first}")
    assert (found["externalId"], found["companyName"]) == ("HL-002", "Renamed")
    refused = await api.refused("PUT", f"{RECORD}/customer/{first}", body)
    assert (refused["status"], refused["o:errorCode"]) == (400, "INVALID_REQUEST")


async def test_a_second_record_with_the_external_id_is_refused(api: Any) -> None:
    await api.made("POST", f"{RECORD}/customer", HARBOR)
    refused = await api.refused("POST", f"{RECORD}/customer", HARBOR)
    assert (refused["status"], refused["o:errorCode"]) == (400, "USER_ERROR")
    assert "This entity already exists" in refused["detail"]


async def test_a_deleted_record_is_gone_and_shows_among_the_deleted(api: Any) -> None:
    key = await api.made("POST", f"{RECORD}/customer", HARBOR)
    answer = await api.send("DELETE", f"{RECORD}/customer/{key}")
    assert (answer.status_code, answer.content) == (204, b"")
    gone = await api.refused("GET", f"{RECORD}/customer/{key}")
    assert (gone["status"], gone["o:errorCode"]) == (404, "NONEXISTENT_ID")
    rows = await api.query("SELECT type, recordid FROM deletedrecord WHERE recordid = ?", key)
    assert rows == [{"type": "customer", "recordid": key}]


async def test_a_customer_with_transactions_stays(api: Any) -> None:
    (row,) = await api.query("SELECT entity FROM transaction FETCH FIRST 1 ROWS ONLY")
    refused = await api.refused("DELETE", f"{RECORD}/customer/{row['entity']}")
    assert (refused["status"], refused["o:errorCode"]) == (400, "USER_ERROR")


async def test_property_names_nobody_knows_warn_or_fail_as_the_header_says(api: Any) -> None:
    body = HARBOR | {"colour": "red"}
    warned = await api.send("POST", f"{RECORD}/customer", body)
    assert (warned.status_code, "colour" in warned.headers["warning"]) == (204, True)
    quiet = {"X-NetSuite-PropertyNameValidation": "ignore"}
    ignored = await api.send("PATCH", f"{RECORD}/customer/eid:HL-001", {"colour": "red"}, headers=quiet)
    assert (ignored.status_code, "warning" in ignored.headers) == (204, False)
    strict = {"X-NetSuite-PropertyNameValidation": "error"}
    error = await api.refused("PATCH", f"{RECORD}/customer/eid:HL-001", {"colour": "red"}, headers=strict)
    assert (error["status"], error["o:errorCode"], error["o:errorPath"]) == (400, "INVALID_CONTENT", "colour")
    odd = {"X-NetSuite-PropertyNameValidation": "loudly"}
    error = await api.refused("PATCH", f"{RECORD}/customer/eid:HL-001", {}, headers=odd)
    assert error["o:errorHeader"].lower() == "x-netsuite-propertynamevalidation"


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"subsidiary": {"id": "9999"}}, "subsidiary"),
        ({"subsidiary": {"externalId": "nope"}}, "subsidiary"),
        ({"isInactive": "yes"}, "isInactive"),
        ({"creditLimit": "a lot"}, "creditLimit"),
        ({"creditHoldOverride": "MAYBE"}, "creditHoldOverride"),
        ({"email": ["a"]}, "email"),
        ({"addressBook": 5}, "addressBook"),
    ],
)
async def test_a_wrong_value_is_refused_with_its_place(api: Any, change: dict[str, Any], path: str) -> None:
    error = await api.refused("POST", f"{RECORD}/customer", HARBOR | change)
    assert (error["status"], error["o:errorCode"], error["o:errorPath"]) == (400, "INVALID_CONTENT", path)


async def test_required_fields_are_asked_for(api: Any) -> None:
    error = await api.refused("POST", f"{RECORD}/customer", {"companyName": "No Subsidiary"})
    assert error["detail"].endswith("Please enter value(s) for: subsidiary.")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", f"{RECORD}/spaceship", 404, "NOT_FOUND"),
        ("GET", f"{RECORD}/customer/999999999", 404, "NONEXISTENT_ID"),
        ("GET", f"{RECORD}/customer/eid:none", 404, "NONEXISTENT_ID"),
        ("PATCH", f"{RECORD}/customer/999999999", 404, "NONEXISTENT_ID"),
        ("DELETE", f"{RECORD}/invoice/1", 404, "NONEXISTENT_ID"),
        ("GET", "/services/rest/elsewhere/v1", 404, "NOT_FOUND"),
        ("GET", "/services/rest/query/v1/suiteql", 405, "METHOD_NOT_ALLOWED"),
        ("GET", f"{RECORD}/customer?limit=1001", 400, "INVALID_PARAMETER"),
        ("GET", f"{RECORD}/customer?limit=10&offset=5", 400, "INVALID_PARAMETER"),
        ("GET", f"{RECORD}/customer?limit=2&offset=2000", 400, "INVALID_PARAMETER"),
        ("GET", f"{RECORD}/customer?limit=x", 400, "INVALID_PARAMETER"),
        ("GET", f"{RECORD}/customer/10032?fields=nope", 400, "INVALID_PARAMETER"),
        ("GET", f"{RECORD}/customer/10032?expandSubResources=2", 400, "INVALID_PARAMETER"),
    ],
)
async def test_what_is_not_there_is_refused(api: Any, method: str, path: str, status: int, code: str) -> None:
    error = await api.refused(method, path)
    assert (error["status"], error["o:errorCode"]) == (status, code)


async def test_a_body_that_is_no_json_is_refused(api: Any) -> None:
    url = f"{HOST}{RECORD}/customer"
    headers = {"Authorization": api.signed("POST", url), "Content-Type": "application/json"}
    answer = await api.client.post(url, content=b'{"a": ', headers=headers)
    assert (answer.status_code, answer.json()["o:errorDetails"][0]["o:errorCode"]) == (400, "INVALID_CONTENT")


# -- lists


async def test_a_list_gives_ids_page_by_page(api: Any) -> None:
    seen: list[str] = []
    offset = 0
    while True:
        page = await api.get("/invoice", limit=50, offset=offset)
        assert all(set(item) == {"links", "id"} for item in page["items"])
        assert page["count"] == len(page["items"])
        seen += [item["id"] for item in page["items"]]
        rels = {link["rel"] for link in page["links"]}
        if not page["hasMore"]:
            assert "next" not in rels
            break
        assert {"next", "last", "self"} <= rels
        offset += 50
    assert len(seen) == len(set(seen)) == page["totalResults"] == len(api.account.tables["invoice"])
    assert offset >= 100


@pytest.mark.parametrize(
    ("q", "test"),
    [
        ('companyName START_WITH "C"', lambda row: row["companyname"].startswith("C")),
        ("companyName CONTAIN_NOT GmbH", lambda row: "GmbH" not in row["companyname"]),
        ("isInactive IS true", lambda row: row["isinactive"] == "T"),
        ("isInactive IS_NOT true AND vatRegNumber EMPTY_NOT",
         lambda row: row["isinactive"] != "T" and row["vatregnumber"]),
        ("subsidiary ANY_OF [1, 2]", lambda row: row["subsidiary"] in ("1", "2")),
        ("(currency ANY_OF [1] OR currency ANY_OF [2]) AND id GREATER 10100",
         lambda row: row["currency"] in ("1", "2") and int(row["id"]) > 10100),
        ('dateCreated ON_OR_AFTER "01/06/2024"', lambda row: row["datecreated"].date().isoformat() >= "2024-06-01"),
        ('dateCreated WITHIN ["01/01/2024", "31/12/2024"]', lambda row: row["datecreated"].year == 2024),
        ('entityId IS "C10001"', lambda row: row["entityid"] == "C10001"),
        ("entityId ENDWITH 1", lambda row: row["entityid"].endswith("1")),
    ],
)  # fmt: skip
async def test_a_filter_finds_what_a_scan_finds(api: Any, q: str, test: Any) -> None:
    found = await api.get("/customer", q=q)
    expected = {row["id"] for row in api.account.tables["customer"] if test(row)}
    assert {item["id"] for item in found["items"]} == expected
    assert 0 < len(expected) < len(api.account.tables["customer"])


@pytest.mark.parametrize(
    "q",
    [
        "colour IS red",
        "companyName IS",
        "companyName",
        "companyName LIKE x",
        "dateCreated AFTER 2024-06-01",
        'dateCreated AFTER "12/31/2024"',
        "id GREATER x",
        "(companyName IS x",
        "companyName IS x y",
        "isInactive AFTER 5",
    ],
)
async def test_a_filter_that_cannot_be_read_is_refused(api: Any, q: str) -> None:
    error = await api.refused("GET", f"{RECORD}/customer", params={"q": q})
    assert (error["status"], error["o:errorCode"], error["o:errorQueryParam"]) == (400, "INVALID_PARAMETER", "q")


async def test_a_contact_is_attached_and_detached(api: Any) -> None:
    customer = await api.made("POST", f"{RECORD}/customer", HARBOR)
    contact = await api.made("POST", f"{RECORD}/contact", {"firstName": "Ann", "lastName": "Lee"})
    path = f"{RECORD}/customer/{customer}/!attach/contact/{contact}"
    assert (await api.send("POST", path)).status_code == 204
    assert (await api.get(f"/contact/{contact}"))["company"]["id"] == customer
    assert (await api.send("POST", path.replace("attach", "detach"))).status_code == 204
    assert "company" not in await api.get(f"/contact/{contact}")


async def test_time_is_entered_in_hours_and_minutes(api: Any) -> None:
    (employee,) = await api.query("SELECT id FROM employee ORDER BY id FETCH FIRST 1 ROWS ONLY")
    (job,) = await api.query("SELECT id FROM job ORDER BY id FETCH FIRST 1 ROWS ONLY")
    body = {
        "employee": {"id": employee["id"]},
        "customer": {"id": job["id"]},
        "hours": "4:30",
        "tranDate": "2026-11-18",
    }
    key = await api.made("POST", f"{RECORD}/timeBill", body)
    assert (await api.get(f"/timebill/{key}"))["hours"] == "4:30"
    assert await api.query("SELECT hours FROM timebill WHERE id = ?", key) == [{"hours": "4.5"}]


async def test_the_catalog_describes_every_type(api: Any) -> None:
    everything = await api.get("/metadata-catalog")
    names = {item["name"] for item in everything["items"]}
    assert {"customer", "job", "invoice", "customerPayment", "creditMemo", "salesOrder", "timeBill"} <= names
    assert len((await api.get("/metadata-catalog", select="customer,invoice"))["items"]) == 2
    schema = await api.get("/metadata-catalog/invoice")
    assert schema["properties"]["total"] == {"type": "number", "readOnly": True, "format": "double"}
