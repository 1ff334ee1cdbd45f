"""What is measured of a service: one event to thousands, and a steady stream."""

import asyncio
import time
from dataclasses import dataclass

import httpx2 as httpx

from benchmarks.processes import Service
from benchmarks.streams.listeners import Listener, listening_to, told

PACE = 200
"""Events a second of the steady stream."""
TOGETHER = 10
"""Of these, written at once: what one round of a feed may find."""
WARMING = 200
"""Subscribers that come and go before memory is looked at."""
PATIENCE = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Burst:
    """One event to all. Milliseconds since it was said to have happened; CPU milliseconds of the service."""

    first: float
    last: float
    cpu: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """So many idle subscribers, and what events cost. `memory`: kB for each of them."""

    subscribers: int
    memory: float
    opening: float
    """Seconds until all were subscribed."""
    bursts: list[Burst]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """A steady stream: what was sent, what the slowest subscriber got, and what it cost."""

    subscribers: int
    seconds: float
    sent: int
    least: int
    repeated: int
    alike: bool
    """Whether all got the same in the same order; then what one of them got twice tells of all."""
    behind: int
    """Events that the slowest subscriber was behind, at most."""
    after: float
    """Seconds from the last event's sending until everybody had it."""
    cpu: float
    """Share of a core."""
    broke: str
    """What ended it before its time, if anything did."""


async def crowd(service: Service, subscribers: int, *, events: int) -> Crowd:
    async with httpx.AsyncClient(base_url=service.url, timeout=PATIENCE) as http:
        await _warmed(service, http)
        before = service.memory()[0]
        began = time.monotonic()
        listeners = await listening_to(service.port, subscribers)
        opening = time.monotonic() - began
        await asyncio.sleep(2)  # what goes on only while a socket is opened is over
        memory = (service.memory()[0] - before) * 1000 / subscribers
        bursts = [await _burst(service, http, listeners, number) for number in range(events)]
        await _closed(listeners)
    return Crowd(subscribers=subscribers, memory=memory, opening=opening, bursts=bursts[1:])


async def stream(service: Service, subscribers: int, *, seconds: float) -> Stream:
    async with httpx.AsyncClient(base_url=service.url, timeout=PATIENCE) as http:
        await _warmed(service, http)
        listeners = await listening_to(service.port, subscribers)
        await asyncio.sleep(1)
        listeners[0].cursors = cursors = []
        before, began = service.cpu(), time.monotonic()
        sent = behind = 0
        sending: list[asyncio.Task[None]] = []
        while (passed := time.monotonic() - began) < seconds and not listeners[0].lost:
            while sent < passed * PACE:
                sending.append(asyncio.create_task(_happened(http, sent, TOGETHER)))
                sent += TOGETHER
            behind = max(behind, sent - min(each.count for each in listeners))
            await asyncio.sleep(TOGETHER / PACE / 2)
        share, last = (service.cpu() - before) / passed, time.monotonic()
        broke = ""
        try:
            await asyncio.gather(*sending)
            await told(listeners, sent, seconds=PATIENCE)
        except RuntimeError as error:
            broke = str(error)
        except httpx.HTTPError:
            broke = "the process ended"
        after = max(each.arrived for each in listeners) - last
        counts = [each.count for each in listeners]
        alike = len({each.sum for each in listeners}) == 1
        repeated = len(cursors) - len(set(cursors))
        await _closed(listeners)
    return Stream(
        subscribers=subscribers, seconds=seconds, sent=sent, least=min(counts), repeated=repeated, alike=alike,
        behind=behind, after=max(0.0, after), cpu=share, broke=broke,
    )  # fmt: skip


async def _burst(service: Service, http: httpx.AsyncClient, listeners: list[Listener], number: int) -> Burst:
    cpu, began = service.cpu(), time.monotonic()
    await _happened(http, number, 1)
    await told(listeners, number + 1, seconds=PATIENCE)
    arrived = [each.arrived - began for each in listeners]
    await asyncio.sleep(0.5)
    return Burst(first=min(arrived) * 1000, last=max(arrived) * 1000, cpu=(service.cpu() - cpu) * 1000)


async def _warmed(service: Service, http: httpx.AsyncClient) -> None:
    """Everything has happened once."""
    listeners = await listening_to(service.port, WARMING)
    for number in range(20):
        await _happened(http, number, 1)
        await told(listeners, number + 1, seconds=PATIENCE)
    await _closed(listeners)


async def _happened(http: httpx.AsyncClient, first: int, number: int) -> None:
    (await http.post("/happened", params={"first": first, "number": number})).raise_for_status()


async def _closed(listeners: list[Listener]) -> None:
    for each in listeners:
        each.close()
    await asyncio.sleep(1)
