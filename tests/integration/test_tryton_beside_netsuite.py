"""Two ERPs at once, NetSuite for some legal entities and a real Tryton for the others: one graph."""

from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

MONEY = "{ amount currency }"
TRYTONS = {"le-de", "le-nl", "le-se"}


@pytest.fixture
async def gateway(two_erps: dict[str, Any], gateway_of: Any) -> Any:
    return await gateway_of(two_erps)


@pytest.fixture
def firm(two_erps: dict[str, Any], gateway: Any) -> dict[str, Any]:
    found: dict[str, Any] = gateway.control.firm()
    return found


async def pages(gateway: Any, field: str, selection: str, arguments: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after = None
    while True:
        query = f"""query($after: String) {{ {field}({arguments}, after: $after) {{ totalCount
            nodes {{ {selection} }} pageInfo {{ hasNextPage endCursor }} }} }}"""
        page = (await gateway.data(query, after=after))[field]
        found += page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            assert page["totalCount"] == len(found)
            return found
        after = page["pageInfo"]["endCursor"]


def key_of(firm: dict[str, Any], kind: str, record: dict[str, Any]) -> str:
    told = {(source["platform"], source["externalId"]) for source in record["sources"]}
    return next(one["key"] for one in firm[kind] if told & {(n, r["id"]) for n, r in one["records"].items()})


@pytest.mark.parametrize(
    ("order", "path"),
    [
        ("{field: ISSUE_DATE}", "issueDate"),
        ("{field: ISSUE_DATE, direction: DESC}", "issueDate"),
        ("{field: DUE_DATE}", "dueDate"),
        ("{field: TOTAL, direction: DESC}", "total"),
        ("{field: NUMBER}", "number"),
    ],
)
async def test_lists_merge_by_the_asked_order(gateway: Any, firm: dict[str, Any], order: str, path: str) -> None:
    selection = f"number issueDate dueDate total {MONEY} sources {{ platform externalId }}"
    found = await pages(gateway, "invoices", selection, f"first: 17, orderBy: [{order}]")
    numbers = [one["number"] for one in found]
    assert len(set(numbers)) == len(numbers)
    assert set(numbers) == {one["number"] for one in firm["Invoice"]}
    values = [Decimal(one[path]["amount"]) if path == "total" else one[path] for one in found]
    assert values == sorted(values, reverse="DESC" in order)
    platforms = [one["sources"][0]["platform"] for one in found]
    assert set(platforms) == {"netsuite", "tryton"}
    assert any(one != two for one, two in pairwise(platforms[5:25]))  # really merged


async def test_lists_without_an_order_tell_every_invoice_once(gateway: Any, firm: dict[str, Any]) -> None:
    found = await pages(gateway, "invoices", "number status", "first: 23")
    assert sorted(one["number"] for one in found) == sorted(one["number"] for one in firm["Invoice"])
    overdue = await pages(gateway, "invoices", "number status", "first: 11, filter: {status: {eq: OVERDUE}}")
    assert {one["number"] for one in overdue} == {one["number"] for one in found if one["status"] == "OVERDUE"}


async def test_billing_comes_from_the_erp_of_the_legal_entity(gateway: Any, firm: dict[str, Any]) -> None:
    selection = """billing { legalName legalEntity { name } balance { amount } overdue { amount } creditHold }
        sources { platform externalId }"""
    entities = {one["key"]: one["name"] for one in firm["LegalEntity"]}
    by_key = {one["key"]: one for one in firm["Account"]}
    seen = set()
    for account in await pages(gateway, "accounts", selection, "first: 30"):
        key = by_key[key_of(firm, "Account", account)]
        told, expected = account["billing"], key["billing"]
        assert (told is None) == (expected is None)
        if told is not None:
            erp = "tryton" if expected["legalEntity"] in TRYTONS else "netsuite"
            assert {source["platform"] for source in account["sources"]} >= {"salesforce", erp}
            assert told["legalName"] == expected["legalName"]
            assert told["legalEntity"]["name"] == entities[expected["legalEntity"]]
            assert told["creditHold"] is expected["creditHold"]
            assert Decimal(told["balance"]["amount"]) == Decimal(expected["balance"]["amount"])
            assert Decimal(told["overdue"]["amount"]) == Decimal(expected["overdue"]["amount"])
            seen.add(erp)
    assert seen == {"netsuite", "tryton"}


async def test_an_accounts_invoices_come_from_both_sides_of_the_graph(gateway: Any, firm: dict[str, Any]) -> None:
    selection = """sources { platform externalId } invoices(first: 100) { totalCount nodes {
        number payments { number } creditMemos { number } lines { nodes { number description } } } }"""
    invoices = {one["number"]: one for one in firm["Invoice"]}
    settled: dict[str, set[str]] = {}
    for one in (*firm["Payment"], *firm["CreditMemo"]):
        settled.setdefault(one["invoice"], set()).add(one["number"])
    told = set()
    for account in await pages(gateway, "accounts", selection, "first: 30"):
        key = key_of(firm, "Account", account)
        found = account["invoices"]["nodes"]
        expected = {number for number, one in invoices.items() if one["account"] == key}
        assert {one["number"] for one in found} == expected
        for one in found:
            record = invoices[one["number"]]
            assert [(line["number"], line["description"]) for line in one["lines"]["nodes"]] == [
                (line["number"], line["description"]) for line in record["lines"]
            ]
            both = {part["number"] for part in (*one["payments"], *one["creditMemos"])}
            assert both == settled.get(record["key"], set())
        told |= expected
    assert len(told) > 100


async def test_overdue_accounts_of_both_are_ordered_together(gateway: Any, firm: dict[str, Any]) -> None:
    arguments = 'first: 6, filter: {overdue: {gt: "0"}}, orderBy: [{field: OVERDUE, direction: DESC}]'
    found = await pages(gateway, "accounts", "billing { overdue { amount } } sources { platform }", arguments)
    told = [Decimal(one["billing"]["overdue"]["amount"]) for one in found]
    expected = [Decimal(one["billing"]["overdue"]["amount"]) for one in firm["Account"] if one["billing"]]
    assert told == sorted((amount for amount in expected if amount > 0), reverse=True)
    assert {source["platform"] for one in found for source in one["sources"]} == {"salesforce", "netsuite", "tryton"}
