"""Puts a gateway together from its settings: platforms, engine, application, server."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from platforms.registry import connect
from resolvers.engine import build_engine

from gateway.app import build_app
from gateway.cli.edge_settings import edge_options, key_ring
from gateway.cli.serving import serving
from gateway.cli.until_stopped import run_until_stopped
from gateway.log import operation_log
from platforms.connected import Connected
from runtime.settings import Settings


def run_gateway(settings: Settings, listener: socket.socket, *, announce: Callable[[], None]) -> None:
    """Serves until it is stopped by a signal. `announce` is called once callers are answered."""

    async def until_cancelled() -> None:
        async with running_gateway(settings, listener):
            announce()
            await asyncio.Event().wait()

    run_until_stopped(until_cancelled())


@asynccontextmanager
async def running_gateway(settings: Settings, listener: socket.socket) -> AsyncIterator[None]:
    """A gateway that answers on `listener` from entering to leaving; leaving waits for the operations in flight."""
    options = edge_options(settings)
    log = operation_log(level=settings.log.level)
    app = build_app(build_engine(settings), keys=key_ring(settings), options=options, log=log)
    async with serving(app, listener, options):
        yield


def platforms_of(settings: Settings) -> Sequence[Connected]:
    """The configured platforms, not yet spoken to."""
    return tuple(connect(settings).values())
