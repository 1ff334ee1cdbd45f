"""What the endpoints read from a request, and the bodies they answer with."""

from decimal import Decimal
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from sandbox.netsuite.errors import Refused, invalid_content, invalid_header, invalid_parameter

SINGULAR = "application/vnd.oracle.resource+json; type=singular"
COLLECTION = "application/vnd.oracle.resource+json; type=collection"
PAGE = 1000
"""The default and the largest page."""

_DECODER = msgspec.json.Decoder(float_hook=Decimal)
_ENCODER = msgspec.json.Encoder(decimal_format="number")


def answer(body: object, content_type: str = SINGULAR, status: int = 200) -> Response:
    """Amounts go out as JSON numbers, digit by digit as they are."""
    return Response(_ENCODER.encode(body), status, media_type=content_type)


def no_content(location: str | None = None) -> Response:
    return Response(status_code=204, headers={} if location is None else {"Location": location})


def base_url(request: Request) -> str:
    return f"{request.url.scheme}://{request.headers['host']}"


async def json_body(request: Request) -> Any:
    """The body with exact numbers; empty counts as no fields."""
    raw = await request.body()
    if not raw:
        return {}
    content_type = request.headers.get("content-type", "application/json")
    if "json" not in content_type:
        raise Refused(
            415, "INVALID_REQUEST", f"Unsupported media type: {content_type}.", where=("Header", "Content-Type")
        )
    try:
        return _DECODER.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise invalid_content("Provide valid JSON.", "") from None


def preferences(request: Request) -> set[str]:
    """The values of all Prefer headers, lower case."""
    return {
        part.strip().lower()
        for header in request.headers.getlist("prefer")
        for part in header.replace(";", ",").split(",")
    }


def choice_header(request: Request, name: str, default: str) -> str:
    value = request.headers.get(name, default).lower()
    if value not in ("ignore", "warning", "error"):
        raise invalid_header(name, f"Invalid value '{value}'. Use ignore, warning or error.")
    return value


def truth(request: Request, name: str) -> bool:
    value = request.query_params.get(name, "false").lower()
    if value not in ("true", "false"):
        raise invalid_parameter(name, f"Invalid value '{value}' for the query parameter {name}.")
    return value == "true"


def page(request: Request) -> tuple[int, int]:
    """limit and offset; offset must be a multiple of limit. Source: docs.oracle.com, Collection Paging."""
    found = []
    for name, default in (("limit", PAGE), ("offset", 0)):
        text = request.query_params.get(name, str(default))
        if not text.isdigit():
            raise invalid_parameter(name, f"Invalid value '{text}' for the query parameter {name}.")
        found.append(int(text))
    limit, offset = found
    if not 1 <= limit <= PAGE:
        raise invalid_parameter(
            "limit", f"Invalid value {limit} for the query parameter limit. The range is 1 to {PAGE}."
        )
    if offset % limit:
        raise invalid_parameter(
            "offset", f"Invalid offset {offset}. The offset must be divisible by the limit {limit}."
        )
    return limit, offset


def collection(request: Request, items: list[dict[str, Any]], total: int, limit: int, offset: int) -> Response:
    """One page with its links. Source: docs.oracle.com, Collection Paging."""

    def link(rel: str, at: int) -> dict[str, str]:
        url = request.url.include_query_params(limit=limit, offset=at)
        return {"rel": rel, "href": str(url)}

    last = (total - 1) // limit * limit if total else 0
    links = []
    if offset + limit < total:
        links += [link("next", offset + limit), link("last", last)]
    if offset > 0:
        links += [link("first", 0), link("previous", max(offset - limit, 0))]
    links.append({"rel": "self", "href": str(request.url)})
    body = {
        "links": links,
        "count": len(items),
        "hasMore": offset + limit < total,
        "offset": offset,
        "totalResults": total,
        "items": items,
    }
    return answer(body, COLLECTION)
