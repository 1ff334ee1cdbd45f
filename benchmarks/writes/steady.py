"""Sends at a steady pace, whether answers come or not: what waits for a slow answer counts as waiting."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.driver import Exchange
from benchmarks.processes import Service


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """When a request was due and when its answer was there, in seconds of the machine's monotonic clock."""

    record: str
    due: float
    answered: float

    @property
    def took(self) -> float:
        """Milliseconds."""
        return (self.answered - self.due) * 1000


async def send_steadily(
    service: Service, requests: Sequence[tuple[str, bytes]], *, per_second: float
) -> list[Acknowledged]:
    """Each request when it is due, over a connection that is free by then, or else a new one."""
    loop = asyncio.get_running_loop()
    free: list[Exchange] = []
    told: list[Acknowledged] = []

    async def one(record: str, request: bytes, due: float) -> None:
        exchange = free.pop() if free else (await loop.create_connection(connect, "127.0.0.1", service.port))[1]
        await exchange.ask(request)
        told.append(Acknowledged(record, due, time.perf_counter()))
        free.append(exchange)

    def connect() -> Exchange:
        return Exchange(loop)

    begun = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for number, (record, request) in enumerate(requests):
            due = begun + number / per_second
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            group.create_task(one(record, request, due))
    for exchange in free:
        exchange.transport.close()
    return told


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
