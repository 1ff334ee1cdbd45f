"""Faults that a platform can be given, and the middleware that commits those of calls."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from itertools import count
from random import Random
from typing import Any
from urllib.parse import unquote_plus

from starlette.datastructures import Headers
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.connection import hang_up, reset_connection
from sandbox.write_faults import WriteFault, WriteFaults

GARBAGE = b'<html>\x00\xff\xfe\x8f{"unfinished": [1, 2,'
_DEFAULT_MS = {"latency": 1_000, "slow_body": 2_000}
_TRICKLES = 20


@dataclass(slots=True)
class Fault:
    """One way in which a platform misbehaves until it is taken back or `times` runs out.

    `ms` is the delay of `latency` and the whole length of a `slow_body`. `path` is a part of the path with its decoded
    query, or a glob over the whole of it. `share`: which part of the calls that fit it hits; `hits` counts those.
    """

    id: str
    platform: str
    kind: str
    status: int | None = None
    ms: int | None = None
    times: int | None = None
    method: str | None = None
    path: str | None = None
    body: Any = None  # what `status` answers with, instead of the platform's own words
    share: float | None = None
    hits: int = 0

    def fits(self, method: str, target: str) -> bool:
        if self.method is not None and self.method.upper() != method:
            return False
        return self.path is None or self.path in target or fnmatchcase(target, self.path)

    @property
    def seconds(self) -> float:
        return (_DEFAULT_MS.get(self.kind, 0) if self.ms is None else self.ms) / 1_000

    def as_json(self) -> dict[str, Any]:
        told = {name: value for name, value in asdict(self).items() if value is not None}
        if not self.hits:
            del told["hits"]
        match = {name: told.pop(name) for name in ("method", "path") if name in told}
        return {**told, "match": match} if match else told


class Faults:
    """The faults in force, in the order in which they were given; those of writes lie with their platforms."""

    def __init__(self, writes: Mapping[str, WriteFaults]) -> None:
        self._numbers = count(1)
        self._faults: dict[str, Fault] = {}
        self._writes = writes
        self._dice = Random(0)

    def __iter__(self) -> Iterator[Fault | WriteFault]:
        everything: list[Fault | WriteFault] = list(self._faults.values())
        everything += [fault for faults in self._writes.values() for fault in faults]
        return iter(sorted(everything, key=lambda fault: int(fault.id.rpartition("-")[2])))

    def next_id(self) -> str:
        return f"fault-{next(self._numbers)}"

    def add(self, fault: Fault | WriteFault) -> None:
        if isinstance(fault, WriteFault):
            self._writes[fault.platform].add(fault)
        else:
            self._faults[fault.id] = fault

    def remove(self, fault_id: str) -> bool:
        if self._faults.pop(fault_id, None) is not None:
            return True
        return any(faults.remove(fault_id) for faults in self._writes.values())

    def clear(self) -> None:
        self._faults.clear()
        self._dice.seed(0)
        for faults in self._writes.values():
            faults.clear()

    def strike(self, platform: str, method: str, target: str) -> list[Fault]:
        """The faults that this request meets, each counted down: all the latencies, then the oldest of the others."""
        met = [
            fault
            for fault in list(self._faults.values())
            if fault.platform == platform and fault.fits(method, target) and self._falls_on(fault)
        ]
        latencies = [fault for fault in met if fault.kind == "latency"]
        others = [fault for fault in met if fault.kind != "latency"][:1]
        for fault in (*latencies, *others):
            fault.hits += 1
            if fault.times is not None:
                fault.times -= 1
                if fault.times <= 0:
                    self.remove(fault.id)
        return latencies + others

    def _falls_on(self, fault: Fault) -> bool:
        return fault.share is None or self._dice.random() < fault.share


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request on its way to a platform, with the way back for the answer."""

    app: ASGIApp
    rate_limited: Callable[[], Response]
    scope: Scope
    receive: Receive
    send: Send

    async def answer(self, response: Response) -> None:
        await response(self.scope, self.receive, self.send)

    async def let_work(self) -> tuple[Message, bytes]:
        """Lets the application do its work and keeps its whole answer from the caller."""
        start: Message = {"headers": []}
        body = bytearray()

        async def keep(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message, headers=list(message.get("headers", [])))
            elif message["type"] == "http.response.body":
                body.extend(message.get("body", b""))

        await self.app(self.scope, self.receive, keep)
        return start, bytes(body)


