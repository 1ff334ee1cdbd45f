"""Runs the emulated platforms and the control API on loopback, all in one process and on one loop."""

import asyncio
import contextlib
import errno
import socket
import sys
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

import uvicorn
from starlette.types import ASGIApp

from sandbox.connection import MortalProtocol
from sandbox.control import control_app
from sandbox.platform import EmulatedPlatform, RunningPlatform
from sandbox.world import SandboxError, World, build_world

if sys.platform == "win32":
    _run = asyncio.run
else:
    from uvloop import run as _run

HOST = "127.0.0.1"
_BACKLOG = 2_048
_LAST_SECONDS = 0.5
Ready = dict[str, Any]
T = TypeVar("T")


def run_loop(main: Coroutine[Any, Any, T]) -> T:
    """`asyncio.run` on the fastest loop that the machine has."""
    return _run(main)


@contextlib.asynccontextmanager
async def running(*, port_base: int = 0, **world: Any) -> AsyncIterator[Ready]:
    """Builds the world (arguments as of `build_world`) and serves it on this loop until the block ends.

    Yields the ready document once everything answers:
    `{"control": URL, "platforms": {NAME: {"vendor", "role", "url", "credentials"}}}`. The control API takes the port
    `port_base` and the platforms the next ones; 0 takes free ones. Raises SandboxError for what can't be built and for
    a port in use.
    """
    built = build_world(**world)
    try:
        async with serving(built, port_base=port_base) as ready:
            yield ready
    finally:
        built.stop()


@contextlib.asynccontextmanager
async def serving(world: World, *, port_base: int = 0) -> AsyncIterator[Ready]:
    """Serves a world that is built already; else as `running`."""
    apps: list[ASGIApp] = [control_app(world), *(world.door(name) for name in world.platforms)]
    sockets = _bind(list(world.platforms), port_base)
    servers = [_server(app) for app in apps]
    tasks = [asyncio.create_task(server.serve(sockets=[sock])) for server, sock in zip(servers, sockets, strict=True)]
    try:
        await _all_started(servers, tasks)
        control, *urls = [f"http://{HOST}:{sock.getsockname()[1]}" for sock in sockets]
        told = [_told(platform, url) for platform, url in zip(world.platforms.values(), urls, strict=True)]
        told += [_told(platform, platform.url) for platform in world.real.values()]
        yield {"control": control, "platforms": dict(told)}
    finally:
        world.webhooks.clear()
        for server in servers:
            server.should_exit = True
        await _finish_requests(servers)
        await asyncio.gather(*tasks, return_exceptions=True)


class SandboxThread:
    """The sandbox on a loop of its own in a thread, for callers whose loops come and go, such as tests.

    Takes the arguments of `running`.
    """

    def __init__(self, **arguments: Any) -> None:
        self._arguments = arguments
        self._started = threading.Event()
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="sandbox")
        self._outcome: Future[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self.ready: Ready = {}

    def start(self) -> Ready:
        """Returns the ready document once everything answers; raises what kept it from starting."""
        self._outcome = self._worker.submit(lambda: run_loop(self._serve()))
        self._outcome.add_done_callback(lambda _: self._started.set())
        self._started.wait()
        if self._outcome.done():
            failed, self._outcome = self._outcome, None
            self._worker.shutdown()
            failed.result()
        return self.ready

    def stop(self) -> None:
        """Returns once every port is closed."""
        if self._outcome is None or self._loop is None or self._stop is None:
            return
        if not self._outcome.done():
            self._loop.call_soon_threadsafe(self._stop.set)
        self._worker.shutdown()
        self._outcome.result()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        async with running(**self._arguments) as self.ready:
            self._started.set()
            await self._stop.wait()


class _QuietServer(uvicorn.Server):
    """A uvicorn server that leaves the process's signals alone."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _told(platform: EmulatedPlatform | RunningPlatform, url: str) -> tuple[str, Ready]:
    """A platform's entry in the ready document."""
    credentials = dict(platform.credentials)
    return platform.name, {"vendor": platform.vendor, "role": platform.role, "url": url, "credentials": credentials}


def _server(app: ASGIApp) -> _QuietServer:
    return _QuietServer(
        uvicorn.Config(
            app,
            http=MortalProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            backlog=_BACKLOG,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=2,
        )
    )


def require_ports(platforms: list[str], port_base: int) -> None:
    """Raises SandboxError now for a port that `serving` would find in use."""
    for sock in _bind(platforms, port_base):
        sock.close()


def _bind(platforms: list[str], port_base: int) -> list[socket.socket]:
    """A listening socket for the control API and each platform, before anything runs."""
    names = ["the control API", *(f"platform {name}" for name in platforms)]
    if not 0 <= port_base <= 65_535 - len(names):
        raise SandboxError(
            f"port base {port_base} is out of range: choose one from 1024 to {65_535 - len(names)}, or 0"
        )
    sockets: list[socket.socket] = []
    for at, name in enumerate(names):
        port = port_base + at if port_base else 0
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        sockets.append(sock)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((HOST, port))
            sock.listen(_BACKLOG)
        except OSError as failed:
            for opened in sockets:
                opened.close()
            raise SandboxError(_why_not(port, name, failed)) from failed
        sock.setblocking(False)
    return sockets


def _why_not(port: int, name: str, failed: OSError) -> str:
    if failed.errno == errno.EADDRINUSE:
        return f"port {port} on {HOST}, meant for {name}, is in use; choose another --port-base, or 0 for free ports"
    return f"can't listen on port {port} of {HOST} for {name}: {failed.strerror}; choose another --port-base"


async def _finish_requests(servers: list[_QuietServer]) -> None:
    """Waits a moment for the requests at work; those that hang, as in a fault, are cancelled."""
    at_work = [task for server in servers for task in server.server_state.tasks]
    if at_work:
        _, hanging = await asyncio.wait(at_work, timeout=_LAST_SECONDS)
        for task in hanging:
            task.cancel()


async def _all_started(servers: list[_QuietServer], tasks: list[asyncio.Task[None]]) -> None:
    while not all(server.started for server in servers):
        for task in tasks:
            if task.done():
                task.result()
                raise SandboxError("a server stopped while it was starting")
        await asyncio.sleep(0.002)
