"""What a plain HTTP status, or no answer at all, means where a vendor's own table has nothing better to say."""

from email.utils import parsedate_to_datetime

from platforms.http import Failure, HttpResponse, TransportError
from schema.errors import (
    Landed,
    PlatformError,
    UpstreamForbidden,
    UpstreamInvalidResponse,
    UpstreamRateLimited,
    UpstreamRejected,
    UpstreamTimeout,
    UpstreamTooLarge,
    UpstreamUnauthorized,
    UpstreamUnavailable,
)


def read_status(response: HttpResponse) -> PlatformError | None:
    """None for an answer that is worth reading: below 400."""
    status = response.status
    if status < 400:
        return None
    match status:
        case 401:
            return UpstreamUnauthorized("the platform refuses our credentials")
        case 403:
            return UpstreamForbidden("our user on the platform lacks a right")
        case 408 | 504:
            return UpstreamTimeout(f"the platform gave up with status {status}")
        case 425 | 429:
            return UpstreamRateLimited("the platform asks for fewer calls")
        case 503:
            return UpstreamUnavailable("the platform is unavailable (status 503)")
    if status >= 500:
        return UpstreamUnavailable(f"the platform failed with status {status}")
    return UpstreamRejected(f"the platform refused the request with status {status}", landed=Landed.NO)


def retry_after(response: HttpResponse) -> float | None:
    """Seconds from the answer's Retry-After, which is a number or, against the answer's own Date, an HTTP date."""
    value = response.headers.get("retry-after")
    if value is None:
        return None
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
        return max(0.0, (moment - parsedate_to_datetime(response.headers.get("date") or "")).total_seconds())
    except (ValueError, TypeError):  # not a date, or one without a zone against one with
        return None


def looks_like_json(body: bytes) -> bool:
    """Whether the body can be a JSON object or array: a look at its ends, to tell a proxy's page from an answer."""
    return (body[:64].lstrip()[:1], body[-64:].rstrip()[-1:]) in ((b"{", b"}"), (b"[", b"]"))


def read_failure(error: TransportError, platform: str) -> PlatformError:
    """A call that brought no whole answer."""
    detail = str(error)
    match error.failure:
        case Failure.TIMEOUT:
            return UpstreamTimeout(detail, platform=platform, landed=error.landed)
        case Failure.GARBAGE | Failure.TRUNCATED:
            return UpstreamInvalidResponse(detail, platform=platform, landed=error.landed)
        case Failure.TOO_LARGE:
            return UpstreamTooLarge(detail, platform=platform, landed=error.landed)
        case _:
            return UpstreamUnavailable(detail, platform=platform, landed=error.landed)
