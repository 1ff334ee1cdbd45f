"""Subscriptions of whole gateways: through restarts, across processes over PostgreSQL and Valkey, by the hundred."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from sync.telling.follower import Follower
from sync.workshop import EVENTS
from tests.gateway.streams.conftest import Socket, client_to, socket_to, stream_of
from tests.integration.test_governed_writes import PATIENCE, UPDATE, account_id, config, firm, running
from tests.runtime.test_bell import listeners

__all__ = ["config", "firm"]
CHANGED = """subscription Changed($id: ID, $after: String) { event: syncRunChanged(id: $id, after: $after) {
    cursor status run { id records { id ... on Account { name industry } } } } }"""
SUBSCRIBERS = 200


@asynccontextmanager
async def socket_of(installation: Any, *, role: str = "service") -> AsyncIterator[Socket]:
    async with socket_to(urlsplit(installation.url).port, installation.keys[role], open_timeout=PATIENCE) as socket:
        await socket.begin()
        yield socket


async def updated(installation: Any, account: str, industry: str) -> str:
    wish = {"id": account, "industry": industry, "idempotencyKey": uuid4().hex}
    payload = (await installation.data(UPDATE, input=wish))["updateAccount"]
    assert payload["errors"] == []
    found: str = payload["run"]["id"]
    return found


async def heard(socket: Socket, number: int) -> list[dict[str, Any]]:
    messages = [await socket.hear() for _ in range(number)]
    assert all(message["type"] == "next" and "errors" not in message["payload"] for message in messages), messages
    return [message["payload"]["data"]["event"] for message in messages]


async def test_nothing_is_missed_or_repeated_while_the_gateway_is_away(
    config: tuple[Path, dict[str, str]], firm: dict[str, Any]
) -> None:
    async with running(config, firm) as installation:
        account = account_id(installation.firm("Account")[0])
        async with socket_of(installation) as socket:
            await socket.subscribe(CHANGED)
            first = await updated(installation, account, "Mining")
            begun = await heard(socket, 1)
        assert (begun[0]["run"]["id"], begun[0]["status"]) == (first, "PENDING")
        await installation.ended(first)
        second = await updated(installation, account, "Banking")
        await installation.ended(second)
    async with running(config, firm) as installation:
        async with client_to(urlsplit(installation.url).port, installation.keys["service"]) as http:
            request = {"query": CHANGED, "variables": {"after": begun[0]["cursor"]}}
            async with stream_of(http, json=request) as events:
                found = [(await events.event())[1]["data"]["event"] for _ in range(5)]
        third = await updated(installation, account, "Retail")
        async with socket_of(installation) as socket:
            await socket.subscribe(CHANGED, variables={"after": found[-1]["cursor"], "id": third})
            found += await heard(socket, 3)
    expected = [(first, "RUNNING"), (first, "SUCCEEDED")]
    expected += [(run, status) for run in (second, third) for status in ("PENDING", "RUNNING", "SUCCEEDED")]
    assert [(event["run"]["id"], event["status"]) for event in found] == expected
    assert found[-1]["run"]["records"][0]["industry"] == "Retail"


@pytest.fixture
def nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Followers look when the bell rings, and else not within the time of a test."""
    monkeypatch.setitem(Follower.__init__.__kwdefaults__, "seconds", 600.0)


@pytest.mark.parametrize("config", ["production"], indirect=True)
async def test_another_gateway_tells_what_this_one_and_the_workers_write(
    config: tuple[Path, dict[str, str]], firm: dict[str, Any], nobody_looks: None, redis_url: str
) -> None:
    async with running(config, firm) as here, running(config, firm) as there, socket_of(there) as socket:
        await listeners(redis_url, 4, EVENTS)  # two gateways, two workers
        account = account_id(here.firm("Account")[1])
        await socket.subscribe(CHANGED)
        run = await updated(here, account, "Fishing")
        found = await heard(socket, 3)
        assert [(event["run"]["id"], event["status"]) for event in found] == [
            (run, "PENDING"), (run, "RUNNING"), (run, "SUCCEEDED")
        ]  # fmt: skip
        async with socket_of(here) as other:
            await other.subscribe(CHANGED, variables={"after": found[0]["cursor"]})
            again = await heard(other, 2)
        assert [event["cursor"] for event in again] == [event["cursor"] for event in found[1:]]


@pytest.mark.parametrize("config", ["embedded"], indirect=True)
async def test_hundreds_of_subscribers_get_one_event_for_one_read(
    config: tuple[Path, dict[str, str]], firm: dict[str, Any]
) -> None:
    async with running(config, firm) as installation, AsyncExitStack() as stack:
        account = account_id(installation.firm("Account")[2])
        sockets = [await stack.enter_async_context(socket_of(installation)) for _ in range(SUBSCRIBERS)]
        for socket in sockets:
            await socket.subscribe(CHANGED)
            await socket.say({"type": "ping"})
            assert await socket.hear() == {"type": "pong"}
        installation.control("DELETE", "/calls")
        run = await updated(installation, account, "Brewing")
        everybody = await asyncio.gather(*(heard(socket, 3) for socket in sockets))
        assert all([event["status"] for event in found] == ["PENDING", "RUNNING", "SUCCEEDED"] for found in everybody)
        assert {event["run"]["id"] for found in everybody for event in found} == {run}
        assert {event["run"]["records"][0]["industry"] for found in everybody for event in found[-1:]} == {"Brewing"}
        routes = installation.control("GET", "/calls")["platforms"]["salesforce"]["routes"]
        assert sum(routes.values()) < 20, routes
