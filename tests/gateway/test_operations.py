"""What reaches the engine, what comes back, and what is written down about it."""

import asyncio
import json
from decimal import Decimal
from typing import Any

import httpx2 as httpx
import pytest

RESPONSE = {"accept": "application/graphql-response+json"}


async def post(
    client: httpx.AsyncClient, query: str, headers: dict[str, str] | None = None, **more: Any
) -> httpx.Response:
    return await client.post("/graphql", json={"query": query, **more}, headers=RESPONSE | (headers or {}))


def codes(response: httpx.Response) -> list[str]:
    return [error["extensions"]["code"] for error in response.json()["errors"]]


async def test_the_engine_gets_the_operation_whole(client: httpx.AsyncClient, gateway: Any) -> None:
    query = "query A { hello } query B($n: Int) { echo(number: $n) }"
    response = await post(client, query, {"x-correlation-id": "caller-7"}, operationName="B", variables={"n": 3})
    assert response.status_code == 200
    (operation,) = gateway.engine.operations
    assert (operation.name, operation.variables, operation.correlation_id) == ("B", {"n": 3}, "caller-7")
    assert (operation.viewer.name, operation.viewer.role, operation.explain) == ("ada", "admin", False)
    assert gateway.engine.correlations == ["caller-7"]


async def test_numbers_in_variables_stay_exact(client: httpx.AsyncClient, gateway: Any) -> None:
    body = b'{"query":"query($a:[Decimal!]){echo(amounts:$a)}","variables":{"a":[0.1,100.10,12345678901234567.89]}}'
    await client.post("/graphql", content=body, headers={"content-type": "application/json"})
    given = gateway.engine.operations[0].variables["a"]
    assert given == [Decimal("0.1"), Decimal("100.10"), Decimal("12345678901234567.89")]
    assert str(given[1]) == "100.10"


@pytest.mark.parametrize(
    ("more", "headers", "explain"),
    [
        ({}, {}, False),
        ({"extensions": {"plan": True}}, {}, True),
        ({"extensions": {"plan": "yes"}}, {}, False),
        ({}, {"x-crosswalk-plan": "1"}, True),
        ({}, {"x-crosswalk-plan": "0"}, False),
    ],
)
async def test_the_plan_is_shown_on_request(
    client: httpx.AsyncClient, gateway: Any, more: dict[str, Any], headers: dict[str, str], explain: bool
) -> None:
    response = await post(client, "{ hello }", headers, **more)
    assert gateway.engine.operations[0].explain is explain
    assert ("extensions" in response.json()) is explain


async def test_the_plan_is_shown_by_get(client: httpx.AsyncClient, gateway: Any) -> None:
    await client.get("/graphql", params={"query": "{ hello }", "extensions": '{"plan":true}'})
    assert gateway.engine.operations[0].explain


@pytest.mark.parametrize("given", ["abc-1", "01:23.4_5", "a" * 128])
async def test_a_sane_correlation_id_is_kept(client: httpx.AsyncClient, given: str) -> None:
    response = await post(client, "{ hello }", {"x-correlation-id": given})
    assert response.headers["x-correlation-id"] == given


@pytest.mark.parametrize("given", ["", "a b", "<script>", "a" * 129, "a\tb", "-x", 'a"b', "é"])
async def test_any_other_correlation_id_is_replaced(client: httpx.AsyncClient, given: str) -> None:
    response = await client.get("/healthz", headers={"x-correlation-id": given.encode()})
    assert len(response.headers["x-correlation-id"]) == 36


async def test_partial_answers_are_answers(client: httpx.AsyncClient, gateway: Any) -> None:
    response = await post(client, "{ hello broken }")
    assert response.status_code == 200
    assert response.json()["data"] == {"hello": "world", "broken": None}
    assert codes(response) == ["UPSTREAM_UNAVAILABLE"]
    (line,) = gateway.lines()
    assert (line["outcome"], line["codes"]) == ("partial", ["UPSTREAM_UNAVAILABLE"])


async def test_data_that_looks_like_errors_is_no_error(client: httpx.AsyncClient, gateway: Any) -> None:
    await post(client, "query($t: String) { echo(text: $t) }", variables={"t": '"errors":[{"message":"x"}]'})
    assert gateway.lines()[0]["outcome"] == "ok"


@pytest.mark.parametrize(
    ("query", "more", "code"),
    [
        ("{", {}, "GRAPHQL_PARSE_FAILED"),
        ("{ unknown }", {}, "GRAPHQL_VALIDATION_FAILED"),
        ("type A { b: Int }", {}, "GRAPHQL_VALIDATION_FAILED"),
        ("fragment f on Query { hello }", {}, "GRAPHQL_VALIDATION_FAILED"),
        ("query($n: Int!) { echo(number: $n) }", {"variables": {"n": "x"}}, "BAD_USER_INPUT"),
        ("query($n: Int!) { echo(number: $n) }", {}, "BAD_USER_INPUT"),
        ("query A { hello } query B { hello }", {}, "BAD_USER_INPUT"),
        ("query A { hello }", {"operationName": "C"}, "BAD_USER_INPUT"),
        ("subscription { renamed }", {}, "BAD_USER_INPUT"),
    ],
)
async def test_an_unfit_request_has_its_code(
    client: httpx.AsyncClient, query: str, more: dict[str, Any], code: str
) -> None:
    response = await post(client, query, **more)
    assert response.status_code == 400
    assert codes(response) == [code]
    as_json = await client.post("/graphql", json={"query": query, **more}, headers={"accept": "application/json"})
    assert (as_json.status_code, codes(as_json)) == (200, [code])


