"""One line in the log and one tick in the metrics for every request to `/graphql`."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from time import perf_counter
from typing import Any, Protocol

import msgspec

from gateway.metrics import EdgeMetrics
from gateway.refusals import Refusal
from resolvers.engine_port import Answer, Viewer
from schema.errors import ErrorCode

CALLER_LEFT = 499
"""Never sent: in the log, the status of an answer that nobody waited for."""
CODES_LOGGED = 10


class Log(Protocol):
    """What the journal needs of structlog's logger."""

    def info(self, event: str, **fields: Any) -> Any: ...

    def error(self, event: str, **fields: Any) -> Any: ...


class _Extensions(msgspec.Struct):
    code: str = "UNCODED"


class _Error(msgspec.Struct):
    extensions: _Extensions = field(default_factory=_Extensions)


class _Errors(msgspec.Struct):
    errors: list[_Error] = field(default_factory=list)


_ERRORS = msgspec.json.Decoder(_Errors)


def _codes(body: bytes) -> Iterable[str]:
    """The codes of the errors in an answer."""
    # Inside a JSON string the quotes would be escaped, so an answer without errors is never decoded here.
    return [error.extensions.code for error in _ERRORS.decode(body).errors] if b'"errors":[{' in body else []


@dataclass(slots=True, kw_only=True)
class Entry:
    """What is written down of one request: never a variable's value, never a key, never a document's text."""

    begun: float
    correlation_id: str
    method: str
    viewer: Viewer | None = None
    document: str | None = None
    operation: str | None = None
    kind: str = ""
    executed: bool = False
    status: int = HTTPStatus.INTERNAL_SERVER_ERROR
    outcome: str = "failed"
    codes: list[str] = field(default_factory=list)

    def note_answer(self, answer: Answer) -> None:
        self.status = HTTPStatus.OK
        self.codes = list(_codes(answer.body) if answer.codes is None else answer.codes)
        self.outcome = "partial" if self.codes else "ok"

    def note_refusal(self, refusal: Refusal, status: int) -> None:
        self.status = status
        self.outcome = "late" if refusal.status is HTTPStatus.GATEWAY_TIMEOUT else "failed"
        self.codes = [error["extensions"].get("code", "UNCODED") for error in refusal.errors]

    def note_departure(self) -> None:
        self.status = CALLER_LEFT
        self.outcome = "left"


class Journal:
    """Where entries go."""

    def __init__(self, log: Log, metrics: EdgeMetrics) -> None:
        self._log = log
        self._metrics = metrics

    def begin(self) -> None:
        self._metrics.in_flight.inc()

    def end(self) -> None:
        self._metrics.in_flight.dec()

    @contextmanager
    def subscribed(self) -> Iterator[None]:
        """While a subscription goes on."""
        self._metrics.subscriptions.inc()
        try:
            yield
        finally:
            self._metrics.subscriptions.dec()

    def told(self, number: int) -> None:
        """So many events have been answered to a subscriber."""
        self._metrics.told.inc(number)

    def write(self, entry: Entry) -> None:
        seconds = perf_counter() - entry.begun
        if entry.executed:
            self._metrics.executed(operation=entry.operation, kind=entry.kind, outcome=entry.outcome, seconds=seconds)
        else:
            self._metrics.refused(entry.codes[0] if entry.codes else entry.outcome)
        viewer = entry.viewer
        self._log.info(
            "operation",
            correlation_id=entry.correlation_id,
            method=entry.method,
            operation=entry.operation,
            document=entry.document,
            viewer=viewer.name if viewer else None,
            role=viewer.role if viewer else None,
            status=int(entry.status),
            outcome=entry.outcome,
            ms=round(seconds * 1000, 2),
            codes=list(dict.fromkeys(entry.codes))[:CODES_LOGGED],
        )

    def bug(self, error: Exception, frames: list[str], entry: Entry) -> None:
        """An error that nobody meant to raise. Its text stays out: it may quote a value or a secret."""
        self._log.error(
            "operation failed",
            correlation_id=entry.correlation_id,
            operation=entry.operation,
            document=entry.document,
            error=type(error).__qualname__,
            code=ErrorCode.INTERNAL_SERVER_ERROR.value,
            frames=frames,
        )
