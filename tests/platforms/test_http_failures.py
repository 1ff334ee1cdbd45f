"""What a failed call says about the request: surely not done, or perhaps done; and that it is never sent twice."""

import asyncio

import pytest

from platforms.http import Failure, TransportError
from platforms.keepalive import KeepAliveTransport
from schema.errors import Landed

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.fixture
async def transport():
    transport = KeepAliveTransport()
    yield transport
    await transport.close()


async def answering(peer):
    while True:
        await peer.request()
        await peer.say(OK)


async def test_refused_means_nothing_was_done(transport, get, unused_port):
    with pytest.raises(TransportError) as caught:
        await transport.send(get(f"http://127.0.0.1:{unused_port}/x"), timeout=5)
    assert (caught.value.failure, caught.value.landed) == (Failure.UNREACHABLE, Landed.NO)


async def test_an_unknown_host_means_nothing_was_done(transport, get):
    with pytest.raises(TransportError) as caught:
        await transport.send(get("http://nowhere.invalid/x"), timeout=5)
    assert caught.value.landed is Landed.NO


@pytest.mark.parametrize("how", ["close", "reset"])
async def test_dropped_after_sending_may_have_been_done(raw_server, transport, get, how):
    async def script(peer):
        await peer.request()
        if how == "reset":
            peer.reset()

    server = await raw_server(script)
    with pytest.raises(TransportError) as caught:
        await transport.send(get(server.url + "/x", method="POST", body=b"{}"), timeout=5)
    assert (caught.value.failure, caught.value.landed) == (Failure.DROPPED, Landed.UNKNOWN)
    assert len(server.requests) == 1


async def test_a_stale_connection_is_reported_as_such_and_the_request_is_not_repeated(raw_server, transport, get):
    async def script(peer):
        await peer.request()
        await peer.say(OK)
        await peer.request()  # taken, perhaps done, never answered

    server = await raw_server(script)
    await transport.send(get(server.url + "/x"), timeout=5)
    with pytest.raises(TransportError) as caught:
        await transport.send(get(server.url + "/x", method="POST", body=b"once"), timeout=5)
    assert (caught.value.failure, caught.value.landed) == (Failure.STALE, Landed.UNKNOWN)
    assert sum(b"once" in request for request in server.requests) == 1


async def test_after_one_stale_connection_its_idle_neighbours_are_closed_too(raw_server, transport, get):
    both_there = asyncio.Barrier(2)

    async def script(peer):
        await peer.request()
        if peer.number <= 2:
            await both_there.wait()
        await peer.say(OK)
        await peer.request()
        if peer.number > 2:
            await peer.say(OK)

    server = await raw_server(script)
    await asyncio.gather(*(transport.send(get(server.url + "/x"), timeout=5) for _ in range(2)))
    with pytest.raises(TransportError) as caught:
        await transport.send(get(server.url + "/x"), timeout=5)
    assert caught.value.failure is Failure.STALE
    assert (await transport.send(get(server.url + "/x"), timeout=5)).status == 200
    assert server.connections == 3


async def test_a_connection_that_was_idle_for_long_isnt_trusted(raw_server, get):
    transport = KeepAliveTransport(idle=0.0)
    server = await raw_server(answering)
    for _ in range(2):
        await transport.send(get(server.url + "/x"), timeout=5)
    assert server.connections == 2
    await transport.close()


async def test_no_answer_in_time_may_have_been_done_and_closes_the_connection(raw_server, transport, get):
    closed = asyncio.Event()

    async def script(peer):
        await peer.request()
        await peer.gone()
        closed.set()

    server = await raw_server(script)
    with pytest.raises(TransportError) as caught:
        await transport.send(get(server.url + "/x"), timeout=0.01)
    assert (caught.value.failure, caught.value.landed) == (Failure.TIMEOUT, Landed.UNKNOWN)
    await asyncio.wait_for(closed.wait(), 5)


async def test_a_body_that_trickles_runs_out_of_time(raw_server, transport, get):
    async def script(peer):
        await peer.request()
        await peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while True:
            await peer.say(b".")
            await asyncio.sleep(0.002)

    server = await raw_server(script)
    with pytest.raises(TransportError) as caught:
        await transport.send(get(server.url + "/x"), timeout=0.02)
    assert caught.value.failure is Failure.TIMEOUT


@pytest.fixture
def unused_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
