"""The record API over HTTP: /services/rest/record/v1."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.netsuite.batches import Batches
from sandbox.netsuite.books import Books
from sandbox.netsuite.errors import Refused, invalid_parameter, no_such_record
from sandbox.netsuite.fields import RecordType
from sandbox.netsuite.reading import Reader, Shape
from sandbox.netsuite.record_api import Records, type_named
from sandbox.netsuite.requests import (
    answer,
    base_url,
    choice_header,
    collection,
    json_body,
    no_content,
    page,
    preferences,
    truth,
)
from sandbox.netsuite.selection import selection
from sandbox.store import Record

_PREVIEW = "type=create-form"
MOST_PAGES = 1000


class RecordEndpoints:
    def __init__(self, books: Books, records: Records, batches: Batches) -> None:
        self._books = books
        self._records = records
        self._batches = batches

    def routes(self) -> list[Route]:
        base = "/services/rest/record/v1/{type}"
        return [
            Route(base, self.collect, methods=["GET"]),
            Route(base, self.create, methods=["POST"]),
            Route(base, self._batches.change, methods=["PATCH", "PUT"]),
            Route(base, self._batches.delete, methods=["DELETE"]),
            Route(base + "/{id}/!transform/{target}", self.transform, methods=["POST"]),
            Route(base + "/{id}/!attach/{type2}/{id2}", self.attach, methods=["POST"]),
            Route(base + "/{id}/!detach/{type2}/{id2}", self.detach, methods=["POST"]),
            Route(base + "/{id}", self.read, methods=["GET"]),
            Route(base + "/{id}", self.write, methods=["PATCH", "PUT", "DELETE"]),
            Route(base + "/{id}/{sublist}", self.read_sublist, methods=["GET"]),
        ]

    async def collect(self, request: Request) -> Response:
        """GET /record/v1/{type}?q=&limit=&offset=: ids only. Source: docs.oracle.com, Listing All Record Instances."""
        if "ids" in request.query_params:
            return await self._batches.read(request)
        record_type = type_named(request.path_params["type"])
        limit, offset = page(request)
        if offset >= limit * MOST_PAGES:
            raise invalid_parameter("offset", f"Invalid offset {offset}. A list has at most {MOST_PAGES} pages.")
        rows: list[Record] = sorted(self._books.tables[record_type.name], key=lambda row: int(row["id"]))
        if request.query_params.get("q"):
            test = selection(record_type, request.query_params["q"])
            rows = [row for row in rows if test(self._searchable(record_type, row))]
        reader = Reader(self._books, base_url(request))
        items: list[dict[str, Any]] = [
            {"links": [{"rel": "self", "href": reader.url(record_type.name, row["id"])}], "id": row["id"]}
            for row in rows[offset : offset + limit]
        ]
        return collection(request, items, len(rows), limit, offset)

    def _searchable(self, record_type: RecordType, row: Record) -> Record:
        if record_type.name != "customer":
            return row
        return row | {"balancesearch": self._books.balance(row), "overduebalancesearch": self._books.overdue(row)}

    async def read(self, request: Request) -> Response:
        """GET /record/v1/{type}/{id}. Source: docs.oracle.com, Getting a Record Instance."""
        record_type = type_named(request.path_params["type"])
        record = self._records.find(record_type, request.path_params["id"])
        fields = request.query_params.get("fields")
        shape = Shape(
            fields=None if fields is None else self._field_names(record_type, fields),
            sublists=truth(request, "expandSubResources"),
            simple_enums=truth(request, "simpleEnumFormat"),
        )
        return answer(Reader(self._books, base_url(request)).record(record_type, record, shape))

    @staticmethod
    def _field_names(record_type: RecordType, fields: str) -> frozenset[str]:
        known = record_type.by_rest_name()
        names = frozenset(name.strip().lower() for name in fields.split(","))
        for name in sorted(names):
            if name not in known:
                raise invalid_parameter("fields", f"Invalid value '{name}' for the query parameter fields.")
        return names | {"id"}

    async def read_sublist(self, request: Request) -> Response:
        """GET /record/v1/{type}/{id}/{sublist}. Source: docs.oracle.com, Working with Sublists."""
        record_type = type_named(request.path_params["type"])
        record = self._records.find(record_type, request.path_params["id"])
        wanted = request.path_params["sublist"].lower()
        for sublist in record_type.sublists:
            if sublist.lower() == wanted:
                return answer(Reader(self._books, base_url(request)).sublist(record_type, record, sublist))
        raise no_such_record()

    async def create(self, request: Request) -> Response:
        """POST /record/v1/{type}: 204 and Location. With `Prefer: respond-async` a job, of one record or a batch.

        Source: docs.oracle.com, Creating a Record Instance; Asynchronous Request Processing.
        """
        if Batches.is_batch(request):
            return await self._batches.change(request)
        record_type = type_named(request.path_params["type"])
        body, names = await json_body(request), _names(request)
        return await self._now_or_later(
            request, lambda: self._written(request, record_type, *self._records.create(record_type, body, names))
        )

    async def write(self, request: Request) -> Response:
        """PATCH, PUT eid: and DELETE of one record.

        Source: docs.oracle.com, Updating a Record Instance; Using the Upsert Operation; Deleting a Record Instance.
        """
        record_type = type_named(request.path_params["type"])
        key, records = request.path_params["id"], self._records
        names = _names(request)
        if request.method == "DELETE":

            def remove() -> Response:
                records.delete(record_type, key)
                return no_content()

            return await self._now_or_later(request, remove)
        body = await json_body(request)
        replace = request.query_params.get("replace", "")

        def change() -> Response:
            if request.method == "PUT":
                return self._written(request, record_type, *records.upsert(record_type, key, body, names, replace))
            return self._written(request, record_type, *records.change(record_type, key, body, names, replace))

        return await self._now_or_later(request, change)

    async def transform(self, request: Request) -> Response:
        """POST .../!transform/{target}; with `Accept: ...; type=create-form` only a preview.

        Source: docs.oracle.com, Transforming Records.
        """
        record_type = type_named(request.path_params["type"])
        key, target = request.path_params["id"], request.path_params["target"]
        overrides = await json_body(request)
        if _PREVIEW in request.headers.get("accept", ""):
            return answer(self._records.transformed(record_type, key, target, overrides))
        names = _names(request)
        return self._written(
            request, type_named(target), *self._records.transform(record_type, key, target, overrides, names)
        )

    async def attach(self, request: Request) -> Response:
        """POST .../!attach/contact/{id}. Source: docs.oracle.com, Attaching and Detaching Records."""
        customer, contact = self._attached(request)
        self._records.writer.attach(contact, customer["id"])
        return no_content()

    async def detach(self, request: Request) -> Response:
        """POST .../!detach/contact/{id}. Source: docs.oracle.com, Attaching and Detaching Records."""
        _, contact = self._attached(request)
        self._records.writer.attach(contact, None)
        return no_content()

    def _attached(self, request: Request) -> tuple[Record, Record]:
        first, second = type_named(request.path_params["type"]), type_named(request.path_params["type2"])
        if (first.name, second.name) != ("customer", "contact"):
            raise Refused(400, "INVALID_REQUEST", f"{second.name} cannot be attached to {first.name}.")
        customer = self._records.find(first, request.path_params["id"])
        return customer, self._records.find(second, request.path_params["id2"])

    async def _now_or_later(self, request: Request, work: Any) -> Response:
        if "respond-async" in preferences(request):
            return self._batches.submit(request, [work], batch=False)
        response: Response = work()
        return response

    def _written(self, request: Request, record_type: RecordType, record: Record, unknown: list[str]) -> Response:
        """204 with Location; the names nobody knows come back as warnings in the headers."""
        response = no_content(Reader(self._books, base_url(request)).url(record_type.name, record["id"]))
        for name in unknown:
            response.headers.append("Warning", f'299 - "Unknown property: {name}"')
        return response


def _names(request: Request) -> str:
    choice_header(request, "x-netsuite-propertyvaluevalidation", "error")
    return choice_header(request, "x-netsuite-propertynamevalidation", "warning")
