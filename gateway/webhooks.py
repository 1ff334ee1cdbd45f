"""What platforms send by themselves: `POST /webhooks/{platform}`, kept and answered with nothing but that done.

Needs no key: the signature says who sends. What is refused is told why, in a code for programs, and counted.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from time import perf_counter

from starlette.types import Receive, Scope, Send

from gateway.asking import CallerLeft, read_body
from gateway.journal import CALLER_LEFT, Log
from gateway.media import JSON
from gateway.metrics import EdgeMetrics
from gateway.refusals import Refusal, bad_request, coded
from gateway.replies import NOT_STORED, respond, traced_body
from platforms.inbound import Fault, Post, UnacceptableError
from runtime.correlation import correlation_id
from schema.errors import ErrorCode, LedgerUnavailable
from sync.noticing.mailroom import Door, Mailroom, Taken

UNKNOWN = "unknown"
"""In metrics, the platform of requests that name none of ours: anybody may invent names."""
AWAY_SECONDS = b"2"
"""After which it is worth trying again while the ledger is away."""
_REASONS: Mapping[HTTPStatus, str] = {
    HTTPStatus.NOT_FOUND: "UNKNOWN",
    HTTPStatus.METHOD_NOT_ALLOWED: "METHOD",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "TOO_LARGE",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "MEDIA_TYPE",
}


@dataclass(slots=True, kw_only=True)
class _Entry:
    """What is written down of one request: nothing that was in it but the id of a message that was believed."""

    platform: str
    begun: float
    outcome: str = "LEFT"
    status: int = CALLER_LEFT
    event_id: str | None = None


class WebhookEndpoint:
    """Refuses in this order: platform, method, type and size of the body, signature, time, content."""

    def __init__(self, mailroom: Mailroom, *, log: Log, metrics: EdgeMetrics) -> None:
        self._mailroom = mailroom
        self._log = log
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        name: str = scope["path_params"]["platform"]
        door = self._mailroom.door(name)
        entry = _Entry(platform=UNKNOWN if door is None else name, begun=perf_counter())
        try:
            taken = await _take_in(door, scope, receive)
            entry.event_id, entry.outcome, entry.status = taken.event_id, "AGAIN" if taken.again else "TAKEN", 204
            await send({"type": "http.response.start", "status": 204, "headers": [NOT_STORED]})
            await send({"type": "http.response.body"})
        except Refusal as refusal:
            entry.outcome, entry.status = refusal.errors[0]["extensions"]["reason"], int(refusal.status)
            body = traced_body(refusal, correlation_id.get())
            await respond(send, refusal.status, JSON, body, [*refusal.headers, NOT_STORED])
        except CallerLeft:
            pass
        finally:
            self._write(entry)

    def _write(self, entry: _Entry) -> None:
        seconds = perf_counter() - entry.begun
        self._metrics.webhook(platform=entry.platform, outcome=entry.outcome.lower(), seconds=seconds)
        self._log.info(
            "webhook",
            correlation_id=correlation_id.get(),
            platform=entry.platform,
            outcome=entry.outcome.lower(),
            status=entry.status,
            event_id=entry.event_id,
            ms=round(seconds * 1000, 2),
        )


async def _take_in(door: Door | None, scope: Scope, receive: Receive) -> Taken:
    """Raises Refusal."""
    if door is None:
        message = "This gateway takes no webhooks by this name. Its settings name who may send: `webhooks`."
        raise _refused(message, HTTPStatus.NOT_FOUND, code=ErrorCode.NOT_FOUND)
    headers: dict[bytes, bytes] = dict(scope["headers"])
    try:
        if scope["method"] != "POST":
            raise bad_request("Use POST.", HTTPStatus.METHOD_NOT_ALLOWED, headers=[(b"allow", b"POST")])
        body = await read_body(receive, headers, door.body_bytes)
    except Refusal as refusal:
        message = refusal.errors[0]["message"]
        raise _refused(message, refusal.status, headers=refusal.headers) from None
    try:
        return await door.take_in(_post(scope, headers, body))
    except UnacceptableError as error:
        if error.fault is Fault.MALFORMED:
            raise _refused(error.detail, HTTPStatus.BAD_REQUEST, reason=error.fault) from None
        raise _refused(
            error.detail, HTTPStatus.UNAUTHORIZED, code=ErrorCode.UNAUTHENTICATED, reason=error.fault
        ) from None
    except LedgerUnavailable:
        raise _refused(
            "What was sent can't be kept just now: send it again.",
            HTTPStatus.SERVICE_UNAVAILABLE,
            code=ErrorCode.LEDGER_UNAVAILABLE,
            reason="AWAY",
            headers=[(b"retry-after", AWAY_SECONDS)],
        ) from None


def _refused(
    message: str,
    status: HTTPStatus,
    *,
    code: ErrorCode = ErrorCode.BAD_USER_INPUT,
    reason: str | None = None,
    headers: tuple[tuple[bytes, bytes], ...] | list[tuple[bytes, bytes]] = (),
) -> Refusal:
    return Refusal(status, [coded(message, code, reason=str(reason or _REASONS[status]))], headers=headers)


def _post(scope: Scope, headers: Mapping[bytes, bytes], body: bytes) -> Post:
    host = headers.get(b"host", b"").decode("latin-1")
    path = scope["raw_path"].decode("latin-1") if scope.get("raw_path") else scope["path"]
    query = scope["query_string"].decode("latin-1")
    return Post(
        method=scope["method"],
        url=f"{scope['scheme']}://{host}{path}{'?' if query else ''}{query}",
        headers={name.decode("latin-1"): value.decode("latin-1") for name, value in headers.items()},
        body=body,
    )
