"""Sets a stage: servers, ledger, settings, and the product's processes on them."""

import asyncio
import random
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.chaos import trouble
from benchmarks.chaos.clients import Clients
from benchmarks.chaos.installation import Installation, Installed, install
from benchmarks.chaos.servers import PostgreSQL, Valkey
from benchmarks.chaos.trouble import Mishap, Weather
from benchmarks.chaos.world import World
from runtime.clock import SystemClock
from sync.ledger.database import DatabaseLedger, open_ledger
from sync.ledger.migrating import migrate


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a course is made of. `mishaps`: about how many, 0 for none; `kinds` are the only ones that happen, by name,
    `workflows` the only ones asked for. `weather`: what calls go through meanwhile. `outage`: this platform is away for
    so many seconds.
    """

    name: str
    wishes: int
    mishaps: int
    served: bool
    """On PostgreSQL and Redis with workers of their own; else on SQLite, the gateways doing everything."""
    seed: int = 7
    gateways: int = 2
    workers: int = 2
    kinds: frozenset[str] | None = None
    workflows: tuple[str, ...] = ()
    weather: Weather = "lost"
    outage: tuple[str, float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What the product stands on. `servers` None: there are none, it is on SQLite."""

    installed: Installed
    ledger: DatabaseLedger
    servers: tuple[PostgreSQL, Valkey] | None


@asynccontextmanager
async def grounded(world: World, folder: Path, *, served: bool) -> AsyncIterator[Ground]:
    """A firm as it was generated, an empty ledger, and settings; nothing of the product runs yet."""
    await asyncio.to_thread(world.reset)
    async with AsyncExitStack() as stack:
        servers = None
        if served:
            home = Path(
                stack.enter_context(tempfile.TemporaryDirectory(prefix="cw-chaos-", ignore_cleanup_errors=True))
            )
            servers = (PostgreSQL(home), Valkey(home))
            await asyncio.to_thread(servers[0].create)
            for server in servers:
                stack.callback(server.stop)
                await asyncio.to_thread(server.start)
            installed = install(folder, world.platforms, ledger=servers[0].url, broker=servers[1].url)
        else:
            installed = install(folder, world.platforms, ledger=f"sqlite:///{folder / 'ledger.db'}", broker=None)
        await migrate(installed.ledger)
        ledger = open_ledger(installed.ledger, clock=SystemClock())
        stack.push_async_callback(ledger.close)
        yield Ground(installed=installed, ledger=ledger, servers=servers)


@dataclass
class Stage:
    """What is running, for whoever lets things happen to it."""

    world: World
    ledger: DatabaseLedger
    clients: Clients
    mishaps: list[Mishap]
    dice: random.Random


@asynccontextmanager
async def staged(plan: Plan, world: World, folder: Path) -> AsyncIterator[Stage]:
    """Everything started, and what can happen to it."""
    dice = random.Random(plan.seed)
    async with AsyncExitStack() as stack:
        ground = await stack.enter_async_context(grounded(world, folder, served=plan.served))
        installed = ground.installed
        workers = plan.workers if plan.served else 0
        installation = Installation.start(installed, gateways=plan.gateways, workers=workers)
        stack.push_async_callback(installation.stop)
        clients = Clients(list(installation.gateways), installed.keys)
        stack.push_async_callback(clients.close)
        await clients.answered()
        mishaps = trouble.of_processes(installation, dice) + trouble.of_platforms(world, dice)
        if ground.servers is not None:
            mishaps += trouble.of_servers(*ground.servers, dice)
        if installed.broker is not None:
            mishaps += trouble.of_messages(installed.broker, ground.ledger, dice)
        if plan.kinds is not None:
            mishaps = [mishap for mishap in mishaps if mishap.name in plan.kinds]
        yield Stage(world, ground.ledger, clients, mishaps, dice)
