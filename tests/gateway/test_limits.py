"""What a document may hold, however it hides it, and that finding out costs next to nothing."""

import time
from typing import Any

import httpx2 as httpx
import pytest

RESPONSE = {"accept": "application/graphql-response+json"}
FORK = "".join(f"fragment f{n} on Account {{ ...f{n + 1} ...f{n + 1} }} " for n in range(25))
ALIASED_FORK = "".join(
    f"fragment f{n} on Account {{ a: parent {{ ...f{n + 1} }} b: parent {{ ...f{n + 1} }} }} " for n in range(25)
)
FIELD_FORK = "".join(
    f"fragment f{n} on Account {{ parent {{ ...f{n + 1} }} accounts {{ nodes {{ ...f{n + 1} }} }} }} "
    for n in range(25)
)
LAST = "fragment f25 on Account { id }"
MESH = "".join(
    f"fragment m{n} on Account {{ {' '.join(f'...m{other}' for other in range(20) if other != n)} id }} "
    for n in range(20)
)
ATTACKS = {
    "25 forking fragments": "{ node(id: 1) { ...f0 } } " + FORK + LAST,
    "25 forking fragments with aliases": "{ node(id: 1) { ...f0 } } " + ALIASED_FORK + LAST,
    "25 forking fragments with fields": "{ node(id: 1) { ...f0 } } " + FIELD_FORK + LAST,
    "a cycle": "{ node(id: 1) { ...a } } fragment a on Account { parent { ...b } } "
    "fragment b on Account { parent { ...a } }",
    "a fragment in itself": "{ node(id: 1) { ...a } } fragment a on Account { ...a }",
    "a mesh of cycles": "{ node(id: 1) { ...m0 } } " + MESH,
    "the same field 990 times": "{ " + "hello " * 990 + "}",
    "the same object 110 times": "{ " + "node(id: 1) { id } " * 110 + "}",
    "900 unknown fields": "{ " + " ".join(f"f{n}" for n in range(900)) + " }",
    "240 unused variables": "query(" + " ".join(f"$v{n}: Int" for n in range(240)) + ") { hello }",
    "deep braces": "{ node(id: 1) { " + "parent { " * 400 + "id" + " }" * 402,
    "deep lists": "{ node(id: " + "[" * 900 + ") }",
    "deep inline fragments": "{ " + "... { " * 330 + "hello" + " }" * 331,
    "a long chain of fragments": "{ node(id: 1) { ...c0 } } "
    + "".join(f"fragment c{n} on Account {{ id ...c{n + 1} }} " for n in range(100))
    + "fragment c100 on Account { id }",
    "a megabyte of one string, nearly": '{ echo(text: "' + "x" * 200_000 + '") }',
    "60,000 comments": "#\n" * 60_000 + "{ hello }",
    "an endless number": "{ accounts(first: " + "9" * 10_000 + ") { totalCount } }",
    "introspection that calls itself": "{ __schema { types { "
    + "fields { type { " * 3
    + "name"
    + " } }" * 3
    + " } } }",
}


@pytest.mark.usefixtures("own_garbage")
@pytest.mark.parametrize("document", [pytest.param(text, id=name) for name, text in ATTACKS.items()])
async def test_attack_is_answered_within_a_quarter_of_a_second(client: httpx.AsyncClient, document: str) -> None:
    begun = time.thread_time()  # other threads' work says nothing about this document
    response = await client.post("/graphql", json={"query": document}, headers=RESPONSE)
    assert time.thread_time() - begun < 0.25
    assert response.status_code in (200, 400)
    assert "Traceback" not in response.text


