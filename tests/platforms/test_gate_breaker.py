"""When a gate leaves a platform alone, and how it says how the platform is doing."""

import asyncio

import pytest

from platforms.breaker import BreakerLimits
from platforms.http import Failure, HttpResponse
from schema.enums import PlatformHealth
from schema.errors import (
    UpstreamCircuitOpen,
    UpstreamForbidden,
    UpstreamInvalidResponse,
    UpstreamMaintenance,
    UpstreamRateLimited,
    UpstreamRejected,
    UpstreamTimeout,
    UpstreamUnauthorized,
    UpstreamUnavailable,
)


@pytest.mark.parametrize(
    ("outcome", "calls"), [(Failure.UNREACHABLE, 5), (500, 5), (Failure.GARBAGE, 5), (Failure.TIMEOUT, 3)]
)
async def test_the_circuit_opens_half_opens_and_closes(gate, transport, clock, request_, outcome, calls):
    transport.plays(outcome)
    for _ in range(calls):
        with pytest.raises((UpstreamUnavailable, UpstreamTimeout, UpstreamInvalidResponse)):
            await gate.send(request_, safe=False)
    with pytest.raises(UpstreamCircuitOpen) as caught:
        await gate.send(request_, safe=True)
    assert len(transport.requests) == calls
    assert 0 < caught.value.retry_after <= 5.0
    assert gate.health is PlatformHealth.DOWN

    clock.forward(5.0)
    with pytest.raises((UpstreamUnavailable, UpstreamTimeout, UpstreamInvalidResponse)):
        await gate.send(request_, safe=False)  # the probe fails: another rest
    with pytest.raises(UpstreamCircuitOpen):
        await gate.send(request_, safe=False)
    assert len(transport.requests) == calls + 1

    clock.forward(5.0)
    transport.plays(200)
    assert (await gate.send(request_, safe=False)).status == 200
    assert (await gate.send(request_, safe=False)).status == 200
    clock.forward(60.1)
    assert gate.health is PlatformHealth.HEALTHY


async def test_one_probe_at_a_time_and_a_cancelled_one_makes_room(gate_of, transport, clock, request_):
    gate = gate_of(breaker=BreakerLimits(failures_in_a_row=1))
    transport.plays(500)
    with pytest.raises(UpstreamUnavailable):
        await gate.send(request_, safe=True)
    clock.forward(5.0)
    transport.plays(200)
    transport.hold = asyncio.Event()
    probe = asyncio.create_task(gate.send(request_, safe=True))
    await asyncio.sleep(0)
    with pytest.raises(UpstreamCircuitOpen):
        await gate.send(request_, safe=True)
    probe.cancel()
    with pytest.raises(asyncio.CancelledError):
        await probe
    transport.hold.set()
    assert (await gate.send(request_, safe=True)).status == 200


async def test_refusals_of_requests_never_open_the_circuit(gate, transport, request_):
    for outcome in (400, 401, 403, 404, 429):
        transport.plays(outcome)
        for _ in range(30):
            with pytest.raises((UpstreamRejected, UpstreamUnauthorized, UpstreamForbidden, UpstreamRateLimited)):
                await gate.send(request_, safe=False)
    transport.plays(200)
    assert (await gate.send(request_, safe=True)).status == 200


async def test_every_second_call_failing_opens_it_too(gate, transport, request_):
    transport.plays(*[500, 200] * 20)
    answers = await asyncio.gather(*(gate.send(request_, safe=False) for _ in range(40)), return_exceptions=True)
    assert any(isinstance(answer, UpstreamCircuitOpen) for answer in answers)
    assert 20 <= len(transport.requests) <= 24


async def test_outcomes_from_before_the_rest_are_ignored(gate_of, transport, request_):
    gate = gate_of(breaker=BreakerLimits(failures_in_a_row=1))
    answer_late = transport.hold = asyncio.Event()
    transport.plays(200, 500)
    late = asyncio.create_task(gate.send(request_, safe=True))
    await asyncio.sleep(0)
    transport.hold = None
    with pytest.raises(UpstreamUnavailable):
        await gate.send(request_, safe=False)
    answer_late.set()
    assert (await late).status == 200
    with pytest.raises(UpstreamCircuitOpen):
        await gate.send(request_, safe=True)


async def test_health_tells_what_recent_calls_say(gate_of, transport, clock, request_):
    def table(response: HttpResponse):
        return {
            200: None,
            401: UpstreamUnauthorized("refused"),
            429: UpstreamRateLimited("slower"),
            500: UpstreamUnavailable("failed"),
            503: UpstreamMaintenance("closed until Monday"),
        }[response.status]

    gate = gate_of(classify=table)
    assert (gate.health, gate.last_contact_at) == (PlatformHealth.HEALTHY, None)
    for status, health in (
        (200, PlatformHealth.HEALTHY),
        (429, PlatformHealth.DEGRADED),
        (200, PlatformHealth.HEALTHY),
        (401, PlatformHealth.DOWN),
        (200, PlatformHealth.HEALTHY),
        (500, PlatformHealth.DEGRADED),
        (503, PlatformHealth.MAINTENANCE),
    ):
        transport.plays(transport.said(status))
        await asyncio.gather(gate.send(request_, safe=False), return_exceptions=True)
        assert gate.health is health
        assert gate.last_contact_at == clock.now()
    transport.plays(Failure.UNREACHABLE)
    clock.forward(10)
    await asyncio.gather(*(gate.send(request_, safe=False) for _ in range(3)), return_exceptions=True)
    assert gate.health is PlatformHealth.DOWN
    assert gate.last_contact_at < clock.now()
