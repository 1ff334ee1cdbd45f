"""Dramatiq's worker threads, each waiting for one run that is worked on in the process's own event loop.

The loop is the one that serves reads as well where both live in one process, so that they share connections, places in
flight and quota. A thread is only a place in the queue; how many there are is how many runs are worked on at once.
"""

import asyncio
from concurrent.futures import CancelledError

import dramatiq

from sync.broker import QUEUE, RunQueue
from sync.runner import Runner

THREADS = 32
STOP_SECONDS = 10.0
"""For runs in flight when the process is told to stop; what isn't done by then is taken up by another worker."""


class Workers:
    """`start` and `stop` belong to the event loop that works on the runs."""

    def __init__(self, broker: dramatiq.Broker, runner: Runner, *, threads: int = THREADS) -> None:
        self.queue = RunQueue(broker, self._take)
        self._runner = runner
        self._loop: asyncio.AbstractEventLoop | None = None
        self._worker = dramatiq.Worker(broker, queues={QUEUE}, worker_timeout=200, worker_threads=threads)
        self._stopping = False

    def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._worker.start()

    async def stop(self) -> None:
        self._stopping = True
        await asyncio.to_thread(self._worker.stop, timeout=int(STOP_SECONDS * 1_000))

    def _take(self, run_id: str) -> None:
        """In a worker's thread."""
        assert self._loop is not None
        if self._stopping:
            return  # the sweeper announces it again, to somebody with time
        working = asyncio.run_coroutine_threadsafe(self._work(run_id), self._loop)
        try:
            working.result()
        except CancelledError:
            return  # the process ends; the lease does too, and another worker goes on

    async def _work(self, run_id: str) -> None:
        while await self._runner.take(run_id):
            pass
