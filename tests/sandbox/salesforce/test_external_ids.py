"""Records by external id: the safe way to create."""

from typing import Any

from sandbox.salesforce import SalesforcePlatform

URL = "/sobjects/Account/CW_Key__c/acct-12"


async def test_an_upsert_creates_once_and_then_changes(api: Any, org: SalesforcePlatform) -> None:
    first = await api.send("PATCH", URL, json={"Name": "Halden AS"})
    assert first.status_code == 201
    record_id = first.json()["id"]
    assert first.json() == {"id": record_id, "success": True, "errors": [], "created": True}
    assert first.headers["Location"].endswith(record_id)
    again = await api.send("PATCH", URL, json={"Site": "Bergen"})
    assert (again.status_code, again.json()["created"], again.json()["id"]) == (200, False, record_id)
    old = await api.send("PATCH", "/services/data/v45.0" + URL, json={"Site": "Oslo"})
    assert (old.status_code, old.content) == (204, b"")
    row = (await api.send("GET", URL)).json()
    assert (row["Id"], row["Name"], row["Site"], row["CW_Key__c"]) == (record_id, "Halden AS", "Oslo", "acct-12")


async def test_an_update_only_upsert_creates_nothing(api: Any, org: SalesforcePlatform) -> None:
    before = len(org.tables["Account"])
    answer = await api.send("PATCH", URL + "?updateOnly=true", json={"Name": "x"})
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (404, "NOT_FOUND")
    assert len(org.tables["Account"]) == before


async def test_the_key_in_the_body_must_agree(api: Any) -> None:
    assert (await api.send("PATCH", URL, json={"Name": "x", "CW_Key__c": "acct-12"})).status_code == 201
    other = await api.send("PATCH", URL, json={"Name": "x", "CW_Key__c": "acct-13"})
    assert (other.status_code, other.json()[0]["errorCode"]) == (400, "INVALID_FIELD")


async def test_a_value_of_several_records_is_300(api: Any, org: SalesforcePlatform) -> None:
    table = org.tables["Account"]
    ids = list(table.rows)[:2]
    for record_id in ids:
        table.update(record_id, {"CW_Key__c": "twice"})
    for method in ("GET", "PATCH", "DELETE"):
        body = {"json": {"Site": "x"}} if method == "PATCH" else {}
        answer = await api.send(method, "/sobjects/Account/CW_Key__c/twice", **body)
        assert answer.status_code == 300
        assert sorted(answer.json()) == sorted(f"/services/data/v62.0/sobjects/Account/{each}" for each in ids)


async def test_a_taken_key_is_refused_with_its_holder(api: Any) -> None:
    holder = (await api.send("PATCH", URL, json={"Name": "Halden"})).json()["id"]
    answer = await api.send("POST", "/sobjects/Account", json={"Name": "Again", "CW_Key__c": "acct-12"})
    assert answer.status_code == 400
    assert answer.json() == [
        {
            "message": f"duplicate value found: CW_Key__c duplicates value on record with id: {holder}",
            "errorCode": "DUPLICATE_VALUE",
            "fields": [],
        }
    ]


async def test_a_field_that_is_no_key_and_a_value_that_nobody_has_are_404(api: Any) -> None:
    assert (await api.send("GET", "/sobjects/Account/Name/Halden")).status_code == 404
    assert (await api.send("GET", "/sobjects/Account/CW_Key__c/none")).status_code == 404


async def test_values_with_slashes_and_percents_are_keys_too(api: Any) -> None:
    url = "/sobjects/Account/CW_Key__c/a%2Fb%20100%25"
    created = (await api.send("PATCH", url, json={"Name": "Odd"})).json()["id"]
    assert (await api.send("GET", url)).json()["CW_Key__c"] == "a/b 100%"
    assert (await api.send("DELETE", url)).status_code == 204
    assert (await api.send("GET", f"/sobjects/Account/{created}")).status_code == 404
