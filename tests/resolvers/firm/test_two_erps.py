"""Two ERPs at once answer one graph: lists merge without doubles or gaps, and an account is billed by either."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from schema.enums import PlatformHealth
from schema.errors import UpstreamUnavailable
from schema.ids import RecordKey, decode_id, encode_id
from schema.roles import PlatformRole

ERP = PlatformRole.ERP
ORDERS = [
    [],
    [{"field": "DUE_DATE"}],
    [{"field": "TOTAL", "direction": "DESC"}],
    [{"field": "NUMBER"}],
    [{"field": "NUMBER", "direction": "DESC"}, {"field": "DUE_DATE"}],
    [{"field": "BALANCE"}, {"field": "TOTAL", "direction": "DESC"}],
]
PAGE = """query($order: [InvoiceOrder!], $filter: InvoiceFilter, $first: Int, $after: String) {
    invoices(orderBy: $order, filter: $filter, first: $first, after: $after) {
        totalCount nodes { id number dueDate total { amount } account { name } }
        pageInfo { hasNextPage endCursor } } }"""


@pytest.fixture(params=["alike", "binary", "blind by position", "unordered"])
def emea(request, memory) -> Any:
    """How the second ERP behaves; the first is exact and pages by value."""
    return {
        "alike": memory.Manner(),
        "binary": memory.Manner(collation="binary", tells_total=False),
        "blind by position": memory.Manner(collation="blind", keyset=False, page_size=3),
        "unordered": memory.Manner(orders=frozenset({"dueDate"}), tells_total=False),
    }[request.param]


@pytest.fixture
def world(memory, firm, emea) -> Any:
    """Every second record of the ERP is the other one's; their own ids overlap, since each counts for itself."""
    records = firm.records(11, Account=30, Invoice=60, InvoiceLine=80)
    halves = [split(records, 0), split(records, 1)]

    def platform(name: str, role: PlatformRole, rows: Mapping[str, Any], manner: Any) -> Any:
        facets = [
            manner.facet(found, played, kinds, firm.keys_of(found, played))
            for (found, played), kinds in firm.facets().items()
            if played is role
        ]
        return memory.MemoryPlatform(name, (role,), facets, rows, manner=manner)

    usual = memory.Manner()
    return memory.world_of(
        [
            platform("crm", PlatformRole.CRM, records, usual),
            platform("psa", PlatformRole.PSA, records, usual),
            platform("us", ERP, halves[0], usual),
            platform("emea", ERP, halves[1], emea),
        ],
        {"us": halves[0], "emea": halves[1]},
    )


def split(records: Mapping[str, Any], half: int) -> dict[str, Any]:
    """One half of the ERP's records, its invoices counted from 0."""
    invoices = records["Invoice.ERP"][half::2]
    renamed = {row["id"]: f"in{n:03}" for n, row in enumerate(invoices)}
    found = {"Invoice.ERP": [row | {"id": renamed[row["id"]]} for row in invoices]}
    for name in ("InvoiceLine", "Payment", "CreditMemo"):
        rows = [row for row in records[f"{name}.ERP"] if row["invoice"] in renamed]
        found[f"{name}.ERP"] = [row | {"invoice": renamed[row["invoice"]]} for row in rows]
    found["Account.ERP"] = records["Account.ERP"][half::2]
    found["Project.ERP"] = records["Project.ERP"][half::2]
    found["LegalEntity.ERP"] = [row | {"name": f"{row['name']} {half}"} for row in records["LegalEntity.ERP"]]
    return found


async def walked(world: Any, first: int, **variables: Any) -> list[dict[str, Any]]:
    nodes: list[dict[str, Any]] = []
    after = None
    while True:
        answer = await world.ask(PAGE, first=first, after=after, **variables)
        assert "errors" not in answer, answer["errors"]
        found = answer["data"]["invoices"]
        nodes += found["nodes"]
        assert len(nodes) <= found["totalCount"]
        if not found["pageInfo"]["hasNextPage"]:
            assert len(nodes) == found["totalCount"]
            return nodes
        after = found["pageInfo"]["endCursor"]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("first", [1, 7, 50])
async def test_a_list_merges_both_with_one_cursor(world, order, first):
    nodes = await walked(world, first, order=order)
    keys = [decode_id(node["id"]) for node in nodes]
    wanted = {(name, row["id"]) for name, rows in world.records.items() for row in rows["Invoice.ERP"]}
    assert len(keys) == len(wanted) == 60
    assert {(key.platform, key.external_id) for key in keys} == wanted


@pytest.mark.parametrize(("field", "of"), [("DUE_DATE", lambda n: n["dueDate"]), ("TOTAL", lambda n: n["total"])])
async def test_the_merged_list_is_in_the_asked_order(world, field, of):
    nodes = await walked(
        world, 7, order=[{"field": field}], filter={"total": {"gte": "0"}, "dueDate": {"gt": "2026-01-02"}}
    )
    values = [float(of(node)["amount"]) if field == "TOTAL" else of(node) for node in nodes if of(node) is not None]
    assert values == sorted(values)
    assert values


