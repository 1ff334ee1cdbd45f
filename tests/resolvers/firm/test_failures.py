"""A platform that fails costs its own fields: null, one error each; everything else answers."""

import asyncio

import pytest

from platforms.connected import Probe
from resolvers.engine_port import RequestError
from resolvers.status import PATIENCE
from schema.errors import (
    UpstreamInvalidResponse,
    UpstreamQuotaExhausted,
    UpstreamRateLimited,
    UpstreamUnauthorized,
    UpstreamUnavailable,
)
from schema.ids import RecordKey, encode_id

ERRORS = [
    UpstreamUnavailable("closed", platform="erp"),
    UpstreamRateLimited("slower, please", platform="erp", retry_after=2.2),
    UpstreamQuotaExhausted("tomorrow", platform="erp"),
    UpstreamInvalidResponse("garbage", platform="erp"),
    UpstreamUnauthorized("refused", platform="erp"),
]
EVERY_KIND = """query($invoice: ID!, $account: ID!) {
    invoices { nodes { number } }
    invoice(id: $invoice) { number }
    node(id: $invoice) { id }
    nodes(ids: [$invoice, $account]) { id }
    account(id: $account) { name billing { legalName } invoices { nodes { number } } }
    projects(first: 20) { nodes { name financials { margin } invoices { totalCount } } }
    accounts(orderBy: [{field: OVERDUE}]) { nodes { name } }
    filtered: projects(filter: {account: {creditHold: {eq: true}}}) { nodes { name } }
}"""


@pytest.fixture
def keys(world) -> dict[str, str]:
    return {
        "account": encode_id(RecordKey("Account", "crm", world.records["Account.CRM"][0]["id"])),
        "invoice": encode_id(RecordKey("Invoice", "erp", world.records["Invoice.ERP"][0]["id"])),
    }


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.code)
async def test_each_kind_of_field_is_null_with_one_error(world, keys, error):
    world.platforms["erp"].error = error
    answer = await world.ask(EVERY_KIND, **keys)
    data = answer["data"]
    assert [data[name] for name in ("invoices", "invoice", "node", "accounts", "filtered")] == [None] * 5
    assert data["nodes"] == [None, {"id": keys["account"]}]
    assert data["account"] == {"name": world.records["Account.CRM"][0]["name"], "billing": None, "invoices": None}
    assert len(data["projects"]["nodes"]) == 20
    assert all(node["financials"] is None and node["invoices"] is None for node in data["projects"]["nodes"])
    assert {tuple(found["path"]) for found in answer["errors"]} == {
        ("invoices",), ("invoice",), ("node",), ("nodes", 0), ("accounts",), ("filtered",), ("account", "billing"),
        ("account", "invoices"), ("projects", "nodes", 0, "financials"), ("projects", "nodes", 0, "invoices"),
    }  # fmt: skip
    for found in answer["errors"]:
        extensions = found["extensions"]
        assert extensions["code"] == error.code.value
        assert extensions["platform"] == "erp"
        assert extensions["retryable"] is error.retryable
        assert extensions["correlationId"] == "c-1"
        assert found["message"]
    waits = {found["extensions"].get("retryAfter") for found in answer["errors"]}
    assert waits == {3 if error.retry_after else None} if hasattr(error, "retry_after") else waits == {None}


async def test_a_slow_platform_is_cut_by_the_operations_deadline(make_world, firm):
    world = make_world(firm.records(7), seconds=0.05)
    world.platforms["erp"].gate = asyncio.Event()
    answer = await world.ask(
        """{ accounts { nodes { name billing { legalName } projects { nodes { name } } } }
             slow: invoices { totalCount } }"""
    )
    nodes = answer["data"]["accounts"]["nodes"]
    assert [node["name"] for node in nodes] == [row["name"] for row in world.records["Account.CRM"]]
    assert all(node["billing"] is None and node["projects"] for node in nodes)
    assert answer["data"]["slow"] is None
    told = {tuple(error["path"]): error["extensions"] for error in answer["errors"]}
    assert set(told) == {("accounts", "nodes", 0, "billing"), ("slow",)}
    for found in told.values():
        assert (found["code"], found["platform"], found["retryable"]) == ("DEADLINE_EXCEEDED", "erp", True)
    await settled()
    assert world.platforms["erp"].given_up == 2


