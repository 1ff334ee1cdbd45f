"""Which connection a call uses, and that everyone gets their own answer whoever leaves or breaks."""

import asyncio
import gc
from random import Random

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


async def test_a_connection_is_used_again(raw_server, transport, get):
    server = await raw_server(answering)
    for _ in range(5):
        assert (await transport.send(get(server.url + "/x"), timeout=5)).body == b"ok"
    assert server.connections == 1


async def test_many_calls_at_once_stay_below_the_limit_and_all_come_back(raw_server, get):
    transport = KeepAliveTransport(per_host=4)
    server = await raw_server(answering)
    answers = await asyncio.gather(*(transport.send(get(server.url + "/x"), timeout=5) for _ in range(40)))
    assert [a.body for a in answers] == [b"ok"] * 40
    assert server.connections <= 4
    await transport.close()


async def test_who_waits_for_a_connection_can_leave_or_run_out_of_time(raw_server, get):
    transport = KeepAliveTransport(per_host=1)
    answer_now = asyncio.Event()

    async def script(peer):
        while True:
            await peer.request()
            await answer_now.wait()
            await peer.say(OK)

    server = await raw_server(script)
    first = asyncio.create_task(transport.send(get(server.url + "/1"), timeout=5))
    await asyncio.sleep(0.005)
    leaver = asyncio.create_task(transport.send(get(server.url + "/2"), timeout=5))
    with pytest.raises(TransportError) as caught:
        await transport.send(get(server.url + "/3"), timeout=0.005)
    assert (caught.value.failure, caught.value.landed) == (Failure.TIMEOUT, Landed.NO)
    leaver.cancel()
    patient = asyncio.create_task(transport.send(get(server.url + "/4"), timeout=5))
    await asyncio.sleep(0)
    answer_now.set()
    assert (await first).body == (await patient).body == b"ok"
    assert server.connections == 1
    assert [r.split(b" ")[1] for r in server.requests] == [b"/1", b"/4"]
    await transport.close()


@pytest.mark.parametrize(
    "last_words",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
        OK + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil",
        OK + b"\x00garbage",
    ],
)
async def test_a_doubtful_connection_is_never_used_again(raw_server, transport, get, last_words):
    async def script(peer):
        await peer.request()
        await peer.say(last_words)
        await peer.gone()

    server = await raw_server(script)
    for _ in range(2):
        assert (await transport.send(get(server.url + "/x"), timeout=5)).body == b"ok"
    assert server.connections == 2


async def test_words_that_nobody_asked_for_close_an_idle_connection(raw_server, transport, get):
    spoken = asyncio.Event()

    async def script(peer):
        await peer.request()
        await peer.say(OK)
        if peer.number == 1:
            await peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
            await peer.gone()
            spoken.set()

    server = await raw_server(script)
    assert (await transport.send(get(server.url + "/x"), timeout=5)).body == b"ok"
    await spoken.wait()
    assert (await transport.send(get(server.url + "/x"), timeout=5)).body == b"ok"
    assert server.connections == 2


async def test_an_answer_before_the_whole_request_was_taken_ends_the_connection(raw_server, transport, get):
    async def script(peer):
        await peer.reader.readuntil(b"\r\n\r\n")
        await peer.say(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
        await asyncio.sleep(0.02)

    server = await raw_server(script)
    big = get(server.url + "/x", method="POST", body=b"x" * 8_000_000)
    assert (await transport.send(big, timeout=5)).status == 413
    assert (await transport.send(get(server.url + "/x"), timeout=5)).status == 413
    assert server.connections == 2


async def test_cancelling_closes_the_connection_and_the_next_caller_gets_its_own_answer(raw_server, transport, get):
    asked, closed = asyncio.Event(), asyncio.Event()

    async def script(peer):
        request = await peer.request()
        if b"/first" in request:
            asked.set()
            await peer.gone()
            closed.set()
        else:
            await peer.say(OK)

    server = await raw_server(script)
    first = asyncio.create_task(transport.send(get(server.url + "/first"), timeout=5))
    await asked.wait()
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    await asyncio.wait_for(closed.wait(), 5)
    assert (await transport.send(get(server.url + "/second"), timeout=5)).body == b"ok"


async def test_an_answer_in_the_moment_of_cancelling_finds_nobody(raw_server, transport, get):
    for steps in range(12):
        server = await raw_server(answering)
        call = asyncio.create_task(transport.send(get(server.url + "/x"), timeout=5))
        for _ in range(steps):
            await asyncio.sleep(0)
        call.cancel()
        await asyncio.wait({call})
        assert (await transport.send(get(server.url + "/x"), timeout=5)).body == b"ok"


async def test_among_leaving_callers_and_breaking_connections_everyone_gets_their_own_answer(raw_server, get):
    dice = Random(7)
    transport = KeepAliveTransport(per_host=8)

    async def script(peer):
        while True:
            path = (await peer.request()).split(b" ")[1]
            reply = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(path), path)
            cut = dice.randrange(len(reply) * 4)
            await peer.say(reply[:cut])
            if dice.random() < 0.1:
                return
            await asyncio.sleep(0)
            await peer.say(reply[cut:])

    server = await raw_server(script)

    async def caller(number: int) -> bool:
        path = f"/{number}"
        call = asyncio.create_task(transport.send(get(server.url + path), timeout=5))
        for _ in range(dice.randrange(60)):
            await asyncio.sleep(0)
            if call.done():
                break
        if dice.random() < 0.2:
            call.cancel()
        try:
            assert (await call).body == path.encode()
        except (TransportError, asyncio.CancelledError):
            return False
        return True

    answered = await asyncio.gather(*(caller(number) for number in range(600)))
    assert 250 < sum(answered) < 600
    await transport.close()


async def test_closed_connections_leave_nothing_behind(raw_server, get, recwarn):
    transport = KeepAliveTransport()
    server = await raw_server(answering)
    await transport.send(get(server.url + "/x"), timeout=5)
    await transport.close()
    await asyncio.sleep(0.002)
    gc.collect()
    assert not [w for w in recwarn if issubclass(w.category, ResourceWarning)]
