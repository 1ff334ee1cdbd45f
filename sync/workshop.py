"""Everything of `sync` that one process needs, put together from an installation's settings."""

import asyncio
import os
import socket
from collections.abc import Mapping
from uuid import uuid4

from platforms.bindings import Bindings
from runtime.bell import SharedBell
from runtime.clock import Clock
from runtime.settings import Settings
from sync.background import Service, background
from sync.broker import RunQueue, embedded_broker, redis_broker
from sync.delivering.assembly import webhook_desk
from sync.firm import Firm
from sync.flows import flows
from sync.ledger.port import Ledger
from sync.process import Flow
from sync.reception import FrontDesk
from sync.reconciling.assembly import asking_of
from sync.relay import Relay
from sync.runner import Runner
from sync.services import templates_of
from sync.workers import THREADS, Workers

EVENTS = "crosswalk:events"
"""The channel on which processes tell each other that the ledger has new events."""


class Workshop:
    """The desk where wishes come in, the relay that announces them, and the workers, where this process has any. Over
    Redis, where there is one, its processes also tell each other that something has happened.

    `works`: None means that it works on runs exactly where jobs don't go over Redis.
    """

    def __init__(
        self,
        settings: Settings,
        bindings: Bindings,
        ledger: Ledger,
        clock: Clock,
        *,
        works: bool | None = None,
        threads: int = THREADS,
        known: Mapping[str, Flow] | None = None,
    ) -> None:
        url = settings.broker.url
        broker = embedded_broker() if url is None else redis_broker(url.get_secret_value())
        processes = flows() if known is None else known
        firm = Firm(bindings, templates_of(settings))
        approval_seconds = settings.writes.approval_hours * 3600
        self.ledger = ledger
        self.workers: Workers | None = None
        queue: RunQueue
        if url is None or works:
            runner = Runner(
                ledger,
                firm,
                processes,
                clock,
                owner=_name(),
                approval_seconds=approval_seconds,
                lease_seconds=settings.writes.lease_seconds,
            )
            self.workers = Workers(broker, runner, threads=threads, ring=self._ring_relay)
            queue = self.workers.queue
        else:
            queue = RunQueue(broker)
        self._queue = queue
        self.relay = Relay(ledger, queue, clock)
        self.desk = FrontDesk(
            ledger,
            firm,
            processes,
            clock,
            ring=self.relay.ring,
            approval_seconds=approval_seconds,
            webhooks=webhook_desk(settings, ledger, clock),
            reconciliations=asking_of(settings, bindings, ledger, clock),
            triggers=settings.triggers,
            feed_seconds=settings.feeds.shortest_seconds if settings.feeds.enabled else None,
        )
        self._services: tuple[Service, ...] = ()
        if self.workers is not None:
            self._services = background(settings, bindings, ledger, clock, self.desk)
        shared = url or settings.cache.url
        self._bell = None if shared is None else SharedBell(ledger.bell, shared.get_secret_value(), EVENTS)
        self._tasks: list[asyncio.Task[None]] = []

    def _ring_relay(self) -> None:
        self.relay.ring()  # which is made after the workers, as it needs their queue

    async def start(self) -> None:
        if self.workers is not None:
            self.workers.start()
        self._tasks.append(asyncio.create_task(self.relay.run()))
        self._tasks += [asyncio.create_task(service.run()) for service in self._services]
        if self._bell is not None:
            self._tasks.append(asyncio.create_task(self._bell.run()))

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self.workers is not None:
            await self.workers.stop()
        await asyncio.to_thread(self._queue.close)


def _name() -> str:
    """Names this process among all that may hold a run."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}"
