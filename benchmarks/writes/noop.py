"""Plain Dramatiq with its defaults, and a job that does nothing: what all that Crosswalk adds is measured against.

`python -m benchmarks.writes.noop embedded JOBS CORES...` prints jobs per second of one process without a server;
`python -m benchmarks.writes.noop worker URL` is one worker of Redis or Valkey.
"""

import os
import signal
import subprocess
import sys
import time

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from dramatiq.brokers.stub import StubBroker

from benchmarks.processes import ROOT, listening, ready

NAMESPACE = "plain"
QUEUE = "default"


def nothing_on(broker: dramatiq.Broker) -> "dramatiq.Actor[[], None]":
    def nothing() -> None:
        return None

    return dramatiq.actor(broker=broker, actor_name="nothing")(nothing)


def redis_broker(url: str) -> RedisBroker:
    return RedisBroker(url=url, namespace=NAMESPACE)  # type: ignore[no-untyped-call]  # dramatiq leaves it without types


def embedded(jobs: int) -> float:
    broker = StubBroker()
    actor = nothing_on(broker)
    for _ in range(jobs):
        actor.send()
    worker = dramatiq.Worker(broker)
    begun = time.perf_counter()
    worker.start()
    broker.join(QUEUE)
    took = time.perf_counter() - begun
    worker.stop()
    return jobs / took


def left(broker: RedisBroker) -> int:
    """Jobs that aren't done yet, those in hand included."""
    return int(broker.client.hlen(f"{NAMESPACE}:{QUEUE}.msgs"))


def embedded_in_process(jobs: int, cores: set[int]) -> float:
    """The same in a process of its own, on these cores."""
    told = subprocess.run(
        [sys.executable, "-m", "benchmarks.writes.noop", "embedded", str(jobs), *map(str, sorted(cores))],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return float(told.stdout)


def work(url: str) -> None:
    broker = redis_broker(url)
    nothing_on(broker)
    worker = dramatiq.Worker(broker)
    worker.start()
    ready(listening())
    signal.sigwait({signal.SIGTERM})
    worker.stop()


if __name__ == "__main__":
    if sys.argv[1] == "embedded":
        os.sched_setaffinity(0, {int(core) for core in sys.argv[3:]})
        print(embedded(int(sys.argv[2])))
    else:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})  # also for the worker's threads
        work(sys.argv[2])
