"""Gate and engine together over real sockets: what a sick platform looks like to whoever reads from it."""

import pytest
from prometheus_client import CollectorRegistry

from platforms.gate import Gate
from platforms.keepalive import KeepAliveTransport
from platforms.metrics import PlatformMetrics
from platforms.status_table import looks_like_json, read_status
from schema.enums import PlatformHealth
from schema.errors import (
    Landed,
    UpstreamInvalidResponse,
    UpstreamRateLimited,
    UpstreamTimeout,
    UpstreamUnavailable,
)

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


def json_only(response):
    error = read_status(response)
    if error is None and not looks_like_json(response.body):
        return UpstreamInvalidResponse("the answer isn't JSON")
    return error


@pytest.fixture
async def gate_over():
    transport = KeepAliveTransport()

    def make(**settings) -> Gate:
        metrics = PlatformMetrics(CollectorRegistry())
        return Gate("erp", transport, **{"timeout": 2.0, "slots": 8, "metrics": metrics, **settings})

    yield make
    await transport.close()


@pytest.fixture
def impatient(clock):
    """Pauses between tries pass at once."""
    return {"clock": clock, "sleep": clock.sleep}


async def test_a_read_survives_a_connection_that_the_platform_had_closed(raw_server, gate_over, get):
    async def script(peer):
        await peer.request()
        await peer.say(OK)
        if peer.number == 1:
            await peer.request()  # taken, and the connection ends without an answer
        else:
            await peer.gone()

    server = await raw_server(script)
    gate = gate_over()
    for _ in range(2):
        assert (await gate.send(get(server.url + "/x"), safe=True)).body == b"{}"
    assert (server.connections, len(server.requests)) == (2, 3)


async def test_a_write_on_such_a_connection_is_not_sent_again(raw_server, gate_over, get):
    async def script(peer):
        await peer.request()
        await peer.say(OK)
        await peer.request()

    server = await raw_server(script)
    gate = gate_over()
    await gate.send(get(server.url + "/x"), safe=True)
    with pytest.raises(UpstreamUnavailable) as caught:
        await gate.send(get(server.url + "/x", method="POST", body=b"{}"), safe=False)
    assert caught.value.landed is Landed.UNKNOWN
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (b"", UpstreamUnavailable),
        (b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n", UpstreamUnavailable),
        (b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n", UpstreamRateLimited),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n<html>Welcome!</html", UpstreamInvalidResponse),
        (b"\x16\x03\x01garbage", UpstreamInvalidResponse),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{", UpstreamInvalidResponse),
    ],
)
async def test_each_sickness_has_its_code_after_three_tries(raw_server, gate_over, get, impatient, reply, error):
    async def script(peer):
        await peer.request()
        await peer.say(reply)

    server = await raw_server(script)
    gate = gate_over(classify=json_only, **impatient)
    with pytest.raises(error) as caught:
        await gate.send(get(server.url + "/x"), safe=True)
    assert caught.value.platform == "erp"
    assert len(server.requests) == 3
    assert gate.health in (PlatformHealth.DOWN, PlatformHealth.DEGRADED)


async def test_a_silent_platform_costs_its_time_and_no_more(raw_server, gate_over, get):
    async def script(peer):
        await peer.request()
        await peer.gone()

    server = await raw_server(script)
    gate = gate_over(timeout=0.02)
    with pytest.raises(UpstreamTimeout):
        await gate.send(get(server.url + "/x"), safe=True)
    assert len(server.requests) == 1
