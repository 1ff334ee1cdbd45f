"""Takes the finished steps of a run back, last first; each undo is a governed step itself."""

from collections.abc import Mapping
from typing import Any

import msgspec

from platforms.writers import Found
from schema.roles import PlatformRole
from sync.causes import cause
from sync.doors import door_for
from sync.effects import UNDOING, Effect, Remove, Undo, Update
from sync.ledger.port import NewException
from sync.ledger.records import FINISHED, Run, Step, StepError, StepStatus
from sync.outcomes import Halt
from sync.performance import Stage
from sync.process import Flow
from sync.tasks import Task, intended
from sync.values import alike, to_json, values_from_json

UNDO_CONFLICT = "UNDO_CONFLICT"
_EFFECTIVE = frozenset({StepStatus.SUCCEEDED, StepStatus.FAILED, StepStatus.RETRYING})
"""Statuses of steps that have changed something, or part of it."""


async def compensate(stage: Stage, flow: Flow, run: Run, steps: tuple[Step, ...]) -> None:
    """Everything that the run did and that can be taken back is; raises Later or Halt where that can't go on."""
    by_name = {step.name: step for step in steps}
    position = len(steps)
    for step in reversed(steps):
        if step.name.startswith(UNDOING) or step.status not in _EFFECTIVE:
            continue
        effect = _undoing(stage, step)
        if effect is None:
            continue
        name = UNDOING + step.name
        prior = by_name.get(name)
        position += 1
        if prior is None or prior.status not in FINISHED:
            task = Task(
                run=run,
                hold=stage.hold,
                name=name,
                position=position,
                effect=effect,
                undo=Undo.NONE,
                queue=flow.queue,
                prior=prior,
            )
            if prior is None:  # from here on the run goes back, never on, whatever stops it
                await stage.ledger.note(stage.hold(), intended(task))
            if isinstance(effect, Update):
                await _still_ours(stage, task, step, effect)
            await stage.governed.perform(task)
        await stage.ledger.note(stage.hold(), msgspec.structs.replace(step, status=StepStatus.COMPENSATED))


def _undoing(stage: Stage, step: Step) -> Effect | None:
    """What takes the step back; None where it changed nothing that could be."""
    role = PlatformRole(step.role)
    if step.external_id is None:
        return None
    if step.undo == Undo.REMOVE and step.created:
        return Remove(platform=step.platform, type=step.type, role=role, external_id=step.external_id)
    if step.undo == Undo.RESTORE and step.before:
        door = stage.firm.door(step.platform, step.type, role)
        assert door is not None, "it was written through this door"
        before = values_from_json(door.writable, step.before)
        return Update(platform=step.platform, type=step.type, role=role, external_id=step.external_id, values=before)
    return None


async def _still_ours(stage: Stage, task: Task, step: Step, effect: Update) -> None:
    """A value that somebody has changed since is theirs: it isn't put back over their heads."""
    door = door_for(stage.firm, effect)
    asked = values_from_json(door.writable, step.asked)
    before = effect.values
    current = await door.writer.fetch(door.writable, effect.external_id)
    changed = [] if current is None else [path for path in before if _elses(path, asked, before, current)]
    if not changed:
        return
    assert current is not None
    found = {path: to_json(current.values.get(path)) for path in changed}
    message = (
        f"{', '.join(changed)} of the {door.writable.entity} {current.external_id} on {door.platform} changed after "
        f"this run had set it, so it wasn't put back. It is {found} now. Decide what it should be, and set it there."
    )
    error = StepError(code=UNDO_CONFLICT, message=message, retryable=False)
    raise Halt(
        error=error,
        raised=NewException(
            queue=task.queue,
            code=UNDO_CONFLICT,
            message=message,
            cause=cause(task.run, UNDO_CONFLICT, task.name),
            step=task.name,
            detail={"found": found, "asked": {path: to_json(asked.get(path)) for path in changed}},
        ),
        undo=False,
        step=msgspec.structs.replace(intended(task), status=StepStatus.FAILED),
    )


def _elses(path: str, asked: Mapping[str, Any], before: Mapping[str, Any], current: Found) -> bool:
    """Whether the value is neither what this run set nor what it was before."""
    found = current.values.get(path)
    return not alike(asked.get(path), found) and not alike(before.get(path), found)
