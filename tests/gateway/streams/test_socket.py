"""graphql-transport-ws as its protocol's page has it, spoken by hand."""

import asyncio
import json
from decimal import Decimal
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from resolvers.engine_port import RequestError
from schema.errors import FellBehind, Forbidden
from tests.gateway.streams.conftest import PATIENCE, fed, socket_to


@pytest.fixture
async def port(gateway: Any) -> Any:
    async with gateway.listening() as listening:
        yield listening


async def test_a_subscription_tells_each_event_until_the_client_completes_it(port: int, gateway: Any) -> None:
    async with socket_to(port, gateway.key) as socket:
        assert socket.connection.subprotocol == "graphql-transport-ws"
        await socket.begin()
        await socket.subscribe()
        await fed(gateway.engine)
        for name in ("Acme", "Ünique"):
            gateway.engine.feeds[0].put_nowait(name)
            assert await socket.hear() == {"id": "1", "type": "next", "payload": {"data": {"renamed": name}}}
        await socket.say({"type": "complete", "id": "1"})
        await fed(gateway.engine, 0)
        await socket.subscribe()  # the id is free again
        await fed(gateway.engine)
        gateway.engine.feeds[0].put_nowait(None)
        assert await socket.hear() == {"id": "1", "type": "complete"}
        await socket.subscribe()
        await fed(gateway.engine)
    await fed(gateway.engine, 0)
    lines = [line for line in gateway.lines() if line["method"] == "WS"]
    assert [line["outcome"] for line in lines] == ["left", "ok", "left"]
    assert {line["viewer"] for line in lines} == {"ada"}
    assert len({line["correlation_id"] for line in lines}) == 3


async def test_queries_and_mutations_are_answered_once(port: int, gateway: Any) -> None:
    async with socket_to(port, gateway.key) as socket:
        await socket.begin()
        await socket.subscribe("query Q($a: [Decimal!]) { echo(amounts: $a) }", "q", variables={"a": [0.1]})
        found = await socket.hear()
        assert (found["id"], found["type"]) == ("q", "next")
        assert await socket.hear() == {"id": "q", "type": "complete"}
        await socket.subscribe('mutation { rename(name: "x") }', "m")
        assert (await socket.hear())["payload"] == {"data": {"rename": "x"}}
        assert await socket.hear() == {"id": "m", "type": "complete"}
    assert gateway.engine.operations[0].variables == {"a": [Decimal("0.1")]}


async def test_operations_go_on_side_by_side(port: int, gateway: Any) -> None:
    async with socket_to(port, gateway.key) as socket:
        await socket.begin()
        for key in ("a", 'b"\\\u2028'):
            await socket.subscribe(key=key)
            await fed(gateway.engine, 1 if key == "a" else 2)
        await socket.subscribe("{ hello }", "c")
        assert (await socket.hear())["id"] == (await socket.hear())["id"] == "c"
        gateway.engine.feeds[1].put_nowait("x")
        assert (await socket.hear())["id"] == 'b"\\\u2028'
        gateway.engine.feeds[0].put_nowait("x")
        assert (await socket.hear())["id"] == "a"


async def test_what_is_there_at_once_comes_as_messages_of_all_sizes(port: int, gateway: Any) -> None:
    names = ["", "x", *("ü" * size for size in (20, 30, 40, 50, 60, 100, 32_700, 32_800, 100_000)), "y"]
    async with socket_to(port, gateway.key) as socket:
        await socket.begin()
        await socket.subscribe(key='a "key"')
        await fed(gateway.engine)
        gateway.engine.feeds[0].put_nowait(names)
        for name in names:
            told = {"id": 'a "key"', "type": "next", "payload": {"data": {"renamed": name}}}
            assert await socket.hear() == told


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { renamed again: renamed }", "GRAPHQL_VALIDATION_FAILED"),
        ("", "BAD_USER_INPUT"),
        ("{" + "parent{" * 30 + "id" + "}" * 31, "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { renamed " + " ".join(f"a{n}: renamed" for n in range(1000)) + "}", "GRAPHQL_PARSE_FAILED"),
    ],
)
async def test_an_unfit_document_ends_its_operation_and_not_the_socket(
    port: int, gateway: Any, query: str, code: str
) -> None:
    async with socket_to(port, gateway.key) as socket:
        await socket.begin()
        await socket.subscribe(query)
        found = await socket.hear()
        assert (found["id"], found["type"]) == ("1", "error")
        assert isinstance(found["payload"], list)
        assert found["payload"][0]["extensions"]["code"] == code
        assert found["payload"][0]["extensions"]["correlationId"]
        await socket.subscribe("{ hello }")
        assert (await socket.hear())["type"] == "next"
    assert "subscription" not in [operation.name for operation in gateway.engine.operations]


