"""Runs until the work ends or somebody stops it with Ctrl-C, SIGTERM or by closing the terminal."""

import asyncio
import signal
import sys
from collections.abc import Coroutine
from typing import Any


def run_until_stopped(work: Coroutine[Any, Any, None]) -> None:
    """Runs `work` on a fresh event loop; a signal cancels it, so that its `finally` blocks clean up, and returns.

    A second signal cancels what cleaning up still waits for.
    """

    async def guarded() -> None:
        task = asyncio.current_task()
        assert task is not None
        for signal_number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(signal_number, task.cancel)
        try:
            await work
        except asyncio.CancelledError:
            return

    with asyncio.Runner(loop_factory=_loop) as runner:
        runner.run(guarded())


def _loop() -> asyncio.AbstractEventLoop:
    if sys.platform == "win32":
        return asyncio.new_event_loop()
    import uvloop

    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return loop
