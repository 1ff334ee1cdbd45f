"""One step that is to be done, and how it stands before it is: as earlier tries left it, else new."""

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from schema.errors import Queue
from sync.effects import Create, Effect, Remove, Undo, Update
from sync.keys import step_key
from sync.ledger.port import Hold
from sync.ledger.records import Operation, Run, Step, StepStatus
from sync.values import values_to_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One step to be done. `hold` answers the lease as it is at that moment; `prior` what earlier tries left behind."""

    run: Run
    hold: Callable[[], Hold]
    name: str
    position: int
    effect: Effect
    undo: Undo
    queue: Queue
    prior: Step | None


def intended(task: Task) -> Step:
    """The step as it stands before this try: as earlier tries left it, else new."""
    effect = task.effect
    match effect:
        case Create():
            operation, external_id, asked = Operation.CREATE, None, effect.values
        case Update():
            operation, external_id, asked = Operation.UPDATE, effect.external_id, effect.values
        case Remove():
            operation, external_id, asked = Operation.DELETE, effect.external_id, {}
    key = None
    if isinstance(effect, Create):
        key = effect.key or step_key(task.run.id, task.name)
    prior = task.prior
    fresh = Step(
        run_id=task.run.id,
        name=task.name,
        position=task.position,
        platform=effect.platform,
        type=effect.type,
        role=effect.role.value,
        operation=operation,
        status=StepStatus.PENDING,
        key=key,
        external_id=external_id,
        asked=values_to_json(asked),
        undo=task.undo.value,
    )
    if prior is None:
        return fresh
    return msgspec.structs.replace(
        fresh,
        attempts=prior.attempts,
        before=prior.before,
        external_id=prior.external_id or external_id,
        created=prior.created,
        absent=prior.absent,
        result=prior.result,
        error=prior.error,
        possible_until=prior.possible_until,
        started_at=prior.started_at,
        status=StepStatus.RETRYING,
    )
