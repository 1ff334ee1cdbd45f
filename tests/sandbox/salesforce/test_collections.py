"""Many records in one call."""

from typing import Any

from sandbox.salesforce import SalesforcePlatform

ALL = "/composite/sobjects"


def typed(entity: str, **fields: Any) -> dict[str, Any]:
    return {"attributes": {"type": entity}, **fields}


async def test_records_are_read_in_the_order_asked_with_null_for_the_missing(api: Any, org: SalesforcePlatform) -> None:
    ids = list(org.tables["Account"].rows)
    asked = [ids[3], "001000000000000AAA", ids[1][:15], "nonsense", ids[3]]
    by_post = await api.send("POST", f"{ALL}/Account", json={"ids": asked, "fields": ["Id", "name"]})
    rows = by_post.json()
    assert [row and row["Id"] for row in rows] == [ids[3], None, ids[1], None, ids[3]]
    assert rows[0]["Name"] == org.tables["Account"].rows[ids[3]]["Name"]
    by_get = await api.send("GET", f"{ALL}/Account", params={"ids": ",".join(asked), "fields": "Id,Name"})
    assert by_get.json() == rows


async def test_a_read_is_refused_for_an_unknown_field_or_too_many_ids(api: Any, org: SalesforcePlatform) -> None:
    one = next(iter(org.tables["Account"].rows))
    unknown = await api.send("POST", f"{ALL}/Account", json={"ids": [one], "fields": ["Foo"]})
    assert (unknown.status_code, unknown.json()[0]["errorCode"]) == (400, "INVALID_FIELD")
    assert (await api.send("POST", f"{ALL}/Account", json={"ids": [one] * 2000, "fields": ["Id"]})).status_code == 200
    many = await api.send("POST", f"{ALL}/Account", json={"ids": [one] * 2001, "fields": ["Id"]})
    assert (many.status_code, many.json()[0]["errorCode"]) == (400, "EXCEEDED_ID_LIMIT")
    for body in ({}, {"ids": [], "fields": ["Id"]}, {"ids": [1], "fields": ["Id"]}):
        assert (await api.send("POST", f"{ALL}/Account", json=body)).status_code == 400


async def test_each_record_of_a_write_has_an_outcome_of_its_own(api: Any, org: SalesforcePlatform) -> None:
    records = [typed("Account", Name="A"), typed("Account"), typed("Contact", LastName="B")]
    answer = await api.send("POST", ALL, json={"allOrNone": False, "records": records})
    good, bad, other = answer.json()
    assert answer.status_code == 200
    assert (good["success"], good["errors"], other["success"]) == (True, [], True)
    assert bad == {
        "success": False,
        "errors": [
            {
                "statusCode": "REQUIRED_FIELD_MISSING",
                "message": "Required fields are missing: [Name]",
                "fields": ["Name"],
            }
        ],
    }
    changes = [typed("Account", id=good["id"], Site="S"), typed("Account", id="nonsense"), typed("Account", Site="S")]
    outcomes = (await api.send("PATCH", ALL, json={"records": changes})).json()
    assert [each["success"] for each in outcomes] == [True, False, False]
    assert [each["errors"][0]["statusCode"] for each in outcomes[1:]] == ["MALFORMED_ID", "MISSING_ARGUMENT"]
    assert org.tables["Account"].rows[good["id"]]["Site"] == "S"
    ids = f"{good['id']},{other['id']},001000000000000AAA"
    outcomes = (await api.send("DELETE", ALL, params={"ids": ids})).json()
    assert [each["success"] for each in outcomes] == [True, True, False]


async def test_all_or_none_undoes_the_others(api: Any, org: SalesforcePlatform) -> None:
    before = len(org.tables["Account"])
    records = [typed("Account", Name="A"), typed("Account")]
    good, bad = (await api.send("POST", ALL, json={"allOrNone": True, "records": records})).json()
    assert good["errors"][0]["statusCode"] == "ALL_OR_NONE_OPERATION_ROLLED_BACK"
    assert bad["errors"][0]["statusCode"] == "REQUIRED_FIELD_MISSING"
    assert len(org.tables["Account"]) == before
    ids = f"{next(iter(org.tables['Contact'].rows))},001000000000000AAA"
    contacts = len(org.tables["Contact"])
    await api.send("DELETE", ALL, params={"ids": ids, "allOrNone": "true"})
    assert len(org.tables["Contact"]) == contacts


async def test_upserts_by_key_tell_what_was_created(api: Any) -> None:
    records = [typed("Account", Name="A", CW_Key__c="k1"), typed("Account", Name="B", CW_Key__c="k2")]
    first = (await api.send("PATCH", f"{ALL}/Account/CW_Key__c", json={"records": records})).json()
    assert [each["created"] for each in first] == [True, True]
    again = (await api.send("PATCH", f"{ALL}/Account/CW_Key__c", json={"records": records[:1]})).json()
    assert again == [{"id": first[0]["id"], "success": True, "errors": [], "created": False}]
    keyless = (
        await api.send("PATCH", f"{ALL}/Account/CW_Key__c", json={"records": [typed("Account", Name="C")]})
    ).json()
    assert keyless[0]["errors"][0]["statusCode"] == "MISSING_ARGUMENT"
    by_id = (
        await api.send("PATCH", f"{ALL}/Account/Id", json={"records": [typed("Account", Id=None, Name="D")]})
    ).json()
    assert by_id[0]["created"] is True


async def test_a_write_is_refused_beyond_two_hundred_records_or_ten_chunks(api: Any) -> None:
    many = await api.send("POST", ALL, json={"records": [typed("Account", Name="x")] * 201})
    assert (many.status_code, many.json()[0]["errorCode"]) == (400, "EXCEEDED_ID_LIMIT")
    mixed = [typed("Account", Name="x"), typed("Contact", LastName="y")]
    assert (await api.send("POST", ALL, json={"records": mixed * 5})).status_code == 200
    chunks = await api.send("POST", ALL, json={"records": [*mixed * 5, mixed[0]]})
    assert (chunks.status_code, chunks.json()[0]["errorCode"]) == (400, "LIMIT_EXCEEDED")
    for body in ({}, {"records": [1]}, {"records": [{"Name": "typeless"}]}):
        assert (await api.send("POST", ALL, json=body)).json()[0]["errorCode"] == "JSON_PARSER_ERROR"
