"""Sends mutations as careful callers do: one that isn't acknowledged is sent again, with the same key, until it is."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.driver import Exchange
from benchmarks.processes import Service

Wish = tuple[str, bytes]
"""The platform's own id of the record, where it has one yet, and the request."""
PAUSE_SECONDS = 0.2


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


@dataclass(slots=True)
class Sent:
    """`repeated` counts requests that had to be sent again; `cpu` is the service's milliseconds per mutation."""

    told: list[Acknowledged] = field(default_factory=list)
    repeated: int = 0
    seconds: float = 0.0
    cpu: float = 0.0


class _Line:
    """Connections to one service, each with one request at a time."""

    def __init__(self, service: Service, sent: Sent) -> None:
        self._service = service
        self._sent = sent
        self._free: list[Exchange] = []

    async def send(self, wish: Wish, due: float) -> None:
        record, request = wish
        while not await self._acknowledged(request):
            self._sent.repeated += 1
            await asyncio.sleep(PAUSE_SECONDS)
        self._sent.told.append(Acknowledged(record, due, time.perf_counter()))

    async def _acknowledged(self, request: bytes) -> bool:
        loop = asyncio.get_running_loop()
        exchange = self._free.pop() if self._free else await self._connected(loop)
        try:
            await exchange.ask(request)
        except RuntimeError as error:
            if '"retryable":true' not in str(error):
                raise
            return False
        finally:
            self._free.append(exchange)
        return True

    async def _connected(self, loop: asyncio.AbstractEventLoop) -> Exchange:
        _, exchange = await loop.create_connection(lambda: Exchange(loop), "127.0.0.1", self._service.port)
        return exchange

    def close(self) -> None:
        for exchange in self._free:
            exchange.transport.close()


async def send_all(service: Service, wishes: Sequence[Wish], *, clients: int) -> Sent:
    """Each client sends the next one when its last was acknowledged."""
    sent = Sent()
    line = _Line(service, sent)
    waiting = iter(wishes)

    async def client() -> None:
        for wish in waiting:
            await line.send(wish, time.perf_counter())

    begun, cpu = time.perf_counter(), service.cpu()
    async with asyncio.TaskGroup() as group:
        for _ in range(clients):
            group.create_task(client())
    sent.seconds, sent.cpu = time.perf_counter() - begun, (service.cpu() - cpu) * 1000 / len(wishes)
    line.close()
    return sent


async def send_steadily(service: Service, wishes: Sequence[Wish], *, per_second: float) -> Sent:
    """Each when it is due, whether others were answered or not: what waits for a slow answer counts as waiting."""
    sent = Sent()
    line = _Line(service, sent)
    begun = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for number, wish in enumerate(wishes):
            due = begun + number / per_second
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            group.create_task(line.send(wish, due))
    sent.seconds = time.perf_counter() - begun
    line.close()
    return sent


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
