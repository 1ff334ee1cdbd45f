"""Every error that Crosswalk means to raise, as one tree that says what happens next.

    CrosswalkError
    ├── CallerError                       the caller can mend the operation
    │   ├── BadUserInput                  BAD_USER_INPUT
    │   ├── TooWide                       TOO_WIDE                     a join past its bound; names the part
    │   ├── Unauthenticated               UNAUTHENTICATED
    │   ├── Forbidden                     FORBIDDEN
    │   ├── NotFound                      NOT_FOUND
    │   ├── DeadlineExceeded              DEADLINE_EXCEEDED            retryable
    │   ├── EventsGone                    EVENTS_GONE                  past the retention; names the place to resume
    │   └── FellBehind                    FELL_BEHIND                  retryable; a subscriber too slow for its events
    ├── LedgerUnavailable                 LEDGER_UNAVAILABLE           retryable; our own database doesn't answer
    └── PlatformError                     a platform could not, or would not, do its part
        ├── RetryLater(retry_after)       the same request may succeed later
        │   ├── UpstreamUnavailable       UPSTREAM_UNAVAILABLE         refused, reset, 5xx
        │   │   └── UpstreamMaintenance   UPSTREAM_UNAVAILABLE         the vendor says so itself
        │   ├── UpstreamTimeout           UPSTREAM_TIMEOUT
        │   ├── UpstreamRateLimited       UPSTREAM_RATE_LIMITED
        │   ├── UpstreamQuotaExhausted    UPSTREAM_QUOTA_EXHAUSTED
        │   ├── UpstreamCircuitOpen       UPSTREAM_CIRCUIT_OPEN        nothing was sent
        │   ├── UpstreamLocked            UPSTREAM_LOCKED              another transaction holds the record
        │   └── UpstreamInvalidResponse   UPSTREAM_INVALID_RESPONSE    garbage or truncated
        ├── NeedsPerson(queue)            nothing gets better until somebody acts
        │   ├── UpstreamUnauthorized      UPSTREAM_UNAUTHORIZED        our credentials are refused
        │   ├── UpstreamForbidden         UPSTREAM_FORBIDDEN           our user lacks a right there
        │   └── UpstreamTooLarge          UPSTREAM_INVALID_RESPONSE    an answer past the size cap
        └── Rejected                      the platform refuses this very request, now and later
            └── UpstreamRejected          UPSTREAM_REJECTED            such as an unknown field
                ├── UpstreamConflict      UPSTREAM_CONFLICT            the record changed since it was read
                └── UpstreamDuplicate     UPSTREAM_DUPLICATE           the platform takes it for one that it has

Anything else that is raised is a bug. `landed` tells whether the request may have been done; for a write whose
`landed` is UNKNOWN the platform must be asked before anything in this tree is acted upon.
"""

# ruff: noqa: N818 - the names are the sentence "this platform error is RetryLater", not a kind of Error

from enum import StrEnum
from math import ceil
from typing import Any, ClassVar


class ErrorCode(StrEnum):
    """What `extensions.code` may say. Callers branch on it, so a code never changes its meaning; see docs/errors.md."""

    BAD_USER_INPUT = "BAD_USER_INPUT"
    TOO_WIDE = "TOO_WIDE"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    FORBIDDEN = "FORBIDDEN"
    NOT_FOUND = "NOT_FOUND"
    DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED"
    EVENTS_GONE = "EVENTS_GONE"
    FELL_BEHIND = "FELL_BEHIND"
    TOO_MANY_STREAMS = "TOO_MANY_STREAMS"
    GRAPHQL_PARSE_FAILED = "GRAPHQL_PARSE_FAILED"
    GRAPHQL_VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED"
    INTERNAL_SERVER_ERROR = "INTERNAL_SERVER_ERROR"
    LEDGER_UNAVAILABLE = "LEDGER_UNAVAILABLE"
    UPSTREAM_UNAVAILABLE = "UPSTREAM_UNAVAILABLE"
    UPSTREAM_TIMEOUT = "UPSTREAM_TIMEOUT"
    UPSTREAM_RATE_LIMITED = "UPSTREAM_RATE_LIMITED"
    UPSTREAM_QUOTA_EXHAUSTED = "UPSTREAM_QUOTA_EXHAUSTED"
    UPSTREAM_CIRCUIT_OPEN = "UPSTREAM_CIRCUIT_OPEN"
    UPSTREAM_LOCKED = "UPSTREAM_LOCKED"
    UPSTREAM_INVALID_RESPONSE = "UPSTREAM_INVALID_RESPONSE"
    UPSTREAM_UNAUTHORIZED = "UPSTREAM_UNAUTHORIZED"
    UPSTREAM_FORBIDDEN = "UPSTREAM_FORBIDDEN"
    UPSTREAM_REJECTED = "UPSTREAM_REJECTED"
    UPSTREAM_CONFLICT = "UPSTREAM_CONFLICT"
    UPSTREAM_DUPLICATE = "UPSTREAM_DUPLICATE"


