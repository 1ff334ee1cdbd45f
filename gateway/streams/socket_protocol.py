"""The WebSocket itself: uvicorn's, with a clock for callers that stop reading, and a way for frames made already."""

import asyncio
from typing import Any

from uvicorn._types import ASGISendEvent
from uvicorn.config import Config
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState

from gateway.options import EdgeOptions

FRAMES = "crosswalk.frames"
"""In an event of the type `websocket.send`, in the place of `text`: whole frames, to be sent as they are."""


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

    async def send(self, message: ASGISendEvent) -> None:
        frames: Any = message.get(FRAMES)
        if frames is None:
            await super().send(message)
            if message["type"] == "websocket.accept":
                del self.request, self.response  # each socket would keep their headers for as long as it lives
            return
        if not self.writable.is_set():
            await self.writable.wait()
        if self.disconnected or self.close_sent or self.transport.is_closing():
            raise ClientDisconnected
        self.transport.write(frames)

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


def text_frame(*parts: bytes) -> bytes:
    """An unmasked text message in one frame, as servers send them.

    https://www.rfc-editor.org/rfc/rfc6455#section-5.2
    """
    size = sum(map(len, parts))
    if size < 126:
        return b"".join((b"\x81", size.to_bytes(1), *parts))
    if size < 1 << 16:
        return b"".join((b"\x81\x7e", size.to_bytes(2), *parts))
    return b"".join((b"\x81\x7f", size.to_bytes(8), *parts))
