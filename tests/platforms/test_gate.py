"""What a gate makes of good answers, bad ones and none, told by a transport that plays a script."""

import asyncio

import pytest

from platforms.call_log import upstream_calls
from platforms.deadline import until
from platforms.http import Failure, HttpResponse, TransportError
from platforms.pace import AdaptivePace
from platforms.slots import Priority
from runtime.correlation import correlation_id
from schema.enums import PlatformHealth
from schema.errors import (
    DeadlineExceeded,
    Landed,
    UpstreamCircuitOpen,
    UpstreamForbidden,
    UpstreamInvalidResponse,
    UpstreamLocked,
    UpstreamQuotaExhausted,
    UpstreamRateLimited,
    UpstreamRejected,
    UpstreamTimeout,
    UpstreamTooLarge,
    UpstreamUnauthorized,
    UpstreamUnavailable,
)


@pytest.mark.parametrize(
    ("outcome", "error", "landed"),
    [
        (Failure.UNREACHABLE, UpstreamUnavailable, Landed.NO),
        (Failure.DROPPED, UpstreamUnavailable, Landed.UNKNOWN),
        (Failure.STALE, UpstreamUnavailable, Landed.UNKNOWN),
        (Failure.TIMEOUT, UpstreamTimeout, Landed.UNKNOWN),
        (TransportError(Failure.TIMEOUT, Landed.NO), UpstreamTimeout, Landed.NO),
        (Failure.GARBAGE, UpstreamInvalidResponse, Landed.UNKNOWN),
        (Failure.TRUNCATED, UpstreamInvalidResponse, Landed.UNKNOWN),
        (Failure.TOO_LARGE, UpstreamTooLarge, Landed.UNKNOWN),
        (500, UpstreamUnavailable, Landed.UNKNOWN),
        (502, UpstreamUnavailable, Landed.UNKNOWN),
        (504, UpstreamTimeout, Landed.UNKNOWN),
        (429, UpstreamRateLimited, Landed.NO),
        (401, UpstreamUnauthorized, Landed.NO),
        (403, UpstreamForbidden, Landed.NO),
        (400, UpstreamRejected, Landed.NO),
    ],
)
async def test_a_write_is_sent_once_and_its_error_says_whether_it_may_have_landed(
    gate, transport, request_, outcome, error, landed
):
    transport.plays(outcome)
    with pytest.raises(error) as caught:
        await gate.send(request_, safe=False, priority=Priority.GOVERNED_WRITE)
    assert (caught.value.platform, caught.value.landed) == ("erp", landed)
    assert len(transport.requests) == 1


@pytest.mark.parametrize("outcome", [Failure.UNREACHABLE, Failure.DROPPED, Failure.GARBAGE, 500, 429])
async def test_a_read_is_repeated_after_a_passing_failure(gate, transport, clock, request_, outcome):
    transport.plays(outcome, outcome, transport.said(200, b"at last"))
    assert (await gate.send(request_, safe=True)).body == b"at last"
    assert clock.slept == [0.1, 0.2]


async def test_a_read_is_given_up_after_the_third_try(gate, transport, request_):
    transport.plays(503)
    with pytest.raises(UpstreamUnavailable):
        await gate.send(request_, safe=True)
    assert len(transport.requests) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404])
async def test_a_refusal_isnt_repeated(gate, transport, request_, status):
    transport.plays(transport.said(status))
    with pytest.raises((UpstreamRejected, UpstreamForbidden, UpstreamUnauthorized)):
        await gate.send(request_, safe=True)
    assert len(transport.requests) == 1


async def test_the_vendors_table_decides_what_an_answer_means(gate_of, transport, request_):
    def salesforce(response: HttpResponse):
        if b"UNABLE_TO_LOCK_ROW" in response.body:
            return UpstreamLocked("the record is being changed by somebody else")
        return UpstreamQuotaExhausted("daily limit") if response.status == 403 else None

    gate = gate_of(classify=salesforce)
    transport.plays(transport.said(400, b"UNABLE_TO_LOCK_ROW"), transport.said(200, b"ok"))
    assert (await gate.send(request_, safe=True)).body == b"ok"
    transport.plays(transport.said(403, b"REQUEST_LIMIT_EXCEEDED"))
    with pytest.raises(UpstreamQuotaExhausted) as caught:
        await gate.send(request_, safe=True)
    assert caught.value.platform == "erp"
    assert len(transport.requests) == 3


async def test_stale_connections_are_passed_over_for_reads_without_pause_or_blame(gate, transport, clock, request_):
    transport.plays(Failure.STALE, Failure.STALE, transport.said(200, b"fresh"))
    assert (await gate.send(request_, safe=True)).body == b"fresh"
    assert clock.slept == []
    assert gate.health is PlatformHealth.HEALTHY


