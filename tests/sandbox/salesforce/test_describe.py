"""What the org says of its objects."""

from typing import Any

from sandbox.salesforce.objects import OBJECTS


async def test_describe_global_lists_every_object(api: Any) -> None:
    listed = (await api.send("GET", "/sobjects")).json()
    assert {each["name"]: each["keyPrefix"] for each in listed["sobjects"]} == {
        name: each.prefix for name, each in OBJECTS.items()
    }
    assert listed["sobjects"][0]["urls"]["rowTemplate"] == "/services/data/v62.0/sobjects/Account/{ID}"


async def test_every_described_field_can_be_queried(api: Any) -> None:
    for name in OBJECTS:
        description = (await api.send("GET", f"/sobjects/{name}/describe")).json()
        fields = [each["name"] for each in description["fields"]]
        await api.query(f"SELECT {', '.join(fields)} FROM {name} LIMIT 3")


async def test_fields_are_described_as_the_vendor_does(api: Any) -> None:
    description = (await api.send("GET", "/sobjects/opportunity/describe")).json()
    fields = {each["name"]: each for each in description["fields"]}
    amount = fields["Amount"]
    assert (amount["type"], amount["precision"], amount["scale"], amount["soapType"]) == (
        "currency", 18, 2, "xsd:double",
    )  # fmt: skip
    assert (fields["Name"]["nillable"], fields["Name"]["nameField"]) == (False, True)
    assert fields["AccountId"]["referenceTo"] == ["Account"]
    assert fields["AccountId"]["relationshipName"] == "Account"
    assert (fields["CW_Key__c"]["externalId"], fields["CW_Key__c"]["unique"], fields["CW_Key__c"]["custom"]) == (
        True, True, True,
    )  # fmt: skip
    assert (fields["ExpectedRevenue"]["createable"], fields["ExpectedRevenue"]["updateable"]) == (False, False)
    assert not fields["StageName"]["restrictedPicklist"]
    assert "Closed Won" in [each["value"] for each in fields["StageName"]["picklistValues"]]
    children = (await api.send("GET", "/sobjects/Contract/describe")).json()["childRelationships"]
    assert {each["relationshipName"] for each in children} >= {"CW_Contract_Milestones__r", "CW_Rates__r"}


async def test_a_description_that_is_known_is_not_sent_again(api: Any) -> None:
    first = await api.send("GET", "/sobjects/Account/describe")
    known = {"If-Modified-Since": first.headers["Last-Modified"]}
    assert (await api.send("GET", "/sobjects/Account/describe", headers=known)).status_code == 304
    older = {"If-Modified-Since": "Thu, 01 Jan 2015 00:00:00 GMT"}
    assert (await api.send("GET", "/sobjects/Account/describe", headers=older)).status_code == 200


async def test_an_unknown_object_is_not_found(api: Any) -> None:
    for path in ("/sobjects/Nothing", "/sobjects/Nothing/describe"):
        assert (await api.send("GET", path)).status_code == 404


async def test_resources_and_basic_information(api: Any) -> None:
    assert (await api.send("GET", "/")).json()["query"] == "/services/data/v62.0/query"
    assert (await api.send("GET", "/sobjects/Account")).json()["objectDescribe"]["name"] == "Account"
