"""A workshop for tests, with its relay and workers, in real time, over whatever broker: its flows ask no platform."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import uuid4

from platforms.bindings import Bindings
from runtime.clock import Clock
from runtime.settings import Settings
from schema.errors import Queue
from sync.ledger.database import DatabaseLedger
from sync.ledger.port import Ledger, NewRun
from sync.ledger.records import Run, RunStatus
from sync.process import Flow, Process, Wish
from sync.workshop import Workshop

WORKFLOW = "errand"
DEADLINE = 30.0
"""Seconds after which a test gives up waiting."""


class Errand(Wish, frozen=True, kw_only=True):
    pass


@dataclass
class Errands:
    """What the workers did. `work` is what they do in the middle of a run."""

    done: Counter[str] = field(default_factory=Counter)
    begun: set[str] = field(default_factory=set)
    work: Callable[[], Awaitable[object]] | None = None

    async def process(self, run: Process, _wish: Errand) -> None:
        self.begun.add(run.run_id)
        if self.work is not None:
            await self.work()
        self.done[run.run_id] += 1

    def flow(self) -> Flow:
        return Flow(
            name=WORKFLOW,
            version=1,
            wish=Errand,
            process=self.process,
            subject=lambda _: None,
            queue=Queue.INTEGRATION,
        )


async def accepted(ledger: Ledger, *, order_key: str | None = None) -> Run:
    """An errand, written down, and announced to nobody yet."""
    new = NewRun(
        id=uuid4().hex,
        workflow=WORKFLOW,
        version=1,
        correlation_id=uuid4().hex,
        caller="portal",
        role="service",
        idempotency_key=uuid4().hex,
        input_hash="",
        input={},
        reason=None,
        order_key=order_key,
        plan=(),
        plan_hash="",
        facts={},
        records=(),
    )
    return await ledger.accept(new)


@asynccontextmanager
async def open_shop(
    settings: Settings,
    bindings: Bindings,
    ledger: DatabaseLedger,
    clock: Clock,
    errands: Errands,
    *,
    broker_url: str | None = None,
    works: bool | None = None,
    threads: int = 4,
) -> AsyncIterator[Workshop]:
    """At work from entering to leaving."""
    broker = type(settings.broker).model_validate({"url": broker_url})
    feeds = settings.feeds.model_copy(update={"enabled": False})
    told = settings.model_copy(update={"broker": broker, "feeds": feeds})
    known = {WORKFLOW: errands.flow()}
    shop = Workshop(told, bindings, ledger, clock, works=works, threads=threads, known=known)
    await shop.start()
    try:
        yield shop
    finally:
        await shop.stop()


async def until(happened: Callable[[], bool | Awaitable[bool]], *, seconds: float = DEADLINE) -> float:
    """Waits for it, and answers for how long; TimeoutError past `seconds`."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with asyncio.timeout(seconds):
        while True:
            answer = happened()
            if answer is True or (not isinstance(answer, bool) and await answer):
                return loop.time() - began
            await asyncio.sleep(0.02)


async def all_done(ledger: Ledger, runs: list[Run]) -> bool:
    found = [await ledger.run(run.id) for run in runs]
    return all(run is not None and run.status is RunStatus.SUCCEEDED for run in found)
