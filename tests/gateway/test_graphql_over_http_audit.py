"""The server audits of npm's graphql-http 1.23, for where there is no Node; `audit.mjs` runs the originals.

Ids and sentences are those of its `audits/server`. Each row: id, sentence, request, statuses, what else must hold.
"""

import json
from typing import Any
from urllib.parse import urlencode

import httpx2 as httpx
import pytest

JSON = "application/json"
RESPONSE = "application/graphql-response+json"
TYPENAME = "{ __typename }"
BY_NAME = "query Type($name: String!) { __type(name: $name) { name } }"
NO_FIELD = "{ 8f31403dfe404bccbb0e835f2629c6a7 }"
COERCE = "query CoerceFailure($id: ID!){ __typename }"
INVALID = [("object", {"obj": "ect"}), ("number", 0), ("boolean", False), ("array", ["array"])]
INVALID_MAPS = [("string", "string"), ("number", 0), ("boolean", False), ("array", ["array"])]
OK, BAD = (200, 200), (400, 400)
REFUSED, FAILED = (400, 499), (400, 599)


def post(body: Any, accept: str | None = None, content_type: str | None = JSON) -> dict[str, Any]:
    headers = {name: value for name, value in (("content-type", content_type), ("accept", accept)) if value}
    return {"method": "POST", "headers": headers, "content": body if isinstance(body, str) else json.dumps(body)}


def get(parameters: dict[str, str], accept: str | None = None) -> dict[str, Any]:
    return {
        "method": "GET",
        "url": "/graphql?" + urlencode(parameters),
        "headers": {"accept": accept} if accept else {},
    }


def query(text: str = TYPENAME, **parameters: Any) -> dict[str, Any]:
    return {"query": text} | parameters


def no_errors(response: httpx.Response) -> None:
    assert "errors" not in response.json()


def no_data(response: httpx.Response) -> None:
    assert "data" not in response.json()


def of_type(media: str) -> Any:
    def check(response: httpx.Response) -> None:
        assert media in response.headers["content-type"]

    return check


def utf8(response: httpx.Response) -> None:
    response.content.decode("utf-8")


def anything(_: httpx.Response) -> None:
    """The status says it all."""


