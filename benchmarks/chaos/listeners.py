"""Subscribers that go on listening whatever dies, over WebSockets and event streams, each behind its cursor."""

import asyncio
import itertools
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx2
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

PAUSE_SECONDS = 0.2
SILENCE_SECONDS = 20.0
"""A gateway that gives no sign of life for so long is left: longer than its heartbeat."""
_DOCUMENT = """subscription Heard($after: String) {{
  event: {stream}(after: $after) {{ cursor before after id: {id} occurredAt }}
}}"""
STREAMS = {"projectStatusChanged": "projectId", "invoiceStatusChanged": "invoiceId"}


@dataclass
class Listener:
    """One subscriber to one stream. `heard` in the order of arrival: record, before, after."""

    stream: str
    urls: Sequence[str]
    key: str
    over_socket: bool
    first: int
    """Which gateway it asks first."""
    heard: list[tuple[str, str | None, str]] = field(default_factory=list)
    at: list[float] = field(default_factory=list)
    """When each arrived, in seconds of the machine's monotonic clock."""
    left: Counter[str] = field(default_factory=Counter)
    """Why connections ended."""
    connections: int = 0
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    _cursor: str | None = None

    async def listen(self) -> None:
        """Until it is cancelled."""
        for url in itertools.islice(itertools.cycle(self.urls), self.first, None):
            self.connections += 1
            try:
                async for event in self._over_socket(url) if self.over_socket else self._over_http(url):
                    self._cursor = event["cursor"]
                    self.heard.append((event["id"], event["before"], event["after"]))
                    self.at.append(time.monotonic())
                self.left["ended"] += 1
            except (OSError, WebSocketException, httpx2.HTTPError, TimeoutError, ValueError) as error:
                self.left[type(error).__name__] += 1
            await asyncio.sleep(PAUSE_SECONDS)

    def _asked(self) -> dict[str, Any]:
        document = _DOCUMENT.format(stream=self.stream, id=STREAMS[self.stream])
        return {"query": document, "variables": {"after": self._cursor}}

    async def _over_socket(self, url: str) -> AsyncIterator[dict[str, Any]]:
        address = url.replace("http://", "ws://")
        offered: Any = ["graphql-transport-ws"]
        async with connect(address, subprotocols=offered, additional_headers={"X-API-Key": self.key}) as socket:
            await socket.send(json.dumps({"type": "connection_init"}))
            while True:
                async with asyncio.timeout(SILENCE_SECONDS):
                    message = json.loads(await socket.recv())
                match message["type"]:
                    case "connection_ack":
                        await socket.send(json.dumps({"type": "subscribe", "id": "1", "payload": self._asked()}))
                        self.ready.set()
                    case "ping":
                        await socket.send(json.dumps({"type": "pong"}))
                    case "next":
                        yield _event(message["payload"])
                    case "error":
                        raise ValueError(message["payload"])
                    case "complete":
                        return

    async def _over_http(self, url: str) -> AsyncIterator[dict[str, Any]]:
        headers = {"X-API-Key": self.key, "Accept": "text/event-stream"}
        async with (
            httpx2.AsyncClient(timeout=SILENCE_SECONDS) as http,
            http.stream("POST", url, json=self._asked(), headers=headers) as answer,
        ):
            if answer.status_code != httpx2.codes.OK:
                raise ValueError(f"status {answer.status_code}")
            self.ready.set()
            kind = ""
            async for line in answer.aiter_lines():
                name, _, value = line.partition(": ")
                if name == "event":
                    kind = value
                elif name == "data" and kind == "next":
                    yield _event(json.loads(value))


def _event(answer: dict[str, Any]) -> dict[str, Any]:
    if answer.get("errors"):
        raise ValueError(answer["errors"][0]["message"])
    found: dict[str, Any] = answer["data"]["event"]
    return found
