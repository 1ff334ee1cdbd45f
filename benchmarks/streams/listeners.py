"""Subscribers by the thousand over graphql-transport-ws, which cost the machine as little as can be.

They ask for the same, and only note when they were told something, and what its cursor was.
"""

import asyncio
import os
import time
import zlib
from base64 import b64encode
from uuid import uuid4

import msgspec

from benchmarks.streams.asked import KEY, SUBSCRIPTION

AT_ONCE = 100
"""Sockets that are opened side by side."""
TEXT, PING = 0x81, 0x89
"""The first bytes of a socket's frames, all being whole messages."""
CURSOR = b'{"projectStatusChanged":{"cursor":"'


class Listener(asyncio.Protocol):
    """One socket with one subscription."""

    __slots__ = ("_rest", "_steps", "_transport", "arrived", "count", "cursors", "lost", "opened", "sum", "wrong")

    def __init__(self) -> None:
        self.opened = asyncio.get_running_loop().create_future()
        self.count = 0
        self.sum = 0
        """Of all cursors in their order: who heard the same has the same."""
        self.cursors: list[bytes] | None = None
        """All of them, where somebody wants to know."""
        self.arrived = 0.0
        """When something came last."""
        self.wrong = b""
        self.lost = False
        self._rest = b""
        self._steps = [b"\r\n\r\n", b'"connection_ack"', b'"pong"']

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]  # uvloop's are, but don't say so
        key = b64encode(os.urandom(16)).decode()
        transport.write(
            f"GET /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Protocol: graphql-transport-ws\r\nX-API-Key: {KEY}\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        if not self.opened.done():
            self._open(data)
            return
        found = self._rest + data if self._rest else data
        begin = 0
        while (span := _span(found, begin)) is not None:
            start, end = span
            if found[begin] == TEXT:
                self._take(found, start, end)
            elif found[begin] == PING:
                self._transport.write(_frame(found[start:end], opcode=0xA))
            begin = end
        self.arrived = time.monotonic()
        self._rest = found[begin:]

    def _take(self, found: bytes, start: int, end: int) -> None:
        cursor = found.find(CURSOR, start, end)
        if cursor < 0 or found.find(b'"errors":', start, end) >= 0:
            self.wrong = found[start:end][:500]
            return
        cursor += len(CURSOR)
        self.count += 1
        text = found[cursor : found.index(b'"', cursor, end)]
        self.sum = zlib.crc32(text, self.sum)
        if self.cursors is not None:
            self.cursors.append(text)

    def _open(self, data: bytes) -> None:
        self._rest += data
        if self._steps and self._steps[0] in self._rest:
            self._rest = b""
            match self._steps.pop(0):
                case b"\r\n\r\n":
                    self._say({"type": "connection_init"})
                case b'"connection_ack"':
                    self._say({"type": "subscribe", "id": str(uuid4()), "payload": {"query": SUBSCRIPTION}})
                    self._say({"type": "ping"})
                case _:
                    self.opened.set_result(None)

    def connection_lost(self, _: Exception | None) -> None:
        self.lost = True
        if not self.opened.done():
            self.opened.set_exception(ConnectionError(self._rest[-500:].decode(errors="replace")))

    def _say(self, message: object) -> None:
        self._transport.write(_frame(msgspec.json.encode(message), opcode=1))

    def close(self) -> None:
        self._transport.abort()


def _span(found: bytes, begin: int) -> tuple[int, int] | None:
    """Where the payload of the frame at `begin` starts and ends; None where it isn't there as a whole."""
    start = begin + 2
    if len(found) < start:
        return None
    size = found[begin + 1]
    if size == 126:
        start += 2
        size = int.from_bytes(found[begin + 2 : start])
    elif size == 127:
        start += 8
        size = int.from_bytes(found[begin + 2 : start])
    end = start + size
    return None if len(found) < end else (start, end)


def _frame(payload: bytes, *, opcode: int) -> bytes:
    """Masked with nothing, as what a client says has to be masked."""
    size = len(payload)
    length = bytes([0x80 | size]) if size < 126 else b"\xfe" + size.to_bytes(2)
    return bytes([0x80 | opcode]) + length + b"\0\0\0\0" + payload


async def listening_to(port: int, number: int) -> list[Listener]:
    """Returns once all of them are subscribed."""
    loop = asyncio.get_running_loop()
    found: list[Listener] = []
    for start in range(0, number, AT_ONCE):
        some = [loop.create_connection(Listener, "127.0.0.1", port) for _ in range(min(AT_ONCE, number - start))]
        begun = [protocol for _, protocol in await asyncio.gather(*some)]
        await asyncio.gather(*(each.opened for each in begun))
        found += begun
    return found


async def told(listeners: list[Listener], number: int, *, seconds: float) -> None:
    """Returns once each has been told so many; RuntimeError where that doesn't happen in time."""
    deadline = time.monotonic() + seconds
    while any(each.count < number for each in listeners):
        lost = sum(each.lost for each in listeners)
        wrong = next((each.wrong for each in listeners if each.wrong), b"")
        if lost or wrong or time.monotonic() > deadline:
            least = min(each.count for each in listeners)
            raise RuntimeError(f"{least} of {number} came; {lost} connections lost; {wrong!r}")
        await asyncio.sleep(0.02)
