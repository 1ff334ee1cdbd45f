"""The account's HTTP surface, put together."""

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.netsuite.assertions import Assertions
from sandbox.netsuite.batches import Batches
from sandbox.netsuite.books import Books
from sandbox.netsuite.catalog import Catalog
from sandbox.netsuite.endpoints import RecordEndpoints
from sandbox.netsuite.errors import Refused
from sandbox.netsuite.gate import TOKEN_PATH
from sandbox.netsuite.queries import QueryEndpoint
from sandbox.netsuite.record_api import Records
from sandbox.netsuite.suiteql.engine import Engine

_CODES = {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED"}


def application(
    books: Books, records: Records, batches: Batches, *, engine: Engine, assertions: Assertions, concurrency: int
) -> Starlette:
    routes: list[Route] = [
        Route(TOKEN_PATH, assertions.token, methods=["POST"]),
        *QueryEndpoint(engine).routes(),
        *Catalog(concurrency).routes(),
        *batches.routes(),
        *RecordEndpoints(books, records, batches).routes(),
    ]
    app = Starlette(routes=routes)
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(HTTPException, _unrouted)
    return app


async def _refused(_: Request, refused: Exception) -> Response:
    assert isinstance(refused, Refused)
    return refused.response()


async def _unrouted(request: Request, wrong: Exception) -> Response:
    """No such URL, or no such method there."""
    assert isinstance(wrong, HTTPException)
    where = ("Url", request.url.path)
    return Refused(
        wrong.status_code, _CODES.get(wrong.status_code, "INVALID_REQUEST"), wrong.detail, where=where
    ).response()
