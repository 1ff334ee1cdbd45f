"""What Salesforce's statuses and error codes mean: the one table.

REST answers a list of `{"errorCode", "message"}`, the token endpoint one flat `{"error", "error_description"}`.
https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/errorcodes.htm
"""

import re
from collections.abc import Mapping

import msgspec

from platforms.http import HttpResponse
from platforms.status_table import looks_like_json, read_status
from schema.errors import (
    PlatformError,
    UpstreamForbidden,
    UpstreamInvalidResponse,
    UpstreamLocked,
    UpstreamQuotaExhausted,
    UpstreamRateLimited,
    UpstreamRejected,
    UpstreamTimeout,
    UpstreamUnauthorized,
    UpstreamUnavailable,
)

_LEAVES: Mapping[str, tuple[type[PlatformError], str]] = {
    # REST
    "INVALID_SESSION_ID": (UpstreamUnauthorized, "the session is over or was never good"),
    "INVALID_AUTH_HEADER": (UpstreamUnauthorized, "the session is over or was never good"),
    "UNABLE_TO_LOCK_ROW": (UpstreamLocked, "another transaction holds the record"),
    "QUERY_TIMEOUT": (UpstreamTimeout, "the query took the platform too long"),
    "SERVER_UNAVAILABLE": (UpstreamUnavailable, "the platform is too busy or under maintenance"),
    "UNKNOWN_EXCEPTION": (UpstreamUnavailable, "the platform failed"),
    "INVALID_QUERY_LOCATOR": (UpstreamRateLimited, "too many long answers were open, and the rest of this one is gone"),
    "INSUFFICIENT_ACCESS_OR_READONLY": (UpstreamForbidden, "our user may not do this"),
    "INSUFFICIENT_ACCESS": (UpstreamForbidden, "our user may not do this"),
    "API_DISABLED_FOR_ORG": (UpstreamForbidden, "the org or our user's profile has the API switched off"),
    "INVALID_TYPE": (UpstreamRejected, "an object that we read is missing, or our user may not see it"),
    "INVALID_FIELD": (UpstreamRejected, "a field is missing, hidden from our user, or can't be compared so"),
    "UNSUPPORTED_API_VERSION": (UpstreamRejected, "the API version is retired: set options.api_version"),
    # the token endpoint
    "invalid_grant": (UpstreamUnauthorized, "the app or its user isn't authorised for this login"),
    "invalid_client": (UpstreamUnauthorized, "the client secret is refused"),
    "invalid_client_id": (UpstreamUnauthorized, "the client id is unknown"),
    "invalid_app_access": (UpstreamUnauthorized, "our user isn't admitted to the connected app"),
    "inactive_user": (UpstreamUnauthorized, "the app's user is inactive"),
    "inactive_org": (UpstreamUnauthorized, "the org is inactive"),
    "rate_limit_exceeded": (UpstreamRateLimited, "too many logins"),
}
_LIMIT = "REQUEST_LIMIT_EXCEEDED"
_COLUMN = re.compile(r"No such column '([\w.]{1,80})' on entity '(\w{1,80})'|sObject type '(\w{1,80})'")


class _RestError(msgspec.Struct):
    errorCode: str  # noqa: N815 - the vendor's key
    message: str = ""


class _LoginError(msgspec.Struct):
    error: str


_errors = msgspec.json.Decoder(list[_RestError] | _LoginError)


def read_error(response: HttpResponse) -> PlatformError | None:
    """None for a good answer; what isn't JSON at all is a proxy's or a broken platform's, whatever its status."""
    if response.status < 300:
        if looks_like_json(response.body):
            return None
        return UpstreamInvalidResponse("the answer is not JSON")
    plain = read_status(response) or UpstreamInvalidResponse(f"unexpected status {response.status}")
    try:
        told = _errors.decode(response.body)
    except msgspec.MsgspecError:
        return plain
    if isinstance(told, _LoginError):
        return _leaf(told.error, "", plain)
    return _leaf(told[0].errorCode, told[0].message, plain) if told else plain


def _leaf(code: str, message: str, plain: PlatformError) -> PlatformError:
    if code == _LIMIT:
        # The daily allowance says TotalRequests, calls at once say Concurrent...: only the message tells them apart.
        if "concurrent" in message.lower():
            return UpstreamRateLimited("too many calls at once")
        return UpstreamQuotaExhausted("the API calls of the last 24 hours are used up")
    if code not in _LEAVES:
        return type(plain)(f"{plain.detail} ({code})") if code.isidentifier() else plain
    leaf, detail = _LEAVES[code]
    named = _COLUMN.search(message)
    if named is not None:
        what = named[3] or f"{named[2]}.{named[1]}"
        detail = f"{detail}: {what}"
    return leaf(detail)
