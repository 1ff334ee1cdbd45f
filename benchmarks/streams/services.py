"""The two that are measured, as processes of their own on the same core."""

import asyncio
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.processes import Service, cores, running
from sync.ledger.migrating import migrate

GATEWAY, NODE = "Crosswalk", "graphql-yoga, graphql-ws"
FOLDER = Path(__file__).parent / "node"


@contextmanager
def gateway(upstream: Service) -> Iterator[Service]:
    """With an empty ledger of SQLite, in one process."""
    served, _ = cores()
    with tempfile.TemporaryDirectory(prefix="cw-streams-") as folder:
        ledger = f"sqlite:///{folder}/ledger.db"
        asyncio.run(migrate(ledger))
        arguments = ["--upstream", upstream.url, "--ledger", ledger]
        with running(GATEWAY, "benchmarks.streams.service", *arguments, core=served) as service:
            yield service


@contextmanager
def node(upstream: Service) -> Iterator[Service]:
    served, _ = cores()
    process = subprocess.Popen(
        ["node", "--no-warnings", "service.mjs", upstream.url],
        cwd=FOLDER,
        env={**os.environ, "NODE_ENV": "production"},
        stdout=subprocess.PIPE,
        preexec_fn=lambda: os.sched_setaffinity(0, served),  # noqa: PLW1509 - no threads have been started
    )
    try:
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        if not port:
            raise RuntimeError("node did not start; its words stand above")
        yield Service(NODE, process.pid, int(port))
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=10)


def install_node() -> None:
    """What the lock file says, from the npm registry, once."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        raise RuntimeError("needs node 20 or newer with npm, which is what Crosswalk is measured against here")
    lock, installed = FOLDER / "package-lock.json", FOLDER / "node_modules" / ".package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=FOLDER, check=True)


def versions() -> str:
    """Of node and of what it runs."""
    said = subprocess.run(["node", "--version"], check=True, capture_output=True, text=True).stdout.strip()
    listed = subprocess.run(
        ["npm", "ls", "--depth=0", "--parseable", "--long"], cwd=FOLDER, check=True, capture_output=True, text=True
    )
    packages = [line.split(":")[1].replace("@", " ") for line in listed.stdout.splitlines()[1:]]
    return f"Node {said}, {', '.join(packages)}"