class Faulty:
    """Middleware between the network and one platform's application."""

    def __init__(self, app: ASGIApp, *, platform: str, faults: Faults, rate_limited: Callable[[], Response]) -> None:
        self._app = app
        self._platform = platform
        self._faults = faults
        self._rate_limited = rate_limited

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        query = unquote_plus(scope["query_string"].decode("latin-1"))
        target = f"{scope['path']}?{query}" if query else scope["path"]
        for fault in self._faults.strike(self._platform, scope["method"], target):
            if fault.kind != "latency":
                await _COMMIT[fault.kind](fault, Exchange(self._app, self._rate_limited, scope, receive, send))
                return
            await asyncio.sleep(fault.seconds)
        await self._app(scope, receive, send)


async def _answer_status(fault: Fault, exchange: Exchange) -> None:
    """Nothing is done; the answer is the status."""
    status = fault.status or 500
    if fault.body is None:
        page = f"<html><body><h1>{status}</h1></body></html>"
        await exchange.answer(Response(page, status, media_type="text/html"))
    elif isinstance(fault.body, str):
        await exchange.answer(Response(fault.body, status, media_type="text/plain"))
    else:
        await exchange.answer(JSONResponse(fault.body, status))


async def _refuse_rate(_: Fault, exchange: Exchange) -> None:
    """Nothing is done; the answer is the vendor's own."""
    await exchange.answer(exchange.rate_limited())


async def _drop_before(_: Fault, exchange: Exchange) -> None:
    """Nothing is done and nothing is answered: also what `down` looks like from outside."""
    await reset_connection(exchange.scope, exchange.receive)


async def _drop_after(_: Fault, exchange: Exchange) -> None:
    """Everything is done and nothing is answered."""
    try:
        await exchange.let_work()
    finally:
        await reset_connection(exchange.scope, exchange.receive)


async def _answer_garbage(fault: Fault, exchange: Exchange) -> None:
    """Everything is done, and the body of the answer is not what its headers say."""
    start, _ = await exchange.let_work()
    headers = [(name, value) for name, value in start["headers"] if name.lower() not in _BODY_HEADERS]
    headers.append((b"content-length", str(len(GARBAGE)).encode()))
    await exchange.send({**start, "status": fault.status or 200, "headers": headers})
    await exchange.send({"type": "http.response.body", "body": GARBAGE})


async def _truncate(_: Fault, exchange: Exchange) -> None:
    """Everything is done, and the answer ends in the middle although its length is announced in full."""
    start, body = await exchange.let_work()
    await exchange.send(_with_length(start, body))
    await exchange.send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
    await hang_up(exchange.scope, exchange.receive)


async def _trickle(fault: Fault, exchange: Exchange) -> None:
    """Everything is done, the headers come at once and the body in drops."""
    start, body = await exchange.let_work()
    await exchange.send(_with_length(start, body))
    size = max(1, -(-len(body) // _TRICKLES))
    for at in range(0, len(body), size):
        await asyncio.sleep(fault.seconds / _TRICKLES)
        await exchange.send({"type": "http.response.body", "body": body[at : at + size], "more_body": True})
    await exchange.send({"type": "http.response.body", "body": b""})


_BODY_HEADERS = {b"content-length", b"content-encoding", b"transfer-encoding"}
_COMMIT: dict[str, Callable[[Fault, Exchange], Awaitable[None]]] = {
    "status": _answer_status,
    "rate_limit": _refuse_rate,
    "down": _drop_before,
    "drop_before": _drop_before,
    "drop_after": _drop_after,
    "garbage": _answer_garbage,
    "truncate": _truncate,
    "slow_body": _trickle,
}
KINDS = ("latency", *_COMMIT)


def _with_length(start: Message, body: bytes) -> Message:
    if "content-length" in Headers(raw=start["headers"]) or not body:
        return start
    return {**start, "headers": [*start["headers"], (b"content-length", str(len(body)).encode())]}
