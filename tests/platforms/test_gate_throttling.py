"""How a gate holds back: pauses that the platform named, allowances, and limits found by listening."""

import pytest

from platforms.pace import AdaptivePace
from platforms.slots import Priority
from schema.enums import PlatformHealth
from schema.errors import (
    Landed,
    UpstreamQuotaExhausted,
    UpstreamRateLimited,
)


async def test_nobody_calls_before_the_time_that_the_platform_named(gate, transport, clock, request_):
    transport.plays(transport.said(429, retry_after="30"), 200)
    with pytest.raises(UpstreamRateLimited) as caught:
        await gate.send(request_, safe=True)
    assert caught.value.retry_after == 30.0
    clock.forward(29.0)
    with pytest.raises(UpstreamRateLimited) as caught:
        await gate.send(request_, safe=False)
    assert caught.value.retry_after == pytest.approx(1.0)
    assert caught.value.landed is Landed.NO
    assert len(transport.requests) == 1
    clock.forward(1.1)
    assert (await gate.send(request_, safe=False)).status == 200


async def test_a_read_waits_for_a_pause_that_fits_its_time(gate, transport, clock, request_):
    transport.plays(transport.said(429, retry_after="2"), transport.said(200, b"later"))
    assert (await gate.send(request_, safe=True)).body == b"later"
    assert sum(clock.slept) >= 2.0


async def test_a_pause_may_be_named_as_a_date(gate, transport, request_):
    stamps = {"date": "Fri, 20 Nov 2026 12:00:00 GMT", "retry_after": "Fri, 20 Nov 2026 12:01:30 GMT"}
    transport.plays(transport.said(429, **stamps))
    with pytest.raises(UpstreamRateLimited) as caught:
        await gate.send(request_, safe=True)
    assert caught.value.retry_after == 90.0


@pytest.mark.parametrize("value", ["soon", "-5", "", "٣"])
async def test_an_unreadable_pause_is_none(gate, transport, request_, value):
    transport.plays(transport.said(429, retry_after=value))
    with pytest.raises(UpstreamRateLimited) as caught:
        await gate.send(request_, safe=False)
    assert caught.value.retry_after is None


async def test_a_used_up_allowance_is_asked_about_again_after_a_while(gate_of, transport, clock, request_):
    gate = gate_of(classify=lambda r: UpstreamQuotaExhausted("used up") if r.status == 403 else None)
    transport.plays(403, 200)
    for _ in range(3):
        with pytest.raises(UpstreamQuotaExhausted):
            await gate.send(request_, safe=True)
    assert len(transport.requests) == 1
    clock.forward(5.1)
    assert (await gate.send(request_, safe=True)).status == 200
    assert gate.health is PlatformHealth.HEALTHY


async def test_the_last_of_the_allowance_is_kept_for_the_urgent(gate, transport, request_):
    gate.quota_seen(850, 1000)
    for priority in (Priority.INTERACTIVE, Priority.GOVERNED_WRITE, Priority.SYNC):
        await gate.send(request_, safe=True, priority=priority)
    with pytest.raises(UpstreamQuotaExhausted) as caught:
        await gate.send(request_, safe=True, priority=Priority.BACKFILL)
    assert caught.value.landed is Landed.NO
    gate.quota_seen(1000, 1000)
    assert gate.health is PlatformHealth.DEGRADED
    with pytest.raises(UpstreamQuotaExhausted):
        await gate.send(request_, safe=True, priority=Priority.GOVERNED_WRITE)
    await gate.send(request_, safe=True)
    assert len(transport.requests) == 4


async def test_what_was_told_of_the_allowance_grows_old(gate, transport, clock, request_):
    """A worker's calls may be the only ones: if they waited for news, they would wait for ever."""
    gate.quota_seen(1000, 1000)
    for _ in range(2):
        with pytest.raises(UpstreamQuotaExhausted):
            await gate.send(request_, safe=True, priority=Priority.GOVERNED_WRITE)
        clock.forward(15.1)
    await gate.send(request_, safe=True, priority=Priority.GOVERNED_WRITE)
    gate.quota_seen(1000, 1000)
    with pytest.raises(UpstreamQuotaExhausted):
        await gate.send(request_, safe=True, priority=Priority.GOVERNED_WRITE)
    assert len(transport.requests) == 1


async def test_an_unpublished_limit_is_found_by_listening(gate_of, transport, clock, request_):
    pace = AdaptivePace(clock)
    gate = gate_of(pace=pace, slots=50)
    for _ in range(20):
        await gate.send(request_, safe=True)
    assert pace.rate is None
    transport.plays(429, 200)
    await gate.send(request_, safe=True)
    assert pace.rate == pytest.approx(10.5, abs=0.3)  # 21 calls in that second were too many
    before = clock.monotonic()
    for _ in range(30):
        await gate.send(request_, safe=True)
    assert 1.5 < clock.monotonic() - before < 3.0
