"""One kept HTTP/1.1 connection: writes a request, reads its answer with llhttp, and knows if it may be used again."""

import asyncio
import zlib
from typing import Any, cast

import httptools

from platforms.http import Failure, Headers, HttpResponse, TransportError
from schema.errors import Landed

HEAD_CAP = 256 * 1024  # bytes of status line and headers; real platforms stay below 16 kB
_GZIP_OR_ZLIB = zlib.MAX_WBITS | 32


class Connection(asyncio.Protocol):
    """Carries one exchange at a time. Anything that leaves doubt about where the next answer begins closes it."""

    __slots__ = (
        "_answer",
        "_bodiless",
        "_body_cap",
        "_chunked",
        "_encoding",
        "_has_length",
        "_head",
        "_head_done",
        "_loop",
        "_parser",
        "_parts",
        "_received",
        "_spoiled",
        "_status",
        "_transport",
        "exchanges",
        "idle_since",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop, body_cap: int) -> None:
        self._loop = loop
        self._body_cap = body_cap
        self._parser: Any = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[HttpResponse] | None = None
        self._spoiled = False
        self.exchanges = 0
        self.idle_since = 0.0
        self._begin(bodiless=False)

    def _begin(self, *, bodiless: bool) -> None:
        self._head: list[tuple[str, str]] = []
        self._head_done = False
        self._status = 0
        self._parts: list[bytes] = []
        self._received = 0
        self._has_length = self._chunked = False
        self._encoding = ""
        self._bodiless = bodiless

    # ------------------------------------------------------------------------------------------ the pool's side

    @property
    def usable(self) -> bool:
        """Whether another exchange may begin."""
        return not self._spoiled and self._transport is not None and not self._transport.is_closing()

    def ask(self, request: bytes, *, bodiless: bool = False) -> asyncio.Future[HttpResponse]:
        """Writes the request; the future brings the answer or a TransportError. `bodiless`: it is a HEAD or CONNECT."""
        assert self._transport is not None
        self._begin(bodiless=bodiless)
        self.exchanges += 1
        self._answer = self._loop.create_future()
        self._transport.write(request)
        return self._answer

    def time_out(self) -> None:
        self._fail(Failure.TIMEOUT)

    def head(self) -> tuple[int, Headers] | None:
        """Status and headers of the last answer, as soon as they have come, whatever became of the rest."""
        return (self._status, Headers(self._head)) if self._head_done else None

    def abort(self) -> None:
        """Closes at once and tells nobody."""
        self._spoiled = True
        self._answer = None
        if self._transport is not None:
            self._transport.abort()

    async def secure(self, context: Any, host: str) -> None:
        """Starts TLS inside an open tunnel; from here on this connection speaks to `host`."""
        assert self._transport is not None
        self._spoiled = False
        self._parser = httptools.HttpResponseParser(self)
        self.exchanges = 0
        self._transport = await self._loop.start_tls(self._transport, self, context, server_hostname=host)

    # -------------------------------------------------------------------------------------- the event loop's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's transports aren't instances of asyncio's

    def data_received(self, data: bytes) -> None:
        if self._answer is None:  # nobody asked: whatever this is, it must not become the next caller's answer
            self.abort()
            return
        self._received += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._fail(Failure.GARBAGE)
        else:
            if not self._head_done and self._received > HEAD_CAP:
                self._fail(Failure.GARBAGE)

    def connection_lost(self, exc: Exception | None) -> None:
        self._spoiled = True
        if self._answer is not None:
            until_close = self._head_done and not self._has_length and not self._chunked
            if until_close and exc is None:
                self._settle()
            elif self._received:
                self._fail(Failure.TRUNCATED)
            else:
                self._fail(Failure.STALE if self.exchanges > 1 else Failure.DROPPED)
        self._parser = None  # parser and connection hold each other

    # ---------------------------------------------------------------------------------------------- llhttp's side

    def on_message_begin(self) -> None:
        if self._answer is None:
            self._spoiled = True  # a second answer to one request

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._head_done:  # later ones are trailers
            self._head.append((name.decode("latin-1"), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        self._status = self._parser.get_status_code()
        if self._answer is None or self._status < 200:
            return
        self._head_done = True
        for name, value in self._head:
            match name.lower():
                case "content-length":
                    self._has_length = True
                    if int(value) > self._body_cap and not self._bodiless:
                        self._fail(Failure.TOO_LARGE)
                case "transfer-encoding":
                    self._chunked = value.lower().endswith("chunked")
                case "content-encoding":
                    self._encoding = value.lower()
        if self._bodiless:  # llhttp doesn't know what was asked and would wait for a body
            self._spoiled = True
            self._settle()

    def on_body(self, part: bytes) -> None:
        if self._answer is None:
            return
        self._parts.append(part)
        if self._received > self._body_cap + HEAD_CAP:
            self._fail(Failure.TOO_LARGE)

    def on_message_complete(self) -> None:
        if self._answer is None:
            return
        if self._status < 200:  # 100 Continue, 103 Early Hints: the answer proper is still to come
            self._head.clear()
            return
        assert self._transport is not None
        if not self._parser.should_keep_alive() or self._transport.get_write_buffer_size():
            self._spoiled = True
        self._settle()

    # --------------------------------------------------------------------------------------------------- outcomes

    def _settle(self) -> None:
        answer, self._answer = self._answer, None
        assert answer is not None
        try:
            body = _decompressed(b"".join(self._parts), self._encoding, self._body_cap)
        except TransportError as error:
            self._spoiled = True
            if not answer.done():
                answer.set_exception(error)
            return
        self._parts = []
        if not answer.done():
            answer.set_result(HttpResponse(status=self._status, headers=Headers(self._head), body=body))

    def _fail(self, failure: Failure) -> None:
        answer = self._answer
        self.abort()
        if answer is not None and not answer.done():
            answer.set_exception(TransportError(failure, Landed.UNKNOWN))


def _decompressed(body: bytes, encoding: str, cap: int) -> bytes:
    if encoding in ("", "identity") or not body:
        return body
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise TransportError(Failure.GARBAGE, Landed.UNKNOWN, "a content encoding that wasn't asked for")
    stream = zlib.decompressobj(_GZIP_OR_ZLIB)
    try:
        plain = stream.decompress(body, cap)
    except zlib.error:
        raise TransportError(Failure.GARBAGE, Landed.UNKNOWN, "labelled as compressed, and isn't") from None
    if stream.unconsumed_tail:
        raise TransportError(Failure.TOO_LARGE, Landed.UNKNOWN)
    if not stream.eof:
        raise TransportError(Failure.TRUNCATED, Landed.UNKNOWN)
    return plain
