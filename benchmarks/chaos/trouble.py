"""What goes wrong while runs are under way: calls get lost, processes are killed, servers come back empty."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from benchmarks.chaos.installation import Installation
from benchmarks.chaos.servers import PostgreSQL, Valkey, in_thread
from benchmarks.chaos.world import World
from sync.broker import RunQueue, redis_broker
from sync.ledger.database import DatabaseLedger
from sync.ledger.port import RunQuery
from sync.ledger.records import RunStatus

LOST_SHARE = 0.1
"""Of all writes, so many are lost on the way there and again as many on the way back."""
READS_LOST_SHARE = 0.02
REFUSED_SHARE = 0.04
"""Of NetSuite's new customers, so many are refused for good, so that runs have to be taken back."""
RATE_LIMITED_CALLS = {"salesforce": 1, "kantata": 6, "netsuite": 6}
"""Salesforce's refusal is about a whole day's allowance: who gets it leaves Salesforce alone for a while."""
LONGEST_AWAY = 1.5
PROGRESS_SECONDS = 0.2
_WRITES = {
    "salesforce": (("PATCH", "/sobjects"), ("POST", "/sobjects"), ("DELETE", "/sobjects")),
    "kantata": (("POST", "/"), ("PUT", "/"), ("DELETE", "/")),
    "netsuite": (("PUT", "/record/"), ("PATCH", "/record/"), ("POST", "/record/"), ("DELETE", "/record/")),
}
_READS = {"salesforce": ("GET", "/"), "kantata": ("GET", "/"), "netsuite": ("POST", "/suiteql")}
_DOUBTFUL: dict[str, dict[str, int]] = {
    "drop_after": {},
    "truncate": {},
    "garbage": {},
    "latency": {"ms": 3_000},  # longer than a call may take
    "slow_body": {"ms": 3_000},
}
Weather = Literal["lost", "ambiguous", "calm"]
_REFUSAL = {
    "type": "https://www.rfc-editor.org/rfc/rfc9110.html#section-15.5.1",
    "title": "Bad Request",
    "status": 400,
    "o:errorDetails": [{"detail": "A rule of this account refuses it.", "o:errorCode": "USER_ERROR"}],
}


def brew(world: World, weather: Weather) -> None:
    match weather:
        case "lost":
            lose_calls(world)
            refuse_customers(world)
        case "ambiguous":
            leave_in_doubt(world)


def leave_in_doubt(world: World) -> None:
    """Of every tenth write nobody can tell from the answer whether it was done."""
    for platform, routes in _WRITES.items():
        for method, path in routes:
            for kind, how in _DOUBTFUL.items():
                share = LOST_SHARE / len(_DOUBTFUL)
                world.fault(platform, kind, share=share, match={"method": method, "path": path}, **how)


def lose_calls(world: World) -> None:
    """From now on every tenth write never arrives, and of every tenth that does the answer never comes back."""
    for platform, routes in _WRITES.items():
        for method, path in routes:
            match = {"method": method, "path": path}
            world.fault(platform, "drop_before", share=LOST_SHARE, match=match)
            world.fault(platform, "drop_after", share=LOST_SHARE / (1 - LOST_SHARE), match=match)
        method, path = _READS[platform]
        world.fault(platform, "drop_before", share=READS_LOST_SHARE, match={"method": method, "path": path})


def refuse_customers(world: World) -> None:
    match = {"method": "PUT", "path": "/record/v1/customer"}
    world.fault("netsuite", "status", status=400, share=REFUSED_SHARE, match=match, body=_REFUSAL)


def refusal_of_customers(world: World) -> None:
    """Each and every one, until there are no faults any more."""
    world.fault("netsuite", "status", status=400, match={"method": "PUT", "path": "/record/v1/customer"}, body=_REFUSAL)


