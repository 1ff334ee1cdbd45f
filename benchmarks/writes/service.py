"""A gateway or a worker as it is installed, over the fake platform that can be written to.

`gateway` is `crosswalk serve`, `worker` is `crosswalk worker`, but that nothing is announced and nobody works before
SIGUSR1: so many processes begin at one moment, and what they cost can be read before.
"""

import argparse
import asyncio
import signal
from contextlib import AsyncExitStack
from hashlib import sha256
from pathlib import Path

from benchmarks.processes import listening, ready
from benchmarks.queries import KEY
from benchmarks.writes.connector import platforms
from benchmarks.writes.counting import count_transactions
from gateway.app import build_app
from gateway.cli.edge_settings import edge_options
from gateway.cli.ledgers import opened_ledger
from gateway.cli.serving import serving
from gateway.cli.until_stopped import run_until_stopped
from gateway.cli.working import give_way
from gateway.cli.workplace import shared_budgets, working
from gateway.keys import ApiKey, KeyRing
from gateway.log import operation_log
from gateway.server import calm_collector
from platforms.bindings import Bindings
from platforms.keepalive import KeepAliveTransport
from resolvers.assembly import memory_of
from resolvers.engine import GraphEngine
from runtime.clock import SystemClock
from runtime.log import configure_logging
from runtime.settings import Settings
from sync.workshop import Workshop


async def run(kind: str, upstream: str, settings: Settings) -> None:
    clock = SystemClock()
    if kind == "worker":
        give_way()
    async with AsyncExitStack() as stack:
        ledger = await stack.enter_async_context(opened_ledger(settings, clock))
        budgets = await stack.enter_async_context(shared_budgets(settings))
        transport = KeepAliveTransport()
        stack.push_async_callback(transport.close)
        bindings = Bindings(platforms(upstream, transport, clock, budgets))
        shop = Workshop(settings, bindings, ledger, clock, works=True if kind == "worker" else None)
        listener = listening()
        if kind != "worker":
            engine = GraphEngine(bindings, memory_of(settings.cache, clock), clock, seconds=9.5, desk=shop.desk)
            keys = KeyRing([ApiKey(name="bench", role="admin", sha256=sha256(KEY.encode()).hexdigest())])
            options = edge_options(settings)
            log = operation_log(level=settings.log.level, style=settings.log.format)
            app = build_app(engine, keys=keys, options=options, log=log)
            await stack.enter_async_context(serving(app, listener, options))
        calm_collector()
        told = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, told.set)
        ready(listener)
        await told.wait()
        await stack.enter_async_context(working(shop))
        await asyncio.Event().wait()


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m benchmarks.writes.service", description=__doc__)
    options.add_argument("kind", choices=("gateway", "worker"))
    options.add_argument("--upstream", required=True)
    options.add_argument("--ledger", required=True)
    options.add_argument("--broker")
    options.add_argument("--counts", type=Path, required=True)
    asked = options.parse_args()
    given = {"ledger": {"url": asked.ledger}, "broker": {"url": asked.broker}, "feeds": {"enabled": False}}
    settings = Settings.model_validate(given)
    configure_logging(level=settings.log.level, style=settings.log.format)
    count_transactions(asked.counts)
    run_until_stopped(run(asked.kind, asked.upstream, settings))


if __name__ == "__main__":
    main()