class Landed(StrEnum):
    """Whether the platform may have done what was asked."""

    NO = "no"
    UNKNOWN = "unknown"
    YES = "yes"


class Queue(StrEnum):
    """The people who settle what the machine can't: the contract's ExceptionQueue."""

    FINANCE = "FINANCE"
    PMO = "PMO"
    SALES_OPS = "SALES_OPS"
    INTEGRATION = "INTEGRATION"


LONGEST_DETAIL = 600
"""Characters: a detail may quote what a caller sent, who may have sent 250 kB."""


class CrosswalkError(Exception):
    """`detail` is shown to callers: it says what to do, and holds no secret and no foreign person's value."""

    code: ClassVar[ErrorCode]
    retryable: ClassVar[bool] = False

    def __init__(self, detail: str, *, platform: str | None = None) -> None:
        if len(detail) > LONGEST_DETAIL:  # what to do stands at the end
            detail = f"{detail[: LONGEST_DETAIL // 2]} … {detail[-LONGEST_DETAIL // 2 :]}"
        super().__init__(detail)
        self.detail = detail
        self.platform = platform


# ------------------------------------------------------------------------------------------------ the caller's


class CallerError(CrosswalkError):
    """The operation itself can't be answered as it stands; the caller can mend it."""


class BadUserInput(CallerError):
    """An argument, cursor, id or filter that can't be meant."""

    code = ErrorCode.BAD_USER_INPUT


class TooWide(CallerError):
    """A join across platforms would read more than its bound; `part` is the filter or field to narrow."""

    code = ErrorCode.TOO_WIDE

    def __init__(self, detail: str, *, part: str, platform: str | None = None) -> None:
        super().__init__(detail, platform=platform)
        self.part = part


class Unauthenticated(CallerError):
    """No key, or one that nobody holds."""

    code = ErrorCode.UNAUTHENTICATED


class Forbidden(CallerError):
    """The caller is known and may not see or do this."""

    code = ErrorCode.FORBIDDEN


class NotFound(CallerError):
    """No such record, or none that the caller may know of."""

    code = ErrorCode.NOT_FOUND


class DeadlineExceeded(CallerError):
    """The operation's own time is over; `platform` names whom it waited for, if anybody."""

    code = ErrorCode.DEADLINE_EXCEEDED
    retryable = True


class EventsGone(CallerError):
    """Events behind a subscription's `after` are kept no more. From behind `resume_after` on all are there."""

    code = ErrorCode.EVENTS_GONE

    def __init__(self, detail: str, *, resume_after: str) -> None:
        super().__init__(detail)
        self.resume_after = resume_after


class FellBehind(CallerError):
    """A subscriber took its events more slowly than they came. `resume_after`: the last one that was handed over."""

    code = ErrorCode.FELL_BEHIND
    retryable = True

    def __init__(self, detail: str, *, resume_after: str) -> None:
        super().__init__(detail)
        self.resume_after = resume_after


# ---------------------------------------------------------------------------------------------------- our own


class LedgerUnavailable(CrosswalkError):
    """Our own database doesn't answer. Of a write that was under way it isn't known whether it was taken on."""

    code = ErrorCode.LEDGER_UNAVAILABLE
    retryable = True


# ---------------------------------------------------------------------------------------------- the platforms'


