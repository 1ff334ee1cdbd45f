"""The metadata catalog and the governance limits.

Source: docs.oracle.com, REST API Metadata Catalog; Getting Governance Limits.
"""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.netsuite.fields import Field, RecordType
from sandbox.netsuite.record_api import type_named
from sandbox.netsuite.requests import answer, base_url
from sandbox.netsuite.transactions import RECORD_TYPES

_JSON_TYPES = {"number": "number", "flag": "boolean"}
_FORMATS = {"date": "date", "moment": "date-time", "number": "double"}


class Catalog:
    def __init__(self, concurrency: int) -> None:
        self._concurrency = concurrency

    def routes(self) -> list[Route]:
        base = "/services/rest/record/v1/metadata-catalog"
        return [
            Route(base, self.all, methods=["GET"]),
            Route(base + "/{type}", self.one, methods=["GET"]),
            Route("/services/rest/system/v1/governanceLimits", self.limits, methods=["GET"]),
        ]

    async def all(self, request: Request) -> Response:
        """GET /record/v1/metadata-catalog[?select=customer,invoice]; OpenAPI with Accept application/swagger+json.

        Source: docs.oracle.com, REST API Metadata Catalog.
        """
        names = [name for name in request.query_params.get("select", "").split(",") if name]
        chosen = [type_named(name) for name in names] or list(RECORD_TYPES.values())
        if "swagger" in request.headers.get("accept", ""):
            schemas = {record_type.name: _schema(record_type) for record_type in chosen}
            paths: dict[str, Any] = {
                f"/{record_type.name}": {"get": {"responses": {"200": {}}}} for record_type in chosen
            }
            body = {"openapi": "3.0.1", "info": {"title": "NetSuite REST Record API", "version": "v1"}}
            return answer(body | {"paths": paths, "components": {"schemas": schemas}}, "application/swagger+json")
        base = f"{base_url(request)}/services/rest/record/v1/metadata-catalog"
        items = [{"name": kind.name, "links": [{"rel": "canonical", "href": f"{base}/{kind.name}"}]} for kind in chosen]
        return answer({"items": items, "links": [{"rel": "self", "href": base}]})

    async def one(self, request: Request) -> Response:
        """GET /record/v1/metadata-catalog/{type}: JSON schema. Source: docs.oracle.com, REST API Metadata Catalog."""
        return answer(_schema(type_named(request.path_params["type"])), "application/schema+json")

    async def limits(self, _: Request) -> Response:
        """GET /system/v1/governanceLimits. Source: docs.oracle.com, Getting Governance Limits."""
        return answer(
            {
                "accountConcurrencyLimit": self._concurrency,
                "accountUnallocatedConcurrencyLimit": self._concurrency,
                "integrationConcurrencyLimit": self._concurrency,
                "integrationLimitType": "accountLimit",
            }
        )


def _schema(record_type: RecordType) -> dict[str, Any]:
    properties = {field.rest: _property(field) for field in record_type.fields if field.rest is not None}
    sublists = {name: {"type": "object"} for name in record_type.sublists}
    return {
        "type": "object",
        "properties": properties | sublists,
        "required": [field.rest for field in record_type.fields if field.required],
        "x-ns-filterable": list(properties),
    }


def _property(field: Field) -> dict[str, Any]:
    if field.kind == "ref":
        return {"type": "object", "$ref": f"/services/rest/record/v1/metadata-catalog/{field.to}"}
    if field.kind == "choice":
        return {"type": "object", "properties": {"id": {"type": "string", "enum": list(field.choices)}}}
    shown: dict[str, Any] = {"type": _JSON_TYPES.get(field.kind, "string"), "readOnly": not field.writable}
    if field.kind in _FORMATS:
        shown["format"] = _FORMATS[field.kind]
    return shown