async def test_a_bug_shows_no_text(client: httpx.AsyncClient, gateway: Any) -> None:
    gateway.engine.error = RuntimeError("password=hunter2")
    response = await post(client, "{ hello }")
    assert response.status_code == 500
    assert codes(response) == ["INTERNAL_SERVER_ERROR"]
    assert response.json()["errors"][0]["extensions"]["correlationId"] == response.headers["x-correlation-id"]
    bug, line = gateway.lines()
    assert (bug["error"], line["status"]) == ("RuntimeError", 500)
    assert bug["frames"][-1].endswith("execute")
    assert "hunter2" not in response.text + gateway.log.getvalue()


async def test_an_engines_own_timeout_is_a_bug_not_the_wall_clock(client: httpx.AsyncClient, gateway: Any) -> None:
    gateway.engine.error = TimeoutError()
    assert codes(await post(client, "{ hello }")) == ["INTERNAL_SERVER_ERROR"]


async def test_the_wall_clock_cancels_the_operation(make_gateway: Any, make_engine: Any) -> None:
    gateway = make_gateway(make_engine(pause=asyncio.Event()), wall_clock_seconds=0.02)
    async with gateway.client() as client:
        response = await post(client, "{ hello }")
    assert response.status_code == 504
    (error,) = response.json()["errors"]
    assert (error["extensions"]["code"], error["extensions"]["retryable"]) == ("DEADLINE_EXCEEDED", True)
    assert gateway.engine.cancelled.is_set()
    assert gateway.lines()[0]["outcome"] == "late"


async def test_mutations_need_post(client: httpx.AsyncClient, gateway: Any) -> None:
    by_get = await client.get("/graphql", params={"query": 'mutation { rename(name: "x") }'})
    assert (by_get.status_code, by_get.headers["allow"]) == (405, "POST")
    two = {"query": 'query A { hello } mutation B { rename(name: "x") }', "operationName": "B"}
    assert (await client.get("/graphql", params=two)).status_code == 405
    assert gateway.engine.operations == []
    assert (await post(client, 'mutation { rename(name: "x") }')).json()["data"] == {"rename": "x"}


@pytest.mark.parametrize(
    ("method", "cache_control", "shown"),
    [
        ("GET", "private, max-age=30", "private, max-age=30"),
        ("GET", None, "no-store"),
        ("POST", "private, max-age=30", "no-store"),
    ],
)
async def test_only_a_get_may_be_cached(
    client: httpx.AsyncClient, gateway: Any, method: str, cache_control: str | None, shown: str
) -> None:
    gateway.engine.cache_control = cache_control
    by_get = {"params": {"query": "{ hello }"}}
    response = await client.request(
        method, "/graphql", **(by_get if method == "GET" else {"json": {"query": "{ hello }"}})
    )
    assert response.headers["cache-control"] == shown
    assert {"accept", "authorization", "x-api-key"} <= {
        name.strip().lower() for name in response.headers["vary"].split(",")
    }


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        ("application/json, application/graphql-response+json", "application/json"),
        ("application/graphql-response+json, application/json", "application/graphql-response+json"),
        ("application/json;q=0.5, application/graphql-response+json", "application/graphql-response+json"),
        ("application/graphql-response+json;q=0, */*;q=0.1", "application/json"),
        ("text/html, application/*;q=0.9", "application/json"),
        ("*/*, application/graphql-response+json", "application/graphql-response+json"),
        ("APPLICATION/GRAPHQL-RESPONSE+JSON; charset=UTF-8", "application/graphql-response+json"),
        ("text/event-stream, application/graphql-response+json, application/json", "application/graphql-response+json"),
        ("application/json;q=nonsense, application/graphql-response+json;q=0.1", "application/graphql-response+json"),
    ],
)
async def test_the_caller_chooses_the_media_type(client: httpx.AsyncClient, accept: str, media: str) -> None:
    response = await client.post("/graphql", json={"query": "{ hello }"}, headers={"accept": accept})
    assert response.headers["content-type"] == f"{media}; charset=utf-8"


async def test_one_line_says_what_happened_and_no_value(client: httpx.AsyncClient, gateway: Any) -> None:
    await post(client, "query Greeting($t: String) { echo(text: $t) }", variables={"t": "a-very-private-value"})
    (line,) = gateway.lines()
    assert (line["event"], line["method"], line["operation"]) == ("operation", "POST", "Greeting")
    assert (line["viewer"], line["role"], line["status"], line["outcome"], line["codes"]) == (
        "ada",
        "admin",
        200,
        "ok",
        [],
    )
    assert len(line["document"]) == 64
    assert line["ms"] >= 0
    assert "a-very-private-value" not in gateway.log.getvalue()


async def test_a_literal_in_the_document_is_not_logged(client: httpx.AsyncClient, gateway: Any) -> None:
    await post(client, '{ echo(text: "a-very-private-value", number: "a-very-private-value") }')
    await post(client, '{ "a-very-private-value" }')
    assert len(gateway.lines()) == 2
    assert "a-very-private-value" not in json.dumps(gateway.lines())
