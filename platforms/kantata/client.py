"""Kantata's API over HTTP: lists of a collection, changes of a record, and who the token's user is.

https://developer.kantata.com/kantata/specification
"""

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

import msgspec

from platforms.gate import Gate
from platforms.http import HttpRequest, HttpResponse
from platforms.registry import Connection
from platforms.slots import Priority
from platforms.tokens import Grant, TokenSource
from runtime.clock import Clock

PATH = "/api/v1"
LONGEST_URL = 8_000  # bytes; what a web server in front usually takes
_SAFE = ",:()-._~/"  # may stand as they are in a URL's query

_JSON = msgspec.json.Encoder(decimal_format="number")  # an amount keeps its digits

Parameters = Iterable[tuple[str, str]]


def tokens(connection: Connection, clock: Clock) -> TokenSource[str]:
    """The configured token, which doesn't expire: signing in again only asks once more with the same."""

    async def configured() -> Grant[str]:
        return Grant(token=f"Bearer {connection.credentials['access_token']}")

    return TokenSource(configured, clock=clock)


def encoded(parameters: Parameters) -> str:
    """The parameters as a URL's query carries them."""
    return "&".join(f"{name}={quote(value, safe=_SAFE)}" for name, value in parameters)


class Client:
    """The calls to one account."""

    def __init__(self, gate: Gate, token: TokenSource[str], *, url: str) -> None:
        self.platform = gate.platform
        self._gate = gate
        self._token = token
        self._base = url.removesuffix(PATH)

    def room(self, collection: str) -> int:
        """How many bytes the query of a list may have."""
        return LONGEST_URL - len(self._base) - len(PATH) - len(collection) - 2

    async def list(self, collection: str, parameters: Parameters, *, priority: Priority | None = None) -> bytes:
        """A page of a collection."""
        return await self._get(f"/{collection}", f"/{collection}", parameters, priority)

    async def write(
        self, method: str, collection: str, *, of: str | None = None, action: str | None = None, body: Any = None
    ) -> bytes:
        """Sends a change of a collection, or of the record `of` in it, once. The answer of a deletion is empty."""
        path = route = f"/{collection}"
        if of is not None:
            path, route = f"{path}/{quote(of, safe='')}", f"{route}/{{id}}"
        if action is not None:
            path, route = f"{path}/{action}", f"{route}/{action}"
        url, sent = f"{self._base}{PATH}{path}", b"" if body is None else _JSON.encode(body)
        statement = f"{method} {path.removeprefix('/')}"

        async def call(token: str) -> HttpResponse:
            headers = {"Authorization": token, "Accept": "application/json", "Content-Type": "application/json"}
            request = HttpRequest(
                method=method, url=url, route=PATH + route, headers=headers, body=sent, statement=statement
            )
            return await self._gate.send(request, priority=Priority.GOVERNED_WRITE, safe=False)

        return (await self._token.authorised(call)).body

    async def me(self) -> bytes:
        """The token's user, with the membership that says its rights."""
        return await self._get("/users/me", "/users/me", (("include", "account_membership"),))

    async def _get(self, path: str, route: str, parameters: Parameters, priority: Priority | None = None) -> bytes:
        parameters = tuple(parameters)
        url = f"{self._base}{PATH}{path}?{encoded(parameters)}"
        statement = f"{path.removeprefix('/')}?{'&'.join(f'{name}={value}' for name, value in parameters)}"

        async def call(token: str) -> HttpResponse:
            headers = {"Authorization": token, "Accept": "application/json"}
            request = HttpRequest(method="GET", url=url, route=PATH + route, headers=headers, statement=statement)
            return await self._gate.send(request, priority=priority, safe=True)

        return (await self._token.authorised(call)).body
