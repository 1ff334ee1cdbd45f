"""The org as a Starlette application."""

from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from sandbox.salesforce.call import Call, Endpoint, decoded, refused
from sandbox.salesforce.endpoints.describe import list_versions
from sandbox.salesforce.errors import ApiError, not_found
from sandbox.salesforce.gate import Gate, response
from sandbox.salesforce.instance import Instance
from sandbox.salesforce.oauth import Authorization, ConnectedApp
from sandbox.salesforce.routes import RESOURCES, method_not_allowed

_WITH_BODY = frozenset({"POST", "PATCH", "PUT"})
Served = Callable[[Request], Awaitable[Response]]


def application(instance: Instance, app: ConnectedApp, *, response_seconds: float) -> ASGIApp:
    """Every documented endpoint behind the gate; unknown paths and methods answer as the vendor's do."""
    authorization = Authorization(instance, app)
    routes = [
        Route("/services/oauth2/token", authorization.token, methods=["POST"]),
        Route("/services/oauth2/introspect", authorization.introspect, methods=["POST"]),
        Route("/services/oauth2/revoke", authorization.revoke, methods=["POST"]),
        Route("/services/oauth2/userinfo", authorization.userinfo, methods=["GET"]),
        Route("/services/data", _served(instance, list_versions), methods=["GET"]),
        *(Route(each.template, _served(instance, each.endpoint), methods=[each.method]) for each in RESOURCES),
    ]
    starlette = Starlette(routes=routes, exception_handlers={404: _unknown_path, 405: _wrong_method})
    return Gate(starlette, instance, response_seconds=response_seconds)


def _served(instance: Instance, endpoint: Endpoint) -> Served:
    """The endpoint over HTTP: body read and decoded, errors answered, what a request changed made final."""

    async def serve(request: Request) -> Response:
        body = await request.body() if request.method in _WITH_BODY else b""
        try:
            _require_json(request, body)
            call = Call(
                instance=instance,
                version=request.path_params.get("version", ""),
                method=request.method,
                path={name: str(value) for name, value in request.path_params.items() if name != "version"},
                query=request.query_params,
                headers=request.headers,
                body=decoded(body) if body else None,
            )
            answer = endpoint(call)
        except ApiError as error:
            answer = refused(error)
            instance.org.roll_back(0)
        instance.org.commit()
        return response(answer)

    serve.__doc__ = endpoint.__doc__
    return serve


def _require_json(request: Request, body: bytes) -> None:
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if body and kind != "application/json":
        raise ApiError(415, "UNSUPPORTED_MEDIA_TYPE", f"Content-Type {kind} is not supported: use application/json")


async def _unknown_path(_request: Request, _exc: Exception) -> Response:
    return response(refused(not_found()))


async def _wrong_method(request: Request, _exc: Exception) -> Response:
    return response(refused(method_not_allowed(request.method)))
