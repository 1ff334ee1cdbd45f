"""Runs one Tryton server as a process group of its own, from first answer to last."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from sandbox.tryton.database import NAME, write_configuration
from sandbox.tryton.install import TrytonUnavailable, last_words
from sandbox.tryton.rpc import TrytonRefused, post

START_SECONDS = 60  # a second on an idle machine; a busy one is given time
STOP_SECONDS = 5
_POLL_SECONDS = 0.05
_WATCH = Path(__file__).with_name("inside") / "watch.py"


class TrytonServer:
    """Serves a copy of the pristine database from `folder`, which it empties when it stops."""

    def __init__(self, *, python: Path, pristine: Path, folder: Path, port: int, log: Path) -> None:
        self._python = python
        self._pristine = pristine
        self.folder = folder
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self.port = port or _free_port()

    def start(self) -> None:
        """Returns once the server answers; raises TrytonUnavailable with the log's last words if it never does."""
        try:
            refuse_taken(self.port)
            self._process = self._launched()
            self._wait_for_answer(self._process)
        except BaseException:
            self.stop()
            raise

    def _launched(self) -> subprocess.Popen[bytes]:
        self.folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(self._pristine, self.folder / f"{NAME}.sqlite")
        configuration = write_configuration(self.folder, port=self.port)
        watch = [str(self._python), str(_WATCH), str(self.folder)]
        trytond = [str(self._python.with_name("trytond")), "-c", str(configuration), "-d", NAME]
        with self._log.open("ab") as output:
            return subprocess.Popen(  # noqa: S603 - our own command, no shell
                [*watch, *trytond],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _wait_for_answer(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise TrytonUnavailable(f"Tryton ended at once: {last_words(self._log)} (all of it in {self._log})")
            if self.answers():
                return
            time.sleep(_POLL_SECONDS)
        raise TrytonUnavailable(f"Tryton did not answer on port {self.port} in {START_SECONDS} s; see {self._log}")

    def answers(self) -> bool:
        """Whether the server tells its version, which needs neither a login nor the database."""
        try:
            return str(post(f"127.0.0.1:{self.port}", "/rpc/", "common.server.version", [], {})).startswith("8.")
        except (OSError, TrytonRefused):
            return False

    @property
    def process_id(self) -> int | None:
        """The leader of the server's process group; None while it is stopped."""
        return None if self._process is None else self._process.pid

    def stop(self) -> None:
        """Ends the whole process group, politely first, and removes the database copy; again is harmless."""
        process, self._process = self._process, None
        if process is not None:
            _signal_group(process.pid, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(STOP_SECONDS)
            _signal_group(process.pid, signal.SIGKILL)  # whoever of the group is left
            process.wait()
            assert process.stdin is not None
            process.stdin.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def _signal_group(leader: int, sent: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, sent)


def refuse_taken(port: int) -> None:
    """Raises TrytonUnavailable where somebody listens on `port`: another Tryton there would pass for ours."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as taken:
            raise TrytonUnavailable(f"port {port} is in use: choose another for Tryton") from taken


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
