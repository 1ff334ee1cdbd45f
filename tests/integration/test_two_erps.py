"""Two ERPs at once answer one graph: merged by the asked order, one cursor, no record twice and none lost."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from sandbox.firm.ids import LEGAL_ENTITY_KEYS
from sandbox.serve import SandboxThread

HOME, *ABROAD = LEGAL_ENTITY_KEYS
ORDERS = ("NUMBER", "ISSUE_DATE", "DUE_DATE", "TOTAL", "BALANCE")
PATHS = {"NUMBER": "number", "ISSUE_DATE": "issueDate", "DUE_DATE": "dueDate", "TOTAL": "total", "BALANCE": "balance"}


@pytest.fixture(scope="module")
def two_erps() -> Iterator[dict[str, Any]]:
    """The firm with its home books in one NetSuite and all others in a second."""
    thread = SandboxThread(
        accounts=40,
        seed=7,
        as_of=date(2026, 11, 20),
        platforms=[
            "salesforce=salesforce",
            "kantata=kantata",
            f"netsuite-home=netsuite:legal_entities={HOME}",
            f"netsuite-abroad=netsuite:legal_entities={'+'.join(ABROAD)}",
        ],
    )
    yield thread.start()
    thread.stop()


async def pages(gateway: Any, arguments: str, first: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after = None
    while True:
        data = await gateway.data(
            f"query($after: String) {{ invoices(first: {first}, after: $after{arguments}) {{ totalCount "
            "nodes { id number issueDate dueDate total { amount } balance { amount } sources { platform } } "
            "pageInfo { hasNextPage endCursor } } }",
            after=after,
        )
        page = data["invoices"]
        found += page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            assert page["totalCount"] == len(found)
            return found
        assert len(page["nodes"]) == first
        after = page["pageInfo"]["endCursor"]


def sort_value(record: dict[str, Any], order: str) -> Any:
    found = record[PATHS[order]]
    return float(found["amount"]) if isinstance(found, dict) else found


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("direction", ["ASC", "DESC"])
async def test_invoices_of_both_merge_in_the_asked_order(two_erps, gateway_of, order, direction):
    gateway = await gateway_of(two_erps)
    wanted = {invoice["number"] for invoice in gateway.control.firm()["Invoice"]}
    told = await pages(gateway, f", orderBy: [{{field: {order}, direction: {direction}}}]", first=23)
    assert len({record["id"] for record in told}) == len(told)
    assert {record["number"] for record in told} == wanted
    assert {record["sources"][0]["platform"] for record in told} == {"netsuite-home", "netsuite-abroad"}
    values = [sort_value(record, order) for record in told]
    assert values == sorted(values, reverse=direction == "DESC")


async def test_an_accounts_billing_and_invoices_come_from_the_erp_that_has_them(two_erps, gateway_of):
    gateway = await gateway_of(two_erps)
    firm = gateway.control.firm()
    data = await gateway.data(
        "{ accounts(first: 500) { nodes { name billing { legalName } invoices(first: 500) { totalCount } "
        "sources { platform } } } }"
    )
    by_name = {account["name"]: account for account in data["accounts"]["nodes"]}
    for account in firm["Account"]:
        told = by_name.get(account["name"])
        if told is None or sum(a["name"] == account["name"] for a in firm["Account"]) > 1:
            continue
        billing = account.get("billing")
        assert (told["billing"] is None) == (billing is None)
        if billing is not None:
            assert told["billing"]["legalName"] == billing["legalName"]
        wanted = sum(invoice["account"] == account["key"] for invoice in firm["Invoice"])
        assert told["invoices"]["totalCount"] == wanted


async def test_one_erp_down_makes_no_list_silently_short(two_erps, gateway_of):
    gateway = await gateway_of(two_erps)
    gateway.control.fault(platform="netsuite-abroad", kind="down")
    answer = await gateway.ask(
        "{ invoices(first: 5) { nodes { number } } accounts(first: 40) { nodes { name billing { legalName } } } }"
    )
    assert answer["data"]["invoices"] is None
    assert {error["extensions"]["platform"] for error in answer["errors"]} == {"netsuite-abroad"}
    billings = [account["billing"] for account in answer["data"]["accounts"]["nodes"]]
    assert any(billings), "what the other ERP has is told"
    gateway.control.request("DELETE", "/faults")
