"""The product as it is installed: gateways and workers as processes of their own, each started anew when it died."""

import asyncio
import os
import random
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from benchmarks.chaos.servers import free_port
from benchmarks.chaos.world import ROOT
from gateway.cli.demo_settings import write_settings
from gateway.cli.key_entries import keys_per_role

LEASE_SECONDS = 3
TIMEOUT_SECONDS = 2
SLOTS = 7
STOP_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """What was written down before anything was started. `broker` None: the gateways carry out the runs themselves."""

    settings: Path
    ledger: str
    broker: str | None
    keys: Mapping[str, str]


def install(folder: Path, platforms: Mapping[str, Mapping[str, Any]], *, ledger: str, broker: str | None) -> Installed:
    """Settings for a hurry: what waits in earnest for half a minute waits for seconds."""
    folder.mkdir(mode=0o700, exist_ok=True)
    keys, entries = keys_per_role()
    path = write_settings(folder, platforms, entries)
    settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    for platform in settings["platforms"].values():
        platform |= {"timeout_seconds": TIMEOUT_SECONDS, "slots": SLOTS}
    settings |= {
        "ledger": {"url": ledger},
        "writes": {"lease_seconds": LEASE_SECONDS},
        "log": {"level": "warning", "format": "json"},
    }
    if broker is not None:
        settings["broker"] = {"url": broker}
    path.write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
    return Installed(settings=path, ledger=ledger, broker=broker, keys=keys)


class Kept:
    """A process that is started anew whenever it has ended, until it is stopped."""

    def __init__(self, name: str, arguments: Sequence[str], log: Path) -> None:
        self.name = name
        self._command = [sys.executable, "-m", "gateway", *arguments]
        self._log = log
        self._process: asyncio.subprocess.Process | None = None
        self._keeping: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._keeping = asyncio.create_task(self._keep())

    def kill(self) -> bool:
        """SIGKILL; whether there was something to kill."""
        process = self._process
        if process is None or process.returncode is not None:
            return False
        process.kill()
        return True

    async def stop(self) -> None:
        assert self._keeping is not None
        self._keeping.cancel()
        await asyncio.wait([self._keeping])
        process = self._process
        if process is not None and process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), STOP_SECONDS)
            except TimeoutError:
                process.kill()
                await process.wait()

    async def _keep(self) -> None:
        environ = {name: value for name, value in os.environ.items() if not name.startswith("CROSSWALK_")}
        while True:
            with self._log.open("ab") as log:
                self._process = await asyncio.create_subprocess_exec(
                    *self._command, cwd=ROOT, env=environ, stdout=log, stderr=log, start_new_session=True
                )
            await self._process.wait()


@dataclass
class Installation:
    """Running gateways and workers."""

    installed: Installed
    gateways: dict[str, Kept] = field(default_factory=dict)
    """By the URL at which each is asked."""
    workers: list[Kept] = field(default_factory=list)

    @classmethod
    def start(cls, installed: Installed, *, gateways: int, workers: int) -> "Installation":
        started = cls(installed)
        settings, logs = str(installed.settings), installed.settings.parent
        for number in range(gateways):
            port = free_port()
            arguments = ["serve", "--config", settings, "--port", str(port)]
            kept = Kept(f"gateway-{number}", arguments, logs / f"gateway-{number}.log")
            started.gateways[f"http://127.0.0.1:{port}/graphql"] = kept
        for number in range(workers):
            arguments = ["worker", "--config", settings]
            started.workers.append(Kept(f"worker-{number}", arguments, logs / f"worker-{number}.log"))
        for kept in started.processes:
            kept.start()
        return started

    @property
    def processes(self) -> list[Kept]:
        return [*self.gateways.values(), *self.workers]

    def kill_a_worker(self, dice: random.Random) -> bool:
        """Whoever works on runs: a worker, or a gateway where there are none."""
        return dice.choice(self.workers or list(self.gateways.values())).kill()

    def kill_a_gateway(self, dice: random.Random) -> bool:
        return dice.choice(list(self.gateways.values())).kill()

    async def stop(self) -> None:
        await asyncio.gather(*(kept.stop() for kept in self.processes))
