"""Starts the measured services as processes of their own, and reads what they cost from the operating system."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
CPU_CLOCK = 2
"""Linux counts a process's CPU time in nanoseconds on a clock whose id is made of the pid and this number."""


@dataclass(frozen=True, slots=True)
class Service:
    """A running process that answers HTTP on loopback."""

    name: str
    pid: int
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def cpu(self) -> float:
        """Seconds of CPU spent so far, all threads, user and system."""
        return time.clock_gettime((~self.pid << 3) | CPU_CLOCK)

    def memory(self) -> tuple[float, float]:
        """Resident now and at most so far, in MB."""
        lines = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii").splitlines()
        found = dict(line.split(":", 1) for line in lines)
        return tuple(int(found[name].split()[0]) / 1000 for name in ("VmRSS", "VmHWM"))  # type: ignore[return-value]

    def forget_peak(self) -> None:
        """The most memory so far counts from now on."""
        Path(f"/proc/{self.pid}/clear_refs").write_text("5", encoding="ascii")


def cores() -> tuple[set[int], set[int]]:
    """The core for the measured services, and those for everything else; with one core they share it."""
    known = sorted(os.sched_getaffinity(0))
    return {known[-1]}, set(known[:-1]) or set(known)


@contextmanager
def running(name: str, module: str, *arguments: str, core: set[int]) -> Iterator[Service]:
    """`python -m module arguments...` from its first word, the port it answers on, until the block is left."""
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=None if os.environ.get("BENCH_STDERR") else subprocess.DEVNULL,
        preexec_fn=lambda: os.sched_setaffinity(0, core),  # noqa: PLW1509 - no threads have been started
    )
    try:
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        if not port:
            raise RuntimeError(f"{module} did not start; BENCH_STDERR=1 shows why")
        yield Service(name, process.pid, int(port))
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def listening() -> socket.socket:
    """A socket on a free port of the loopback."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", 0))
    listener.listen(1024)
    listener.setblocking(False)
    return listener


def ready(listener: socket.socket) -> None:
    """Tells the starting process where to knock."""
    sys.stdout.write(f"{listener.getsockname()[1]}\n")
    sys.stdout.flush()
