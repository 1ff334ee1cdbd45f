"""Puts a gateway together from its settings: keys, options, engine, application, server."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from platforms.registry import connect
from resolvers.engine import build_engine

from gateway.app import build_app
from gateway.cli.edge_settings import edge_options, key_ring
from gateway.cli.refusal import Refusal
from gateway.cli.until_stopped import run_until_stopped
from gateway.server import build_server
from platforms.connected import Connected
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
    server = _Server(build_server(app, host="", port=0, options=options).config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        await server.answering(serving)
        yield
    finally:
        server.should_exit = True
        await serving


def platforms_of(settings: Settings) -> Sequence[Connected]:
    """The configured platforms, not yet spoken to."""
    return tuple(connect(settings).values())


class _Server(uvicorn.Server):
    """uvicorn that tells when it answers and leaves signals to the command that runs it.

    Its own signal handling raises the signal once more when it is done, which would end a demo before its platforms
    are stopped.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._started = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._started.set()

    async def answering(self, serving: asyncio.Task[None]) -> None:
        """Returns once callers are answered; raises what made `serving` end before."""
        started = asyncio.create_task(self._started.wait())
        try:
            await asyncio.wait([serving, started], return_when=asyncio.FIRST_COMPLETED)
        finally:
            started.cancel()
        if serving.done():
            serving.result()
            raise Refusal("the gateway ended while starting; the lines above say why")

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
