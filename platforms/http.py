"""The one seam for HTTP to platforms: what a request and an answer are, and how a call can fail on the wire.

The engine behind the seam is `platforms.keepalive.KeepAliveTransport`; tests put their own `Transport` in its place.
No engine ever sends a request twice: whether a repeat is harmless is known to the gate alone.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Protocol

import msgspec

from schema.errors import Landed


class HttpRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One call. `route` is the path's template with the ids taken out, for metrics and plans; `statement` is what a
    person reads in `extensions.plan` (SOQL, SuiteQL, a filter), never a secret.
    """

    method: str
    url: str
    route: str
    headers: Mapping[str, str] = msgspec.field(default_factory=dict)
    body: bytes = b""
    statement: str = ""


class Headers:
    """An answer's headers, found whatever their case; a repeated header's values are joined by a comma."""

    __slots__ = ("_by_name",)

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        by_name: dict[str, str] = {}
        for name, value in pairs:
            key = name.lower()
            by_name[key] = f"{by_name[key]}, {value}" if key in by_name else value
        self._by_name = by_name

    def get(self, name: str, default: str | None = None) -> str | None:
        return self._by_name.get(name.lower(), default)

    def __repr__(self) -> str:
        return f"Headers({', '.join(sorted(self._by_name))})"  # values may hold cookies and tokens


class HttpResponse(msgspec.Struct, frozen=True, kw_only=True):
    """An answer, whatever its status; `body` is complete and no longer compressed."""

    status: int
    headers: Headers
    body: bytes


class Failure(Enum):
    """What went wrong on the wire."""

    UNREACHABLE = "no connection: refused, unknown host, or its certificate isn't trusted"
    DROPPED = "the connection was closed before an answer came"
    STALE = "a kept connection turned out to be closed already"
    TIMEOUT = "no answer in time"
    GARBAGE = "the answer isn't HTTP"
    TRUNCATED = "the answer was cut off"
    TOO_LARGE = "the answer is past the size cap"


class TransportError(Exception):
    """A call that brought no whole answer. `landed` is NO only where nothing can have been sent."""

    def __init__(self, failure: Failure, landed: Landed, detail: str = "") -> None:
        super().__init__(f"{failure.value} ({detail})" if detail else failure.value)
        self.failure = failure
        self.landed = landed


class Transport(Protocol):
    """An HTTP engine. One per process and event loop serves every platform."""

    async def send(self, request: HttpRequest, *, timeout: float) -> HttpResponse:  # noqa: ASYNC109 - engines keep one timer
        """Sends exactly once and answers within `timeout` seconds, or raises TransportError.

        Cancelling the call closes its connection. A URL or header that can't be written safely is a ValueError.
        """
        ...

    async def close(self) -> None: ...
