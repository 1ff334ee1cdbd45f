"""Dramatiq as a doorbell: it carries run ids to whoever has time for them, and may lose every one of them.

What is to be done stands in the ledger; a message only says "look". So nothing is retried here, nothing is kept, and a
run that is announced twice is worked on once.
"""

from collections.abc import Callable, Sequence
from typing import Any

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from dramatiq.brokers.stub import StubBroker
from dramatiq.middleware import Middleware, Retries, ShutdownNotifications
from redis import Redis
from redis.backoff import ExponentialBackoff
from redis.retry import Retry

from runtime.redis import ANSWER_SECONDS, CONNECT_SECONDS

ACTOR = "take_run"
QUEUE = "runs"
NAMESPACE = "crosswalk"
_HEARTBEAT = 5_000
"""Milliseconds after which messages that a dead worker had taken count as lost; dramatiq's own minute is long."""
_DEAD_TTL = 60_000
"""Milliseconds that dramatiq remembers messages that it gave up: the ledger's sweeper announces the run again."""


def embedded_broker() -> StubBroker:
    """Jobs stay in this process: no server is needed."""
    return StubBroker(middleware=_middleware(), fail_fast_default=False)


def redis_broker(url: str) -> RedisBroker:
    """Jobs go over Redis or Valkey. Its calls end within seconds, whatever state the server is in."""
    client = Redis.from_url(
        url,
        socket_connect_timeout=CONNECT_SECONDS,
        socket_timeout=ANSWER_SECONDS,
        retry=Retry(ExponentialBackoff(cap=0.1, base=0.01), 1),
    )
    return RedisBroker(  # type: ignore[no-untyped-call]  # dramatiq leaves it without types
        client=client,
        middleware=_middleware(),
        namespace=NAMESPACE,
        heartbeat_timeout=_HEARTBEAT,
        dead_message_ttl=_DEAD_TTL,
        maintenance_chance=10_000,
    )


def _middleware() -> list[Middleware]:
    return [ShutdownNotifications(), Retries(max_retries=0)]


class RunQueue:
    """The one actor. `take` works on a run, in a worker's thread, and returns when it can't go on now."""

    def __init__(self, broker: dramatiq.Broker, take: Callable[[str], None] | None = None) -> None:
        self._broker = broker

        def take_run(*, run_id: str, **_later: Any) -> None:
            """`_later` are arguments that a newer version may send: two versions are always deployed at once."""
            assert take is not None, "this process only announces runs"
            take(run_id)

        self._actor = dramatiq.actor(broker=broker, actor_name=ACTOR, queue_name=QUEUE, max_retries=0)(take_run)

    def announce(self, run_ids: Sequence[str]) -> None:
        """Blocking, for a thread. Raises BrokerError or RedisError; some may be announced by then."""
        for run_id in run_ids:
            self._actor.send(run_id=run_id)

    def waiting(self) -> int:
        """Messages that no worker has fetched yet; blocking as well."""
        if isinstance(self._broker, RedisBroker):
            return int(self._broker.client.llen(f"{NAMESPACE}:{QUEUE}"))
        assert isinstance(self._broker, StubBroker)
        size: int = self._broker.queues[QUEUE].qsize()
        return size

    def close(self) -> None:
        self._broker.close()
        if isinstance(self._broker, RedisBroker):
            self._broker.client.close()
