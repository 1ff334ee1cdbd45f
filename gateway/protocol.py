"""HTTP/1.1 that waits for nobody for ever: head, body and reading of the answer each have their time."""

import asyncio
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from gateway.options import EdgeOptions

HEAD, BODY, WHOLE = "head", "body", "whole"
ENDLESS = "crosswalk.endless"
"""In a request's scope: its answer goes on until the caller leaves, so that nobody waits for it when we stop."""


def _closing(status: bytes, message: bytes) -> bytes:
    body = b'{"errors":[{"message":"%s","extensions":{"code":"BAD_USER_INPUT"}}]}' % message
    head = b"HTTP/1.1 %s\r\ncontent-type: application/json; charset=utf-8\r\nconnection: close\r\n" % status
    return b"%scontent-length: %d\r\n\r\n%s" % (head, len(body), body)


TOO_SLOW = _closing(b"408 Request Timeout", b"The request took too long to arrive.")
HEAD_TOO_LARGE = _closing(b"431 Request Header Fields Too Large", b"The request's headers are too large.")


class PatientProtocol(HttpToolsProtocol):
    """uvicorn's own, with the clocks and bounds that it lacks. `options` is set by `protocol_with`.

    A request that arrives in one piece, as nearly all do, starts no clock.
    """

    options = EdgeOptions()

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._phase = HEAD
        self._timed = ""
        self._clock: asyncio.TimerHandle | None = None
        self._write_clock: asyncio.TimerHandle | None = None
        self._head_bytes = 0
        self._discarded = 0
        self._upgraded = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn's own
        super().connection_made(transport)
        self._time_phase()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_clock()
        self._stop_write_clock()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        in_head = self._phase is not BODY
        super().data_received(data)
        if self._upgraded:
            return
        if self._phase is HEAD and in_head:
            self._head_bytes += len(data)
            if self._head_bytes > self.options.header_bytes:
                self._hang_up(HEAD_TOO_LARGE)
                return
        self._time_phase()

    def handle_websocket_upgrade(self) -> None:
        self._upgraded = True  # the connection is another protocol's from here on
        self._stop_clock()
        super().handle_websocket_upgrade()

    def shutdown(self) -> None:
        super().shutdown()
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None and cycle.scope.get(ENDLESS):
            self.transport.close()

    def on_message_begin(self) -> None:
        self._phase = HEAD
        self._head_bytes = self._discarded = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._phase = BODY
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if self.cycle.response_complete:
            self._discarded += len(body)
            if self._discarded > self.options.discard_bytes:
                self.transport.close()
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._phase = WHOLE
        super().on_message_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stop_write_clock()
        self._write_clock = self.loop.call_later(self.options.write_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        self._stop_write_clock()
        super().resume_writing()

    def _time_phase(self) -> None:
        if self._phase is WHOLE:
            self._stop_clock()
            self._await_next_request()
        elif self._timed is not self._phase:
            self._stop_clock()
            self._timed = self._phase
            seconds = self.options.header_seconds if self._phase is HEAD else self.options.body_seconds
            self._clock = self.loop.call_later(seconds, self._hang_up, TOO_SLOW)

    def _await_next_request(self) -> None:
        """uvicorn forgets its keep-alive clock where the answer was sent before the body had arrived."""
        if self.cycle.response_complete and self.timeout_keep_alive_task is None:
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def _hang_up(self, answer: bytes) -> None:
        """Says why where the caller still expects an answer, then closes."""
        cycle: RequestResponseCycle | None = self.cycle
        began = self._head_bytes > 0 or self._phase is BODY
        answered = cycle is not None and cycle.response_started and self._phase is BODY
        busy = cycle is not None and not cycle.response_complete and self._phase is HEAD
        if began and not answered and not busy:
            self.transport.write(answer)
        self.transport.close()

    def _stop_clock(self) -> None:
        self._timed = ""
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None

    def _stop_write_clock(self) -> None:
        if self._write_clock is not None:
            self._write_clock.cancel()
            self._write_clock = None


def protocol_with(options: EdgeOptions) -> type[PatientProtocol]:
    """uvicorn makes a protocol per connection from a class, so the options travel on one."""
    return type("ConfiguredProtocol", (PatientProtocol,), {"options": options})
