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
    UpstreamDuplicate,
    UpstreamForbidden,
    UpstreamInvalidResponse,
    UpstreamLocked,
    UpstreamMaintenance,
    UpstreamRateLimited,
    UpstreamRejected,
    UpstreamUnauthorized,
    UpstreamUnavailable,
)

_BUSY = "more requests at once than the account's concurrency limit allows"
_LOGIN = "NetSuite refuses our token: see Setup > Users/Roles > View Login Audit Trail there"
_RIGHT = "the role of our token lacks a permission in NetSuite"
_CHANGING = "somebody else changed the record in NetSuite at the same moment"


class NoSuchRecord(UpstreamRejected):
    """NetSuite has no record of this type and id, or none that our role may see."""


# (status, code) first, then the status alone as (status, "").
_TABLE: Mapping[tuple[int, str], tuple[type[PlatformError], str]] = {
    (400, "SSS_REQUEST_LIMIT_EXCEEDED"): (UpstreamRateLimited, _BUSY),
    (400, "INVALID_LOGIN"): (UpstreamUnauthorized, _LOGIN),
    (400, "invalid_client"): (UpstreamUnauthorized, _LOGIN),
    (400, "invalid_grant"): (UpstreamUnauthorized, _LOGIN),
    (400, "invalid_request"): (UpstreamUnauthorized, _LOGIN),
    (400, "INSUFFICIENT_PERMISSION"): (UpstreamForbidden, _RIGHT),
    (400, "RCRD_HAS_BEEN_CHANGED"): (UpstreamLocked, _CHANGING),
    (401, ""): (UpstreamUnauthorized, _LOGIN),
    (403, ""): (UpstreamForbidden, _RIGHT),
    (429, ""): (UpstreamRateLimited, _BUSY),
    (500, ""): (UpstreamUnavailable, "NetSuite failed unexpectedly"),
    (503, ""): (UpstreamMaintenance, "NetSuite is closed for maintenance"),
}
# USER_ERROR is the code of every business rule, so that only the words tell a duplicate: "This entity already exists."
_DUPLICATE = ("already exists", "already been used", "same external id")
_LONGEST = 300  # characters of NetSuite's own words that are passed on


class _Detail(msgspec.Struct):
    """One complaint; `path` says which part of a request's body it is about, such as `item.items[0].item`."""

    detail: str = ""
    code: str = msgspec.field(default="", name="o:errorCode")
    path: str = msgspec.field(default="", name="o:errorPath")


class _Problem(msgspec.Struct):
    """NetSuite's error body, or that of its token endpoint, which has `error` alone."""

    details: list[_Detail] = msgspec.field(default_factory=list, name="o:errorDetails")
    code: str = msgspec.field(default="", name="o:errorCode")
    error: str = ""


_decoder = msgspec.json.Decoder(_Problem)


def classify(response: HttpResponse) -> PlatformError | None:
    """None for an answer that is worth decoding, and for the answer without a body that a write gets."""
    status = response.status
    if status < 400:
        if looks_like_json(response.body) or (status == 204 and not response.body):
            return None
        return UpstreamInvalidResponse(f"NetSuite's answer with status {status} isn't JSON")
    code, words = _said(response.body)
    found = _TABLE.get((status, code)) or _TABLE.get((status, ""))
    if found is not None:
        leaf, what = found
        return leaf(what, landed=Landed.UNKNOWN if status >= 500 else Landed.NO)
    if status < 500 and status not in (408, 425):
        return _refused(status, code, words)
    return read_status(response)


def _refused(status: int, code: str, words: str) -> UpstreamRejected:
    told = f": {words}" if words else ""
    if status == 404 and code == "NONEXISTENT_ID":
        return NoSuchRecord("NetSuite has no such record (any more), or our role may not see it", landed=Landed.NO)
    if code.startswith("DUP_") or any(phrase in words.lower() for phrase in _DUPLICATE):
        return UpstreamDuplicate(f"NetSuite has such a record already ({code or status}){told}", landed=Landed.NO)
    return UpstreamRejected(f"NetSuite refused the request ({code or status}){told}", landed=Landed.NO)


def _said(body: bytes) -> tuple[str, str]:
    """The first code, and the words with the parts of the request that they are about; empty where it is none."""
    try:
        problem = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return "", ""
    if problem.details:
        words = "; ".join(f"{item.detail} [{item.path}]" if item.path else item.detail for item in problem.details)
        return problem.details[0].code or problem.code, words[:_LONGEST]
    return problem.code or problem.error, ""
