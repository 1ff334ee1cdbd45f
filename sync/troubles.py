"""What becomes of a step whose platform did not do as asked: one table from the error tree to what happens next."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from platforms.writers import Found
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
from sync.firm import Door
from sync.ledger.port import NewException
from sync.ledger.records import Json, Run, Step, StepError, StepStatus
from sync.outcomes import Halt, Later
from sync.values import alike, to_json

UNKNOWN_SECONDS = 300.0
"""How long an outcome may stay unknown before a person is told; looking goes on."""
OUTCOME_UNKNOWN = "OUTCOME_UNKNOWN"
_PARKING = (UpstreamCircuitOpen, UpstreamMaintenance, UpstreamQuotaExhausted, UpstreamRateLimited)


@dataclass(frozen=True, slots=True)
class Context:
    """What a trouble has to know of the task it befell."""

    run: Run
    name: str
    queue: Queue


class Trouble:
    """`uncertain`: a call was on its way whose effect may still show for so many seconds; None: nothing is in doubt."""

    def __init__(self, context: Context, step: Step, now: datetime, *, uncertain: float | None = None) -> None:
        self._context = context
        self._step = step
        self._now = now
        self._uncertain = uncertain

    def of(self, error: CrosswalkError) -> Later | Halt:
        landed = Landed.UNKNOWN if isinstance(error, DeadlineExceeded) else getattr(error, "landed", Landed.NO)
        if self._uncertain is not None and landed is not Landed.NO:
            return self._lost(error, self._uncertain)
        told = step_error(error)
        if isinstance(error, RetryLater | DeadlineExceeded):
            return Later(
                error=told, delay=getattr(error, "retry_after", None), parked=parked(error), step=self._retrying(told)
            )
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
        delay = min((until - self._now).total_seconds(), max(1.0, (until - self._now).total_seconds() / 4))
        return Later(error=error, delay=delay, parked="waiting for a lost call", step=self._retrying(error))

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
        return self._halt(StepError(code="NOT_FOUND", message=message, retryable=False), "NOT_FOUND")

    def still_there(self, door: Door) -> Halt:
        record = f"{door.writable.entity} {self._step.external_id}"
        message = f"{door.platform} reports that its {record} is gone, and still has it."
        error = StepError(code="FIELD_MISMATCH", message=message, retryable=False)
        return self._halt(error, "FIELD_MISMATCH", undo=False)

    # ----------------------------------------------------------------------------------------------------------------

    def _lost(self, error: CrosswalkError, settle: float) -> Later:
        """Nobody knows whether it was done: it is looked for at once, and written again when it can't come any more."""
        told = step_error(error)
        step = msgspec.structs.replace(
            self._step, status=StepStatus.RETRYING, error=told, possible_until=self._now + timedelta(seconds=settle)
        )
        return Later(error=told, delay=0.2, step=step)

    def _retrying(self, error: StepError) -> Step:
        return msgspec.structs.replace(self._step, status=StepStatus.RETRYING, error=error)

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
        return Halt(error=error, raised=raised, undo=undo, step=step)


def step_error(error: CrosswalkError) -> StepError:
    return StepError(code=error.code.value, message=plain_words(error), retryable=error.retryable)


def parked(error: CrosswalkError) -> str | None:
    """Where a platform is away as a whole, waiting for it is nobody's failed try."""
    refused = isinstance(error, UpstreamUnavailable) and error.landed is Landed.NO
    if isinstance(error, PlatformError) and (isinstance(error, _PARKING) or refused):
        return plain_words(error)
    return None


def long_unknown(run: Run, step: Step, now: datetime, queue: Queue) -> NewException | None:
    """What a person is told of an outcome that nobody could find out in good time."""
    if step.possible_until is None or step.started_at is None:
        return None
    if (now - step.started_at).total_seconds() < UNKNOWN_SECONDS:
        return None
    return NewException(
        queue=queue,
        code=OUTCOME_UNKNOWN,
        message=f"Whether {step.platform} did the step {step.name!r} can't be found out: it doesn't answer. Look there "
        f"for {step.key or step.external_id}. This goes on asking, and closes this when it knows.",
        cause=cause(run, OUTCOME_UNKNOWN, step.name),
        step=step.name,
        detail={"platform": step.platform, "key": step.key, "externalId": step.external_id},
    )
