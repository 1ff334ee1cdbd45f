"""Gates of several processes, each with a budget of its own over one Valkey, keep to one platform's limits together."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from platforms.budget_redis import RedisBudgets, redis_budgets
from platforms.gate import Gate
from platforms.slots import Priority
from runtime.redis import connect_redis
from schema.errors import Landed, UpstreamQuotaExhausted, UpstreamRateLimited


@pytest.fixture
async def processes(redis_url: str) -> AsyncIterator[Callable[[], RedisBudgets]]:
    made: list[RedisBudgets] = []

    def start() -> RedisBudgets:
        made.append(redis_budgets(redis_url))
        return made[-1]

    yield start
    for budgets in made:
        await budgets.aclose()


@pytest.fixture
def gates(processes, gate_of, clock) -> tuple[Gate, Gate]:
    one, other = (gate_of(slots=2, budget=processes()("erp", slots=2, clock=clock)) for _ in range(2))
    return one, other


async def test_two_gates_share_the_places(gates, transport, request_):
    one, other = gates
    transport.hold = asyncio.Event()
    calls = [asyncio.create_task(gate.send(request_, safe=True)) for gate in (one, other) for _ in range(3)]
    await transport.asked(2)
    late = asyncio.create_task(one.send(request_, safe=True))
    done, _ = await asyncio.wait({late}, timeout=0.2)
    assert not done
    assert len(transport.requests) == 2
    transport.hold.set()
    await asyncio.gather(*calls, late)
    assert len(transport.requests) == 7


async def test_the_time_for_waiting_is_the_calls_own(gate_of, processes, transport, clock, request_):
    one, other = (
        gate_of(slots=1, timeout=timeout, budget=processes()("erp", slots=1, clock=clock)) for timeout in (60.0, 0.1)
    )
    transport.hold = asyncio.Event()
    first = asyncio.create_task(one.send(request_, safe=True))
    await transport.asked(1)
    with pytest.raises(UpstreamRateLimited, match="all 1 places") as caught:
        await other.send(request_, safe=False)
    assert caught.value.landed is Landed.NO
    transport.hold.set()
    await first


async def test_nobody_anywhere_calls_before_the_time_that_the_platform_named(gates, transport, clock, request_):
    one, other = gates
    transport.plays(transport.said(429, retry_after="30"), 200)
    with pytest.raises(UpstreamRateLimited):
        await one.send(request_, safe=False)
    with pytest.raises(UpstreamRateLimited, match="pause") as caught:
        await other.send(request_, safe=True)
    assert caught.value.retry_after == pytest.approx(30.0, abs=1.0)
    assert len(transport.requests) == 1


async def test_the_allowance_that_one_is_told_binds_the_other(gates, transport, request_):
    one, other = gates
    one.quota_seen(850, 1000)
    await one.send(request_, safe=True)
    await other.send(request_, safe=True)
    assert (other.quota.used, other.quota.limit) == (850, 1000)
    with pytest.raises(UpstreamQuotaExhausted):
        await other.send(request_, safe=True, priority=Priority.BACKFILL)


async def test_a_redis_that_is_not_there_is_no_callers_problem(gate_of, clock, transport, request_, unused_tcp_port):
    budgets = redis_budgets(f"redis://:hunter2@127.0.0.1:{unused_tcp_port}/0")
    gate = gate_of(slots=8, budget=budgets("erp", slots=8, clock=clock))
    answers = await asyncio.gather(*(gate.send(request_, safe=True) for _ in range(20)))
    assert [answer.status for answer in answers] == [200] * 20
    await budgets.aclose()


async def test_platforms_do_not_share_with_each_other(processes, gate_of, transport, clock, request_):
    budgets = processes()
    one, other = (gate_of(slots=1, budget=budgets(name, slots=1, clock=clock)) for name in ("erp", "crm"))
    transport.hold = asyncio.Event()
    calls = [asyncio.create_task(gate.send(request_, safe=True)) for gate in (one, other)]
    await transport.asked(2)
    transport.hold.set()
    await asyncio.gather(*calls)


async def test_a_client_of_the_givers_own_stays_open(redis_url, gate_of, clock, transport, request_):
    client = connect_redis(redis_url)
    budgets = redis_budgets(client, prefix="crosswalk:other:")
    await gate_of(budget=budgets("erp", slots=2, clock=clock)).send(request_, safe=True)
    await budgets.aclose()
    assert await client.keys() == []
    assert await client.ping()
    await client.aclose()
