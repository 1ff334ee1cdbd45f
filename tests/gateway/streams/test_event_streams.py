"""GraphQL over server-sent events, in both modes of its protocol."""

import asyncio
from typing import Any

import httpx2 as httpx
import pytest

from schema.errors import EventsGone
from tests.gateway.streams.conftest import client_to, fed, stream_of

SUBSCRIPTION = "subscription { renamed }"
TOKEN = "x-graphql-event-stream-token"


@pytest.fixture
async def port(gateway: Any) -> Any:
    async with gateway.listening() as listening:
        yield listening


@pytest.fixture
async def http(port: int, gateway: Any) -> Any:
    async with client_to(port, gateway.key) as client:
        yield client


# -------------------------------------------------------------------------------------------- a stream per operation


async def test_a_subscription_tells_each_event_until_the_client_leaves(http: Any, gateway: Any) -> None:
    for request in ({"json": {"query": SUBSCRIPTION}}, {"method": "GET", "params": {"query": SUBSCRIPTION}}):
        async with stream_of(http, **request) as events:
            assert await events.block() == b":"
            await fed(gateway.engine)
            for name in ("Acme", "Ünique\n"):
                gateway.engine.feeds[0].put_nowait(name)
                assert await events.event() == ("next", {"data": {"renamed": name}})
        await fed(gateway.engine, 0)
    lines = [line for line in gateway.lines() if line["event"] == "operation"]
    assert [(line["method"], line["outcome"]) for line in lines] == [("POST", "left"), ("GET", "left")]


async def test_what_is_there_at_once_comes_as_events_of_their_own(http: Any, gateway: Any) -> None:
    names = ["", "x", "ü" * 40_000, "y"]
    async with stream_of(http, json={"query": SUBSCRIPTION}) as events:
        await fed(gateway.engine)
        gateway.engine.feeds[0].put_nowait(names)
        assert [await events.event() for _ in names] == [("next", {"data": {"renamed": name}}) for name in names]


async def test_a_stream_ends_with_a_complete_event_that_has_data(http: Any, gateway: Any) -> None:
    async with stream_of(http, json={"query": SUBSCRIPTION}) as events:
        await fed(gateway.engine)
        gateway.engine.feeds[0].put_nowait(None)
        assert await events.block() == b":"
        assert await events.block() == b"event: complete\ndata: "
        assert await events.over()


async def test_queries_and_mutations_are_one_event(http: Any, gateway: Any) -> None:
    for query, data in (("{ hello }", {"hello": "world"}), ('mutation { rename(name: "x") }', {"rename": "x"})):
        async with stream_of(http, json={"query": query}) as events:
            assert await events.event() == ("next", {"data": data})
            assert await events.event() == ("complete", None)
            assert await events.over()
    refused = await http.get(
        "/graphql", params={"query": 'mutation { rename(name: "x") }'}, headers={"accept": "text/event-stream"}
    )
    assert refused.status_code == 405


@pytest.mark.parametrize(
    "accept", ["*/*", "text/event-stream, application/json", "application/graphql-response+json, text/event-stream", ""]
)
async def test_whoever_takes_json_gets_json(http: Any, accept: str) -> None:
    """urql says that it takes both, for plain queries."""
    answer = await http.post("/graphql", json={"query": "{ hello }"}, headers={"accept": accept})
    assert "json" in answer.headers["content-type"]
    assert answer.json() == {"data": {"hello": "world"}}
    refused = await http.post("/graphql", json={"query": SUBSCRIPTION}, headers={"accept": accept})
    assert "WebSocket" in refused.json()["errors"][0]["message"]


@pytest.mark.parametrize("query", ["{", "{ nothing }", "subscription { renamed again: renamed }"])
async def test_an_unfit_document_is_told_by_an_event(http: Any, gateway: Any, query: str) -> None:
    async with stream_of(http, json={"query": query}) as events:
        name, payload = await events.event()
        assert name == "next"
        assert payload.keys() == {"errors"}
        assert payload["errors"][0]["extensions"]["correlationId"]
        assert await events.event() == ("complete", None)
    assert gateway.engine.operations == []


