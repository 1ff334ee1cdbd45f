"""Sockets and event streams to a gateway that listens, spoken to by hand."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2 as httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

PATIENCE = 60.0
SUBPROTOCOL = "graphql-transport-ws"


class Socket:
    """A client that says whatever it is told to."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def say(self, message: Any) -> None:
        await self.connection.send(message if isinstance(message, str | bytes) else json.dumps(message))

    async def hear(self) -> dict[str, Any]:
        async with asyncio.timeout(PATIENCE):
            text = await self.connection.recv()
        assert isinstance(text, str)
        found: dict[str, Any] = json.loads(text)
        return found

    async def begin(self, payload: Any = None) -> None:
        await self.say({"type": "connection_init", "payload": payload})
        assert await self.hear() == {"type": "connection_ack"}

    async def subscribe(self, query: str = "subscription { renamed }", key: str = "1", **payload: Any) -> None:
        await self.say({"type": "subscribe", "id": key, "payload": {"query": query, **payload}})

    async def closing(self) -> tuple[int, str]:
        """Code and reason, when nothing else is said any more."""
        async with asyncio.timeout(PATIENCE):
            try:
                while True:
                    await self.connection.recv()
            except ConnectionClosed as closed:
                return (1006, "") if closed.rcvd is None else (closed.rcvd.code, closed.rcvd.reason)


@asynccontextmanager
async def socket_to(
    port: int, key: str | None = None, *, subprotocol: str | None = SUBPROTOCOL, path: str = "/graphql", **options: Any
) -> AsyncIterator[Socket]:
    headers = {**({} if key is None else {"X-API-Key": key}), **options.pop("headers", {})}
    offered = None if subprotocol is None else [subprotocol]
    async with connect(
        f"ws://127.0.0.1:{port}{path}", subprotocols=offered, additional_headers=headers, **options
    ) as connection:
        yield Socket(connection)


class Events:
    """Reads server-sent events as they come."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._chunks = response.aiter_bytes()
        self._rest = b""

    async def block(self) -> bytes:
        """What stands before the next empty line."""
        async with asyncio.timeout(PATIENCE):
            while b"\n\n" not in self._rest:
                self._rest += await anext(self._chunks)
        block, _, self._rest = self._rest.partition(b"\n\n")
        return block

    async def event(self) -> tuple[str, Any]:
        """Name and data of the next event, comments passed over."""
        while (block := await self.block()) == b":":
            pass
        name, data = block.split(b"\n")
        assert name.startswith(b"event: ")
        text = data.removeprefix(b"data: ")
        return name.removeprefix(b"event: ").decode(), json.loads(text) if text else None

    async def over(self) -> bool:
        """Whether nothing more comes, and the response is whole."""
        async with asyncio.timeout(PATIENCE):
            try:
                self._rest += await anext(self._chunks)
            except StopAsyncIteration:
                return not self._rest
        return False


@asynccontextmanager
async def stream_of(client: httpx.AsyncClient, method: str = "POST", **request: Any) -> AsyncIterator[Events]:
    headers = {"accept": "text/event-stream", **request.pop("headers", {})}
    async with client.stream(method, "/graphql", headers=headers, **request) as response:
        assert response.status_code == 200, await response.aread()
        assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
        yield Events(response)


@asynccontextmanager
async def client_to(port: int, key: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{port}", headers={"x-api-key": key}, timeout=PATIENCE
    ) as client:
        yield client


async def fed(engine: Any, number: int = 1) -> None:
    """Returns once so many subscriptions go on."""
    async with asyncio.timeout(PATIENCE):
        while len(engine.feeds) != number:  # noqa: ASYNC110 - the engine tells nobody
            await asyncio.sleep(0.001)
