"""Takes every measure once, at one place; the rounds of a whole run are made of these."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime

from benchmarks.driver import control, posted
from benchmarks.processes import running
from benchmarks.queries import TRIVIAL
from benchmarks.writes import noop
from benchmarks.writes.places import Place, Servers, Site, site
from benchmarks.writes.sending import Acknowledged, send_all, send_steadily
from benchmarks.writes.wishes import UPDATE_ACCOUNT, Flow, Wishes

CLIENTS = 16
WARM = 20
IDLE_SECONDS = 4.0
BARE_SECONDS = 5
SKIPPED = 0.1
"""The share of a backlog at its begin and at its end that isn't counted: processes start, and run out of work."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """Many runs accepted while nobody worked on them, and then carried out.

    `accept_cpu` and `work_cpu` are CPU milliseconds of our processes per mutation and per run. `transactions` are those
    per step, without the `idle_transactions` a second that our processes begin when there is nothing to do.
    """

    accepted: float
    accept_cpu: float
    accept_transactions: float
    finished: float
    work_cpu: float
    transactions: float
    idle_transactions: float


@dataclass(frozen=True, slots=True)
class Steady:
    """Mutations at an even pace, with everything at work. `accepted` and `begun` are milliseconds: from when the
    request was due to its answer, and from the answer to the platform's first sight of a write.
    """

    accepted: Sequence[float]
    begun: Sequence[float]
    repeated: int
    """Mutations that had to be sent again, since they weren't acknowledged in time."""
    bare: Sequence[float]
    """Milliseconds that a query for a constant took at the same pace just before: the machine's share."""


async def backlog(place: Place, servers: Servers, wishes: Wishes, flow: Flow, many: int) -> Backlog:
    found = await site(place, servers)
    control(servers.upstream, "DELETE", "/writes")
    with found.process("gateway") as gateway:
        if place.workers:
            found.begin()  # it announces, as it does in earnest, to nobody
        await send_all(gateway, wishes.of(flow, gateway.port, WARM), clients=4)
        before = found.transactions
        sent = await send_all(gateway, wishes.of(flow, gateway.port, many), clients=CLIENTS)
        accept_transactions = (found.transactions - before) / many
    runs = many + WARM
    with found.whole():
        begun, before, cpu = time.perf_counter(), found.transactions, found.cpu()
        found.begin()
        ends = await found.ended(runs)
        seconds, transactions, cpu = time.perf_counter() - begun, found.transactions - before, found.cpu() - cpu
        idle = await _idle_transactions(found)
    _all_written(servers, runs * flow.steps)
    return Backlog(
        accepted=many / sent.seconds,
        accept_cpu=sent.cpu,
        accept_transactions=accept_transactions,
        finished=_rate(ends),
        work_cpu=cpu * 1000 / runs,
        transactions=(transactions - idle * seconds) / (runs * flow.steps),
        idle_transactions=idle,
    )


async def busy(place: Place, servers: Servers, wishes: Wishes, many: int) -> float:
    """Mutations accepted per second while the runs are carried out at the same time."""
    found = await site(place, servers)
    with found.whole() as gateway:
        found.begin()
        await send_all(gateway, wishes.of(UPDATE_ACCOUNT, gateway.port, WARM), clients=4)
        sent = await send_all(gateway, wishes.of(UPDATE_ACCOUNT, gateway.port, many), clients=CLIENTS)
        await found.ended(many + WARM)
    return many / sent.seconds


async def steady(place: Place, servers: Servers, wishes: Wishes, *, per_second: int, seconds: int) -> Steady:
    found = await site(place, servers)
    many = per_second * seconds
    with found.whole() as gateway:
        found.begin()
        await send_all(gateway, wishes.of(UPDATE_ACCOUNT, gateway.port, WARM), clients=4)
        await found.ended(WARM)
        control(servers.upstream, "DELETE", "/writes")
        nothing = ("", posted(gateway.port, TRIVIAL.text, {}))
        bare = await send_steadily(gateway, [nothing] * (per_second * BARE_SECONDS), per_second=per_second)
        sent = await send_steadily(gateway, wishes.of(UPDATE_ACCOUNT, gateway.port, many), per_second=per_second)
        await found.ended(many + WARM)
    return Steady(
        accepted=[one.took for one in sent.told],
        begun=_until_written(sent.told, servers),
        repeated=sent.repeated,
        bare=[one.took for one in bare.told],
    )


async def _idle_transactions(found: Site) -> float:
    begun, before = time.perf_counter(), found.transactions
    await asyncio.sleep(IDLE_SECONDS)
    return (found.transactions - before) / (time.perf_counter() - begun)


def _until_written(told: Sequence[Acknowledged], servers: Servers) -> list[float]:
    first: dict[str, float] = control(servers.upstream, "GET", "/writes")["first"]  # type: ignore[assignment]
    # A worker may be faster than the answer is on its way: then nobody waited.
    return [max(0.0, first[one.record] - one.answered) * 1000 for one in told]


def _all_written(servers: Servers, expected: int) -> None:
    found = control(servers.upstream, "GET", "/writes")["count"]
    if found != expected:
        raise RuntimeError(f"the platform saw {found} writes where {expected} were asked for")


def _rate(ends: Sequence[datetime]) -> float:
    first, last = int(len(ends) * SKIPPED), int(len(ends) * (1 - SKIPPED)) - 1
    return (last - first) / (ends[last] - ends[first]).total_seconds()


# ------------------------------------------------------------------------------------------------- plain Dramatiq


async def plain_jobs(servers: Servers, *, workers: int, many: int) -> float:
    """Jobs per second that do nothing, by as many workers of Valkey; 0: in one process, without a server."""
    if workers == 0:
        return await asyncio.to_thread(noop.embedded_in_process, many, servers.cores)
    servers.valkey.flush()
    broker = noop.redis_broker(servers.valkey.url)
    actor = noop.nothing_on(broker)
    for _ in range(many):
        actor.send()
    with ExitStack() as stack:
        for number in range(workers):
            arguments = ("worker", servers.valkey.url)
            stack.enter_context(running(f"noop-{number}", "benchmarks.writes.noop", *arguments, core=servers.cores))
        seen: list[tuple[float, int]] = []
        while not seen or seen[-1][1]:
            seen.append((time.perf_counter(), noop.left(broker)))
            await asyncio.sleep(0.01)
    broker.close()
    counted = [(at, left) for at, left in seen if SKIPPED * many <= left <= (1 - SKIPPED) * many]
    return (counted[0][1] - counted[-1][1]) / (counted[-1][0] - counted[0][0])