async def test_what_ends_a_subscription_is_told_by_an_event(http: Any, gateway: Any) -> None:
    async with stream_of(http, json={"query": SUBSCRIPTION}) as events:
        await fed(gateway.engine)
        gateway.engine.feeds[0].put_nowait(EventsGone("gone", resume_after="c5"))
        name, payload = await events.event()
        assert (name, payload["errors"][0]["extensions"]["resumeAfter"]) == ("next", "c5")
        assert await events.event() == ("complete", None)
        assert await events.over()


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        ({"content": b"x", "headers": {"content-type": "application/json"}}, 400),
        ({"content": b"[]", "headers": {"content-type": "application/json"}}, 400),
        ({"content": b"{}", "headers": {"content-type": "text/plain"}}, 415),
        ({"json": {}}, 400),
        ({"json": {"query": "{hello}"}, "headers": {"x-api-key": "wrong"}}, 401),
        ({"json": {"query": "x" * 300_000}}, 413),
    ],
)
async def test_a_request_that_cant_be_read_gets_no_stream(
    http: Any, gateway: Any, request_: dict[str, Any], status: int
) -> None:
    headers = {"accept": "text/event-stream", **request_.pop("headers", {})}
    answer = await http.post("/graphql", headers=headers, **request_)
    assert answer.status_code == status
    assert answer.json()["errors"]
    assert gateway.engine.operations == []


async def test_the_key_never_comes_from_the_url(port: int, gateway: Any) -> None:
    async with client_to(port, "") as client:
        query = {"query": SUBSCRIPTION, "x-api-key": gateway.key, "token": gateway.key}
        answer = await client.get("/graphql", params=query, headers={"accept": "text/event-stream"})
        assert answer.status_code == 401


async def test_a_quiet_stream_gives_signs_of_life(make_gateway: Any) -> None:
    gateway = make_gateway(heartbeat_seconds=0.02)
    async with (
        gateway.listening() as port,
        client_to(port, gateway.key) as client,
        stream_of(client, json={"query": SUBSCRIPTION}) as events,
    ):
        assert [await events.block() for _ in range(4)] == [b":"] * 4


async def test_streams_are_bounded_per_key_and_in_all(make_gateway: Any) -> None:
    gateway = make_gateway(streams=2, streams_per_key=1)
    async with (
        gateway.listening() as port,
        client_to(port, gateway.key) as client,
        client_to(port, gateway.portal_key) as portal,
    ):
        async with stream_of(client, json={"query": SUBSCRIPTION}):
            for refused in (
                await client.post("/graphql", json={"query": SUBSCRIPTION}, headers={"accept": "text/event-stream"}),
                await client.put("/graphql"),
            ):
                assert (refused.status_code, refused.headers["retry-after"]) == (429, "5")
                assert refused.json()["errors"][0]["extensions"]["code"] == "TOO_MANY_STREAMS"
            async with stream_of(portal, json={"query": SUBSCRIPTION}):
                await fed(gateway.engine, 2)
        await fed(gateway.engine, 0)
        async with stream_of(client, json={"query": SUBSCRIPTION}):
            await fed(gateway.engine, 1)


async def test_a_stream_that_nobody_reads_is_cut(make_gateway: Any) -> None:
    gateway = make_gateway(write_seconds=0.2)
    async with gateway.listening() as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port, limit=1_000)
        body = b'{"query":"subscription { renamed }"}'
        head = f"POST /graphql HTTP/1.1\r\nhost: x\r\nx-api-key: {gateway.key}\r\naccept: text/event-stream\r\n"
        head += f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        await fed(gateway.engine)
        for _ in range(200):
            gateway.engine.feeds[0].put_nowait("x" * 100_000)
        await fed(gateway.engine, 0)
        writer.close()


async def test_streams_end_at_once_when_the_gateway_stops(make_gateway: Any) -> None:
    gateway = make_gateway()
    async with (
        gateway.listening() as port,
        client_to(port, gateway.key) as client,
        stream_of(client, json={"query": SUBSCRIPTION}) as events,
    ):
        await fed(gateway.engine)
        gateway.server.should_exit = True
        with pytest.raises(httpx.RemoteProtocolError):
            await events.event()
        await fed(gateway.engine, 0)


# --------------------------------------------------------------------------------------------------- a shared stream


async def reserved(http: Any) -> dict[str, str]:
    answer = await http.put("/graphql")
    assert (answer.status_code, answer.headers["content-type"]) == (201, "text/plain; charset=utf-8")
    return {TOKEN: answer.text}


async def begun(http: Any, token: dict[str, str], key: str, query: str = SUBSCRIPTION) -> Any:
    return await http.post("/graphql", json={"query": query, "extensions": {"operationId": key}}, headers=token)


