"""What the machines that keep the gateway running ask it: alive, ready, and how it does."""

import asyncio
from http import HTTPStatus

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway.keys import KeyRing, presented_key
from gateway.metrics import EdgeMetrics
from gateway.options import EdgeOptions
from gateway.refusals import unauthenticated
from resolvers.engine_port import Engine, Viewer

READY_SECONDS = 2.0
NOT_STORED = {"cache-control": "no-store"}


class Health:
    """`serving` is true from the end of start-up to the beginning of shut-down."""

    def __init__(self, engine: Engine, options: EdgeOptions, *, keys: KeyRing, metrics: EdgeMetrics) -> None:
        self.serving = False
        self._engine = engine
        self._options = options
        self._keys = keys
        self._metrics = metrics

    def routes(self) -> list[Route]:
        return [
            Route("/healthz", self.healthz, methods=["GET"]),
            Route("/readyz", self.readyz, methods=["GET"]),
            Route("/metrics", self.metrics, methods=["GET"]),
        ]

    async def healthz(self, _: Request) -> Response:
        return JSONResponse({"status": "ok"}, headers=NOT_STORED)

    async def readyz(self, request: Request) -> Response:
        """Ready as soon as operations are answered: a platform that is down costs only its own fields.

        The platforms' names and health are shown to callers with a key only.
        """
        if not self.serving:
            return JSONResponse({"status": "starting"}, HTTPStatus.SERVICE_UNAVAILABLE, headers=NOT_STORED)
        shown: dict[str, object] = {"status": "ready"}
        if self._holder(request) is not None:
            try:
                async with asyncio.timeout(READY_SECONDS):
                    shown["platforms"] = dict(await self._engine.ready())
            except TimeoutError:
                shown["platforms"] = None
        return JSONResponse(shown, headers=NOT_STORED)

    async def metrics(self, request: Request) -> Response:
        if not self._options.open_metrics and self._holder(request) is None:
            refusal = unauthenticated()
            headers = NOT_STORED | {name.decode(): value.decode() for name, value in refusal.headers}
            return JSONResponse({"errors": refusal.errors}, refusal.status, headers=headers)
        return Response(self._metrics.page(), media_type=CONTENT_TYPE_LATEST, headers=NOT_STORED)

    def _holder(self, request: Request) -> Viewer | None:
        return self._keys.holder(presented_key(dict(request.scope["headers"])))
