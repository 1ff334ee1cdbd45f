"""What every request passes before it is answered: the concurrency pool, then the login."""

import asyncio
from collections.abc import Sequence

from starlette.requests import Request
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.netsuite.assertions import Assertions
from sandbox.netsuite.errors import Refused, login_failed, too_many_requests
from sandbox.netsuite.signatures import TokenSignatures

TOKEN_PATH = "/services/rest/auth/oauth2/v1/token"  # noqa: S105  # a path


class ConcurrencyPool:
    """At most `limit` requests at once; one more is refused at once, not queued.

    `work_seconds` is how long NetSuite takes over each request: without it requests seldom overlap on one machine.
    Source: docs.oracle.com, Web Services and RESTlet Concurrency Governance.
    """

    def __init__(self, app: ASGIApp, routes: Sequence[BaseRoute], *, limit: int, work_seconds: float) -> None:
        self._app = app
        self.routes = routes  # what calls are counted by
        self.limit = limit
        self.work_seconds = work_seconds
        self._under_way = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if self._under_way >= self.limit:
            await too_many_requests().response()(scope, receive, send)
            return
        self._under_way += 1
        try:
            if self.work_seconds:
                await asyncio.sleep(self.work_seconds)
            await self._app(scope, receive, send)
        finally:
            self._under_way -= 1


class Login:
    """Lets through what carries a valid signature or access token."""

    def __init__(self, app: ASGIApp, signatures: TokenSignatures, assertions: Assertions) -> None:
        self._app = app
        self._signatures = signatures
        self._assertions = assertions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] != TOKEN_PATH:
            try:
                self._check(Request(scope))
            except Refused as refused:
                await refused.response()(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _check(self, request: Request) -> None:
        header = request.headers.get("authorization", "")
        if header.startswith("OAuth "):
            self._signatures.check(request)
        elif header.startswith("Bearer "):
            self._assertions.check(request)
        else:
            raise login_failed()
