"""Asks a service over kept connections, some requests in flight, and notes what each of them took."""

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import Any

import httptools

from benchmarks.processes import Service
from benchmarks.queries import KEY, WALK, Query


def posted(port: int, text: str, variables: dict[str, Any]) -> bytes:
    """The request as it goes on the wire."""
    body = json.dumps({"query": text, "variables": variables}).encode()
    head = (
        f"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
        f"Accept: application/json\r\nX-API-Key: {KEY}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Exchange(asyncio.Protocol):
    """One kept connection, one request at a time."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._answer: asyncio.Future[bytes] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport
        self._parser = httptools.HttpResponseParser(self)

    def ask(self, request: bytes) -> "asyncio.Future[bytes]":
        self._parts: list[bytes] = []
        self._answer = self._loop.create_future()
        self.transport.write(request)
        return self._answer

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, part: bytes) -> None:
        self._parts.append(part)

    def on_message_complete(self) -> None:
        body = b"".join(self._parts)
        assert self._answer is not None
        if self._parser.get_status_code() != 200 or b'"errors"' in body or b'"data":null' in body:
            self._answer.set_exception(RuntimeError(f"not the answer that was asked for: {body[:600]!r}"))
        else:
            self._answer.set_result(body)

    def connection_lost(self, _: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(RuntimeError("the service closed the connection"))


@dataclass(frozen=True, slots=True)
class Spent:
    """What a run of requests took: CPU milliseconds of the service per request, and each request's milliseconds."""

    cpu: float
    wall: float
    latencies: Sequence[float] = field(repr=False)

    def percentile(self, share: float) -> float:
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


async def ask_all(service: Service, requests: Sequence[bytes], *, in_flight: int) -> Spent:
    """Every request once, `in_flight` of them at any time."""
    loop = asyncio.get_running_loop()
    exchanges = []
    for _ in range(in_flight):
        _, exchange = await loop.create_connection(lambda: Exchange(loop), "127.0.0.1", service.port)
        exchanges.append(exchange)
    waiting = iter(requests)
    latencies: list[float] = []

    async def work(exchange: Exchange) -> None:
        for request in waiting:
            begun = time.perf_counter()
            await exchange.ask(request)
            latencies.append((time.perf_counter() - begun) * 1000)

    begun, cpu = time.perf_counter(), service.cpu()
    await asyncio.gather(*(work(exchange) for exchange in exchanges))
    cpu, wall = service.cpu() - cpu, time.perf_counter() - begun
    for exchange in exchanges:
        exchange.transport.close()
    return Spent(cpu * 1000 / len(requests), wall, latencies)


async def answer_of(service: Service, request: bytes) -> Any:
    """One request's decoded answer."""
    loop = asyncio.get_running_loop()
    _, exchange = await loop.create_connection(lambda: Exchange(loop), "127.0.0.1", service.port)
    body = await exchange.ask(request)
    exchange.transport.close()
    return json.loads(body)


async def places(service: Service, pages: int) -> tuple[list[str | None], list[str]]:
    """The cursors of the first pages of 50 accounts, and all ids on them, as this service writes them."""
    cursors: list[str | None] = [None]
    ids: list[str] = []
    while len(cursors) <= pages:
        request = posted(service.port, WALK, {"first": 50, "after": cursors[-1]})
        found = (await answer_of(service, request))["data"]["accounts"]
        ids += [node["id"] for node in found["nodes"]]
        cursors.append(found["pageInfo"]["endCursor"])
    return cursors[:-1], ids


def requests_for(service: Service, query: Query, cursors: Sequence[str | None], ids: Sequence[str]) -> list[bytes]:
    """One request per place, so that no two in flight ask for the same and none can share another's calls."""
    if query.variable is None:
        return [posted(service.port, query.text, {})]
    values: Sequence[str | None] = cursors if query.variable == "after" else ids
    return [posted(service.port, query.text, {query.variable: value}) for value in values]


def control(upstream: Service, method: str, path: str) -> dict[str, int]:
    """Sets the upstream's latency or reads its counter."""
    connection = HTTPConnection("127.0.0.1", upstream.port)
    connection.request(method, path)
    found: dict[str, int] = json.loads(connection.getresponse().read())
    connection.close()
    return found
