"""A platform that fails costs its own fields: null, one error with code and platform, and everything else answered."""

import asyncio

import pytest

QUERY = """{ accounts(first: 5) { nodes { name billing { legalName } projects { nodes { name } }
    invoices { nodes { number } } } } projects(first: 2) { nodes { name } } }"""


def errors_of(answer):
    return {(tuple(p for p in e["path"] if isinstance(p, str)), e["extensions"]["code"]) for e in answer["errors"]}


@pytest.mark.parametrize(("fault", "code"), [
    ({"kind": "down"}, "UPSTREAM_UNAVAILABLE"),
    ({"kind": "status", "status": 500}, "UPSTREAM_UNAVAILABLE"),
    ({"kind": "rate_limit"}, "UPSTREAM_RATE_LIMITED"),
    ({"kind": "garbage"}, "UPSTREAM_INVALID_RESPONSE"),
    ({"kind": "truncate"}, "UPSTREAM_INVALID_RESPONSE"),
    ({"kind": "drop_before"}, "UPSTREAM_UNAVAILABLE"),
    ({"kind": "drop_after"}, "UPSTREAM_UNAVAILABLE"),
    ({"kind": "latency", "ms": 5000}, "UPSTREAM_TIMEOUT"),
    ({"kind": "slow_body", "ms": 5000}, "UPSTREAM_TIMEOUT"),
])  # fmt: skip
async def test_erp_failing_costs_the_fields_it_owns(fresh_gateway, fault, code):
    fresh_gateway.control.fault(platform="netsuite", **fault)
    started = asyncio.get_running_loop().time()
    answer = await fresh_gateway.ask(QUERY)
    assert asyncio.get_running_loop().time() - started < 4.0
    assert errors_of(answer) == {(("accounts", "nodes", "billing"), code), (("accounts", "nodes", "invoices"), code)}
    for error in answer["errors"]:
        assert error["path"][:3] == ["accounts", "nodes", 0]
        assert error["extensions"]["platform"] == "netsuite"
        assert error["extensions"]["retryable"] is True
        assert error["extensions"]["correlationId"]
        assert error["extensions"].get("occurrences") == 5
    for account in answer["data"]["accounts"]["nodes"]:
        assert account["name"]
        assert account["billing"] is None
        assert account["invoices"] is None
        assert account["projects"] is not None
    assert len(answer["data"]["projects"]["nodes"]) == 2


async def test_crm_and_psa_failing_leave_what_others_own(fresh_gateway):
    fresh_gateway.control.fault(platform="salesforce", kind="down")
    answer = await fresh_gateway.ask(
        "{ accounts(first: 1) { nodes { name } } invoices(first: 2) { nodes { number account { name } } } }"
    )
    assert answer["data"]["accounts"] is None
    assert len(answer["data"]["invoices"]["nodes"]) == 2
    assert (("accounts",), "UPSTREAM_UNAVAILABLE") in errors_of(answer)


async def test_row_lock_and_daily_limit_of_salesforce_are_read_as_such(fresh_gateway):
    lock = [{"message": "unable to obtain exclusive access to this record", "errorCode": "UNABLE_TO_LOCK_ROW"}]
    fresh_gateway.control.fault(platform="salesforce", kind="status", status=400, body=lock, match={"path": "/query"})
    answer = await fresh_gateway.ask("{ accounts(first: 1) { nodes { name } } }")
    assert errors_of(answer) == {(("accounts",), "UPSTREAM_LOCKED")}


async def test_breaker_opens_is_told_and_closes(fresh_gateway):
    fresh_gateway.control.fault(platform="netsuite", kind="down")
    codes = set()
    for _ in range(8):
        answer = await fresh_gateway.ask("{ invoices(first: 1) { nodes { number } } platforms { name health } }")
        codes |= {code for _, code in errors_of(answer)}
    assert "UPSTREAM_CIRCUIT_OPEN" in codes
    health = {found["name"]: found["health"] for found in answer["data"]["platforms"]}
    assert health["netsuite"] == "DOWN"
    assert health["salesforce"] == "HEALTHY"


async def test_gateway_starts_and_serves_with_every_platform_down(sandbox, gateway_of):
    ready = {
        "control": sandbox["control"],
        "platforms": {name: found | {"url": "http://127.0.0.1:1"} for name, found in sandbox["platforms"].items()},
    }
    gateway = await gateway_of(ready)
    answer = await gateway.ask("{ accounts(first: 1) { nodes { name } } platforms { name health } }")
    assert answer["data"]["accounts"] is None
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"UPSTREAM_UNAVAILABLE"}
    assert len(answer["data"]["platforms"]) == 3


async def test_wrong_credentials_are_a_persons_work(sandbox, gateway_of):
    platforms = {name: dict(found) for name, found in sandbox["platforms"].items()}
    platforms["netsuite"]["credentials"] = platforms["netsuite"]["credentials"] | {"token_secret": "wrong"}
    gateway = await gateway_of({"control": sandbox["control"], "platforms": platforms})
    answer = await gateway.ask("{ accounts(first: 1) { nodes { name billing { legalName } } } }")
    (error,) = answer["errors"]
    assert error["extensions"]["code"] == "UPSTREAM_UNAUTHORIZED"
    assert error["extensions"]["retryable"] is False
    assert "wrong" not in str(answer)
    assert answer["data"]["accounts"]["nodes"][0]["name"]


async def test_expired_salesforce_token_is_renewed(fresh_gateway):
    await fresh_gateway.data("{ accounts(first: 1) { nodes { name } } }")
    expired = [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]
    fresh_gateway.control.fault(
        platform="salesforce", kind="status", status=401, body=expired, times=1, match={"path": "/query"}
    )
    await fresh_gateway.data("{ accounts(first: 1) { nodes { name } } }")
