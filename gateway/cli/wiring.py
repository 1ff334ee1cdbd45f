"""Puts a gateway together from its settings: platforms, engine, application, server."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from gateway.app import build_app
from gateway.cli.edge_settings import edge_options, key_ring
from gateway.cli.refusal import Refusal
from gateway.cli.serving import serving
from gateway.cli.until_stopped import run_until_stopped
from gateway.log import operation_log
from gateway.server import calm_collector
from platforms.connected import Connected
from platforms.registry import connect
from resolvers.assembly import bindings_of, build_engine
from runtime.settings import Settings, SettingsError


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
    log = operation_log(level=settings.log.level, style=settings.log.format)
    try:
        keys = key_ring(settings)
        engine = build_engine(settings)
    except SettingsError as error:
        raise Refusal(*error.problems) from None
    app = build_app(engine, keys=keys, options=options, log=log)
    calm_collector()
    async with serving(app, listener, options):
        yield


def connected(settings: Settings) -> Mapping[str, Connected]:
    """The configured platforms by name, not yet spoken to; Refusal for settings that `serve` would refuse."""
    try:
        platforms = connect(settings)
        bindings_of(settings, platforms)
        key_ring(settings)
        return platforms
    except SettingsError as error:
        raise Refusal(*error.problems) from None
