"""Puts a gateway together from its settings: platforms, engine, application, server."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

from gateway.app import build_app
from gateway.cli.edge_settings import edge_options, key_file, key_ring
from gateway.cli.ledgers import opened_ledger
from gateway.cli.refusal import Refusal
from gateway.cli.serving import serving
from gateway.cli.until_stopped import run_until_stopped
from gateway.cli.workplace import shared_budgets, working
from gateway.log import operation_log
from gateway.server import calm_collector
from platforms.bindings import Bindings
from platforms.connected import Connected
from platforms.registry import connect
from resolvers.assembly import bindings_of, build_engine
from runtime.clock import SystemClock
from runtime.settings import Settings, SettingsError
from sync.desk import Desk
from sync.noticing.mailroom import Mailroom, check_secrets
from sync.workshop import Workshop


def run_gateway(settings: Settings, listener: socket.socket, *, announce: Callable[[], None]) -> None:
    """Serves until it is stopped by a signal. `announce` is called once callers are answered."""

    async def until_cancelled() -> None:
        async with running_gateway(settings, listener):
            announce()
            await asyncio.Event().wait()

    run_until_stopped(until_cancelled())


@asynccontextmanager
async def running_gateway(settings: Settings, listener: socket.socket) -> AsyncIterator[None]:
    """A gateway that answers on `listener` from entering to leaving; leaving waits for the operations in flight.

    Where jobs don't go over Redis, it works on runs as well.
    """
    options = edge_options(settings)
    log = operation_log(level=settings.log.level, style=settings.log.format)
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        ledger = await stack.enter_async_context(opened_ledger(settings, clock))
        budgets = await stack.enter_async_context(shared_budgets(settings))
        shops: list[Workshop] = []

        mailrooms: list[Mailroom] = []

        def desk(bindings: Bindings) -> Desk:
            shops.append(Workshop(settings, bindings, ledger, clock))
            mailrooms.append(Mailroom(settings, bindings.platforms, ledger, clock))
            return shops[0].desk

        try:
            keys = key_ring(settings)
            engine = build_engine(settings, clock=clock, desk=desk, budgets=budgets)
        except SettingsError as error:
            raise Refusal(*error.problems) from None
        app = build_app(engine, keys=keys, options=options, log=log, mailroom=mailrooms[0])
        calm_collector()
        await stack.enter_async_context(serving(app, listener, options))
        if (file := key_file(settings, keys)) is not None:
            await stack.enter_async_context(file.followed())
        # Work on runs ends before the platforms are let go of, which the application does when it stops.
        await stack.enter_async_context(working(shops[0]))
        yield


def connected(settings: Settings) -> Mapping[str, Connected]:
    """The configured platforms by name, not yet spoken to; Refusal for settings that `serve` would refuse."""
    try:
        platforms = connect(settings)
        check_secrets(settings, bindings_of(settings, platforms).platforms)
        key_ring(settings)
        return platforms
    except SettingsError as error:
        raise Refusal(*error.problems) from None
