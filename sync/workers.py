"""Dramatiq's worker threads, each waiting for one run that is worked on in the process's own event loop.

The loop is the one that serves reads as well where both live in one process, so that they share connections, places in
flight and quota. A thread is only a place in the queue; how many there are is how many runs are worked on at once.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import CancelledError

import dramatiq
import structlog
from dramatiq.errors import BrokerError
from redis.exceptions import RedisError

from schema.errors import CrosswalkError
from sync.broker import QUEUE, RunQueue
from sync.runner import Runner

THREADS = 32
STOP_SECONDS = 10.0
"""For runs in flight when the process is told to stop; what isn't done by then is taken up by another worker."""


class Workers:
    """`start` and `stop` belong to the event loop that works on the runs. `ring` tells the relay that a run was left,
    and that another one may be waiting for that.
    """

    def __init__(
        self,
        broker: dramatiq.Broker,
        runner: Runner,
        *,
        ring: Callable[[], None],
        threads: int = THREADS,
        stop_seconds: float = STOP_SECONDS,
    ) -> None:
        self.queue = RunQueue(broker, self._take)
        self._runner = runner
        self._ring = ring
        self._loop: asyncio.AbstractEventLoop | None = None
        self._worker = dramatiq.Worker(broker, queues={QUEUE}, worker_timeout=200, worker_threads=threads)
        self._worker.queue_prefetch = threads  # what lies here untouched another process could be working on
        self._stop_seconds = stop_seconds
        self._stopping = False
        self._working: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._worker.start()

    async def stop(self) -> None:
        """No run is begun any more; those in flight have `stop_seconds`, and then end as if the process had died."""
        self._stopping = True
        stopping = asyncio.create_task(asyncio.to_thread(self._worker.stop, timeout=int(self._stop_seconds * 1_000)))
        await asyncio.wait([stopping], timeout=self._stop_seconds)
        left = tuple(self._working)
        for work in left:
            work.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        try:
            await stopping
        except (BrokerError, RedisError) as error:
            # What this process had fetched and not begun is announced again by whoever sweeps.
            structlog.get_logger().warning("stopped without the broker", why=type(error).__name__)

    def _take(self, run_id: str) -> None:
        """In a worker's thread."""
        assert self._loop is not None
        if self._stopping:
            return  # the sweeper announces it again, to somebody with time
        work = self._work(run_id)
        try:
            working = asyncio.run_coroutine_threadsafe(work, self._loop)
        except RuntimeError:  # the loop is closed: the process ends
            work.close()
            return
        try:
            working.result()
        except CancelledError:
            return  # the process ends; the lease does too, and another worker goes on

    async def _work(self, run_id: str) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._working.add(task)
        try:
            while await self._runner.take(run_id):
                pass
        except CrosswalkError as error:
            # The ledger is away. The lease ends some time, and then somebody takes the run up again.
            structlog.get_logger().warning("run left where it stands", run=run_id, why=error.detail)
        finally:
            self._working.discard(task)
            self._ring()
