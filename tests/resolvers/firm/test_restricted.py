"""Fields that a role may not see are null with FORBIDDEN, and nothing is asked upstream for them."""

import pytest

from schema.ids import RecordKey, encode_id

QUERY = """query($id: ID!) { resource(id: $id) { name costRate { amount } }
    projects(first: 3) { nodes { name financials { billed { amount } margin } } } }"""


@pytest.fixture
def resource(world) -> str:
    found = next(row for row in world.records["Resource.PSA"] if row["costRate.amount"] and row["costRate.currency"])
    return encode_id(RecordKey("Resource", "psa", found["id"]))


async def test_the_portal_gets_null_and_forbidden(world, resource):
    answer = await world.ask(QUERY, role="portal", id=resource)
    assert answer["data"]["resource"]["costRate"] is None
    assert [node["financials"] for node in answer["data"]["projects"]["nodes"]] == [None] * 3
    told = {tuple(error["path"]): error["extensions"] for error in answer["errors"]}
    assert set(told) == {("resource", "costRate"), ("projects", "nodes", 0, "financials")}
    assert {found["code"] for found in told.values()} == {"FORBIDDEN"}
    assert not any(found["retryable"] for found in told.values())


async def test_nothing_is_asked_for_what_may_not_be_seen(world, resource):
    await world.ask(QUERY, role="portal", id=resource)
    asked = [query for platform in world.platforms.values() for query in platform.queries]
    assert len(asked) == 2
    assert world.calls() == {"psa: read Resource by id": 1, "psa: read Project": 1}


async def test_the_same_operation_answers_finance(world, resource):
    answer = await world.ask(QUERY, role="finance", id=resource)
    assert "errors" not in answer
    assert answer["data"]["resource"]["costRate"]["amount"]
    assert world.calls()["erp: read Project by anchor"] == 1


async def test_a_role_that_nobody_knows_sees_nothing_restricted(world, resource):
    answer = await world.ask(QUERY, role="stranger", id=resource)
    assert answer["data"]["resource"]["costRate"] is None
