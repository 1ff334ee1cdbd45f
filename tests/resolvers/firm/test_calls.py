"""How many upstream calls an operation takes: by batches, never by parents."""

import asyncio

import pytest

from schema.ids import RecordKey, encode_id


@pytest.fixture
def big(make_world, memory, firm):
    """Two hundred accounts and projects on platforms that take 200 keys a call."""
    records = firm.records(5, gaps=0.0, Account=200, Project=200, Contract=60, Invoice=400, Resource=500)
    return make_world(records, manner=memory.Manner(batch=200, page_size=1000))


EVERYTHING = """query($first: Int) { accounts(first: $first) { nodes { name billing { legalName }
    projects { nodes { name } } contracts { nodes { title } } invoices { nodes { number } } } } }"""


async def test_fifty_accounts_with_everything_take_five_calls(big):
    answer = await big.ask(EVERYTHING, first=50)
    assert "errors" not in answer
    assert len(answer["data"]["accounts"]["nodes"]) == 50
    assert big.calls() == {
        "crm: read Account": 1,
        "erp: read Account by anchor": 1,
        "psa: read Project by account": 1,
        "crm: read Contract by account": 1,
        "erp: read Invoice by account": 1,
    }


async def test_one_account_takes_as_many_calls_as_fifty(big):
    await big.ask(EVERYTHING, first=1)
    one = big.calls()
    await big.ask(EVERYTHING, first=50)
    assert big.calls() == one


async def test_what_hangs_on_a_known_id_goes_out_with_its_parent(big):
    """In the first round the account and all that is keyed by it, though no platform has answered yet."""
    gates = {name: asyncio.Event() for name in big.platforms}
    for name, platform in big.platforms.items():
        platform.gate = gates[name]
    lists = ("Project.PSA", "Contract.CRM", "Invoice.ERP")
    account = min(set.intersection(*({row["account"] for row in big.records[name]} for name in lists)))
    query = """query($id: ID!) { account(id: $id) { name billing { legalName }
        projects { nodes { name invoices { nodes { number } } } } contracts { nodes { title amendments { number } } }
        invoices { nodes { number lines { nodes { number } } } } opportunities { nodes { name } } } }"""
    task = asyncio.create_task(big.ask(query, id=encode_id(RecordKey("Account", "crm", account))))
    for _ in range(20):
        await asyncio.sleep(0)
    first = big.calls()
    assert first == {
        "crm: read Account by id": 1,
        "erp: read Account by anchor": 1,
        "psa: read Project by account": 1,
        "crm: read Contract by account": 1,
        "erp: read Invoice by account": 1,
        "crm: read Opportunity by account": 1,
    }
    for gate in gates.values():
        gate.set()
    assert "errors" not in await task
    assert big.calls() == {
        "erp: read Invoice by project": 1,
        "crm: read Amendment by contract": 1,
        "erp: read InvoiceLine by invoice": 1,
    }


async def test_two_hundred_projects_with_account_and_invoices_take_three_calls(big):
    answer = await big.ask("{ projects(first: 200) { nodes { name account { name } invoices { nodes { number } } } } }")
    assert len(answer["data"]["projects"]["nodes"]) == 200
    assert big.calls() == {
        "psa: read Project": 1,
        "crm: read Account by id": 1,
        "erp: read Invoice by project": 1,
    }


async def test_aliases_and_fragments_cost_nothing(big):
    answer = await big.ask(
        """{ accounts(first: 50) { nodes { name ...More ...Again one: projects { nodes { name } } } }
             same: accounts(first: 50) { nodes { two: projects { nodes { code } } } } }
           fragment More on Account { projects { nodes { code status } } billing { legalName } }
           fragment Again on Account { three: projects(first: 2) { totalCount } b: billing { taxId currency } }"""
    )
    assert "errors" not in answer
    assert big.calls() == {
        "crm: read Account": 1,
        "psa: read Project by account": 1,
        "erp: read Account by anchor": 1,
    }


async def test_450_keys_against_a_limit_of_200_take_three_calls(big):
    ids = [encode_id(RecordKey("Resource", "psa", row["id"])) for row in big.records["Resource.PSA"][:450]]
    answer = await big.ask("query($ids: [ID!]!) { nodes(ids: $ids) { id ... on Resource { name } } }", ids=ids)
    assert [node["id"] for node in answer["data"]["nodes"]] == ids
    assert big.calls() == {"psa: read Resource by id": 3}


async def test_a_record_that_is_named_often_is_read_once(big):
    """Accounts reached from projects, from invoices and by id are one read."""
    account = encode_id(RecordKey("Account", "crm", big.records["Account.CRM"][0]["id"]))
    await big.ask(
        """query($id: ID!) { a: account(id: $id) { name } b: node(id: $id) { ... on Account { name number } }
             c: nodes(ids: [$id, $id]) { ... on Account { industry } } }""",
        id=account,
    )
    assert big.calls() == {"crm: read Account by id": 1}


async def test_only_asked_fields_are_fetched(big):
    answer = await big.ask("{ accounts(first: 2) { nodes { name projects { nodes { id } } } } }", explain=True)
    fields = {(read["platform"], read["type"]): read["fields"] for read in answer["extensions"]["plan"]["reads"]}
    assert fields == {("crm", "Account"): ["id", "name"], ("psa", "Project"): ["account", "id"]}


async def test_an_id_alone_costs_no_call_to_follow(big):
    """The key of a related record is its id: nothing else was asked of it."""
    await big.ask("{ projects(first: 5) { nodes { name account { id __typename } } } }")
    assert big.calls() == {"psa: read Project": 1}


async def test_the_page_of_one_parent_is_cut_by_the_platform(big):
    account = encode_id(RecordKey("Account", "crm", big.records["Account.CRM"][0]["id"]))
    await big.ask("query($id: ID!) { account(id: $id) { invoices(first: 2) { nodes { number } } } }", id=account)
    assert [query.limit for query in big.platforms["erp"].queries] == [3]
