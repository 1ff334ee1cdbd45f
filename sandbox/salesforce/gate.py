"""What every request passes before its endpoint: sizes, version, session, quota, concurrency."""

import asyncio
import re
from collections.abc import MutableMapping
from typing import Any
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from sandbox.salesforce.call import Answer, refused
from sandbox.salesforce.endpoints.describe import FIRST_VERSION, LAST_VERSION
from sandbox.salesforce.errors import ApiError, not_found
from sandbox.salesforce.instance import Instance

MAX_URI_AND_HEADERS = 16_384
_VERSIONED = re.compile(r"/services/data/v(\d{1,3})\.0(?:/|$)")
_DATA = "/services/data"


class Gate:
    """ASGI middleware round the API. `response_seconds` is how long each request stays in flight at least."""

    def __init__(self, app: Starlette, instance: Instance, *, response_seconds: float) -> None:
        self._app = app
        self.routes = app.routes
        self._instance = instance
        self._response_seconds = response_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        _tidy(scope)
        metered = scope["path"].startswith(f"{_DATA}/v")
        if metered:
            send = _with_usage(send, self._instance)
        try:
            _require_fitting(scope)
            if metered:
                await self._pass_metered(scope, receive, send)
                return
        except ApiError as error:
            await response(refused(error))(scope, receive, send)
            return
        await self._app(scope, receive, send)

    async def _pass_metered(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The REST API proper, which needs a session and counts."""
        _require_version(scope["path"])
        self._instance.sessions.require(Headers(scope=scope).get("authorization", ""))
        quota = self._instance.quota
        quota.require_room()
        quota.spend()
        quota.in_flight += 1
        try:
            if self._response_seconds:
                await asyncio.sleep(self._response_seconds)
            await self._app(scope, receive, send)
        finally:
            quota.in_flight -= 1


def response(answer: Answer) -> Response:
    return Response(answer.content(), answer.status, answer.headers, media_type=answer.media_type)


def _tidy(scope: MutableMapping[str, Any]) -> None:
    """Clients differ in trailing slashes, and some tunnel PATCH through POST."""
    path = scope["path"]
    if len(path) > 1 and path.endswith("/"):
        scope["path"] = path.rstrip("/") or "/"
    if scope["method"] == "POST" and b"_HttpMethod=" in scope["query_string"]:
        scope["method"] = parse_qs(scope["query_string"].decode("latin-1"))["_HttpMethod"][0].upper()


def _require_fitting(scope: Scope) -> None:
    uri = len(scope.get("raw_path") or scope["path"].encode()) + len(scope["query_string"])
    headers = sum(len(name) + len(value) + 4 for name, value in scope["headers"])
    if uri + headers <= MAX_URI_AND_HEADERS:
        return
    if uri >= headers:
        raise ApiError(414, "URI_TOO_LONG", f"The URI and headers exceed {MAX_URI_AND_HEADERS} bytes")
    raise ApiError(431, "REQUEST_HEADERS_TOO_LARGE", f"The URI and headers exceed {MAX_URI_AND_HEADERS} bytes")


def _require_version(path: str) -> None:
    found = _VERSIONED.match(path)
    if found is None or int(found[1]) > LAST_VERSION:
        raise not_found()
    if int(found[1]) < FIRST_VERSION:
        raise ApiError(410, "UNSUPPORTED_API_VERSION", f"API version v{found[1]}.0 is retired")


def _with_usage(send: Send, instance: Instance) -> Send:
    async def send_with_usage(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message)["Sforce-Limit-Info"] = instance.quota.header()
        await send(message)

    return send_with_usage