def drops(world: World) -> int:
    """Calls that the platforms have dropped, or left without an answer, since their faults were ordered."""
    return sum(fault.get("hits", 0) for fault in world.faults() if fault["kind"] in ("drop_before", *_DOUBTFUL))


@dataclass(frozen=True, slots=True)
class Mishap:
    """One kind of trouble, and how often it comes beside the others."""

    name: str
    weight: int
    happen: Callable[[], Awaitable[bool]]
    """Whether it could happen just then."""
    kills: bool = True


@dataclass
class Troublemaker:
    """Lets mishaps happen, one after the other, each after so many acknowledgements and ends of runs as `between` says
    on the average: what never gets on is no proof of anything.
    """

    mishaps: Sequence[Mishap]
    dice: random.Random
    between: float
    progress: Callable[[], Awaitable[int]]
    """How many acknowledgements and ends of runs there have been."""
    happened: Counter[str] = field(default_factory=Counter)
    kills: int = 0
    last_kill: float = 0.0

    async def run(self) -> None:
        """Until it is cancelled; what it has begun, such as a restart, it finishes."""
        weights = [mishap.weight for mishap in self.mishaps]
        while True:
            due = await self.progress() + self.dice.expovariate(1 / self.between)
            await self._until(due)
            await asyncio.sleep(self.dice.uniform(0, PROGRESS_SECONDS))
            mishap = self.dice.choices(self.mishaps, weights)[0]
            happening = asyncio.ensure_future(self._let(mishap))
            try:
                await asyncio.shield(happening)
            finally:
                await happening

    async def _until(self, due: float) -> None:
        while True:
            if await self.progress() >= due:
                return
            await asyncio.sleep(PROGRESS_SECONDS)

    async def _let(self, mishap: Mishap) -> None:
        if await mishap.happen():
            self.happened[mishap.name] += 1
            if mishap.kills:
                self.kills += 1
                self.last_kill = time.monotonic()


def of_processes(installation: Installation, dice: random.Random) -> list[Mishap]:
    async def worker() -> bool:
        return installation.kill_a_worker(dice)

    async def gateway() -> bool:
        return installation.kill_a_gateway(dice)

    return [Mishap("worker killed", 12, worker), Mishap("gateway killed", 4, gateway)]


def of_platforms(world: World, dice: random.Random) -> list[Mishap]:
    async def rate_limited() -> bool:
        platform = dice.choice(sorted(_WRITES))
        await asyncio.to_thread(world.fault, platform, "rate_limit", times=RATE_LIMITED_CALLS[platform])
        return True

    return [Mishap("platform says too many calls", 3, rate_limited, kills=False)]


def of_servers(postgres: PostgreSQL, valkey: Valkey, dice: random.Random) -> list[Mishap]:
    async def redis_killed() -> bool:
        await in_thread(valkey, away=dice.uniform(0, LONGEST_AWAY))
        return True

    async def redis_flushed() -> bool:
        await asyncio.to_thread(valkey.flush)
        return True

    async def postgres_killed() -> bool:
        await in_thread(postgres, away=dice.uniform(0, LONGEST_AWAY))
        return True

    return [
        Mishap("Redis killed, empty when back", 2, redis_killed),
        Mishap("Redis flushed", 2, redis_flushed, kills=False),
        Mishap("PostgreSQL killed", 2, postgres_killed),
    ]


def of_messages(broker: str, ledger: DatabaseLedger, dice: random.Random) -> list[Mishap]:
    """Two messages for one run, so that two workers come for it at once."""
    queue = RunQueue(redis_broker(broker))

    async def twice() -> bool:
        runs = await ledger.runs(RunQuery(statuses=(RunStatus.PENDING, RunStatus.RUNNING)), first=50, before=None)
        chosen = dice.sample(runs, min(len(runs), 10))
        await asyncio.to_thread(queue.announce, [run.id for run in chosen for _ in range(3)])
        return bool(chosen)

    return [Mishap("messages sent thrice", 4, twice, kills=False)]
