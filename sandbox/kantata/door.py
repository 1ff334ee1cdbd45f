"""What every request passes before its endpoint: request id, bearer token, rate limits."""

import uuid
from collections.abc import Callable, Sequence

from starlette.datastructures import Headers, MutableHeaders
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.kantata.errors import ApiError, NotFoundError, RateLimitError, UnauthorizedError
from sandbox.kantata.limits import RateLimits
from sandbox.kantata.wire import refusal

API = "/api/v1/"


class Door:
    """ASGI middleware. `accepts(token)` tells whether a bearer token is still good; `routes` are those behind.

    https://developer.kantata.com/section/authentication
    """

    def __init__(
        self, app: ASGIApp, *, accepts: Callable[[str], bool], limits: RateLimits, routes: Sequence[BaseRoute]
    ) -> None:
        self.routes = routes
        self._app = app
        self._accepts = accepts
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        request_id = headers.get("x-request-id") or str(uuid.uuid4())

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["x-request-id"] = request_id
            await send(message)

        problem = self._problem(scope, headers)
        if problem is not None:
            await refusal(problem)(scope, receive, send_with_id)
            return
        await self._app(scope, receive, send_with_id)

    def _problem(self, scope: Scope, headers: Headers) -> ApiError | None:
        if not scope["path"].startswith(API):
            return NotFoundError()
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not self._accepts(token.strip()):
            return UnauthorizedError()
        if not self._limits.admit(scope["method"], scope["path"]):
            return RateLimitError()
        return None
