"""The WebSocket itself: uvicorn's, with a clock for callers that stop reading."""

import asyncio
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState

from gateway.options import EdgeOptions


class PatientSocket(WebSocketsSansIOProtocol):
    """`options` is set by `socket_with`. Pings go out, and a peer that answers none is closed, as uvicorn does it."""

    options = EdgeOptions()

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._write_clock: asyncio.TimerHandle | None = None

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stop_write_clock()
        self._write_clock = self.loop.call_later(self.options.write_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        self._stop_write_clock()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_write_clock()
        super().connection_lost(exc)

    def _stop_write_clock(self) -> None:
        if self._write_clock is not None:
            self._write_clock.cancel()
            self._write_clock = None


def socket_with(options: EdgeOptions) -> type[PatientSocket]:
    """uvicorn makes a protocol per connection from a class, so the options travel on one."""
    return type("ConfiguredSocket", (PatientSocket,), {"options": options})
