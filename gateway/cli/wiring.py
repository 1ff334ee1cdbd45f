"""Puts a gateway together from its settings: keys, options, engine, application, server."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from resolvers.engine import build_engine

from gateway.app import build_app
from gateway.cli.until_stopped import run_until_stopped
from gateway.keys import ApiKey, KeyRing
from gateway.options import DocumentLimits, EdgeOptions
from runtime.settings import Settings


def run_gateway(settings: Settings, listener: socket.socket, *, announce: Callable[[], None]) -> None:
    """Serves until it is stopped by a signal. `announce` is called once callers are answered."""

    async def serving() -> None:
        async with running_gateway(settings, listener):
            announce()
            await asyncio.Event().wait()

    run_until_stopped(serving())


@asynccontextmanager
async def running_gateway(settings: Settings, listener: socket.socket) -> AsyncIterator[None]:
    """A gateway that answers on `listener` from entering to leaving; leaving waits for the operations in flight."""
    options = edge_options(settings)
    app = build_app(build_engine(settings), keys=key_ring(settings), options=options)
    server = _Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=options.keep_alive_seconds,
            timeout_graceful_shutdown=options.drain_seconds,
        )
    )
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        await asyncio.wait([serving, asyncio.create_task(server.answering.wait())], return_when=asyncio.FIRST_COMPLETED)
        yield
    finally:
        server.should_exit = True
        await serving


def key_ring(settings: Settings) -> KeyRing:
    return KeyRing(ApiKey(name=key.name, role=key.role, sha256=key.sha256, prefix=key.prefix) for key in settings.keys)


def edge_options(settings: Settings) -> EdgeOptions:
    limits = settings.limits
    return EdgeOptions(
        limits=DocumentLimits(
            tokens=limits.tokens,
            depth=limits.depth,
            aliases=limits.aliases,
            root_fields=limits.root_fields,
            directives=limits.directives,
            records=limits.records,
        ),
        body_bytes=limits.body_bytes,
        body_seconds=limits.body_seconds,
        wall_clock_seconds=settings.server.wall_clock_seconds,
        introspection=settings.server.introspection,
        open_metrics=settings.server.metrics == "open",
        explorer=settings.server.explorer,
    )


class _Server(uvicorn.Server):
    """uvicorn that tells when it answers and leaves signals to the command that runs it.

    Its own signal handling raises the signal once more when it is done, which would end a demo before its platforms
    are stopped.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.answering = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.answering.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