async def test_a_cancelled_operation_gives_its_calls_up(world, keys):
    for platform in world.platforms.values():
        platform.gate = asyncio.Event()
    before = asyncio.all_tasks()
    operation = asyncio.create_task(world.ask(EVERY_KIND, **keys))
    await settled()
    operation.cancel()
    with pytest.raises(asyncio.CancelledError):
        await operation
    await settled()
    assert asyncio.all_tasks() == before
    started = sum(world.calls().values())
    assert started > 5
    assert sum(platform.given_up for platform in world.platforms.values()) == started


async def test_nothing_runs_on_after_an_answer_with_errors(world):
    """The list fails with the first platform; what waits for the other one is given up."""
    world.platforms["crm"].error = UpstreamUnavailable("closed", platform="crm")
    world.platforms["erp"].gate = asyncio.Event()
    before = asyncio.all_tasks()
    answer = await world.ask('{ invoices(filter: {account: {name: {eq: "alpha"}}}) { totalCount } }')
    assert answer["data"] == {"invoices": None}
    await settled()
    assert asyncio.all_tasks() == before


async def test_one_branch_that_fails_leaves_the_shared_read_to_the_other(make_world, firm, memory):
    """Two lists lead to the same accounts; one of them fails while the accounts are being read."""
    world = make_world(firm.records(7), manner=memory.Manner())
    answer, lone = await asyncio.gather(
        world.ask("{ projects { nodes { name account { name } } } invoices(first: -1) { nodes { number } } }"),
        world.ask("{ projects { nodes { name account { name } } } }"),
    )
    assert answer["data"]["projects"] == lone["data"]["projects"]
    assert answer["data"]["invoices"] is None


async def test_a_failing_child_costs_only_itself(world):
    world.platforms["psa"].error = UpstreamUnavailable("closed", platform="psa")
    answer = await world.ask("{ accounts(first: 3) { nodes { projects { nodes { name } } sources { platform } } } }")
    nodes = answer["data"]["accounts"]["nodes"]
    assert [node["projects"] for node in nodes] == [None] * 3
    assert [node["sources"] for node in nodes] == [[{"platform": "crm"}]] * 3
    (error,) = answer["errors"]
    assert error["extensions"]["occurrences"] == 3


async def test_platforms_tells_who_is_down(world):
    world.platforms["psa"].error = UpstreamUnavailable("closed", platform="psa")
    answer = await world.ask("{ platforms { name health } }")
    assert {found["name"]: found["health"] for found in answer["data"]["platforms"]} == {
        "crm": "HEALTHY",
        "psa": "DOWN",
        "erp": "HEALTHY",
    }


async def test_platforms_are_tried_while_the_other_fields_are_read(world, monkeypatch):
    crm = world.platforms["crm"]

    async def once_it_is_read() -> Probe:
        await crm.entered.wait()
        return Probe(ok=True, detail="")

    monkeypatch.setattr(crm, "probe", once_it_is_read)
    async with asyncio.timeout(PATIENCE / 2):
        answer = await world.ask("{ platforms { name } accounts(first: 1) { nodes { name } } }")
    assert answer["data"]["accounts"]["nodes"]
    assert list(answer["data"]) == ["platforms", "accounts"]


async def test_a_time_limit_of_something_below_is_not_taken_for_the_operations_own(world):
    world.platforms["crm"].error = TimeoutError()
    with pytest.raises(TimeoutError):
        await world.ask('{ account(id: "x") { id } accounts { nodes { name } } }')


async def test_an_operation_that_is_not_there_is_refused_before_anything_runs(world):
    with pytest.raises(RequestError):
        await world.ask("query A { accounts { totalCount } } query B { projects { totalCount } }")
    assert not world.calls()


async def settled() -> None:
    """Lets cancelled tasks end."""
    for _ in range(10):
        await asyncio.sleep(0)
