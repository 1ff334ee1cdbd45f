"""Puts a gateway together from its settings: platforms, engine, application, server."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from platforms.registry import connect

from gateway.app import build_app
from gateway.cli.edge_settings import edge_options, key_ring
from gateway.cli.refusal import Refusal
from gateway.cli.serving import serving
from gateway.cli.until_stopped import run_until_stopped
from gateway.log import operation_log
from platforms.connected import Connected
from resolvers.bindings import Bindings
from resolvers.engine import GraphEngine
from resolvers.engine_port import Engine
from resolvers.freshness import NoMemory
from runtime.clock import SystemClock
from runtime.settings import Settings, SettingsError
from schema.roles import PlatformRole


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


def build_engine(settings: Settings) -> Engine:
    """The engine over the configured platforms, each in the roles that the settings give it."""
    platforms = connected(settings)
    bindings = Bindings(
        {PlatformRole(role): [platforms[name] for name in names] for role, names in settings.roles.items()},
        {field: PlatformRole(role) for field, role in settings.owners.items()},
    )
    return GraphEngine(bindings, NoMemory(), SystemClock(), seconds=settings.server.wall_clock_seconds)


def connected(settings: Settings) -> Mapping[str, Connected]:
    """The configured platforms by name, not yet spoken to; Refusal for settings that a vendor doesn't understand."""
    try:
        return connect(settings)
    except SettingsError as error:
        raise Refusal(*error.problems) from None