async def test_what_ends_a_subscription_is_told(port: int, gateway: Any) -> None:
    async with socket_to(port, gateway.key) as socket:
        await socket.begin()
        for error, code in ((FellBehind("slow", resume_after="c9"), "FELL_BEHIND"), (KeyError("secret"), "INTERNAL")):
            await socket.subscribe()
            await fed(gateway.engine)
            gateway.engine.feeds[0].put_nowait("x")
            assert (await socket.hear())["type"] == "next"
            gateway.engine.feeds[0].put_nowait(error)
            found = await socket.hear()
            assert found["type"] == "error"
            assert found["payload"][0]["extensions"]["code"].startswith(code)
            assert found["payload"][0]["extensions"].get("resumeAfter") == getattr(error, "resume_after", None)
            assert "secret" not in json.dumps(found)
        gateway.engine.error = Forbidden("Your role may not.")
        await socket.subscribe()
        assert (await socket.hear())["payload"][0]["extensions"]["code"] == "FORBIDDEN"
        gateway.engine.error = RequestError([])
        await socket.subscribe()
        assert (await socket.hear())["type"] == "error"
    assert any(line["event"] == "operation failed" and line["error"] == "KeyError" for line in gateway.lines())


# ---------------------------------------------------------------------------------------------- who it is


@pytest.mark.parametrize("payload", [None, {}, {"other": 1}])
async def test_the_key_may_stand_in_the_headers(port: int, gateway: Any, payload: Any) -> None:
    async with socket_to(port, gateway.key) as socket:
        await socket.begin(payload)
    async with socket_to(port, headers={"Authorization": f"Bearer {gateway.key}"}) as socket:
        await socket.say('{"type":"connection_init"}')
        assert await socket.hear() == {"type": "connection_ack"}


async def test_the_key_may_stand_in_connection_init(port: int, gateway: Any) -> None:
    for payload in ({"x-api-key": gateway.key}, {"X-API-Key": gateway.key}, {"authorization": f"Bearer {gateway.key}"}):
        async with socket_to(port) as socket:
            await socket.begin(payload)
    async with socket_to(port, gateway.key) as socket:
        await socket.begin({"Authorization": f"bearer {gateway.portal_key}"})
        await socket.subscribe("{ hello }")
        await socket.hear()
    assert gateway.engine.operations[-1].viewer.role == "portal"


@pytest.mark.parametrize("payload", [None, {"x-api-key": "wrong"}, {"x-api-key": 5}, {"x-api-key": "ключ"}])
async def test_without_a_valid_key_the_socket_is_closed(port: int, gateway: Any, payload: Any) -> None:
    for options in ({}, {"key": "wrong"}, {"path": f"/graphql?x-api-key={gateway.key}&key={gateway.key}"}):
        async with socket_to(port, **options) as socket:
            await socket.say({"type": "connection_init", "payload": payload})
            assert (await socket.closing())[0] == 4403


async def test_an_operation_before_the_acknowledgement_is_unauthorized(port: int, gateway: Any) -> None:
    for message in ({"type": "subscribe", "id": "1", "payload": {"query": "{hello}"}}, {"type": "complete", "id": "1"}):
        async with socket_to(port, gateway.key) as socket:
            await socket.say(message)
            assert (await socket.closing())[0] == 4401
    assert gateway.engine.operations == []


async def test_a_socket_that_never_says_who_it_is_is_closed(make_gateway: Any) -> None:
    gateway = make_gateway(init_seconds=0.05)
    async with gateway.listening() as port, socket_to(port, gateway.key) as socket:
        await socket.say({"type": "ping"})
        assert await socket.hear() == {"type": "pong"}
        assert await socket.closing() == (4408, "Connection initialisation timeout")


async def test_a_second_init_is_one_too_many(port: int, gateway: Any) -> None:
    async with socket_to(port, gateway.key) as socket:
        await socket.begin()
        await socket.say({"type": "connection_init"})
        assert await socket.closing() == (4429, "Too many initialisation requests")


async def test_an_id_in_use_closes_the_socket(port: int, gateway: Any) -> None:
    async with socket_to(port, gateway.key) as socket:
        await socket.begin()
        await socket.subscribe(key="same")
        await socket.subscribe(key="same")
        assert await socket.closing() == (4409, "Subscriber for same already exists")
    await fed(gateway.engine, 0)


