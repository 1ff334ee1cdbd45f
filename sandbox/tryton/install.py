"""Installs Tryton from PyPI, at the versions of requirements.txt, into an environment of its own."""

import fcntl
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from os import environ
from pathlib import Path

from sandbox.platform import PlatformUnavailable

Progress = Callable[[str], None]
"""Is told, in a few words, what is going on: a first start takes minutes."""

REQUIREMENTS = Path(__file__).with_name("requirements.txt")


class TrytonUnavailable(PlatformUnavailable):
    """Tryton could not be installed, seeded or started; the message says why and where the log is."""


def default_cache() -> Path:
    """Where environments and seeded databases are kept: $XDG_CACHE_HOME/crosswalk/tryton, else .cache/tryton here."""
    if base := environ.get("XDG_CACHE_HOME"):
        return Path(base) / "crosswalk" / "tryton"
    return Path(__file__).resolve().parents[2] / ".cache" / "tryton"


def installed(cache: Path, progress: Progress) -> Path:
    """The Python of Tryton's environment below `cache`, made on first use; later uses need no network.

    Raises TrytonUnavailable with the installer's last words.
    """
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    folder = cache / f"environment-{digest(REQUIREMENTS.read_bytes(), version.encode(), sys.base_prefix.encode())}"
    python, complete = folder / "bin" / "python", folder / "complete"
    with one_at_a_time(folder):
        if complete.exists() and python.exists():
            return python
        progress("installing Tryton from PyPI, once (about a minute)")
        shutil.rmtree(folder, ignore_errors=True)
        for step in _steps(folder, python):
            run(step, log=cache / "install.log", what="installing Tryton")
        complete.touch()
        progress("Tryton is installed")
        return python


def _steps(folder: Path, python: Path) -> list[list[str]]:
    if uv := shutil.which("uv"):
        return [
            [uv, "venv", "--quiet", "--python", sys.executable, str(folder)],
            [uv, "pip", "install", "--quiet", "--python", str(python), "-r", str(REQUIREMENTS)],
        ]
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    return [[sys.executable, "-m", "venv", str(folder)], [*pip, "-r", str(REQUIREMENTS)]]


def run(command: list[str], *, log: Path, what: str, environment: dict[str, str] | None = None) -> None:
    """Runs to the end with the output in `log`; raises TrytonUnavailable where the command fails."""
    with log.open("ab") as output:
        finished = subprocess.run(  # noqa: S603 - our own commands, no shell
            command, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=environment, check=False
        )
    if finished.returncode != 0:
        raise TrytonUnavailable(f"{what} failed: {last_words(log)} (all of it in {log})")


def last_words(log: Path) -> str:
    """The last line of a log that says something, for an error message."""
    lines = log.read_text(encoding="utf-8", errors="replace").split("\n") if log.exists() else []
    return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")


def digest(*parts: bytes) -> str:
    """A short name for what was made from these parts: other parts, another name."""
    return blake2b(b"\0".join(parts), digest_size=8).hexdigest()


@contextmanager
def one_at_a_time(made: Path) -> Iterator[None]:
    """Keeps other processes from making the same thing: the second waits and finds it made."""
    made.parent.mkdir(parents=True, exist_ok=True)
    with made.with_name(f"{made.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