AUDITS: list[tuple[str, str, dict[str, Any], tuple[int, int], Any]] = [
    ("22EB", f"accept {RESPONSE} and match the content-type", post(query(), RESPONSE), OK, of_type(RESPONSE)),
    ("4655", f"accept {JSON} and match the content-type", post(query(), JSON), OK, of_type(JSON)),
    ("47DE", f"accept */* and use {JSON}", post(query(), "*/*"), OK, of_type(JSON)),
    ("80D8", f"assume {JSON} when accept is missing", post(query()), OK, of_type(JSON)),
    ("82A3", "use utf-8 when responding", post(query()), OK, utf8),
    (
        "BF61",
        "accept utf-8 encoded request",
        post(
            json.dumps(query('{ __type(name: "Run🏃Swim🏊") { name } }'), ensure_ascii=False),
            None,
            f"{JSON}; charset=utf-8",
        ),
        OK,
        anything,
    ),
    ("78D5", "assume utf-8 if encoding is unspecified", post(query()), OK, anything),
    ("2C94", "accept POST requests", post(query()), OK, anything),
    ("5A70", "accept x-www-form-urlencoded formatted GET requests", get(query()), OK, anything),
    ("9C48", "not execute mutations on GET", get(query("mutation { __typename }"), RESPONSE), REFUSED, anything),
    ("9ABE", "refuse POST without content-type", post(query(), None, None), REFUSED, anything),
    ("03D4", f"accept {JSON} POST requests", post(query()), OK, anything),
    ("A5BF", "use 400 when the body is missing", post(""), BAD, anything),
    ("423L", "use 400 on missing query", post({"notquery": TYPENAME}, RESPONSE), BAD, anything),
    *(
        (f"LKJ{n}", f"use 400 on {kind} query", post({"query": value}), BAD, anything)
        for n, (kind, value) in enumerate(INVALID)
    ),
    ("34A2", f"allow string query with {RESPONSE}", post(query(), RESPONSE), OK, anything),
    ("13EE", f"allow string query with {JSON}", post(query(), JSON), OK, no_errors),
    *(
        (f"6C0{n}", f"use 400 on {kind} operationName", post(query(operationName=value)), BAD, anything)
        for n, (kind, value) in enumerate(INVALID)
    ),
    (
        "8161",
        f"allow string operationName with {RESPONSE}",
        post(query("query Query { __typename }", operationName="Query"), RESPONSE),
        OK,
        anything,
    ),
    (
        "B8B3",
        f"allow string operationName with {JSON}",
        post(query("query Query { __typename }", operationName="Query"), JSON),
        OK,
        no_errors,
    ),
    *(
        row
        for n, name in enumerate(("variables", "operationName", "extensions"))
        for row in (
            (f"94B{n}", f"allow null {name} with {RESPONSE}", post(query(**{name: None}), RESPONSE), OK, no_errors),
            (f"022{n}", f"allow null {name} with {JSON}", post(query(**{name: None}), JSON), OK, no_errors),
        )
    ),
    *(
        (f"476{n}", f"use 400 on {kind} variables", post(query(variables=value)), BAD, anything)
        for n, (kind, value) in enumerate(INVALID_MAPS)
    ),
    (
        "2EA1",
        f"allow map variables with {RESPONSE}",
        post(query(BY_NAME, variables={"name": "sometype"}), RESPONSE),
        OK,
        anything,
    ),
    (
        "28B9",
        f"allow map variables with {JSON}",
        post(query(BY_NAME, variables={"name": "sometype"}), JSON),
        OK,
        no_errors,
    ),
    (
        "D6D5",
        f"allow JSON variables in GET with {RESPONSE}",
        get({"query": BY_NAME, "variables": '{"name":"sometype"}'}, RESPONSE),
        OK,
        no_errors,
    ),
    (
        "6A70",
        f"allow JSON variables in GET with {JSON}",
        get({"query": BY_NAME, "variables": '{"name":"sometype"}'}, JSON),
        OK,
        no_errors,
    ),
    *(
        (f"58B{n}", f"use 400 on {kind} extensions", post(query(extensions=value)), BAD, anything)
        for n, (kind, value) in enumerate(INVALID_MAPS)
    ),
    (
        "428F",
        f"allow map extensions with {RESPONSE}",
        post(query(extensions={"some": "value"}), RESPONSE),
        OK,
        anything,
    ),
    ("1B7A", f"allow map extensions with {JSON}", post(query(extensions={"some": "value"}), JSON), OK, no_errors),
    ("B6DC", f"use 2xx, 4xx or 5xx on broken JSON with {JSON}", post('{ "not a JSON', JSON), (200, 599), anything),
    ("BCF8", f"use 400 on broken JSON with {JSON}", post('{ "not a JSON', JSON), BAD, anything),
    ("B7N8", f"use 400 on broken JSON with {RESPONSE}", post('{ "not a JSON', RESPONSE), BAD, anything),
    ("8764", "use 4xx or 5xx if parameters are invalid", post({"qeury": TYPENAME}), FAILED, anything),
    ("3E3A", "use 400 if parameters are invalid", post({"qeury": TYPENAME}), BAD, anything),
    ("572B", f"use 200 on parsing failure with {JSON}", post(query("{"), JSON), OK, anything),
    ("FDE2", f"use 200 on validation failure with {JSON}", post(query(NO_FIELD), JSON), OK, anything),
    (
        "7B9B",
        f"use 200 on coercion failure with {JSON}",
        post(query(COERCE, variables={"id": None}), JSON),
        OK,
        anything,
    ),
    ("865D", f"use 4xx or 5xx on parsing failure with {RESPONSE}", post(query("{"), RESPONSE), FAILED, anything),
    ("556A", f"use 400 on parsing failure with {RESPONSE}", post(query("{"), RESPONSE), BAD, anything),
    ("D586", f"have no data on parsing failure with {RESPONSE}", post(query("{"), RESPONSE), BAD, no_data),
    (
        "51FE",
        f"use 4xx or 5xx on validation failure with {RESPONSE}",
        post(query(NO_FIELD), RESPONSE),
        FAILED,
        anything,
    ),
    ("74FF", f"use 400 on validation failure with {RESPONSE}", post(query(NO_FIELD), RESPONSE), BAD, anything),
    ("5E5B", f"have no data on validation failure with {RESPONSE}", post(query(NO_FIELD), RESPONSE), BAD, no_data),
    (
        "86EE",
        f"use 400 on coercion failure with {RESPONSE}",
        post(query(COERCE, variables={"id": None}), RESPONSE),
        BAD,
        anything,
    ),
]


def test_all_audits_are_here() -> None:
    assert len({row[0] for row in AUDITS}) == len(AUDITS) == 61


@pytest.mark.parametrize(
    ("name", "request_", "statuses", "check"),
    [pytest.param(sentence, request, statuses, check, id=id_) for id_, sentence, request, statuses, check in AUDITS],
)
async def test_server_should(
    client: httpx.AsyncClient, name: str, request_: dict[str, Any], statuses: tuple[int, int], check: Any
) -> None:
    headers = dict(client.headers) | {"accept": "*/*"} | request_["headers"]
    if "accept" not in request_["headers"] and "assume" in name:
        del headers["accept"]
    client.headers = httpx.Headers(headers)
    response = await client.request(
        request_["method"], request_.get("url", "/graphql"), content=request_.get("content")
    )
    assert statuses[0] <= response.status_code <= statuses[1], response.text
    check(response)
