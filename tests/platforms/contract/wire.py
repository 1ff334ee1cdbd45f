"""The product's own transport with the next answers or failures scripted, and the clock that goes with it."""

import asyncio
from collections import deque
from datetime import UTC, datetime

from platforms.http import Failure, Headers, HttpRequest, HttpResponse, TransportError
from platforms.keepalive import KeepAliveTransport
from schema.errors import Landed


class Wire:
    """The product's own transport, with the next answers or failures scripted; it remembers what was sent.

    A scripted failure takes the platform's whole time, so that the gate, whose clock this is, doesn't ask again.
    """

    def __init__(self) -> None:
        self._inner = KeepAliveTransport()
        self._seconds = 1_000.0
        self.script: deque[HttpResponse | TransportError] = deque()
        self.hold: asyncio.Event | None = None
        self.requests: list[HttpRequest] = []

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return self._seconds

    def says(self, body: bytes, status: int = 200) -> None:
        headers = Headers([("content-type", "application/json")])
        self.script.append(HttpResponse(status=status, headers=headers, body=body))

    def fails(self, failure: Failure) -> None:
        self.script.append(TransportError(failure, Landed.UNKNOWN))

    async def send(self, request: HttpRequest, *, timeout: float) -> HttpResponse:  # noqa: ASYNC109 - the seam's word
        self.requests.append(request)
        if self.hold is not None:
            await self.hold.wait()
        if not self.script:
            return await self._inner.send(request, timeout=timeout)
        outcome = self.script.popleft()
        self._seconds += timeout
        if isinstance(outcome, TransportError):
            raise outcome
        return outcome

    async def close(self) -> None:
        await self._inner.close()
