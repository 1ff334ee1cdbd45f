"""Serves an application on a socket that is bound already, from entering a block to leaving it."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.types import ASGIApp

from gateway.cli.refusal import Refusal
from gateway.options import EdgeOptions
from gateway.server import server_config


@asynccontextmanager
async def serving(app: ASGIApp, listener: socket.socket, options: EdgeOptions) -> AsyncIterator[None]:
    """Callers are answered from entering; leaving waits for the operations in flight and closes the engine."""
    server = _Server(server_config(app, options=options))
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        await server.answering(task)
        yield
    finally:
        server.should_exit = True
        await task


class _Server(uvicorn.Server):
    """uvicorn that tells when it answers and leaves signals to the command that runs it.

    Its own signal handling raises the signal once more when it is done, which would end a demo before its platforms
    are stopped.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._started = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().startup(sockets)
        except SystemExit:
            # So it tells that the application could not start; the demo still has its platforms to stop.
            self.should_exit = True
        self._started.set()

    async def answering(self, task: asyncio.Task[None]) -> None:
        """Returns once callers are answered; Refusal if that is not going to happen."""
        started = asyncio.create_task(self._started.wait())
        try:
            await asyncio.wait([task, started], return_when=asyncio.FIRST_COMPLETED)
        finally:
            started.cancel()
        if task.done():
            task.result()
        if self.should_exit:
            raise Refusal("the gateway could not start; the lines above say why")

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