async def test_operations_share_one_stream(http: Any, gateway: Any) -> None:
    token = await reserved(http)
    async with stream_of(http, "GET", headers=token) as events:
        for number, key in enumerate(("a", "b"), 1):
            assert (await begun(http, token, key)).status_code == 202
            await fed(gateway.engine, number)
        gateway.engine.feeds[1].put_nowait("x")
        assert await events.event() == ("next", {"id": "b", "payload": {"data": {"renamed": "x"}}})
        assert (await begun(http, token, "c", "{ hello }")).status_code == 202
        assert await events.event() == ("next", {"id": "c", "payload": {"data": {"hello": "world"}}})
        assert await events.event() == ("complete", {"id": "c"})
        gateway.engine.feeds[0].put_nowait(None)
        assert await events.event() == ("complete", {"id": "a"})
        stopped = await http.delete("/graphql", params={"operationId": "b"}, headers=token)
        assert stopped.status_code == 200
        await fed(gateway.engine, 0)
        assert (await begun(http, token, "b")).status_code == 202
        await fed(gateway.engine, 1)
    await fed(gateway.engine, 0)
    assert (await begun(http, token, "d")).status_code == 404


async def test_operations_may_begin_before_the_stream_is_opened(http: Any, gateway: Any) -> None:
    token = await reserved(http)
    assert (await begun(http, token, "early", "{ hello }")).status_code == 202
    query = {"token": token[TOKEN]}
    async with stream_of(http, "GET", params=query) as events:
        assert await events.event() == ("next", {"id": "early", "payload": {"data": {"hello": "world"}}})
        assert await events.event() == ("complete", {"id": "early"})


async def test_one_stream_per_reservation(http: Any) -> None:
    token = await reserved(http)
    async with stream_of(http, "GET", headers=token):
        second = await http.get("/graphql", headers={**token, "accept": "text/event-stream"})
        assert second.status_code == 409


async def test_a_token_is_worth_nothing_with_another_key(http: Any, port: int, gateway: Any) -> None:
    token = await reserved(http)
    async with client_to(port, gateway.portal_key) as other:
        assert (await begun(other, token, "a")).status_code == 404
        assert (await other.get("/graphql", headers={**token, "accept": "text/event-stream"})).status_code == 404
        assert (await other.delete("/graphql", params={"operationId": "a"}, headers=token)).status_code == 404
    async with client_to(port, "wrong") as stranger:
        assert (await begun(stranger, token, "a")).status_code == 401
        assert (await stranger.put("/graphql")).status_code == 401
    assert gateway.engine.operations == []


async def test_requests_that_fit_no_stream_are_refused(http: Any, gateway: Any) -> None:
    token = await reserved(http)
    for extensions in (None, {}, {"operationId": 5}, {"operationId": ""}, {"operationId": "x" * 500}):
        answer = await http.post("/graphql", json={"query": SUBSCRIPTION, "extensions": extensions}, headers=token)
        assert answer.status_code == 400
    unknown = {TOKEN: "unknown"}
    assert (await begun(http, unknown, "a")).status_code == 404
    assert (await http.get("/graphql", headers={**unknown, "accept": "text/event-stream"})).status_code == 404
    assert (await http.delete("/graphql", params={"operationId": "a"})).status_code == 404
    assert (await begun(http, token, "a", "{ nothing }")).status_code == 400
    assert (await begun(http, token, "a")).status_code == 202
    await fed(gateway.engine)
    assert (await begun(http, token, "a")).status_code == 409
    assert (await http.delete("/graphql", params={"operationId": "never"}, headers=token)).status_code == 200


async def test_a_reservation_that_nobody_opens_is_given_up(make_gateway: Any) -> None:
    gateway = make_gateway(reservation_seconds=0.2, streams_per_key=1, operations_per_stream=1)
    async with gateway.listening() as port, client_to(port, gateway.key) as client:
        token = await reserved(client)
        assert (await begun(client, token, "a")).status_code == 202
        assert (await begun(client, token, "b")).status_code == 429
        await fed(gateway.engine, 1)
        await fed(gateway.engine, 0)
        assert (await begun(client, token, "b")).status_code == 404
        token = await reserved(client)
        async with stream_of(client, "GET", headers=token) as events:
            await asyncio.sleep(0.3)  # longer than a reservation
            assert (await begun(client, token, "a", "{ hello }")).status_code == 202
            assert (await events.event())[1]["id"] == "a"