async def test_a_filter_on_accounts_reaches_both(world):
    nodes = await walked(world, 5, filter={"account": {"creditHold": {"eq": True}}})
    everywhere = await walked(world, 50)
    held = {
        row["anchor"] for rows in world.records.values() for row in rows["Account.ERP"] if row["billing.creditHold"]
    }
    assert nodes
    accounts = {
        (name, row["id"]): row["account"] for name, rows in world.records.items() for row in rows["Invoice.ERP"]
    }
    keys = [(decode_id(node["id"]).platform, decode_id(node["id"]).external_id, node["id"]) for node in everywhere]
    wanted = {text for platform, external, text in keys if accounts[platform, external] in held}
    known = {text for text in wanted if next(n for n in everywhere if n["id"] == text)["account"] is not None}
    assert {node["id"] for node in nodes} == known


async def test_billing_is_found_in_either_and_names_its_own_legal_entity(world):
    answer = await world.ask(
        """{ accounts { nodes { id billing { legalName legalEntity { id name } }
             sources { platform role externalId }
             invoices(orderBy: [{field: TOTAL}]) { totalCount nodes { id } } } } }"""
    )
    assert "errors" not in answer
    for node in answer["data"]["accounts"]["nodes"]:
        account = decode_id(node["id"]).external_id
        rows = {
            name: row
            for name, found in world.records.items()
            for row in found["Account.ERP"]
            if row["anchor"] == account
        }
        assert (node["billing"] is None) is (not rows)
        for name, row in rows.items():
            assert node["billing"]["legalName"] == row["billing.legalName"]
            entity = node["billing"]["legalEntity"]
            assert entity is None or decode_id(entity["id"]).platform == name
            assert {"platform": name, "role": "ERP", "externalId": row["id"]} in node["sources"]
        wanted = sum(row["account"] == account for found in world.records.values() for row in found["Invoice.ERP"])
        assert node["invoices"]["totalCount"] == len({n["id"] for n in node["invoices"]["nodes"]}) == wanted


async def test_a_nested_page_goes_on_where_it_was_cut(world):
    accounts = {row["account"]: 0 for found in world.records.values() for row in found["Invoice.ERP"]}
    query = """query($ref: RecordRef, $after: String) { account(ref: $ref) {
        invoices(first: 2, after: $after, orderBy: [{field: NUMBER}, {field: TOTAL, direction: DESC}])
        { totalCount nodes { id } pageInfo { hasNextPage endCursor } } } }"""
    for account in [name for name in accounts if name not in (None, "gone")][:6]:
        seen, after, more = [], None, True
        while more:
            answer = await world.ask(query, ref={"platform": "crm", "externalId": account}, after=after)
            page = answer["data"]["account"]["invoices"]
            seen += [node["id"] for node in page["nodes"]]
            more, after = page["pageInfo"]["hasNextPage"], page["pageInfo"]["endCursor"]
        assert len(set(seen)) == len(seen) == page["totalCount"]


async def test_a_page_asked_by_both_at_once_is_each_parents_own(world):
    """Two invoices lead to two projects in the same turn: neither project's page may be cut by the other's."""
    tasks = {row["project"] for row in world.platforms["psa"].reader.records["Task.PSA"]}
    picked = {}
    for name, found in world.records.items():
        rows = [row for row in found["Invoice.ERP"] if row["project"] in tasks - {"gone", None, *picked.values()}]
        picked[encode_id(RecordKey("Invoice", name, rows[0]["id"]))] = rows[0]["project"]
    answer = await world.ask(
        """query($ids: [ID!]) { invoices(filter: {id: {in: $ids}}) {
            nodes { project { tasks(first: 1) { nodes { name } } } } } }""",
        ids=list(picked),
    )
    nodes = answer["data"]["invoices"]["nodes"]
    assert [len(node["project"]["tasks"]["nodes"]) for node in nodes] == [1, 1]
    (asked, *rest) = [query for query in world.platforms["psa"].queries if query.by == "project"]
    assert [len(query.keys) for query in (asked, *rest)] == [1, 1]


async def test_nothing_runs_on_after_one_has_failed(world):
    world.platforms["us"].error = UpstreamUnavailable("closed", platform="us")
    world.platforms["emea"].gate = asyncio.Event()
    before = asyncio.all_tasks()
    answer = await world.ask("{ invoices { nodes { number } } }")
    assert answer["data"] == {"invoices": None}
    for _ in range(10):
        await asyncio.sleep(0)
    assert asyncio.all_tasks() == before
    assert world.platforms["emea"].given_up == 1


@pytest.mark.parametrize("down", ["us", "emea"])
async def test_with_one_down_no_list_is_silently_short(world, down):
    world.platforms[down].error = UpstreamUnavailable("closed", platform=down)
    assert world.platforms[down].health() is PlatformHealth.DOWN
    answer = await world.ask(
        "{ invoices { nodes { id } } accounts { nodes { id billing { legalName } invoices { nodes { id } } } } }"
    )
    assert answer["data"]["invoices"] is None
    nodes = answer["data"]["accounts"]["nodes"]
    assert [node["invoices"] for node in nodes] == [None] * 30
    other = next(rows for name, rows in world.records.items() if name != down)
    billed = {row["anchor"] for row in other["Account.ERP"]}
    assert {decode_id(node["id"]).external_id for node in nodes if node["billing"]} == billed
    told = {tuple(p for p in e["path"] if isinstance(p, str)): e["extensions"] for e in answer["errors"]}
    assert len(told) == len(answer["errors"]) == 3
    assert set(told) == {("invoices",), ("accounts", "nodes", "billing"), ("accounts", "nodes", "invoices")}
    assert {(found["platform"], found["code"]) for found in told.values()} == {(down, "UPSTREAM_UNAVAILABLE")}
