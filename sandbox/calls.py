"""Counts what each platform is asked, by route."""

import re
from collections import Counter
from collections.abc import Iterable, MutableMapping
from typing import Any

from starlette.routing import BaseRoute, Match, Mount
from starlette.types import ASGIApp, Receive, Scope, Send

_CONVERTOR = re.compile(r"\{(\w+):\w+\}")
_ID = re.compile(r"(?<=/)(?:\d+|(?=\w*\d)\w{15}(?:\w{3})?)(?=[/.]|$)")


class Calls:
    """The number of requests per platform and route since the last `forget`."""

    def __init__(self, platforms: Iterable[str]) -> None:
        self._routes: dict[str, Counter[str]] = {name: Counter() for name in platforms}

    def note(self, platform: str, route: str) -> None:
        self._routes[platform][route] += 1

    def report(self) -> dict[str, Any]:
        return {
            "platforms": {
                name: {"total": routes.total(), "routes": dict(sorted(routes.items()))}
                for name, routes in self._routes.items()
            }
        }

    def forget(self) -> None:
        for routes in self._routes.values():
            routes.clear()


class Counted:
    """Middleware that counts every request that reaches the platform's door, faults or not."""

    def __init__(self, app: ASGIApp, *, platform: str, routes: Iterable[BaseRoute], calls: Calls) -> None:
        self._app = app
        self._platform = platform
        self._routes = list(routes)
        self._calls = calls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            self._calls.note(self._platform, f"{scope['method']} {route_of(self._routes, scope)}")
        await self._app(scope, receive, send)


def route_of(routes: Iterable[BaseRoute], scope: MutableMapping[str, Any]) -> str:
    """The route's path with its parameters in braces; for a path that no route knows, the path without its ids.

    A slash at the end makes no other endpoint, nor does a method that the endpoint doesn't offer.
    """
    path = scope["path"].rstrip("/") or "/"
    asked = {**scope, "path": path}
    return _template(routes, asked, Match.FULL) or _template(routes, asked, Match.PARTIAL) or _ID.sub("{id}", path)


def _template(routes: Iterable[BaseRoute], scope: MutableMapping[str, Any], wanted: Match) -> str | None:
    for route in routes:
        match, below = route.matches(scope)
        if isinstance(route, Mount) and match is Match.FULL:
            inner = _template(route.routes or [], {**scope, **below}, wanted)
            return None if inner is None else route.path + inner
        if match is wanted:
            path = getattr(route, "path", None)
            return None if path is None else _CONVERTOR.sub(r"{\1}", path)
    return None
