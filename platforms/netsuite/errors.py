"""What NetSuite's answers mean: one table from status and `o:errorCode` to a leaf of the error tree.

Source: docs.oracle.com, SuiteTalk REST web services, Error Handling and Concurrency Governance.
"""

from collections.abc import Mapping

import msgspec

from platforms.http import HttpResponse
from platforms.status_table import looks_like_json, read_status
from schema.errors import (
    Landed,
    PlatformError,
    UpstreamForbidden,
    UpstreamInvalidResponse,
    UpstreamMaintenance,
    UpstreamRateLimited,
    UpstreamRejected,
    UpstreamUnauthorized,
    UpstreamUnavailable,
)

_BUSY = "more requests at once than the account's concurrency limit allows"
_LOGIN = "NetSuite refuses our token: see Setup > Users/Roles > View Login Audit Trail there"
_RIGHT = "the role of our token lacks a permission in NetSuite"

# (status, code) first, then the status alone as (status, "").
_TABLE: Mapping[tuple[int, str], tuple[type[PlatformError], str]] = {
    (400, "SSS_REQUEST_LIMIT_EXCEEDED"): (UpstreamRateLimited, _BUSY),
    (400, "INVALID_LOGIN"): (UpstreamUnauthorized, _LOGIN),
    (400, "invalid_client"): (UpstreamUnauthorized, _LOGIN),
    (400, "invalid_grant"): (UpstreamUnauthorized, _LOGIN),
    (400, "invalid_request"): (UpstreamUnauthorized, _LOGIN),
    (400, "INSUFFICIENT_PERMISSION"): (UpstreamForbidden, _RIGHT),
    (401, ""): (UpstreamUnauthorized, _LOGIN),
    (403, ""): (UpstreamForbidden, _RIGHT),
    (429, ""): (UpstreamRateLimited, _BUSY),
    (500, ""): (UpstreamUnavailable, "NetSuite failed unexpectedly"),
    (503, ""): (UpstreamMaintenance, "NetSuite is closed for maintenance"),
}
_LONGEST = 300  # characters of NetSuite's own words that are passed on


class _Detail(msgspec.Struct):
    detail: str = ""
    code: str = msgspec.field(default="", name="o:errorCode")


class _Problem(msgspec.Struct):
    """NetSuite's error body, or that of its token endpoint, which has `error` alone."""

    details: list[_Detail] = msgspec.field(default_factory=list, name="o:errorDetails")
    code: str = msgspec.field(default="", name="o:errorCode")
    error: str = ""


_decoder = msgspec.json.Decoder(_Problem)


def classify(response: HttpResponse) -> PlatformError | None:
    """None for an answer that is worth decoding."""
    if response.status < 400:
        if looks_like_json(response.body):
            return None
        return UpstreamInvalidResponse(f"NetSuite's answer with status {response.status} isn't JSON")
    code, words = _said(response.body)
    found = _TABLE.get((response.status, code)) or _TABLE.get((response.status, ""))
    if found is not None:
        leaf, what = found
        return leaf(what)
    if 400 <= response.status < 500 and response.status not in (408, 425):
        told = f": {words}" if words else ""
        return UpstreamRejected(f"NetSuite refused the request ({code or response.status}){told}", landed=Landed.NO)
    return read_status(response)


def _said(body: bytes) -> tuple[str, str]:
    """The code and the words of an error body; empty where it is none."""
    try:
        problem = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return "", ""
    if problem.details:
        first = problem.details[0]
        return first.code or problem.code, first.detail[:_LONGEST]
    return problem.code or problem.error, ""