async def test_another_subprotocol_is_refused(port: int, gateway: Any) -> None:
    for subprotocol in (None, "graphql-ws"):
        async with socket_to(port, gateway.key, subprotocol=subprotocol) as socket:
            assert (await socket.closing())[0] == 4406


# ------------------------------------------------------------------------------------------------- bad messages


BAD = [
    "", "x", "null", "[]", '[{"type":"ping"}]', '"ping"', "5", "{}", '{"type":null}', '{"type":5}', '{"type":"x"}',
    '{"type":"next","id":"1"}', '{"type":"connection_ack"}', '{"type":"ping","payload":[]}',
    '{"type":"ping","payload":"x"}', '{"type":"subscribe"}', '{"type":"subscribe","id":"1"}',
    '{"type":"subscribe","id":1,"payload":{"query":"{hello}"}}',
    '{"type":"subscribe","id":"","payload":{"query":"{hello}"}}',
    '{"type":"subscribe","id":null,"payload":{"query":"{hello}"}}',
    '{"type":"subscribe","id":"1","payload":null}', '{"type":"subscribe","id":"1","payload":[]}',
    '{"type":"subscribe","id":"1","payload":{}}', '{"type":"subscribe","id":"1","payload":{"query":5}}',
    '{"type":"subscribe","id":"1","payload":{"query":"{hello}","variables":[]}}',
    '{"type":"subscribe","id":"1","payload":{"query":"{hello}","operationName":5}}',
    '{"type":"complete"}', '{"type":"complete","id":7}',
    '{"type":"subscribe","id":"1","payload":{"query":"{hello}","variables":' + '{"a":' * 80 + "1" + "}" * 82,
    '{"type":"ping","payload":' + "[" * 90_000, b"\x00\xff", b'{"type":"ping"}',
]  # fmt: skip


@pytest.mark.parametrize("begun", [True, False])
async def test_what_no_client_says_closes_the_socket_with_4400(port: int, gateway: Any, begun: bool) -> None:
    for bad in BAD:
        async with socket_to(port, gateway.key) as socket:
            if begun:
                await socket.begin()
            await socket.say(bad)
            code, reason = await socket.closing()
            assert code in ((4400,) if begun else (4400, 4401)), bad
            assert reason
    for bad in ('{"type":"connection_init","payload":"x"}', '{"type":"connection_init","payload":[]}'):
        async with socket_to(port, gateway.key) as socket:
            await socket.say(bad)
            assert (await socket.closing())[0] == 4400


async def test_a_message_that_is_too_large_closes_the_socket(make_gateway: Any) -> None:
    gateway = make_gateway(body_bytes=2_000)
    async with gateway.listening() as port, socket_to(port, gateway.key) as socket:
        await socket.begin()
        await socket.subscribe("{ hello } #" + "x" * 3_000)
        assert (await socket.closing())[0] == 1009


async def test_pings_are_answered_with_their_payload_before_and_after_the_init(port: int, gateway: Any) -> None:
    async with socket_to(port, gateway.key) as socket:
        for _ in range(2):
            await socket.say({"type": "ping", "payload": {"at": [1, "é"]}})
            assert await socket.hear() == {"type": "pong", "payload": {"at": [1, "é"]}}
            await socket.say({"type": "pong"})
            await socket.say({"type": "ping", "payload": None})
            assert await socket.hear() == {"type": "pong"}
            if not gateway.engine.operations:
                await socket.begin()
                await socket.subscribe("{hello}")
                await socket.hear()
                await socket.hear()


async def test_completing_what_doesnt_go_on_is_no_mistake(port: int, gateway: Any) -> None:
    async with socket_to(port, gateway.key) as socket:
        await socket.begin()
        await socket.say({"type": "complete", "id": "never"})
        await socket.subscribe("{ hello }")
        assert (await socket.hear())["type"] == "next"


# ----------------------------------------------------------------------------------------------------- bounds


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        (None, True),
        ("http://127.0.0.1:{port}", True),
        ("http://127.0.0.1", False),
        ("http://evil.example", False),
        ("https://portal.example", True),
        ("https://portal.example.evil.example", False),
        ("null", False),
        ("http://[", False),
    ],
)
async def test_only_our_own_and_allowed_pages_may_connect(make_gateway: Any, origin: str | None, allowed: bool) -> None:
    gateway = make_gateway(allowed_origins=frozenset({"https://portal.example"}))
    async with gateway.listening() as port:
        headers = {} if origin is None else {"Origin": origin.format(port=port)}
        if allowed:
            async with socket_to(port, gateway.key, headers=headers) as socket:
                await socket.begin()
        else:
            with pytest.raises(InvalidStatus) as refused:
                async with socket_to(port, gateway.key, headers=headers):
                    pass
            assert refused.value.response.status_code == 403


