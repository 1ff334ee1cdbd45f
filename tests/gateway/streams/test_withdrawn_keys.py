"""A key that is withdrawn or changed ends what goes on with it, and nothing else."""

from dataclasses import replace
from typing import Any

import pytest

from gateway.keys import ApiKey, new_key
from tests.gateway.streams.conftest import client_to, fed, socket_to, stream_of

SUBSCRIPTION = "subscription { renamed }"
TOKEN = "x-graphql-event-stream-token"


def withdrawn(gateway: Any) -> list[ApiKey]:
    """What is left without the administrator's key."""
    return [gateway.stored["portal"]]


def demoted(gateway: Any) -> list[ApiKey]:
    return [*withdrawn(gateway), replace(gateway.stored["admin"], role="analyst")]


def rotated(gateway: Any) -> list[ApiKey]:
    _, stored = new_key(name="ada", role="admin")
    return [*withdrawn(gateway), stored]


@pytest.mark.parametrize("change", [withdrawn, demoted, rotated])
async def test_a_socket_is_closed_with_4403(gateway: Any, change: Any) -> None:
    async with (
        gateway.listening() as port,
        socket_to(port, gateway.key) as socket,
        socket_to(port, gateway.portal_key) as other,
    ):
        for each in (socket, other):
            await each.begin()
            await each.subscribe()
        await fed(gateway.engine, 2)
        gateway.keys.replace(change(gateway))
        code, reason = await socket.closing()
        assert (code, "connect again" in reason) == (4403, True)
        await fed(gateway.engine, 1)
        gateway.engine.feeds[0].put_nowait("still here")
        assert (await other.hear())["payload"]["data"]["renamed"] == "still here"
    assert "admin" not in [line["role"] for line in gateway.lines() if line.get("outcome") == "failed"]


async def test_keys_that_stay_as_they_are_are_not_disturbed(gateway: Any) -> None:
    async with gateway.listening() as port, socket_to(port, gateway.key) as socket:
        await socket.begin()
        await socket.subscribe()
        await fed(gateway.engine)
        gateway.keys.replace([*reversed(gateway.stored.values()), new_key(name="new", role="pmo")[1]])
        gateway.engine.feeds[0].put_nowait("x")
        assert (await socket.hear())["type"] == "next"


async def test_an_event_stream_says_so_and_ends(gateway: Any) -> None:
    async with gateway.listening() as port, client_to(port, gateway.key) as http:
        async with stream_of(http, json={"query": SUBSCRIPTION}) as events:
            await fed(gateway.engine)
            gateway.keys.replace(withdrawn(gateway))
            name, payload = await events.event()
            assert (name, payload["errors"][0]["extensions"]["code"]) == ("next", "UNAUTHENTICATED")
            assert await events.event() == ("complete", None)
            assert await events.over()
        await fed(gateway.engine, 0)
        again = await http.post("/graphql", json={"query": SUBSCRIPTION}, headers={"accept": "text/event-stream"})
        assert again.status_code == 401


async def test_a_shared_event_stream_says_so_for_each_operation_and_ends(gateway: Any) -> None:
    async with gateway.listening() as port, client_to(port, gateway.key) as http:
        token = {TOKEN: (await http.put("/graphql")).text}
        async with stream_of(http, "GET", headers=token) as events:
            for number, key in enumerate(("a", "b"), 1):
                asked = {"query": SUBSCRIPTION, "extensions": {"operationId": key}}
                await http.post("/graphql", json=asked, headers=token)
                await fed(gateway.engine, number)
            gateway.keys.replace(withdrawn(gateway))
            for key in ("a", "b"):
                name, told = await events.event()
                assert (name, told["id"]) == ("next", key)
                assert told["payload"]["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
                assert await events.event() == ("complete", {"id": key})
            assert await events.over()
        await fed(gateway.engine, 0)


async def test_requests_are_refused_as_well(gateway: Any) -> None:
    async with gateway.client() as client:
        assert (await client.post("/graphql", json={"query": "{ hello }"})).status_code == 200
        gateway.keys.replace(withdrawn(gateway))
        assert (await client.post("/graphql", json={"query": "{ hello }"})).status_code == 401


async def test_nothing_is_kept_of_who_has_gone(gateway: Any) -> None:
    async with gateway.listening() as port:
        async with socket_to(port, gateway.key) as socket:
            await socket.begin()
            await socket.subscribe()
            await fed(gateway.engine)
        await fed(gateway.engine, 0)
    assert gateway.keys._watched == {}
