"""What a platform has, held against what was asked of it."""

from collections.abc import Mapping
from typing import Any

import msgspec

from platforms.writers import Found, Writable
from schema.errors import Queue
from sync.causes import cause
from sync.firm import Door
from sync.ledger.port import NewException
from sync.ledger.records import Run, Step, StepError, StepStatus
from sync.outcomes import Halt
from sync.values import alike, to_json

FIELD_MISMATCH = "FIELD_MISMATCH"


def different(
    writable: Writable, asked: Mapping[str, Any], found: Found, *, unless_told: bool = False
) -> dict[str, Any]:
    """The asked values that the record doesn't have.

    What a platform tells nobody counts as different, so that it is written; `unless_told` leaves it out, for comparing.
    """
    return {
        path: value
        for path, value in asked.items()
        if (not writable.paths[path].told and not unless_told)
        or (writable.paths[path].told and not alike(value, found.values.get(path)))
    }


def mismatch(queue: Queue, run: Run, step: Step, door: Door, *, asked: Mapping[str, Any], found: Found) -> Halt:
    """The platform reported success, and has other values than it was given: dropped, rounded, or changed by a rule."""
    fields = [
        {"field": path, "asked": to_json(value), "found": to_json(found.values.get(path))}
        for path, value in asked.items()
    ]
    words = "; ".join(f"{each['field']}: asked {each['asked']!r}, found {each['found']!r}" for each in fields)
    message = (
        f"{door.platform} reports success, but its {door.writable.entity} {found.external_id} isn't as asked: {words}. "
        "Look for a rule, an automation or a right there; then retry the run, or resolve this with what holds."
    )
    return Halt(
        error=StepError(code=FIELD_MISMATCH, message=message, retryable=False),
        raised=NewException(
            queue=queue,
            code=FIELD_MISMATCH,
            message=message,
            cause=cause(run, FIELD_MISMATCH, step.name),
            step=step.name,
            detail={"platform": door.platform, "externalId": found.external_id, "fields": fields},
        ),
        undo=False,
        step=msgspec.structs.replace(
            step,
            status=StepStatus.FAILED,
            external_id=found.external_id,
            possible_until=None,
            result={"version": found.version},
        ),
    )
