"""How many upstream calls a query costs: as few as the batch limits allow, however many parents there are."""

import pytest

WIDE = """query($first: Int!) { accounts(first: $first, orderBy: [{field: NAME}]) { nodes {
    name billing { legalName overdue { amount } } projects { nodes { code } } contracts { nodes { number } }
    invoices { nodes { number total { amount } } } } } }"""


async def test_calls_do_not_grow_with_the_number_of_parents(fresh_gateway):
    await fresh_gateway.data(WIDE, first=1)  # signs in, learns the ids of custom fields
    fresh_gateway.control.calls()
    await fresh_gateway.data(WIDE, first=1)
    one = fresh_gateway.control.calls()
    found = await fresh_gateway.data(WIDE, first=40)
    many = fresh_gateway.control.calls()
    assert len(found["accounts"]["nodes"]) == 40
    assert many == one == {"salesforce": 2, "kantata": 1, "netsuite": 2}


async def test_a_record_and_what_hangs_on_it_cost_one_call_each(fresh_gateway):
    account = await fresh_gateway.data("{ accounts(first: 1, filter: {status: {eq: ACTIVE}}) { nodes { id } } }")
    account_id = account["accounts"]["nodes"][0]["id"]
    query = """query($id: ID!) { account(id: $id) { name billing { legalName }
        projects { nodes { name invoices { nodes { number } } } } contracts { nodes { number milestones { key } } }
        invoices { nodes { number lines { nodes { amount { amount } } } payments { amount { amount } } } } } }"""
    await fresh_gateway.data(query, id=account_id)
    fresh_gateway.control.calls()
    await fresh_gateway.data(query, id=account_id)
    calls = fresh_gateway.control.calls()
    # Salesforce: the account, its contracts, their milestones; Kantata: projects;
    # NetSuite: billing, invoices by account, invoices by project, lines, payments.
    assert calls == {"salesforce": 3, "kantata": 1, "netsuite": 5}


async def test_aliases_and_fragments_cost_nothing(fresh_gateway):
    plain = "{ accounts(first: 20) { nodes { projects(first: 5) { nodes { name } } } } }"
    fancy = """{ accounts(first: 20) { nodes { ...A ...B a: projects(first: 5) { nodes { name } } } } }
        fragment A on Account { b: projects(first: 3) { nodes { code } } projects(first: 5) { nodes { name } } }
        fragment B on Account { projects(first: 5) { nodes { status } } }"""
    await fresh_gateway.data(fancy)
    fresh_gateway.control.calls()
    await fresh_gateway.data(plain)
    cost = fresh_gateway.control.calls()
    await fresh_gateway.data(fancy)
    assert fresh_gateway.control.calls() == cost


async def test_projects_with_account_and_invoices(fresh_gateway):
    query = "{ projects(first: 200) { nodes { name account { name } invoices { nodes { number } } } } }"
    await fresh_gateway.data(query)
    fresh_gateway.control.calls()
    await fresh_gateway.data(query)
    assert fresh_gateway.control.calls() == {"salesforce": 1, "kantata": 1, "netsuite": 1}


@pytest.mark.parametrize("query", [
    '{ account(id: "nonsense") { name } }',
    "{ accounts(first: 100000) { nodes { name } } }",
    "{ accounts(first: -1) { nodes { name } } }",
    '{ accounts(after: "nonsense") { nodes { name } } }',
    '{ accounts(filter: {name: {eq: "a"}, and: [{name: {eq: "b"}}]}) { nodes { name } } }',
    "{ account { name } }",
])  # fmt: skip
async def test_bad_or_contradictory_input_costs_no_call(fresh_gateway, query):
    await fresh_gateway.data("{ accounts(first: 1) { nodes { name } } }")
    fresh_gateway.control.calls()
    answer = await fresh_gateway.ask(query)
    assert not any(fresh_gateway.control.calls().values())
    for error in answer.get("errors", []):
        assert error["extensions"]["code"] == "BAD_USER_INPUT"
        assert error["path"]
