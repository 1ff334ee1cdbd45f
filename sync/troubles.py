"""What becomes of a step whose platform did not do as asked: one table from the error tree to what happens next."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from platforms.writers import Found
from schema.enums import PlatformHealth
from schema.errors import (
    CrosswalkError,
    DeadlineExceeded,
    Landed,
    NeedsPerson,
    PlatformError,
    Queue,
    RetryLater,
    UpstreamCircuitOpen,
    UpstreamConflict,
    UpstreamDuplicate,
    UpstreamMaintenance,
    UpstreamQuotaExhausted,
    UpstreamRateLimited,
    UpstreamUnavailable,
)
from sync.causes import cause
from sync.doors import plain_words
from sync.effects import Update
from sync.firm import Door, Firm
from sync.ledger.port import NewException
from sync.ledger.records import Json, Run, Step, StepError, StepStatus
from sync.outcomes import Halt, Later
from sync.values import alike, to_json

UNKNOWN_SECONDS = 300.0
"""How long an outcome may stay unknown before a person is told; looking goes on."""
OUTCOME_UNKNOWN = "OUTCOME_UNKNOWN"
MOST_TRIES = 8
"""Failed tries of a step, one after the other, before a person is told and nothing is tried any more."""
_FIRST_LOOK = 0.2
"""Seconds after which a lost call is looked for first."""
_PARKING = (UpstreamCircuitOpen, UpstreamMaintenance, UpstreamQuotaExhausted, UpstreamRateLimited)
_AWAY = (PlatformHealth.DOWN, PlatformHealth.MAINTENANCE)


@dataclass(frozen=True, slots=True)
class Context:
    """What a trouble has to know of its task. `settle`: seconds in which a lost call may still come to something."""

    run: Run
    name: str
    queue: Queue
    firm: Firm
    settle: float


class Trouble:
    """`uncertain`: a call was on its way that may have changed the platform without our knowing. `touched`: something
    is changed for certain.
    """

    def __init__(self, context: Context, step: Step, now: datetime, *, uncertain: bool, touched: bool) -> None:
        self._context = context
        self._step = step
        self._now = now
        self._uncertain = uncertain
        self._touched = touched or step.created

    def of(self, error: CrosswalkError) -> Later | Halt:
        told = step_error(error)
        self._touched |= self._uncertain and isinstance(error, PlatformError) and error.landed is Landed.YES
        if self._uncertain and self._may_have_landed(error):
            return self._lost(told)
        if isinstance(error, RetryLater | DeadlineExceeded):
            away = parked(error, self._context.firm)
            return self._later(told, delay=getattr(error, "retry_after", None), parked=away)
        if isinstance(error, UpstreamConflict):
            return self._halt(told, "CONFLICT", undo=True)
        if isinstance(error, UpstreamDuplicate):
            return self._halt(told, "DUPLICATE", undo=True, detail={"candidates": list(error.candidates)})
        if isinstance(error, NeedsPerson):
            return self._halt(told, error.code.value, undo=False, queue=error.queue)
        return self._halt(told, "REJECTED", undo=True)

    def in_doubt(self, until: datetime) -> Later:
        """An earlier call may still come to something until then; nothing is written before."""
        error = StepError(
            code=OUTCOME_UNKNOWN,
            message=f"The answer of an earlier call was lost. It is looked for until {until:%H:%M:%S} UTC before "
            "anything is written again.",
            retryable=True,
        )
        # Looking a few times spares the wait where it shows earlier.
        left = (until - self._now).total_seconds()
        return self._later(error, delay=min(left, max(1.0, left / 4)), parked="waiting for a lost call")

    def worn_out(self) -> Halt:
        """It was tried often enough; by now it is known that nothing came of it."""
        last = self._step.error
        words = "nobody knows why" if last is None else last.message
        code = OUTCOME_UNKNOWN if last is None else last.code
        message = f"It failed {MOST_TRIES} times: {words}"
        return self._halt(StepError(code=code, message=message, retryable=False), code, undo=False)

    def conflict(self, door: Door, effect: Update, current: Found) -> Halt:
        fields: list[Json] = [
            {"field": path, "asked": to_json(value), "found": to_json(current.values.get(path))}
            for path, value in effect.values.items()
            if not alike(value, current.values.get(path))
        ]
        message = (
            f"The {door.writable.entity} {current.external_id} on {door.platform} changed after the caller read it: "
            f"it has version {current.version}, not {effect.version}. Nothing was written to it."
        )
        detail = {"version": current.version, "ifVersion": effect.version, "fields": fields}
        return self._halt(StepError(code="CONFLICT", message=message, retryable=False), "CONFLICT", detail=detail)

    def gone(self, door: Door, external_id: str) -> Halt:
        message = f"{door.platform} has no {door.writable.entity} {external_id} (any more)."
        self._step = msgspec.structs.replace(self._step, possible_until=None)  # a call can't change it any more either
        return self._halt(StepError(code="NOT_FOUND", message=message, retryable=False), "NOT_FOUND")

    def still_there(self, door: Door) -> Halt:
        record = f"{door.writable.entity} {self._step.external_id}"
        message = f"{door.platform} reports that its {record} is gone, and still has it."
        error = StepError(code="FIELD_MISMATCH", message=message, retryable=False)
        return self._halt(error, "FIELD_MISMATCH", undo=False)

    # ----------------------------------------------------------------------------------------------------------------

    def _may_have_landed(self, error: CrosswalkError) -> bool:
        """Whether the platform must be asked what came of the call. A part of it that is known to be done needs no
        asking, unless it is the record's very id that the call should have told.
        """
        if not isinstance(error, PlatformError):
            return isinstance(error, DeadlineExceeded)
        return error.landed is Landed.UNKNOWN or (error.landed is Landed.YES and self._step.external_id is None)

    def _lost(self, error: StepError) -> Later:
        """Nobody knows whether it was done: it is looked for soon, and written again when it can't come any more."""
        until = self._now + timedelta(seconds=self._context.settle)
        self._step = msgspec.structs.replace(self._step, possible_until=until)
        return self._later(error, delay=None if self._context.run.tries else _FIRST_LOOK)

    def _later(self, error: StepError, *, delay: float | None, parked: str | None = None) -> Later:
        step = msgspec.structs.replace(self._step, status=StepStatus.RETRYING, error=error)
        return Later(error=error, delay=delay, parked=parked, step=step, raised=self._long_unknown())

    def _halt(
        self, error: StepError, code: str, *, undo: bool = True, queue: Queue | None = None, detail: Json = None
    ) -> Halt:
        context = self._context
        raised = NewException(
            queue=queue or context.queue,
            code=code,
            message=error.message,
            cause=cause(context.run, code, context.name),
            step=context.name,
            detail=detail,
        )
        step = msgspec.structs.replace(self._step, status=StepStatus.FAILED, error=error)
        known = step.possible_until is None
        return Halt(error=error, raised=raised, undo=undo and known, step=step, touched=self._touched)

    def _long_unknown(self) -> NewException | None:
        """What a person is told of an outcome that nobody could find out in good time."""
        step, context = self._step, self._context
        if step.possible_until is None:
            return None
        unknown = (self._now - step.possible_until).total_seconds() + context.settle
        if unknown < UNKNOWN_SECONDS:
            return None
        return NewException(
            queue=context.queue,
            code=OUTCOME_UNKNOWN,
            message=f"Whether {step.platform} did the step {step.name!r} can't be found out: it doesn't answer. Look "
            f"there for {step.key or step.external_id}. This goes on asking, and closes this when it knows.",
            cause=cause(context.run, OUTCOME_UNKNOWN, step.name),
            step=step.name,
            detail={"platform": step.platform, "key": step.key, "externalId": step.external_id},
        )


def step_error(error: CrosswalkError) -> StepError:
    return StepError(code=error.code.value, message=plain_words(error), retryable=error.retryable)


def parked(error: CrosswalkError, firm: Firm) -> str | None:
    """Where a platform is away as a whole, waiting for it is nobody's failed try."""
    if not isinstance(error, RetryLater):
        return None
    refused = isinstance(error, UpstreamUnavailable) and error.landed is Landed.NO
    platform = firm.bindings.platforms.get(error.platform or "")
    down = platform is not None and platform.health() in _AWAY
    return plain_words(error) if isinstance(error, _PARKING) or refused or down else None