async def test_sockets_and_operations_are_bounded(make_gateway: Any) -> None:
    gateway = make_gateway(streams=3, streams_per_key=2, operations_per_stream=2)
    async with gateway.listening() as port, socket_to(port, gateway.key) as first, socket_to(port) as second:
        await first.begin()
        await second.begin({"x-api-key": gateway.key})
        async with socket_to(port) as third:
            await third.say({"type": "connection_init", "payload": {"x-api-key": gateway.key}})
            assert (await third.closing())[0] == 1013
        async with socket_to(port) as third:
            await third.begin({"x-api-key": gateway.portal_key})
            async with socket_to(port) as fourth:
                assert (await fourth.closing())[0] == 1013
        for key in ("a", "b"):
            await first.subscribe(key=key)
        await fed(gateway.engine, 2)
        await first.subscribe(key="c")
        found = await first.hear()
        assert (found["id"], found["payload"][0]["extensions"]["code"]) == ("c", "TOO_MANY_STREAMS")
        await first.say({"type": "complete", "id": "a"})
        await fed(gateway.engine, 1)
        await first.subscribe(key="c")
        await fed(gateway.engine, 2)
    async with gateway.listening() as port, socket_to(port, gateway.key) as socket:
        await socket.begin()


async def test_a_socket_that_stops_reading_is_cut(make_gateway: Any) -> None:
    gateway = make_gateway(write_seconds=0.2)
    async with gateway.listening() as port, socket_to(port, gateway.key, max_queue=1, close_timeout=0.1) as socket:
        await socket.begin()
        await socket.subscribe()
        await fed(gateway.engine)
        socket.connection.transport.pause_reading()
        for _ in range(200):
            gateway.engine.feeds[0].put_nowait("x" * 100_000)
        await fed(gateway.engine, 0)


async def test_a_socket_that_gives_no_sign_of_life_is_closed(make_gateway: Any) -> None:
    gateway = make_gateway(heartbeat_seconds=0.1)
    async with gateway.listening() as port, socket_to(port, gateway.key, close_timeout=0.1) as socket:
        await socket.begin()
        await socket.subscribe()
        await fed(gateway.engine)
        gateway.engine.feeds[0].put_nowait("x")
        await socket.hear()
        socket.connection.transport.pause_reading()
        await fed(gateway.engine, 0)


async def test_sockets_are_told_when_the_gateway_stops(make_gateway: Any) -> None:
    gateway = make_gateway()
    async with gateway.listening() as port:
        socket = await _opened(port, gateway)
        await socket.subscribe()
        await fed(gateway.engine)
        began = asyncio.get_running_loop().time()
    assert await socket.closing() == (1012, "")
    assert gateway.engine.feeds == []
    assert asyncio.get_running_loop().time() - began < PATIENCE / 4


async def _opened(port: int, gateway: Any) -> Any:
    from websockets.asyncio.client import connect

    from tests.gateway.streams.conftest import SUBPROTOCOL, Socket

    url, headers = f"ws://127.0.0.1:{port}/graphql", {"X-API-Key": gateway.key}
    socket = Socket(await connect(url, subprotocols=[SUBPROTOCOL], additional_headers=headers))
    await socket.begin()
    return socket


async def test_a_socket_lives_on_past_the_clocks_of_http(make_gateway: Any) -> None:
    gateway = make_gateway(header_seconds=0.05, body_seconds=0.05, keep_alive_seconds=1)
    async with gateway.listening() as port, socket_to(port, gateway.key) as socket:
        await socket.begin()
        await socket.subscribe()
        await fed(gateway.engine)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await socket.connection.recv()
        gateway.engine.feeds[0].put_nowait("still here")
        assert (await socket.hear())["payload"]["data"]["renamed"] == "still here"


async def test_introspection_follows_the_same_rules(make_gateway: Any) -> None:
    gateway = make_gateway(introspection=False)
    async with gateway.listening() as port, socket_to(port, gateway.key) as socket:
        await socket.begin()
        await socket.subscribe("{ __schema { queryType { name } } }")
        assert (await socket.hear())["payload"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_other_paths_are_no_socket(port: int, gateway: Any) -> None:
    with pytest.raises((InvalidStatus, ConnectionClosed)):
        async with socket_to(port, gateway.key, path="/metrics"):
            pass
