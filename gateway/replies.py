"""Sends an answer or a refusal as an HTTP response."""

from collections.abc import Iterable
from http import HTTPStatus

import msgspec
from starlette.types import Send

from gateway.journal import Entry
from gateway.media import content_type
from gateway.refusals import Header, Refusal

NOT_STORED = (b"cache-control", b"no-store")
VARY = (b"vary", b"Accept, Authorization, X-API-Key, X-Crosswalk-Plan")
_encode = msgspec.json.Encoder().encode


def refusal_body(refusal: Refusal, entry: Entry) -> bytes:
    """As a whole GraphQL response."""
    return traced_body(refusal, entry.correlation_id)


def traced_body(refusal: Refusal, correlation_id: str) -> bytes:
    """The same, of a request that isn't GraphQL's."""
    return _encode({"errors": _traced(refusal, correlation_id)})


def refusal_errors(refusal: Refusal, entry: Entry) -> bytes:
    """The errors alone, as JSON."""
    return _encode(_traced(refusal, entry.correlation_id))


def _traced(refusal: Refusal, correlation_id: str) -> list[object]:
    trace = {"correlationId": correlation_id}
    return [{**error, "extensions": {**error["extensions"], **trace}} for error in refusal.errors]


async def respond(send: Send, status: HTTPStatus, media: bytes, body: bytes, headers: Iterable[Header] = ()) -> None:
    """`media`: the content type, which is text in UTF-8."""
    await send(
        {
            "type": "http.response.start",
            "status": int(status),
            "headers": [
                (b"content-type", content_type(media)),
                (b"content-length", b"%d" % len(body)),
                VARY,
                *headers,
            ],
        }
    )
    await send({"type": "http.response.body", "body": body})
