"""Reads a GraphQL request out of an HTTP one: a JSON body by POST, or the query string by GET."""

from collections.abc import Mapping
from decimal import Decimal
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from starlette.types import Receive, Scope

from gateway.media import is_json
from gateway.options import EdgeOptions
from gateway.refusals import Refusal, bad_request

HARMLESS_ENCODINGS = frozenset({b"", b"identity"})
MOST_PARAMETERS = 16
LARGEST_EXPONENT = 64


class CallerLeft(Exception):  # noqa: N818 - not a fault of anybody
    """The connection ended before the request did."""


class Asked(msgspec.Struct, frozen=True, gc=False):
    """The parameters of GraphQL over HTTP."""

    query: str | None = None
    operation_name: str | None = msgspec.field(default=None, name="operationName")
    variables: dict[str, Any] | None = None
    extensions: dict[str, Any] | None = None


def _exact(text: str) -> Decimal:
    """A number with a fraction or an exponent: an amount in the variables must not pass through a float."""
    number = Decimal(text)
    if abs(number.adjusted()) > LARGEST_EXPONENT:
        raise ValueError("Number out of range")
    return number


_BODY = msgspec.json.Decoder(Asked, float_hook=_exact)
_MAP = msgspec.json.Decoder(dict[str, Any] | None, float_hook=_exact)


async def asked_of(scope: Scope, headers: Mapping[bytes, bytes], receive: Receive, options: EdgeOptions) -> Asked:
    """What a request asks, by POST or GET; raises Refusal for any other, and for what can't be read."""
    method = scope["method"]
    if method not in ("POST", "GET"):
        allow = [(b"allow", b"GET, POST")]
        raise bad_request("Use POST, or GET for a query.", HTTPStatus.METHOD_NOT_ALLOWED, headers=allow)
    if method == "POST":
        return from_body(await read_body(receive, headers, options.body_bytes), options)
    return from_query_string(scope["query_string"], options)


async def read_body(receive: Receive, headers: Mapping[bytes, bytes], most: int) -> bytes:
    """The whole body of `most` so many bytes; refused before it's read where its head already says that it's unfit."""
    if not is_json(headers.get(b"content-type", b"")[:200]):
        raise bad_request(
            "POST takes a JSON object: send Content-Type: application/json.", HTTPStatus.UNSUPPORTED_MEDIA_TYPE
        )
    if headers.get(b"content-encoding", b"").lower() not in HARMLESS_ENCODINGS:
        raise bad_request("Send the body as it is: no Content-Encoding is read.", HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
    announced = headers.get(b"content-length")
    if announced is not None and (not announced.isdigit() or int(announced[:18]) > most):
        raise _too_large(most)
    body, more = await _chunk(receive)
    while more or len(body) > most:
        if len(body) > most:
            raise _too_large(most)
        chunk, more = await _chunk(receive)
        body += chunk
    return body


async def _chunk(receive: Receive) -> tuple[bytes, bool]:
    message = await receive()
    if message["type"] != "http.request":
        raise CallerLeft
    return message.get("body", b""), message.get("more_body", False)


def _too_large(most: int) -> Refusal:
    return bad_request(f"The body is larger than {most} bytes.", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)


def from_body(body: bytes, options: EdgeOptions) -> Asked:
    try:
        asked = _BODY.decode(body)
    except msgspec.ValidationError as error:
        if body.lstrip()[:1] == b"[":
            raise bad_request("One operation per request: send a JSON object, not a list of them.") from None
        raise bad_request(f"The body isn't a GraphQL request: {error}.") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise bad_request("The body isn't JSON in UTF-8.") from None
    except RecursionError:
        raise _too_deep(options) from None
    # A body with few brackets can't be deep; most requests end here.
    if body.count(b"[") + body.count(b"{") > options.json_depth:
        _check_depth(asked, options)
    return asked


def from_query_string(query_string: bytes, options: EdgeOptions) -> Asked:
    if len(query_string) > options.query_string_bytes:
        raise bad_request(
            f"The URL's query is longer than {options.query_string_bytes} bytes: use POST.",
            HTTPStatus.REQUEST_URI_TOO_LONG,
        )
    try:
        pairs = parse_qsl(query_string.decode("ascii"), True, errors="strict", max_num_fields=MOST_PARAMETERS)
    except (UnicodeDecodeError, ValueError):
        raise bad_request("The URL's query isn't form-encoded UTF-8.") from None
    given = dict(pairs)
    if len(given) < len(pairs):
        raise bad_request("A parameter stands twice in the URL.")
    asked = Asked(
        query=given.get("query"),
        operation_name=given.get("operationName"),
        variables=_map("variables", given, options),
        extensions=_map("extensions", given, options),
    )
    _check_depth(asked, options)
    return asked


def _map(name: str, given: Mapping[str, str], options: EdgeOptions) -> dict[str, Any] | None:
    text = given.get(name)
    if not text:
        return None
    try:
        decoded: dict[str, Any] | None = _MAP.decode(text)
    except (msgspec.DecodeError, UnicodeError):
        raise bad_request(f"The URL's `{name}` isn't a JSON object.") from None
    except RecursionError:
        raise _too_deep(options) from None
    return decoded


def _check_depth(asked: Asked, options: EdgeOptions) -> None:
    level: list[Any] = [asked.variables, asked.extensions]
    for _ in range(options.json_depth):
        level = [item for value in level for item in _items(value)]
        if not level:
            return
    raise _too_deep(options)


def _items(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _too_deep(options: EdgeOptions) -> Refusal:
    return bad_request(f"The JSON is nested deeper than {options.json_depth} levels.")