async def test_repeats_share_the_time_of_one_call(gate, transport, clock, request_):
    transport.plays(500, Failure.TIMEOUT)
    before = clock.monotonic()
    with pytest.raises(UpstreamTimeout):
        await gate.send(request_, safe=True)
    assert clock.monotonic() - before == pytest.approx(8.0)
    assert transport.timeouts == [8.0, pytest.approx(7.9)]


async def test_a_pause_that_outlasts_the_time_leaves_the_failure_as_it_was(gate_of, transport, clock, request_):
    """As in a busy process, whose sleeps end late."""

    async def oversleep(seconds: float) -> None:
        clock.forward(60.0)

    gate = gate_of(sleep=oversleep, pace=AdaptivePace(clock))
    transport.plays(Failure.TRUNCATED)
    with pytest.raises(UpstreamInvalidResponse):
        await gate.send(request_, safe=True)
    assert len(transport.requests) == 1


async def test_the_operations_deadline_cuts_a_call_short_without_blaming_the_platform(gate, transport, clock, request_):
    transport.plays(Failure.TIMEOUT)
    for _ in range(5):
        with until(clock.monotonic() + 1.0), pytest.raises(DeadlineExceeded) as caught:
            await gate.send(request_, safe=True)
        assert caught.value.platform == "erp"
    assert transport.timeouts == [1.0] * 5
    assert gate.health is PlatformHealth.HEALTHY


async def test_a_platform_that_had_most_of_its_time_is_blamed_all_the_same(gate, transport, clock, request_):
    transport.plays(Failure.TIMEOUT)
    with until(clock.monotonic() + 7.0), pytest.raises(UpstreamTimeout):
        await gate.send(request_, safe=True)


async def test_a_deadline_in_the_past_sends_nothing(gate, transport, clock, request_):
    with until(clock.monotonic() - 1.0), pytest.raises(DeadlineExceeded):
        await gate.send(request_, safe=True)
    assert transport.requests == []


def test_an_inner_deadline_never_lengthens_the_outer():
    from platforms.deadline import operation_deadline

    with until(10.0), until(20.0):
        assert operation_deadline.get() == 10.0
    assert operation_deadline.get() is None


async def test_waiting_for_a_place_ends_with_the_time(gate_of, transport, request_):
    gate = gate_of(slots=1, timeout=0.01)
    transport.hold = asyncio.Event()
    first = asyncio.create_task(gate.send(request_, safe=True))
    await asyncio.sleep(0)
    with pytest.raises(UpstreamRateLimited, match="places") as caught:
        await gate.send(request_, safe=False)
    assert caught.value.landed is Landed.NO
    transport.hold.set()
    await first
    assert len(transport.requests) == 1


async def test_calls_are_logged_for_the_plan(gate, transport, get):
    request = get("https://erp.invalid/query?q=x", route="/query", statement="SELECT Id FROM Account")
    transport.plays(500, 200)
    token = upstream_calls.set([])
    await gate.send(request, safe=True)
    log = upstream_calls.get()
    upstream_calls.reset(token)
    assert [(c.platform, c.route, c.statement, c.status, c.attempt, c.code) for c in log] == [
        ("erp", "/query", "SELECT Id FROM Account", 500, 1, "UPSTREAM_UNAVAILABLE"),
        ("erp", "/query", "SELECT Id FROM Account", 200, 2, None),
    ]


async def test_the_correlation_id_goes_upstream(gate, transport, get):
    request = get("https://erp.invalid/x", headers={"Accept": "application/json"})
    token = correlation_id.set("c-17")
    await gate.send(request, safe=True)
    correlation_id.reset(token)
    await gate.send(request, safe=True)
    assert transport.requests[0].headers == {"Accept": "application/json", "X-Correlation-Id": "c-17"}
    assert transport.requests[1].headers == {"Accept": "application/json"}


async def test_metrics_count_calls_errors_quota_and_state(gate, transport, registry, request_):
    def value(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(f"crosswalk_platform_{name}", {"platform": "erp", **labels})

    transport.plays(*[500] * 5, 200)
    gate.quota_seen(18, 15000)
    for _ in range(5):
        with pytest.raises(UpstreamUnavailable):
            await gate.send(request_, safe=False)
    with pytest.raises(UpstreamCircuitOpen):
        await gate.send(request_, safe=False)
    assert value("calls_total", route="/things", status="500") == 5
    assert value("errors_total", route="/things", code="UPSTREAM_UNAVAILABLE") == 5
    assert value("errors_total", route="/things", code="UPSTREAM_CIRCUIT_OPEN") == 1
    assert value("call_seconds_count", route="/things") == 5
    assert (value("quota_used"), value("quota_limit")) == (18, 15000)
    assert (value("breaker_state"), value("in_flight")) == (2, 0)


async def test_a_bug_in_a_vendors_table_isnt_the_platforms_fault(gate_of, transport, request_):
    def broken(_: HttpResponse):
        raise KeyError("bug")

    gate = gate_of(classify=broken)
    for _ in range(9):
        with pytest.raises(KeyError):
            await gate.send(request_, safe=True)
    assert gate.health is PlatformHealth.HEALTHY
