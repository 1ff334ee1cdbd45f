"""Runs a command in a working folder until whoever started it is gone: `python watch.py FOLDER COMMAND...`.

The starter holds the other end of standard input. When it ends, even by a kill that leaves it no time to clean up, the
input ends too; then the command is ended and the folder removed, so that no server outlives its sandbox.
"""

import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence


def main(folder: str, command: Sequence[str]) -> int:
    """The command's exit code. A signal to the process group reaches the command itself; this waits for its end."""
    signal.signal(signal.SIGTERM, lambda *_: None)
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603 - the starter's own command, no shell
    threading.Thread(target=_end_with_starter, args=(child, folder), daemon=True).start()
    return child.wait()


def _end_with_starter(child: subprocess.Popen[bytes], folder: str) -> None:
    sys.stdin.buffer.read()
    shutil.rmtree(folder, ignore_errors=True)
    child.terminate()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
