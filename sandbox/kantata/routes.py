"""The routes of the API: five verbs for each declared collection, and the calls that stand beside them."""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.kantata import writing
from sandbox.kantata.account import Account
from sandbox.kantata.collection import Collection
from sandbox.kantata.envelope import envelope
from sandbox.kantata.errors import BadRequestError, ForbiddenError, NotFoundError
from sandbox.kantata.parameters import read_body
from sandbox.kantata.selection import just, select, single
from sandbox.kantata.wire import answer
from sandbox.store import Record

Endpoint = Callable[[Request], Awaitable[Response]]
PREFIX = "/api/v1"


class ApiRoute(Route):
    """A route whose path may end in `.json`, which is optional everywhere."""

    def __init__(self, path: str, endpoint: Endpoint, method: str) -> None:
        super().__init__(path, endpoint, methods=[method], name=f"{method} {path}")
        pattern = self.path_regex.pattern.replace("[^/]+", "[^/]+?").removesuffix("$")
        self.path_regex = re.compile(rf"{pattern}(?:\.json)?$")


async def parameters(request: Request) -> dict[str, Any]:
    """Query and body together, as Rails hands them on; the path's own parameters stay apart."""
    body = await request.body()
    return {**request.query_params, **read_body(body, request.headers.get("content-type", "application/json"))}


def answered(account: Account, collection: Collection, records: list[Record], params: Mapping[str, Any]) -> Response:
    """The envelope of records that were just written: 200, also after a create."""
    return answer(envelope(account, collection, just(records), params))


def collection_routes(account: Account, collection: Collection) -> list[Route]:
    """The endpoints that the collection's `verbs` name. Each one's docstring tells the page it imitates."""
    path = f"{PREFIX}/{collection.name}"
    verbs: dict[str, tuple[str, str, Callable[[Account, Collection], Endpoint]]] = {
        "L": ("GET", path, _lists),
        "S": ("GET", f"{path}/{{id}}", _shows),
        "C": ("POST", path, _creates),
        "U": ("PUT", f"{path}/{{id}}", _updates),
        "D": ("DELETE", f"{path}/{{id}}", _deletes),
    }
    routes = []
    for verb in collection.verbs:
        method, template, make = verbs[verb]
        routes.append(_route(method, template, make(account, collection), collection))
    if collection.bulk_delete:
        routes.append(_route("DELETE", path, _deletes_many(account, collection), collection))
    return routes


def _route(method: str, path: str, endpoint: Endpoint, collection: Collection) -> Route:
    endpoint.__doc__ = f"{endpoint.__doc__} {collection.page}"
    return ApiRoute(path, endpoint, method)


def _lists(account: Account, collection: Collection) -> Endpoint:
    async def list_records(request: Request) -> Response:
        """A page of the collection."""
        params = await parameters(request)
        if collection.volatile and not account.administrator:
            raise ForbiddenError("You must be an account administrator")
        return answer(envelope(account, collection, select(account, collection, params), params))

    return list_records


def _shows(account: Account, collection: Collection) -> Endpoint:
    async def show_record(request: Request) -> Response:
        """One record, unless the filters' defaults hide it."""
        params = await parameters(request)
        page = single(account, collection, request.path_params["id"], params)
        if page is None:
            raise NotFoundError
        return answer(envelope(account, collection, page, params))

    return show_record


def _creates(account: Account, collection: Collection) -> Endpoint:
    async def create_records(request: Request) -> Response:
        """Creates one record, or several under the plural key where the page allows it."""
        params = await parameters(request)
        if collection.bulk and isinstance(params.get(collection.name), list):
            records = writing.create_all(account, collection, params[collection.name])
        else:
            records = [writing.create(account, collection, body_of(params, collection.singular))]
        return answered(account, collection, records, params)

    return create_records


def _updates(account: Account, collection: Collection) -> Endpoint:
    async def update_record(request: Request) -> Response:
        """A partial update."""
        params = await parameters(request)
        fields = body_of(params, collection.singular)
        record = writing.change(account, collection, request.path_params["id"], fields)
        return answered(account, collection, [record], params)

    return update_record


def _deletes(account: Account, collection: Collection) -> Endpoint:
    async def delete_record(request: Request) -> Response:
        """Deletes one record for good."""
        writing.remove(account, collection, [request.path_params["id"]])
        return Response(status_code=204)

    return delete_record


def _deletes_many(account: Account, collection: Collection) -> Endpoint:
    async def delete_records(request: Request) -> Response:
        """Deletes all of `ids`, or none of them."""
        ids = writing.ids_of((await parameters(request)).get("ids") or "")
        if not ids or len(ids) > collection.bulk_delete:
            raise BadRequestError(f"ids takes 1 to {collection.bulk_delete} ids")
        writing.remove(account, collection, ids)
        return Response(status_code=204)

    return delete_records


def body_of(params: Mapping[str, Any], key: str) -> dict[str, Any]:
    """The record's fields, which stand under its singular name."""
    fields = params.get(key)
    if not isinstance(fields, dict):
        raise BadRequestError(f"param is missing or the value is empty: {key}")
    return fields
