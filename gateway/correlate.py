"""Gives every request its correlation id, and every answer the headers that all of them carry."""

import re
from uuid import uuid4

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from runtime.correlation import correlation_id

SANE = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")
NO_SNIFFING = (b"x-content-type-options", b"nosniff")


class Correlate:
    """Takes the caller's X-Correlation-Id where it is short and plain, else makes one; sends it back."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = next((value for name, value in scope["headers"] if name == b"x-correlation-id"), b"")
        chosen = given if SANE.fullmatch(given) else str(uuid4()).encode()

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), (b"x-correlation-id", chosen), NO_SNIFFING]
            await send(message)

        token = correlation_id.set(chosen.decode())
        try:
            await self._app(scope, receive, send_with_id)
        finally:
            correlation_id.reset(token)
