"""Every shape in which a server may answer, well or badly, over real sockets."""

import asyncio
import gzip
import zlib

import pytest

from platforms.http import Failure, TransportError
from platforms.keepalive import KeepAliveTransport
from schema.errors import Landed


def answer(body: bytes = b"[]", *headers: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@pytest.fixture
async def transport():
    transport = KeepAliveTransport(body_cap=100_000)
    yield transport
    await transport.close()


async def ask(raw_server, transport, get, reply: bytes, *, then_close: bool = False, **request):
    async def script(peer):
        await peer.request()
        await peer.say(reply)
        if not then_close:
            await peer.gone()

    server = await raw_server(script)
    return await transport.send(get(server.url + "/x", **request), timeout=5)


async def test_a_plain_answer_with_headers_found_in_any_case(raw_server, transport, get):
    response = await ask(
        raw_server, transport, get, answer(b'{"a":1}', "Sforce-Limit-Info: api-usage=1/9", "X: 1", "x: 2")
    )
    assert (response.status, response.body) == (200, b'{"a":1}')
    assert response.headers.get("sforce-LIMIT-info") == "api-usage=1/9"
    assert response.headers.get("X") == "1, 2"
    assert response.headers.get("absent") is None
    assert response.headers.get("absent", "-") == "-"


async def test_header_values_stay_out_of_the_repr(raw_server, transport, get):
    response = await ask(raw_server, transport, get, answer(b"[]", "Set-Cookie: session=s3cret"))
    assert "s3cret" not in repr(response)


async def test_a_header_without_a_value_doesnt_swallow_the_next(raw_server, transport, get):
    response = await ask(raw_server, transport, get, b"HTTP/1.1 200 OK\r\nX-Empty:\r\nContent-Length: 2\r\n\r\nok")
    assert response.body == b"ok"
    assert response.headers.get("x-empty") == ""


async def test_an_answer_that_comes_byte_by_byte(raw_server, transport, get):
    async def script(peer):
        await peer.request()
        for byte in answer(b"slowly", "X-Long: " + "y" * 30):
            await peer.say(bytes([byte]))
        await peer.gone()

    server = await raw_server(script)
    response = await transport.send(get(server.url + "/x"), timeout=5)
    assert response.body == b"slowly"
    assert response.headers.get("x-long") == "y" * 30


async def test_chunks_and_trailers(raw_server, transport, get):
    reply = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Kept: head\r\n\r\n"
        b"5\r\nhello\r\n6;ext=1\r\n world\r\n0\r\nX-Kept: trailer\r\n\r\n"
    )
    response = await ask(raw_server, transport, get, reply)
    assert response.body == b"hello world"
    assert response.headers.get("x-kept") == "head"


async def test_a_body_without_length_ends_with_the_connection(raw_server, transport, get):
    response = await ask(raw_server, transport, get, b"HTTP/1.0 200 OK\r\n\r\nuntil the end", then_close=True)
    assert response.body == b"until the end"


async def test_gzip_and_deflate_are_unpacked(raw_server, transport, get):
    for encoding, packed in (("gzip", gzip.compress(b"plain" * 100)), ("deflate", zlib.compress(b"plain" * 100))):
        response = await ask(raw_server, transport, get, answer(packed, f"Content-Encoding: {encoding}"))
        assert response.body == b"plain" * 100


async def test_continue_and_early_hints_come_before_the_answer_proper(raw_server, transport, get):
    early = b"HTTP/1.1 100 Continue\r\nX-Early: 1\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    response = await ask(raw_server, transport, get, early + answer(b"proper"), method="POST", body=b"{}")
    assert (response.status, response.body) == (200, b"proper")
    assert response.headers.get("x-early") is None


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
async def test_answers_that_never_have_a_body(raw_server, transport, get, status):
    response = await ask(raw_server, transport, get, f"HTTP/1.1 {status}\r\n\r\n".encode())
    assert (response.status, response.body) == (int(status[:3]), b"")


async def test_head_has_a_length_and_no_body(raw_server, transport, get):
    reply = b"HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n"
    response = await ask(raw_server, transport, get, reply, method="HEAD")
    assert (response.status, response.body) == (200, b"")


async def test_a_redirect_is_an_answer_and_not_followed(raw_server, transport, get):
    response = await ask(raw_server, transport, get, answer(b"", "Location: http://127.0.0.1:1/", status="302 Found"))
    assert response.status == 302


@pytest.mark.parametrize(
    "reply",
    [
        b"SSH-2.0-OpenSSH_9.7\r\n\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"\x00\x01\x02\x03" * 20,
        b"<html>not http</html>",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\nhello\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nraw",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 11\r\n\r\nplain after",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 2\r\n\r\nxx",
    ],
    ids=[
        "another protocol",
        "status",
        "binary",
        "page",
        "two lengths",
        "length and chunks",
        "negative length",
        "chunk size",
        "upgrade",
        "not packed",
        "unknown packing",
    ],
)
async def test_garbage_is_called_garbage(raw_server, transport, get, reply):
    with pytest.raises(TransportError) as caught:
        await ask(raw_server, transport, get, reply)
    assert (caught.value.failure, caught.value.landed) == (Failure.GARBAGE, Landed.UNKNOWN)


async def test_headers_without_end_are_garbage_and_not_kept_in_memory(raw_server, transport, get):
    async def script(peer):
        await peer.request()
        await peer.say(b"HTTP/1.1 200 OK\r\n")
        while True:
            await peer.say(b"X-Filler: " + b"z" * 10_000 + b"\r\n")

    server = await raw_server(script)
    with pytest.raises(TransportError) as caught:
        await transport.send(get(server.url + "/x"), timeout=5)
    assert caught.value.failure is Failure.GARBAGE


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 200",
        b"HTTP/1.1 200 OK\r\nContent-Len",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        answer(gzip.compress(b"plain" * 100, mtime=0)[:-9], "Content-Encoding: gzip"),
    ],
    ids=["status line", "header", "body", "chunk", "packed"],
)
async def test_a_cut_off_answer_is_truncated(raw_server, transport, get, reply):
    with pytest.raises(TransportError) as caught:
        await ask(raw_server, transport, get, reply, then_close=True)
    assert (caught.value.failure, caught.value.landed) == (Failure.TRUNCATED, Landed.UNKNOWN)


async def test_a_body_without_length_that_ends_in_a_reset_is_truncated(raw_server, transport, get):
    async def script(peer):
        await peer.request()
        await peer.say(b"HTTP/1.1 200 OK\r\n\r\nhalf of")
        await asyncio.sleep(0.005)  # a reset may overtake what was sent before it
        peer.reset()

    server = await raw_server(script)
    with pytest.raises(TransportError) as caught:
        await transport.send(get(server.url + "/x"), timeout=5)
    assert caught.value.failure is Failure.TRUNCATED


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100001\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"4000\r\n" + b"x" * 0x4000 + b"\r\n",
        answer(gzip.compress(b"\0" * 1_000_000, mtime=0), "Content-Encoding: gzip"),
    ],
    ids=["length", "chunks", "packed"],
)
async def test_an_answer_past_the_cap_is_stopped(raw_server, transport, get, reply):
    async def script(peer):
        await peer.request()
        await peer.say(reply)
        while b"chunked" in reply:
            await peer.say(b"4000\r\n" + b"x" * 0x4000 + b"\r\n")
        await peer.gone()

    server = await raw_server(script)
    with pytest.raises(TransportError) as caught:
        await transport.send(get(server.url + "/x"), timeout=5)
    assert caught.value.failure is Failure.TOO_LARGE
