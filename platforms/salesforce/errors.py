"""What Salesforce's statuses and error codes mean: the one table.

REST answers a list of `{"errorCode", "message", "fields"}`, the token endpoint one flat `{"error",
"error_description"}`.
https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/errorcodes.htm
"""

import re
from collections.abc import Mapping

import msgspec

from platforms.http import HttpResponse
from platforms.salesforce.duplicates import duplicate
from platforms.salesforce.refusal import Refusal
from platforms.status_table import looks_like_json, read_status
from schema.errors import (
    PlatformError,
    UpstreamConflict,
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


class ReplicationDateRefusedError(UpstreamRejected):
    """The org doesn't remember what was deleted so long ago."""


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
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": (UpstreamForbidden, "our user may not use a related record"),
    "INVALID_FIELD_FOR_INSERT_UPDATE": (UpstreamForbidden, "our user may not write a field"),
    "API_DISABLED_FOR_ORG": (UpstreamForbidden, "the org or our user's profile has the API switched off"),
    "INVALID_TYPE": (UpstreamRejected, "an object that we read is missing, or our user may not see it"),
    "INVALID_FIELD": (UpstreamRejected, "a field is missing, hidden from our user, or can't be compared so"),
    "UNSUPPORTED_API_VERSION": (UpstreamRejected, "the API version is retired: set options.api_version"),
    "INVALID_REPLICATION_DATE": (ReplicationDateRefusedError, "deleted records aren't told that far back"),
    "PRECONDITION_FAILED": (UpstreamConflict, "the record was changed since it was read"),
    # the token endpoint
    "invalid_grant": (UpstreamUnauthorized, "the app or its user isn't authorised for this login"),
    "invalid_client": (UpstreamUnauthorized, "the client secret is refused"),
    "invalid_client_id": (UpstreamUnauthorized, "the client id is unknown"),
    "invalid_app_access": (UpstreamUnauthorized, "our user isn't admitted to the connected app"),
    "inactive_user": (UpstreamUnauthorized, "the app's user is inactive"),
    "inactive_org": (UpstreamUnauthorized, "the org is inactive"),
    "rate_limit_exceeded": (UpstreamRateLimited, "too many logins"),
}
_GONE = ("NOT_FOUND", "ENTITY_IS_DELETED")
_DUPLICATE = ("DUPLICATES_DETECTED", "DUPLICATE_VALUE")
_LIMIT = "REQUEST_LIMIT_EXCEEDED"
_NO_KEY_FIELD = "external id field does not exist"
_COLUMN = re.compile(
    r"No such column '([\w.]{1,80})' on (?:entity|sobject of type) '?(\w{1,80})|sObject type '(\w{1,80})'"
)


class _LoginError(msgspec.Struct):
    error: str


_errors = msgspec.json.Decoder(list[Refusal] | _LoginError)
_refusals = msgspec.json.Decoder(list[Refusal])
_addresses = msgspec.json.Decoder(list[str])


def read_error(response: HttpResponse) -> PlatformError | None:
    """None for a good answer; what isn't JSON at all is a proxy's or a broken platform's, whatever its status.

    204 says nothing; 300 lists where the records are that one external id names; 404 is an answer too, where it is the
    org that says so: `missing`.
    """
    if response.status == 204 or (response.status == 300 and addresses(response) is not None) or missing(response):
        return None
    if response.status < 300:
        if looks_like_json(response.body):
            return None
        return UpstreamInvalidResponse("the answer is not JSON")
    plain = _plain(response)
    try:
        told = _errors.decode(response.body)
    except msgspec.MsgspecError:
        return plain
    if isinstance(told, _LoginError):
        return _leaf(Refusal(errorCode=told.error), plain)
    return _leaf(told[0], plain) if told else plain


def addresses(response: HttpResponse) -> list[str] | None:
    """The paths of the records that a 300 lists; None where it doesn't."""
    try:
        return _addresses.decode(response.body)
    except msgspec.MsgspecError:
        return None


def missing(response: HttpResponse) -> str | None:
    """The code by which the org says that there is no such record, a deleted one, or none that our user may see."""
    if response.status != 404:
        return None
    try:
        told = _refusals.decode(response.body)
    except msgspec.MsgspecError:
        return None
    known = bool(told) and told[0].errorCode in _GONE and _NO_KEY_FIELD not in told[0].message.lower()
    return told[0].errorCode if known else None


def _plain(response: HttpResponse) -> PlatformError:
    if response.status == 412:
        return UpstreamConflict("the record was changed since it was read")
    return read_status(response) or UpstreamInvalidResponse(f"unexpected status {response.status}")


def _leaf(told: Refusal, plain: PlatformError) -> PlatformError:
    code = told.errorCode
    if code == _LIMIT:
        # The daily allowance says TotalRequests, calls at once say Concurrent...: only the message tells them apart.
        if "concurrent" in told.message.lower():
            return UpstreamRateLimited("too many calls at once")
        return UpstreamQuotaExhausted("the API calls of the last 24 hours are used up")
    if code in _DUPLICATE:
        return duplicate(told)
    if _NO_KEY_FIELD in told.message.lower():
        return UpstreamRejected("the external id field is missing, or our user may not see it: see options.key_field")
    if "UNABLE_TO_LOCK_ROW" in told.message:  # a trigger met the lock, and says so in its own error
        code = "UNABLE_TO_LOCK_ROW"
    if code not in _LEAVES:
        return type(plain)(f"{plain.detail} ({told.quoted()})") if code.isidentifier() else plain
    leaf, detail = _LEAVES[code]
    if told.fields:
        detail = f"{detail}: {', '.join(told.fields)}"
    elif named := _COLUMN.search(told.message):
        detail = f"{detail}: {named[3] or f'{named[2]}.{named[1]}'}"
    return leaf(detail)
