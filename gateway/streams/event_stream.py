"""One response of server-sent events, framed with line feeds alone.

https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
"""

import asyncio
from types import TracebackType
from typing import Self

import msgspec
from starlette.types import Send

from gateway.media import EVENTS, content_type
from gateway.replies import NOT_STORED, VARY

NOTHING = b":\n\n"
"""A comment: nobody sees it, and the connection is in use."""
COMPLETE = b"event: complete\ndata: \n\n"
"""With data, though empty: without any, browsers' EventSource would tell nobody."""


def next_event(body: bytes, key: str | None = None) -> bytes:
    """A GraphQL response as an event; `key` names its operation where several share the stream. JSON has no line feed
    of its own.
    """
    if key is None:
        return b"event: next\ndata: %b\n\n" % body
    return b'event: next\ndata: {"id":%b,"payload":%b}\n\n' % (msgspec.json.encode(key), body)


def complete_event(key: str) -> bytes:
    return b'event: complete\ndata: {"id":%b}\n\n' % msgspec.json.encode(key)


class EventStream:
    """Begins when it is entered. Left without an error, it ends as a whole response; else the connection is cut."""

    def __init__(self, send: Send, *, heartbeat: float) -> None:
        self._send = send
        self._heartbeat = heartbeat
        self._beating: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        headers = [(b"content-type", content_type(EVENTS)), NOT_STORED, VARY, (b"x-accel-buffering", b"no")]
        await self._send({"type": "http.response.start", "status": 200, "headers": headers})
        await self.put(NOTHING)  # some browsers take notice of a response with its first bytes only
        self._beating = asyncio.create_task(self._beat())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._beating is not None
        self._beating.cancel()
        await asyncio.gather(self._beating, return_exceptions=True)
        if kind is None:
            await self._send({"type": "http.response.body", "body": b""})

    async def put(self, event: bytes) -> None:
        await self._send({"type": "http.response.body", "body": event, "more_body": True})

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self._heartbeat)
            await self.put(NOTHING)
