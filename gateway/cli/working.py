"""Runs workers: one in this process, or several processes that are started anew when they end by themselves."""

import asyncio
import os
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import structlog
from prometheus_client import start_http_server

from gateway.cli.ledgers import opened_ledger
from gateway.cli.refusal import Refusal
from gateway.cli.until_stopped import run_until_stopped
from gateway.cli.workplace import shared_budgets, working
from gateway.server import calm_collector
from platforms.registry import connect
from resolvers.assembly import bindings_of
from runtime.clock import SystemClock
from runtime.settings import Settings, SettingsError
from sync.workshop import Workshop

STOP_SECONDS = 20.0
PAUSE_SECONDS = 1.0
"""Before a process that ended by itself is started anew."""


GIVES_WAY = 5
"""How much less urgent than a gateway's a worker's work is to the operating system: people wait for the former."""


def run_worker(settings: Settings, *, threads: int, supervised: bool, metrics_port: int = 0) -> None:
    """Works until it is stopped by a signal; `supervised`: or until standard input ends."""

    async def until_cancelled() -> None:
        give_way()
        clock = SystemClock()
        async with AsyncExitStack() as stack:
            ledger = await stack.enter_async_context(opened_ledger(settings, clock))
            budgets = await stack.enter_async_context(shared_budgets(settings))
            try:
                platforms = connect(settings, clock=clock, budgets=budgets)
                for platform in platforms.values():
                    stack.push_async_callback(platform.close)
                shop = Workshop(settings, bindings_of(settings, platforms), ledger, clock, works=True, threads=threads)
            except SettingsError as error:
                raise Refusal(*error.problems) from None
            calm_collector()
            if metrics_port:
                serve_metrics(settings.server.host, metrics_port)
            await stack.enter_async_context(working(shop))
            structlog.get_logger().info("worker ready", threads=threads)
            await (_input_ended() if supervised else asyncio.Event().wait())

    run_until_stopped(until_cancelled())


def serve_metrics(host: str, port: int) -> None:
    """In a thread of its own, until the process ends. Refusal for a port that is in use."""
    try:
        start_http_server(port, addr=host)
    except OSError as error:
        raise Refusal(f"--metrics-port: can't listen on {host}:{port}: {error.strerror}") from None


def give_way() -> None:
    """On a machine with a gateway on it, mutations are taken on in time even while all cores are busy with runs."""
    os.setpriority(os.PRIO_PROCESS, 0, min(19, os.getpriority(os.PRIO_PROCESS, 0) + GIVES_WAY))


async def _input_ended() -> None:
    """Whoever started us is gone."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()

    def read() -> None:
        if not os.read(sys.stdin.fileno(), 4096):
            ended.set()

    loop.add_reader(sys.stdin.fileno(), read)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(sys.stdin.fileno())


def run_workers(config: Path, *, processes: int, threads: int, metrics_port: int = 0) -> None:
    """As many processes as wished, until it is stopped by a signal."""

    async def until_cancelled() -> None:
        async with asyncio.TaskGroup() as group:
            for number in range(processes):
                group.create_task(_kept_running(config, threads, metrics_port + number if metrics_port else 0))

    run_until_stopped(until_cancelled())


async def _kept_running(config: Path, threads: int, metrics_port: int) -> None:
    """One process, started anew whenever it ends by itself."""
    command = [sys.executable, "-m", "gateway", "worker", "--supervised"]
    command += ["--config", str(config), "--threads", str(threads), "--metrics-port", str(metrics_port)]
    while True:
        # Its standard input ends with us, however we end. A session of its own: Ctrl-C is ours to hand on.
        process = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.PIPE, start_new_session=True)
        try:
            code = await process.wait()
        finally:
            if process.returncode is None:
                await _stop(process)
        structlog.get_logger().warning("a worker ended by itself and is started anew", exit_code=code)
        await asyncio.sleep(PAUSE_SECONDS)


async def _stop(process: asyncio.subprocess.Process) -> None:
    process.terminate()
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
