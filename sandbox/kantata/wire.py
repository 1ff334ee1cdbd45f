"""Answers as bytes: JSON with datetimes in the account's zone and decimals as numbers."""

from typing import Any

import msgspec
from starlette.responses import Response

from sandbox.kantata.errors import ApiError

_JSON = msgspec.json.Encoder(decimal_format="number")


def answer(document: Any, status: int = 200) -> Response:
    return Response(_JSON.encode(document), status_code=status, media_type="application/json; charset=utf-8")


def refusal(problem: ApiError) -> Response:
    return answer(problem.body(), problem.status)


def plain(document: Any) -> Any:
    """The document as plain JSON values."""
    return msgspec.to_builtins(document, builtin_types=(), enc_hook=str)
