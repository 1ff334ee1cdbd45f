"""What the machines that run the gateway may see."""

import asyncio
from typing import Any

import httpx2 as httpx
from prometheus_client import Counter


async def test_alive_and_ready_need_no_key_and_name_no_platform(gateway: Any) -> None:
    async with gateway.client(key=None) as client:
        assert (await client.get("/healthz")).json() == {"status": "ok"}
        assert (await client.get("/readyz")).json() == {"status": "ready"}


async def test_ready_tells_a_holder_of_a_key_about_the_platforms(client: httpx.AsyncClient) -> None:
    ready = await client.get("/readyz")
    assert ready.status_code == 200
    assert ready.json() == {"status": "ready", "platforms": {"crm-one": "HEALTHY", "erp-one": "DOWN"}}


async def test_not_ready_before_the_engine_has_started(gateway: Any) -> None:
    transport = httpx.ASGITransport(app=gateway.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        assert (await client.get("/readyz")).status_code == 503
        assert (await client.get("/healthz")).status_code == 200


async def test_the_engine_starts_and_closes_with_the_application(gateway: Any) -> None:
    assert not gateway.engine.running
    async with gateway.client():
        assert gateway.engine.running
    assert not gateway.engine.running


async def test_metrics_need_a_key_unless_opened(make_gateway: Any) -> None:
    async with make_gateway().client(key=None) as client:
        refused = await client.get("/metrics")
    assert refused.status_code == 401
    assert refused.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    async with make_gateway(open_metrics=True).client(key=None) as client:
        assert (await client.get("/metrics")).status_code == 200


async def test_metrics_count_operations_and_refusals(client: httpx.AsyncClient) -> None:
    for query in ("query Greeting { hello }", "query Greeting { hello broken }", "mutation { rename(name: 1) }", "{"):
        await client.post("/graphql", json={"query": query})
    page = (await client.get("/metrics")).text
    assert 'crosswalk_operations_total{operation="Greeting",outcome="ok",type="query"} 1.0' in page
    assert 'crosswalk_operations_total{operation="Greeting",outcome="partial",type="query"} 1.0' in page
    assert 'crosswalk_operation_seconds_count{operation="Greeting",type="query"} 2.0' in page
    assert 'crosswalk_refusals_total{code="GRAPHQL_PARSE_FAILED"} 1.0' in page
    assert 'crosswalk_refusals_total{code="GRAPHQL_VALIDATION_FAILED"} 1.0' in page
    assert "crosswalk_operations_in_flight 0.0" in page


async def test_metrics_hold_those_of_the_platforms(client: httpx.AsyncClient) -> None:
    Counter("crosswalk_test_of_the_default_registry", "Stands for a platform's figures.").inc()
    assert "crosswalk_test_of_the_default_registry_total 1.0" in (await client.get("/metrics")).text


async def test_operations_in_flight_are_counted(make_gateway: Any, make_engine: Any) -> None:
    gateway = make_gateway(make_engine(pause=asyncio.Event()))
    async with gateway.client() as client:
        running = asyncio.create_task(client.post("/graphql", json={"query": "{ hello }"}))
        await gateway.engine.entered.wait()
        assert "crosswalk_operations_in_flight 1.0" in (await client.get("/metrics")).text
        gateway.engine.pause.set()
        assert (await running).status_code == 200


async def test_callers_cannot_make_endless_series(make_gateway: Any) -> None:
    gateway = make_gateway(operation_labels=3)
    async with gateway.client() as client:
        for n in range(10):
            await client.post("/graphql", json={"query": f"query Q{n} {{ hello }}"})
        page = (await client.get("/metrics")).text
    assert 'operation="Q2"' in page
    assert 'operation="Q3"' not in page
    assert 'crosswalk_operations_total{operation="other",outcome="ok",type="query"} 7.0' in page
