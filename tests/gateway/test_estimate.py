"""Pages within pages are multiplied before anything is asked of a platform."""

from typing import Any

import httpx2 as httpx
import pytest
from graphql import parse

from gateway.estimate import Estimate
from schema.graph import core

RESPONSE = {"accept": "application/graphql-response+json"}

FRAGMENT = "fragment a on AccountConnection { nodes { accounts(first: 3) { nodes { id } } } }"


@pytest.mark.parametrize(
    ("query", "variables", "records"),
    [
        ("{ hello }", {}, 0),
        ("{ node(id: 1) { parent { id } } }", {}, 0),
        ("{ accounts { nodes { id } } }", {}, 50),
        ("{ accounts(first: 7) { nodes { id } } }", {}, 7),
        ("{ accounts(first: -3) { nodes { id } } }", {}, 0),
        ("{ accounts(first: 100000) { nodes { id } } }", {}, 500),
        ("{ accounts(first: 10) { nodes { invoices(first: 20) { nodes { id } } } } }", {}, 10 * (1 + 20)),
        ("{ accounts { nodes { invoices { nodes { lines { nodes { number } } } } } } }", {}, 50 * (1 + 50 * (1 + 100))),
        ("{ nodes(ids: [1, 2, 3]) { invoices(first: 5) { nodes { id } } } }", {}, 3 * (1 + 5)),
        ("query($n: Int) { accounts(first: $n) { nodes { id } } }", {"n": 9}, 9),
        ("query($n: Int = 4) { accounts(first: $n) { nodes { id } } }", {}, 4),
        ("query($n: Int) { accounts(first: $n) { nodes { id } } }", {}, 50),
        ("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"ids": ["1", "2"]}, 2),
        ("{ accounts(first: 2) { ...a } } " + FRAGMENT, {}, 2 * (1 + 3)),
        ("{ accounts(first: 2) { ... on AccountConnection { nodes { id } } } }", {}, 2),
    ],
)  # fmt: skip
def test_records(make_engine: Any, query: str, variables: dict[str, Any], records: int) -> None:
    document = parse(query)
    estimate = Estimate(make_engine().schema, document, largest_page=500)
    assert estimate.records(document.definitions[0], variables) == records


@pytest.mark.parametrize(
    ("query", "records"),
    [
        ("{ syncRun(id: 1) { records { id } } }", 100),
        (
            "{ syncRuns(first: 10) { nodes { records { ... on Account { projects(first: 50) { nodes { id } } } } } } }",
            10 * (1 + 100 * (1 + 50)),
        ),
        ("{ syncRun(id: 1) { exceptions { run { exceptions { code } } } } }", 500 * (1 + 500)),
        ("mutation { retryRun(id: 1) { run { records { id } exceptions { code } } } }", 100 + 500),
    ],
)
def test_lists_of_a_run_count_as_what_they_may_hold(query: str, records: int) -> None:
    document = parse(query)
    assert Estimate(core(), document, largest_page=500).records(document.definitions[0], {}) == records


def test_without_variables_the_worst_is_assumed(make_engine: Any) -> None:
    document = parse("query($n: Int, $ids: [ID!]!) { accounts(first: $n) { nodes { id } } nodes(ids: $ids) { id } }")
    assert Estimate(make_engine().schema, document, largest_page=500).records(document.definitions[0], None) == 1000


async def test_too_many_records_are_refused_before_execution(client: httpx.AsyncClient, gateway: Any) -> None:
    lines = "lines(first: $n) { nodes { number } }"
    query = f"query($n: Int) {{ accounts(first: $n) {{ nodes {{ invoices(first: $n) {{ nodes {{ {lines} }} }} }} }} }}"
    refused = await client.post("/graphql", json={"query": query, "variables": {"n": 500}}, headers=RESPONSE)
    assert refused.status_code == 400
    (error,) = refused.json()["errors"]
    assert error["extensions"]["limit"] == {"name": "records", "found": 1_000_000, "allowed": 1_000_000}
    assert gateway.engine.operations == []
    answered = await client.post("/graphql", json={"query": query, "variables": {"n": 20}}, headers=RESPONSE)
    assert answered.status_code == 200
