"""No key, no data; and a key leaves no trace."""

import re
from hashlib import sha256
from typing import Any

import pytest

from gateway.keys import ApiKey, KeyRing, new_key

HELLO = {"query": "{ hello }"}
INTROSPECTION = {"query": "{ __schema { types { name } } }"}


def test_a_new_key_names_its_role_and_holds_256_random_bits() -> None:
    key, stored = new_key(name="the portal", role="sales_ops")
    assert re.fullmatch(r"cw_sales_ops_[0-9a-f]{64}", key)
    assert stored == ApiKey(
        name="the portal", role="sales_ops", sha256=sha256(key.encode()).hexdigest(), prefix=key[:21]
    )
    assert new_key(name="the portal", role="sales_ops")[0] != key


def test_only_the_whole_key_opens() -> None:
    key, stored = new_key(name="a", role="admin")
    ring = KeyRing([stored])
    holder = ring.holder(key)
    assert holder is not None
    assert (holder.name, holder.role) == ("a", "admin")
    for wrong in ("", key[:-1], key + "0", stored.prefix, stored.sha256, key.upper(), "x" * 100_000, "é", "\x00"):
        assert ring.holder(wrong) is None


@pytest.mark.parametrize("headers", [
    {}, {"x-api-key": ""}, {"x-api-key": "cw_admin_0000"}, {"authorization": "Bearer nonsense"},
    {"authorization": "Basic {key}"}, {"authorization": "{key}"}, {"authorization": "Bearer"},
    {"cookie": "x-api-key={key}"},
])  # fmt: skip
@pytest.mark.parametrize("body", [HELLO, INTROSPECTION, {"query": "{"}, {"query": "{ unknown }"}, []])
async def test_without_a_key_nothing_is_told(gateway: Any, headers: dict[str, str], body: Any) -> None:
    async with gateway.client(key=None) as client:
        sent = {name: value.replace("{key}", gateway.key) for name, value in headers.items()}
        response = await client.post("/graphql", json=body, headers=sent)
        by_get = await client.get("/graphql", params=HELLO | {"key": gateway.key, "api_key": gateway.key}, headers=sent)
    for answer in (response, by_get):
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert answer.headers["cache-control"] == "no-store"
        (error,) = answer.json()["errors"]
        assert error["extensions"]["code"] == "UNAUTHENTICATED"
        assert "data" not in answer.json()
    assert gateway.engine.operations == []


@pytest.mark.parametrize("header", ["x-api-key: {key}", "authorization: Bearer {key}", "authorization: bearer  {key}"])
async def test_a_key_opens_by_either_header(gateway: Any, header: str) -> None:
    name, _, value = header.format(key=gateway.portal_key).partition(": ")
    async with gateway.client(key=None) as client:
        response = await client.post("/graphql", json=HELLO, headers={name: value})
    assert response.json() == {"data": {"hello": "world"}}
    assert gateway.engine.operations[0].viewer.role == "portal"


async def test_a_key_is_in_no_log_line_no_metric_and_no_answer(gateway: Any) -> None:
    gateway.engine.error = RuntimeError(f"leaks {gateway.key}")
    answers = []
    async with gateway.client() as client:
        for key in (gateway.key, gateway.portal_key, "cw_admin_wrong"):
            bodies = (HELLO, {"query": "{"}, {"query": "{ hello }", "variables": {"key": key}})
            answers += [(await client.post("/graphql", json=body, headers={"x-api-key": key})).text for body in bodies]
        answers.append((await client.get("/metrics")).text)
    written = gateway.log.getvalue() + "".join(answers)
    assert len(gateway.lines()) >= 9
    for key in (gateway.key, gateway.portal_key, "cw_admin_wrong"):
        assert key not in written


async def test_introspection_can_be_kept_to_some_roles(make_gateway: Any) -> None:
    gateway = make_gateway(introspection=False, introspection_roles=frozenset({"admin"}))
    query = {"query": "{ ...f } fragment f on Query { __schema { types { name } } }"}
    async with gateway.client() as client:
        assert (await client.post("/graphql", json=query)).json()["data"]
        for hidden in (query, {"query": '{ __type(name: "Query") { name } }'}):
            refused = await client.post("/graphql", json=hidden, headers={"x-api-key": gateway.portal_key})
            assert refused.status_code == 403
            assert refused.json()["errors"][0]["extensions"]["code"] == "FORBIDDEN"
        plain = await client.post(
            "/graphql", json={"query": "{ __typename hello }"}, headers={"x-api-key": gateway.portal_key}
        )
        assert plain.json()["data"]["hello"] == "world"
