"""Puts the edge together: one ASGI application over one engine."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute

from gateway.admission import Admission
from gateway.correlate import Correlate
from gateway.endpoint import GraphQLEndpoint
from gateway.explorer import explorer_routes
from gateway.health import Health
from gateway.journal import Journal, Log
from gateway.keys import KeyRing
from gateway.log import operation_log
from gateway.metrics import EdgeMetrics
from gateway.options import EdgeOptions
from gateway.refusals import coded
from gateway.streams.edge import Edge
from gateway.streams.event_streams import EventStreams
from gateway.streams.places import Places
from gateway.streams.socket import SocketEndpoint
from gateway.webhooks import WebhookEndpoint
from resolvers.engine_port import Engine
from schema.errors import ErrorCode
from sync.noticing.mailroom import Mailroom

WEBHOOKS = "/webhooks/{platform}"


def build_app(
    engine: Engine,
    *,
    keys: KeyRing,
    options: EdgeOptions | None = None,
    log: Log | None = None,
    mailroom: Mailroom | None = None,
) -> Starlette:
    """Starts the engine when it starts, closes it when it stops. Without keys nothing is answered but health, and what
    platforms send where there is a mailroom.
    """
    options = options or EdgeOptions()
    log = log or operation_log()
    metrics = EdgeMetrics(labels=options.operation_labels)
    journal = Journal(log, metrics)
    health = Health(engine, options, keys=keys, metrics=metrics)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await engine.started()
        health.serving = True
        try:
            yield
        finally:
            health.serving = False
            await engine.close()

    admission = Admission(engine, options)
    edge = Edge(
        engine=engine,
        options=options,
        keys=keys,
        journal=journal,
        admission=admission,
        places=Places(options),
    )
    endpoint = GraphQLEndpoint(
        engine, options, keys=keys, journal=journal, admission=admission, streams=EventStreams(edge)
    )
    routes: list[BaseRoute] = [
        Route("/graphql", endpoint),
        WebSocketRoute("/graphql", SocketEndpoint(edge)),
        *([] if mailroom is None else [Route(WEBHOOKS, WebhookEndpoint(mailroom, log=log, metrics=metrics))]),
        *health.routes(),
        *(explorer_routes() if options.explorer else ()),
    ]
    return Starlette(
        routes=routes,
        middleware=[Middleware(Correlate)],
        exception_handlers={HTTPException: _say_what_http_says},
        lifespan=lifespan,
    )


async def _say_what_http_says(_: Request, error: Exception) -> Response:
    """A path or method that doesn't exist, in the same form as every other error."""
    assert isinstance(error, HTTPException)
    message = HTTPStatus(error.status_code).phrase + "."
    body = {"errors": [coded(message, ErrorCode.BAD_USER_INPUT)]}
    return JSONResponse(body, error.status_code, headers=error.headers)
