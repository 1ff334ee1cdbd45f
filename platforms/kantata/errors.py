"""What Kantata's statuses and error types mean: the one table.

Refusals are `{"errors": [{"type": "oauth"|"system"|"validation", "message", "field"?}]}`. There are no codes, so that
only status, type and field can be told apart; a value that another record has already is told by the words of the
framework behind the API alone. https://developer.kantata.com/section/error-format
"""

from collections.abc import Mapping

import msgspec

from platforms.http import HttpResponse
from platforms.status_table import looks_like_json, read_status
from schema.errors import (
    Landed,
    PlatformError,
    UpstreamDuplicate,
    UpstreamForbidden,
    UpstreamInvalidResponse,
    UpstreamRejected,
    UpstreamUnauthorized,
)

_LEAVES: Mapping[tuple[int, str], tuple[type[PlatformError], str]] = {
    (401, "oauth"): (UpstreamUnauthorized, "the access token is refused: it was revoked, or its user was disabled"),
    (403, "oauth"): (UpstreamForbidden, "the token's user lacks a right: it must be an Account Administrator"),
    (403, "system"): (UpstreamForbidden, "the token's user lacks a right: it must be an Account Administrator"),
    (400, "system"): (UpstreamRejected, "a parameter can't be read"),
    (404, "system"): (UpstreamRejected, "there is no such record, or a filter hides it"),
    (422, "validation"): (UpstreamRejected, "a value is refused"),
}
_QUOTED = (400, 422)  # where the platform's words are about our request
_LONGEST_QUOTE = 300  # characters
_TAKEN = ("has already been taken", "has already been entered")


class _Error(msgspec.Struct):
    type: str = ""
    field: str | None = None
    message: str | None = None


class _Refusal(msgspec.Struct):
    errors: list[_Error]


_refusals = msgspec.json.Decoder(_Refusal)


def read_error(response: HttpResponse) -> PlatformError | None:
    """None for a good answer; what isn't JSON at all is a proxy's or a broken platform's, whatever its status."""
    if response.status == 204:  # a deletion
        return None
    if response.status < 300:
        if looks_like_json(response.body):
            return None
        return UpstreamInvalidResponse("the answer is not JSON")
    plain = read_status(response) or UpstreamInvalidResponse(f"unexpected status {response.status}")
    try:
        told = _refusals.decode(response.body).errors
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return plain
    if not told or (response.status, told[0].type) not in _LEAVES:
        return plain
    leaf, detail = _LEAVES[response.status, told[0].type]
    if leaf is UpstreamRejected and any((error.message or "").endswith(_TAKEN) for error in told):
        leaf, detail = UpstreamDuplicate, "another record has the value already"
    words = _words(told) if response.status in _QUOTED else ""
    return leaf(f"{detail}: {words}" if words else detail, landed=Landed.NO)


def _words(told: list[_Error]) -> str:
    """What the platform says of our request, field by field, in print and short."""
    said = "; ".join(" ".join(part for part in (error.field, error.message) if part) for error in told)
    printable = "".join(sign if sign.isprintable() else " " for sign in said)
    return printable if len(printable) <= _LONGEST_QUOTE else f"{printable[: _LONGEST_QUOTE - 1]}…"
