"""Whatever is sent, the answer is a JSON error that says what to do, with no stack trace and nothing executed."""

import json
from typing import Any

import httpx2 as httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

JSON = {"content-type": "application/json"}
DEEP = b'{"query":"{hello}","variables":{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}}"
BODIES: dict[str, bytes] = {
    "nothing": b"",
    "null": b"null",
    "a list": b"[]",
    "a batch": b'[{"query":"{hello}"},{"query":"{hello}"}]',
    "a string": b'"x"',
    "a number": b"1",
    "bad UTF-8 in the query": b'{"query":"\xff\xfe"}',
    "bad UTF-8 outside": b"\xff\xfe\x00",
    "a lone surrogate": b'{"query":"\\ud800"}',
    "a byte order mark": b'\xef\xbb\xbf{"query":"{hello}"}',
    "half an object": b'{"query":"{hello}"',
    "two objects": b'{"query":"{hello}"}{}',
    "NaN": b'{"query":"{hello}","variables":{"a":NaN}}',
    "an endless number": b'{"query":"{hello}","variables":{"a":' + b"9" * 5000 + b"}}",
    "a number out of range": b'{"query":"{hello}","variables":{"a":1e99999}}',
    "nested 100,000 deep": DEEP,
    "nested 65 deep": b'{"query":"{hello}","variables":{"a":' + b"[" * 65 + b"]" * 65 + b"}}",
    "an empty query": b'{"query":""}',
    "an operation name that is a list": b'{"query":"{hello}","operationName":["a"]}',
    "persisted query": b'{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"00"}}}',
}


def assert_refused(response: httpx.Response, engine: Any) -> dict[str, Any]:
    assert 400 <= response.status_code < 500
    body = response.json()
    assert set(body) == {"errors"}
    for error in body["errors"]:
        assert error["message"]
        assert error["extensions"]["code"]
        assert error["extensions"]["correlationId"] == response.headers["x-correlation-id"]
    assert "Traceback" not in response.text
    assert "/gateway/" not in response.text
    assert engine.operations == []
    return body


@pytest.mark.parametrize("body", [pytest.param(body, id=name) for name, body in BODIES.items()])
async def test_malformed_body_is_refused(client: httpx.AsyncClient, gateway: Any, body: bytes) -> None:
    headers = JSON | {"accept": "application/graphql-response+json"}
    assert_refused(await client.post("/graphql", content=body, headers=headers), gateway.engine)


@pytest.mark.parametrize(
    ("url", "status"),
    [
        ("/graphql", 400),
        ("/graphql?query=", 400),
        ("/graphql?query={hello}&query={hello}", 400),
        ("/graphql?query={hello}&variables=[]", 400),
        ("/graphql?query={hello}&variables=nonsense", 400),
        ("/graphql?query={hello}&extensions=1", 400),
        ("/graphql?query=%ff%fe", 400),
        ("/graphql?" + "&".join(f"a{n}=1" for n in range(100)), 400),
        ("/graphql?query={hello}&variables=" + "%7B%22a%22:" * 70 + "1" + "%7D" * 70, 400),
        ("/graphql?query=" + "a" * 40_000, 414),
    ],
)
async def test_malformed_url_is_refused(client: httpx.AsyncClient, gateway: Any, url: str, status: int) -> None:
    response = await client.get(url)
    assert response.status_code == status
    assert_refused(response, gateway.engine)


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=latin-1",
        "",
    ],
)
async def test_a_body_that_a_foreign_page_could_send_is_refused(
    client: httpx.AsyncClient, gateway: Any, content_type: str
) -> None:
    response = await client.post("/graphql", content=b'{"query":"{hello}"}', headers={"content-type": content_type})
    assert response.status_code == 415
    assert_refused(response, gateway.engine)


async def test_a_compressed_body_is_refused(client: httpx.AsyncClient, gateway: Any) -> None:
    response = await client.post("/graphql", content=b"\x1f\x8b", headers=JSON | {"content-encoding": "gzip"})
    assert response.status_code == 415
    assert_refused(response, gateway.engine)


async def test_a_body_past_the_limit_is_refused(client: httpx.AsyncClient, gateway: Any) -> None:
    body = json.dumps({"query": "{hello}", "variables": {"a": "x" * 256_000}}).encode()
    response = await client.post("/graphql", content=body, headers=JSON)
    assert response.status_code == 413
    assert "256000" in assert_refused(response, gateway.engine)["errors"][0]["message"]


async def test_a_chunked_body_past_the_limit_is_refused(client: httpx.AsyncClient, gateway: Any) -> None:
    async def chunks() -> Any:
        for _ in range(100):
            yield b" " * 10_000

    response = await client.post("/graphql", content=chunks(), headers=JSON)
    assert response.status_code == 413
    assert_refused(response, gateway.engine)


@pytest.mark.parametrize(("method", "allowed"), [("PATCH", "GET, POST"), ("OPTIONS", "GET, POST")])
async def test_other_methods_are_refused(client: httpx.AsyncClient, gateway: Any, method: str, allowed: str) -> None:
    response = await client.request(method, "/graphql")
    assert (response.status_code, response.headers["allow"]) == (405, allowed)
    assert_refused(response, gateway.engine)


async def test_an_answer_in_no_known_type_is_refused(client: httpx.AsyncClient, gateway: Any) -> None:
    response = await client.post("/graphql", json={"query": "{hello}"}, headers={"accept": "text/html"})
    assert response.status_code == 406
    assert_refused(response, gateway.engine)


async def test_unknown_paths_answer_in_json(client: httpx.AsyncClient) -> None:
    response = await client.get("/nothing-here")
    assert response.status_code == 404
    assert response.json()["errors"][0]["message"] == "Not Found."


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=st.binary(max_size=300)
    | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(lambda x: json.dumps(x).encode())
)
async def test_no_body_at_all_brings_a_server_error(client: httpx.AsyncClient, body: bytes) -> None:
    response = await client.post("/graphql", content=body, headers=JSON)
    assert 400 <= response.status_code < 500
    assert response.json()["errors"]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(alphabet='{}()[]:$@!|&="\\#,. \n\tabhelofragmentquery.0123456789', max_size=200))
async def test_no_document_at_all_brings_a_server_error(client: httpx.AsyncClient, text: str) -> None:
    response = await client.post(
        "/graphql", json={"query": text}, headers={"accept": "application/graphql-response+json"}
    )
    assert response.status_code in (200, 400)
    if response.status_code == 400:
        assert all(error["extensions"]["code"] for error in response.json()["errors"])
