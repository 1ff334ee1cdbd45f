"""A child process tells when it is ready, and never outlives its command."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gateway.cli.children import Child
from gateway.cli.refusal import Refusal

READY_THEN_WAIT = "import pathlib, sys, time; pathlib.Path(sys.argv[1]).write_text('{\"n\": 1}'); time.sleep(60)"


async def test_a_ready_child_is_read_and_stopped(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    child = await Child.start("sandbox", [sys.executable, "-c", READY_THEN_WAIT, str(ready)])
    assert await child.ready(ready, seconds=30) == {"n": 1}
    await child.stop()
    assert await child.ended() == -signal.SIGTERM


async def test_a_child_that_ends_while_starting_says_why(tmp_path: Path) -> None:
    child = await Child.start("sandbox", [sys.executable, "-c", "import sys; sys.exit('port 9 is in use')"])
    with pytest.raises(Refusal) as caught:
        await child.ready(tmp_path / "never.json", seconds=30)
    assert list(caught.value.lines) == ["the sandbox did not start:", "port 9 is in use"]
    await child.stop()


async def test_a_child_that_is_never_ready_is_given_up(tmp_path: Path) -> None:
    child = await Child.start("sandbox", [sys.executable, "-c", "import time; time.sleep(60)"])
    with pytest.raises(Refusal, match=r"not ready within 0\.05 s"):
        await child.ready(tmp_path / "never.json", seconds=0.05)
    await child.stop()


def test_a_child_ends_with_a_parent_that_was_killed(tmp_path: Path) -> None:
    """Its standard input ends then, and it stops by itself."""
    ended = tmp_path / "ended"
    child = f"import pathlib, sys; print('up', file=sys.stderr); sys.stdin.read(); pathlib.Path({str(ended)!r}).touch()"
    code = (
        "import asyncio, sys\nfrom gateway.cli.children import Child\n"
        "async def main():\n"
        f"    await Child.start('x', [sys.executable, '-c', {child!r}], say=lambda line: print(line, flush=True))\n"
        "    await asyncio.Event().wait()\n"
        "asyncio.run(main())"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "up\n"
        parent.kill()
    deadline = time.monotonic() + 10
    while not ended.exists():
        assert time.monotonic() < deadline, "the child outlived its parent"
        time.sleep(0.005)
