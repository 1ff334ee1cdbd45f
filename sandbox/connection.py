"""The HTTP server side of a connection that can be made to die, as networks do."""

import asyncio
import logging
import socket
import struct
from collections.abc import Callable
from typing import Any

from starlette.types import Receive, Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_RESET_AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER: on, for no time at all
_RESET, _HANG_UP = "sandbox.reset", "sandbox.hang_up"


_LOG = logging.getLogger("sandbox.http")
# A request that hangs in a fault is cancelled when the sandbox stops: nothing that anybody must read of.
_LOG.addFilter(lambda record: not (record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError)))


class MortalProtocol(HttpToolsProtocol):
    """Puts into each request's scope what it takes to end its connection."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.logger = _LOG

    def on_message_begin(self) -> None:
        super().on_message_begin()
        state = self.scope.setdefault("state", {})
        state[_RESET] = self._reset
        state[_HANG_UP] = self.transport.close  # sends what is buffered first

    def _reset(self) -> None:
        sock = self.transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_ONCE)
        self.transport.abort()


async def reset_connection(scope: Scope, receive: Receive) -> None:
    """The caller sees the connection reset; whatever was not sent yet is lost."""
    await _end(scope, receive, _RESET)


async def hang_up(scope: Scope, receive: Receive) -> None:
    """The caller sees the end of the stream behind what was sent so far."""
    await _end(scope, receive, _HANG_UP)


async def _end(scope: Scope, receive: Receive, how: str) -> None:
    end: Callable[[], None] = scope["state"][how]
    end()
    # The server must know that the caller is gone before the application returns, or it would answer 500 instead.
    while (await receive())["type"] != "http.disconnect":
        pass
