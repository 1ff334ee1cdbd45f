"""A server that misbehaves as scripted, a transport that does, and a clock that moves only when told."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta

import pytest
import uvloop
from prometheus_client import CollectorRegistry

from platforms.gate import Gate
from platforms.http import Failure, Headers, HttpRequest, HttpResponse, TransportError
from platforms.metrics import PlatformMetrics
from schema.errors import Landed

Script = Callable[["Peer"], Awaitable[None]]


def pytest_asyncio_loop_factories(item: pytest.Item) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The HTTP engine is tried on both event loops: uvloop in production, asyncio's own where there is no uvloop."""
    if item.path.name.startswith("test_http_"):
        return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
    return {"asyncio": asyncio.new_event_loop}


class Peer:
    """One connection as the server sees it. `number` counts the connections from 1."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        self.reader = reader
        self.writer = writer
        self.number = number

    async def request(self) -> bytes:
        """The next whole request, head and body."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        for line in head.split(b"\r\n"):
            if line.lower().startswith(b"content-length:"):
                return head + await self.reader.readexactly(int(line.split(b":")[1]))
        return head

    async def say(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def gone(self) -> None:
        """Waits until the client has closed."""
        try:
            while await self.reader.read(4096):
                pass
        except ConnectionError:
            return

    def reset(self) -> None:
        """Ends the connection with a TCP reset, not in peace."""
        at_once = struct.pack("ii", 1, 0)
        self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
        self.writer.transport.abort()


class RawServer:
    def __init__(self, script: Script) -> None:
        self._script = script
        self._peers: set[asyncio.Task[None]] = set()
        self.connections = 0
        self.requests: list[bytes] = []
        self.url = ""

    async def start(self, **options: object) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, **options)
        scheme = "https" if options else "http"
        host = "localhost" if options else "127.0.0.1"
        self.url = f"{scheme}://{host}:{self._server.sockets[0].getsockname()[1]}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._peers.add(task)
        self.connections += 1
        peer = Peer(reader, writer, self.connections)
        whole = peer.request

        async def remembered() -> bytes:
            self.requests.append(request := await whole())
            return request

        peer.request = remembered
        try:
            await self._script(peer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._peers.discard(task)
            writer.close()

    async def stop(self) -> None:
        self._server.close()
        for task in list(self._peers):
            task.cancel()
        if self._peers:
            await asyncio.wait(self._peers)


@pytest.fixture
async def raw_server() -> AsyncIterator[Callable[..., Awaitable[RawServer]]]:
    """`await raw_server(script)` listens on a free port and plays the script for each connection."""
    running: list[RawServer] = []

    async def start(script: Script, **options: object) -> RawServer:
        server = RawServer(script)
        await server.start(**options)
        running.append(server)
        return server

    yield start
    for server in running:
        await server.stop()


@pytest.fixture
def get() -> Callable[..., HttpRequest]:
    def request(url: str, **more: object) -> HttpRequest:
        return HttpRequest(**{"method": "GET", "url": url, "route": "/things", **more})

    return request


class HeldClock:
    """Time stands still but for `forward`, and for `sleep`, which takes no time at all."""

    def __init__(self) -> None:
        self._seconds = 1000.0
        self.slept: list[float] = []

    def now(self) -> datetime:
        return datetime(2026, 11, 20, 12, tzinfo=UTC) + timedelta(seconds=self._seconds - 1000.0)

    def monotonic(self) -> float:
        return self._seconds

    def forward(self, seconds: float) -> None:
        self._seconds += seconds

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self._seconds += seconds
        await asyncio.sleep(0)


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock()


class ScriptedTransport:
    """Plays outcomes in order, the last one again and again: a status, an answer, or a failure on the wire."""

    def __init__(self, clock: HeldClock) -> None:
        self._clock = clock
        self._outcomes: list[HttpResponse | TransportError] = []
        self.requests: list[HttpRequest] = []
        self.timeouts: list[float] = []
        self.hold: asyncio.Event | None = None
        self._asked = asyncio.Condition()
        self.plays(200)

    def plays(self, *outcomes: int | Failure | HttpResponse | TransportError) -> None:
        self._outcomes = [self._outcome(outcome) for outcome in outcomes]

    def _outcome(self, told: int | Failure | HttpResponse | TransportError) -> HttpResponse | TransportError:
        if isinstance(told, int):
            return self.said(told)
        if isinstance(told, Failure):
            return TransportError(told, Landed.NO if told is Failure.UNREACHABLE else Landed.UNKNOWN)
        return told

    @staticmethod
    def said(status: int, body: bytes = b"{}", **headers: str) -> HttpResponse:
        pairs = [(name.replace("_", "-"), value) for name, value in headers.items()]
        return HttpResponse(status=status, headers=Headers(pairs), body=body)

    async def send(self, request: HttpRequest, *, timeout: float) -> HttpResponse:  # noqa: ASYNC109 - the seam's word
        self.requests.append(request)
        self.timeouts.append(timeout)
        async with self._asked:
            self._asked.notify_all()
        outcome = self._outcomes.pop(0) if len(self._outcomes) > 1 else self._outcomes[0]
        if self.hold is not None:
            await self.hold.wait()
        if isinstance(outcome, TransportError):
            if outcome.failure is Failure.TIMEOUT:
                self._clock.forward(timeout)
            raise TransportError(outcome.failure, outcome.landed)
        return outcome

    async def asked(self, times: int) -> None:
        """Waits until it was asked so often."""
        async with asyncio.timeout(5), self._asked:
            await self._asked.wait_for(lambda: len(self.requests) >= times)

    async def close(self) -> None: ...


@pytest.fixture
def transport(clock: HeldClock) -> ScriptedTransport:
    return ScriptedTransport(clock)


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def gate_of(transport: ScriptedTransport, clock: HeldClock, registry: CollectorRegistry) -> Callable[..., Gate]:
    """A gate named erp over the scripted transport, whose pauses pass at once."""
    metrics = PlatformMetrics(registry)

    def make(**settings: object) -> Gate:
        usual = {
            "timeout": 8.0,
            "slots": 4,
            "clock": clock,
            "sleep": clock.sleep,
            "jitter": lambda: 1.0,
            "metrics": metrics,
        }
        return Gate("erp", transport, **(usual | settings))

    return make


@pytest.fixture
def gate(gate_of: Callable[..., Gate]) -> Gate:
    return gate_of()


@pytest.fixture
def request_(get: Callable[..., HttpRequest]) -> HttpRequest:
    return get("https://erp.invalid/things")
