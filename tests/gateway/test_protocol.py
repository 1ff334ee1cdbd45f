"""On a real socket: who dawdles, floods or leaves costs the others nothing."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

HELLO = b'{"query":"{ hello }"}'


def head(gateway: Any, *, length: int | str, extra: bytes = b"") -> bytes:
    return (
        b"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\naccept: application/json\r\n"
        b"x-api-key: %s\r\ncontent-length: %s\r\n%s\r\n" % (gateway.key.encode(), str(length).encode(), extra)
    )


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], Any]:
    raw = await reader.readuntil(b"\r\n\r\n")
    first, *lines = raw.decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines if line)}
    body = await reader.readexactly(int(headers["content-length"]))
    return int(first.split()[1]), headers, json.loads(body)


async def flood(writer: asyncio.StreamWriter, *, chunks: int) -> None:
    for _ in range(chunks):
        writer.write(b" " * 100_000)
        await writer.drain()


async def ask(gateway: Any, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, body: bytes = HELLO) -> Any:
    writer.write(head(gateway, length=len(body)) + body)
    return await answer(reader)


async def test_one_connection_serves_many_requests_and_names_no_server(gateway: Any) -> None:
    async with gateway.listening() as port, connected(port) as (reader, writer):
        for _ in range(3):
            status, headers, body = await ask(gateway, reader, writer)
            assert (status, body) == (200, {"data": {"hello": "world"}})
            assert "server" not in headers


@pytest.mark.parametrize("sent", [b"", b"POST /gra", b"GET / HTTP/1.1\r\nhost: x\r\n", b"GET / HTTP/1.1\r\nx: "])
async def test_a_head_that_never_ends_is_cut(make_gateway: Any, sent: bytes) -> None:
    gateway = make_gateway(header_seconds=0.03)
    async with gateway.listening() as port, connected(port) as (reader, writer):
        writer.write(sent)
        told = await asyncio.wait_for(reader.read(), 2)
    assert told.startswith(b"HTTP/1.1 408 ") if b"\n" in sent or sent else told == b""


async def test_a_head_that_drips_is_cut_all_the_same(make_gateway: Any) -> None:
    gateway = make_gateway(header_seconds=0.05)
    async with gateway.listening() as port, connected(port) as (reader, writer):
        begun = time.monotonic()
        writer.write(b"GET / HTTP/1.1\r\n")
        closed = asyncio.create_task(reader.read())
        while not closed.done() and time.monotonic() - begun < 2:
            writer.write(b"x: y\r\n")
            await asyncio.sleep(0.005)
        assert closed.done()
        assert time.monotonic() - begun < 1


async def test_a_body_that_never_comes_is_cut(make_gateway: Any) -> None:
    gateway = make_gateway(body_seconds=0.03)
    async with gateway.listening() as port, connected(port) as (reader, writer):
        writer.write(head(gateway, length=500) + b'{"query":')
        status, _, body = await asyncio.wait_for(answer(reader), 2)
        assert (status, body["errors"][0]["extensions"]["code"]) == (408, "BAD_USER_INPUT")
        assert await reader.read() == b""
    assert gateway.engine.operations == []


async def test_a_head_without_end_is_refused(make_gateway: Any) -> None:
    gateway = make_gateway(header_bytes=10_000)
    async with gateway.listening() as port, connected(port) as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\n" + b"x: yyyyyyyyyyyyyyyyyy\r\n" * 2_000)
        assert (await asyncio.wait_for(reader.read(), 2)).startswith(b"HTTP/1.1 431 ")


async def test_ten_megabytes_are_refused_by_their_announcement(gateway: Any) -> None:
    async with gateway.listening() as port, connected(port) as (reader, writer):
        writer.write(head(gateway, length=10_000_000))
        status, _, _ = await asyncio.wait_for(answer(reader), 2)
        assert status == 413


async def test_whoever_sends_ten_megabytes_anyway_still_reads_why_and_may_go_on(gateway: Any) -> None:
    async with gateway.listening() as port, connected(port) as (reader, writer):
        writer.write(head(gateway, length=10_000_000))
        await flood(writer, chunks=100)
        assert (await asyncio.wait_for(answer(reader), 5))[0] == 413
        assert (await ask(gateway, reader, writer))[0] == 200


async def test_an_endless_body_is_cut(make_gateway: Any) -> None:
    gateway = make_gateway(discard_bytes=1_000_000)
    async with gateway.listening() as port, connected(port) as (_, writer):
        writer.write(head(gateway, length=10**12))
        with pytest.raises(ConnectionError):
            await flood(writer, chunks=10_000)


async def test_a_connection_that_sent_its_refused_body_late_is_closed_when_idle(make_gateway: Any) -> None:
    gateway = make_gateway(keep_alive_seconds=0.02)
    async with gateway.listening() as port, connected(port) as (reader, writer):
        writer.write(head(gateway, length=300_000))
        await answer(reader)
        writer.write(b" " * 300_000)
        assert await asyncio.wait_for(reader.read(), 2) == b""


async def test_a_caller_that_leaves_stops_its_operation(make_gateway: Any, make_engine: Any) -> None:
    gateway = make_gateway(make_engine(pause=asyncio.Event()), watch_seconds=0.001)
    async with gateway.listening() as port:
        async with connected(port) as (_, writer):
            writer.write(head(gateway, length=len(HELLO)) + HELLO)
            await gateway.engine.entered.wait()
        await asyncio.wait_for(gateway.engine.cancelled.wait(), 2)
    assert (gateway.lines()[0]["status"], gateway.lines()[0]["outcome"]) == (499, "left")


async def test_told_to_stop_it_finishes_what_is_in_flight(make_gateway: Any, make_engine: Any) -> None:
    gateway = make_gateway(make_engine(pause=asyncio.Event()))
    async with connected_while_stopping(gateway) as (reader, stopping):
        gateway.engine.pause.set()
        status, headers, body = await asyncio.wait_for(answer(reader), 2)
        assert (status, body) == (200, {"data": {"hello": "world"}})
        assert headers["connection"] == "close"
        await asyncio.wait_for(stopping, 2)
    assert not gateway.engine.running


async def test_told_to_stop_it_waits_no_longer_than_it_should(make_gateway: Any, make_engine: Any) -> None:
    gateway = make_gateway(make_engine(pause=asyncio.Event()), drain_seconds=0.05)
    async with connected_while_stopping(gateway) as (_, stopping):
        await asyncio.wait_for(stopping, 2)
    assert gateway.engine.cancelled.is_set()
    assert not gateway.engine.running


@asynccontextmanager
async def connected_while_stopping(gateway: Any) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.Task[Any]]]:
    listening = gateway.listening()
    port = await listening.__aenter__()
    async with connected(port) as (reader, writer):
        writer.write(head(gateway, length=len(HELLO)) + HELLO)
        await gateway.engine.entered.wait()
        stopping = asyncio.create_task(listening.__aexit__(None, None, None))
        while await _still_taking_callers(port):
            pass
        yield reader, stopping


async def _still_taking_callers(port: int) -> bool:
    try:
        async with connected(port):
            return True
    except ConnectionError:
        return False


@pytest.mark.usefixtures("own_garbage")
async def test_a_neighbour_waits_less_than_a_quarter_of_a_second(gateway: Any) -> None:
    fork = "".join(f"fragment f{n} on Account {{ ...f{n + 1} ...f{n + 1} }} " for n in range(25))
    attacks = [
        "{ node(id: 1) { ...f0 } } " + fork + "fragment f25 on Account { id }",
        "{ " + "hello " * 990 + "}",
        "{ " + "node(id: 1) { id } " * 110 + "}",
        "{ node(id: 1) { " + "parent { " * 400 + "id" + " }" * 402,
    ]
    waits: list[float] = []
    async with gateway.listening() as port, connected(port) as (reader, writer):
        for n, attack in enumerate(attacks * 3):
            async with connected(port) as (foe_reader, foe_writer):
                body = json.dumps({"query": f"{attack} #{n}"}).encode()
                foe_writer.write(head(gateway, length=len(body)) + body)
                await foe_writer.drain()
                begun = time.monotonic()
                assert (await ask(gateway, reader, writer))[0] == 200
                waits.append(time.monotonic() - begun)
                await answer(foe_reader)
    assert max(waits) < 0.25


@pytest.mark.parametrize(
    "sent",
    [
        b"\x00\x01\x02\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /graphql HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
    ],
)
async def test_what_is_not_http_is_refused(gateway: Any, sent: bytes) -> None:
    async with gateway.listening() as port:
        async with connected(port) as (reader, writer):
            writer.write(sent)
            assert (await asyncio.wait_for(reader.read(), 2)).startswith(b"HTTP/1.1 400 ")
        async with connected(port) as (reader, writer):
            assert (await ask(gateway, reader, writer))[0] == 200