class PlatformError(CrosswalkError):
    """A vendor's table (`platforms/<vendor>/errors.py`) raises the leaves; the gate adds the platform's name.

    `landed` is what the leaf usually means unless the raiser knows better; `retry_after` is in seconds, where the
    platform named a time or the gate knows one.
    """

    usually_landed: ClassVar[Landed] = Landed.NO

    def __init__(
        self,
        detail: str,
        *,
        platform: str | None = None,
        landed: Landed | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(detail, platform=platform)
        self.landed = self.usually_landed if landed is None else landed
        self.retry_after = retry_after


class RetryLater(PlatformError):
    """The same request may succeed later: after `retry_after` seconds where that is known."""

    retryable = True


class NeedsPerson(PlatformError):
    """Nothing gets better until somebody acts; `queue` names whose work it is."""

    def __init__(
        self,
        detail: str,
        *,
        platform: str | None = None,
        landed: Landed | None = None,
        queue: Queue = Queue.INTEGRATION,
    ) -> None:
        super().__init__(detail, platform=platform, landed=landed)
        self.queue = queue


class Rejected(PlatformError):
    """The platform understood, and refuses this very request, now and later."""


class UpstreamUnavailable(RetryLater):
    """Refused, reset, dropped or a server error. A 5xx or a lost answer may hide a done write."""

    code = ErrorCode.UPSTREAM_UNAVAILABLE
    usually_landed = Landed.UNKNOWN


class UpstreamMaintenance(UpstreamUnavailable):
    """The platform says that it is closed for maintenance."""

    usually_landed = Landed.NO


class UpstreamTimeout(RetryLater):
    """No answer within the platform's time."""

    code = ErrorCode.UPSTREAM_TIMEOUT
    usually_landed = Landed.UNKNOWN


class UpstreamRateLimited(RetryLater):
    """Too many calls, or too many at once, for the moment."""

    code = ErrorCode.UPSTREAM_RATE_LIMITED


class UpstreamQuotaExhausted(RetryLater):
    """The platform's allowance for the day (or whatever its window is) is used up, or kept for more urgent calls."""

    code = ErrorCode.UPSTREAM_QUOTA_EXHAUSTED


class UpstreamCircuitOpen(RetryLater):
    """The platform failed again and again a moment ago, so it wasn't called."""

    code = ErrorCode.UPSTREAM_CIRCUIT_OPEN


class UpstreamLocked(RetryLater):
    """Another transaction on the platform holds the record."""

    code = ErrorCode.UPSTREAM_LOCKED


class UpstreamInvalidResponse(RetryLater):
    """An answer that can't be read: not HTTP, not the documented shape, or cut off."""

    code = ErrorCode.UPSTREAM_INVALID_RESPONSE
    usually_landed = Landed.UNKNOWN


class UpstreamUnauthorized(NeedsPerson):
    """The platform refuses our credentials, also after signing in again."""

    code = ErrorCode.UPSTREAM_UNAUTHORIZED


class UpstreamForbidden(NeedsPerson):
    """Our user on the platform lacks a right."""

    code = ErrorCode.UPSTREAM_FORBIDDEN


class UpstreamTooLarge(NeedsPerson):
    """The answer is past the size cap; asking again brings the same."""

    code = ErrorCode.UPSTREAM_INVALID_RESPONSE
    usually_landed = Landed.YES


class UpstreamRejected(Rejected):
    """Our request was refused as it stands: an unknown field, a failed validation, a record that isn't there."""

    code = ErrorCode.UPSTREAM_REJECTED


class UpstreamConflict(UpstreamRejected):
    """A write was bound to a version of the record, and the record has changed since."""

    code = ErrorCode.UPSTREAM_CONFLICT


class UpstreamDuplicate(UpstreamRejected):
    """The platform won't make the record: a rule or a unique value makes it one that is there already.

    `candidates`: the platform's own ids of the records that it may be, where the platform names them.
    """

    code = ErrorCode.UPSTREAM_DUPLICATE

    def __init__(
        self,
        detail: str,
        *,
        platform: str | None = None,
        landed: Landed | None = None,
        retry_after: float | None = None,
        candidates: tuple[str, ...] = (),
    ) -> None:
        super().__init__(detail, platform=platform, landed=landed, retry_after=retry_after)
        self.candidates = candidates


def to_extensions(error: CrosswalkError, correlation_id: str) -> dict[str, Any]:
    """The GraphQL error's `extensions`: code, platform (where one is to blame), retryable, correlationId, and
    retryAfter (whole seconds, rounded up), part or resumeAfter where the error knows them.
    """
    extensions: dict[str, Any] = {"code": error.code.value}
    if error.platform is not None:
        extensions["platform"] = error.platform
    extensions["retryable"] = error.retryable
    extensions["correlationId"] = correlation_id
    if isinstance(error, PlatformError) and error.retry_after is not None:
        extensions["retryAfter"] = max(1, ceil(error.retry_after))
    if isinstance(error, TooWide):
        extensions["part"] = error.part
    if isinstance(error, (EventsGone, FellBehind)):
        extensions["resumeAfter"] = error.resume_after
    return extensions