@pytest.mark.parametrize(
    ("document", "limit", "found"),
    [
        ("{ node(id: 1) { " + "parent { " * 11 + "id" + " }" * 13, "depth", 13),
        (
            "{ node(id: 1) { ...a } } fragment a on Account { "
            + "parent { " * 6 + "...b" + " }" * 6
            + " } fragment b on Account { " + "parent { " * 5 + "id" + " }" * 6,
            "depth",
            13,
        ),
        ("{ " + " ".join(f"a{n}: hello" for n in range(16)) + " }", "aliases", 16),
        (
            "{ a: node(id: 1) { ...f } b: node(id: 1) { ...f } } fragment f on Account { "
            + " ".join(f"x{n}: id" for n in range(7)) + " }",
            "aliases",
            16,
        ),
        ("{ " + "hello " * 21 + "}", "rootFields", 21),
        ("{ ...f } fragment f on Query { " + "hello " * 21 + "}", "rootFields", 21),
        ("{ hello @skip(if: false) node(id: 1) { " + "id @skip(if: false) " * 50 + "} }", "directives", 51),
        (ATTACKS["25 forking fragments with fields"], "depth", None),
    ],
)  # fmt: skip
async def test_past_a_limit(
    client: httpx.AsyncClient, gateway: Any, document: str, limit: str, found: int | None
) -> None:
    response = await client.post("/graphql", json={"query": document}, headers=RESPONSE)
    assert response.status_code == 400
    limits = [error["extensions"]["limit"] for error in response.json()["errors"]]
    told = next(row for row in limits if row["name"] == limit)
    assert found in (None, told["found"])
    assert all(error["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED" for error in response.json()["errors"])
    assert gateway.engine.operations == []


@pytest.mark.parametrize(
    "document",
    [
        "{ node(id: 1) { " + "parent { " * 10 + "id" + " }" * 12,
        "{ " + " ".join(f"a{n}: hello" for n in range(15)) + " }",
        "{ " + "hello " * 20 + "}",
        "{ node(id: 1) { ...f ...f ...f } } fragment f on Account { " + " ".join(f"x{n}: id" for n in range(15)) + " }",
    ],
)
async def test_at_a_limit(client: httpx.AsyncClient, document: str) -> None:
    response = await client.post("/graphql", json={"query": document}, headers=RESPONSE)
    assert response.status_code == 200, response.text


async def test_more_than_a_thousand_tokens_are_not_parsed(client: httpx.AsyncClient) -> None:
    response = await client.post("/graphql", json={"query": "{ " + "hello " * 1_000 + "}"}, headers=RESPONSE)
    (error,) = response.json()["errors"]
    assert error["extensions"]["code"] == "GRAPHQL_PARSE_FAILED"
    assert "1000 tokens" in error["message"]


async def test_the_explorers_introspection_is_within_the_limits(client: httpx.AsyncClient) -> None:
    from graphql import get_introspection_query

    for options in ({}, {"specified_by_url": True, "directive_is_repeatable": True, "schema_description": True}):
        query = get_introspection_query(**options)
        response = await client.post("/graphql", json={"query": query}, headers=RESPONSE)
        assert response.json()["data"]["__schema"]["types"]


async def test_endless_repetition_is_refused_with_a_reason(client: httpx.AsyncClient) -> None:
    query = "{ node(id: 1) { " + "id " * 900 + "} }"
    response = await client.post("/graphql", json={"query": query}, headers=RESPONSE)
    (error,) = response.json()["errors"]
    assert "repeats the same fields" in error["message"]


async def test_errors_of_a_document_are_capped(client: httpx.AsyncClient) -> None:
    query = "{ node(id: 1) { " + " ".join(f"f{n}" for n in range(900)) + " } }"
    response = await client.post("/graphql", json={"query": query}, headers=RESPONSE)
    assert len(response.json()["errors"]) <= 21


@pytest.mark.parametrize(
    "query",
    [
        "{ helo }",
        "{ nod(id: 1) { id } }",
        "{ node(id: 1) { nam } }",
        "{ echo(colour: GREN) }",
        "{ echo(txt: 1) }",
        "{ ... on Acount { id } }",
    ],
)
async def test_no_name_is_suggested(client: httpx.AsyncClient, query: str) -> None:
    response = await client.post("/graphql", json={"query": query}, headers=RESPONSE)
    assert response.status_code == 400
    assert "did you mean" not in response.text.lower()
