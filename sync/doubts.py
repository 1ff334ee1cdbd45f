"""Finds out what came of steps that were under way, for a run that can't go on: by looking alone, nothing is written.

Until that is known a run can neither be finished nor taken back.
"""

from datetime import datetime, timedelta

import msgspec

from platforms.call_log import UpstreamCall, upstream_calls
from platforms.writers import Found
from runtime.clock import Clock
from schema.errors import CrosswalkError, LedgerUnavailable
from schema.roles import PlatformRole
from sync.doors import door_for
from sync.effects import UNDOING, Create, Effect, Remove, Undo, Update
from sync.findings import different
from sync.firm import Door, Firm
from sync.ledger.records import FINISHED, Operation, Run, Step, StepStatus
from sync.performance import Stage
from sync.process import Flow
from sync.recording import outcome_of
from sync.tasks import Task
from sync.troubles import Context, Trouble
from sync.values import values_from_json


def in_doubt(step: Step) -> bool:
    """Whether a call of the step may have come to something that nobody has seen yet."""
    return step.status is StepStatus.RUNNING or (step.status not in FINISHED and step.possible_until is not None)


async def settle(stage: Stage, flow: Flow, run: Run, steps: tuple[Step, ...], clock: Clock) -> None:
    """Each doubtful step has SUCCEEDED or FAILED afterwards. Raises Later where the platform can't tell yet."""
    for step in steps:
        if in_doubt(step) and not step.name.startswith(UNDOING):
            await _settle(stage, flow, run, step, clock)


async def _settle(stage: Stage, flow: Flow, run: Run, step: Step, clock: Clock) -> None:
    effect = _effect_of(step, stage.firm)
    door = door_for(stage.firm, effect)
    task = Task(
        run=run,
        hold=stage.hold,
        name=step.name,
        position=step.position,
        effect=effect,
        undo=Undo(step.undo),
        queue=flow.queue,
        prior=step,
    )
    settles = door.writer.traits.settle_seconds
    until = step.possible_until or clock.now() + timedelta(seconds=settles)
    trouble = Trouble(
        Context(run, step.name, flow.queue, stage.firm, settles),
        msgspec.structs.replace(step, possible_until=until),
        clock.now(),
        uncertain=False,
        touched=False,
    )
    calls: list[UpstreamCall] = []
    token = upstream_calls.set(calls)
    try:
        found = await _found(effect, door, step)
    except LedgerUnavailable:
        raise
    except CrosswalkError as error:
        raise trouble.of(error) from error
    finally:
        upstream_calls.reset(token)
    if found is None:
        if clock.now() < until:
            raise trouble.in_doubt(until)
        await stage.ledger.note(
            stage.hold(), msgspec.structs.replace(step, status=StepStatus.FAILED, possible_until=None)
        )
        return
    done = _done(step, effect, found, clock.now())
    outcome = outcome_of(task, done, stage.firm, door, calls=calls, now=clock.now())
    await stage.ledger.finish(stage.hold(), done, outcome)


def _effect_of(step: Step, firm: Firm) -> Effect:
    role = PlatformRole(step.role)
    door = firm.door(step.platform, step.type, role)
    values = {} if door is None else values_from_json(door.writable, step.asked)
    match step.operation:
        case Operation.CREATE | Operation.UPSERT:
            return Create(platform=step.platform, type=step.type, role=role, values=values, key=step.key)
        case Operation.DELETE:
            assert step.external_id is not None
            return Remove(platform=step.platform, type=step.type, role=role, external_id=step.external_id)
    assert step.external_id is not None
    return Update(platform=step.platform, type=step.type, role=role, external_id=step.external_id, values=values)


async def _found(effect: Effect, door: Door, step: Step) -> Found | None:
    """What the platform has, if it is what the step was to bring about."""
    match effect:
        case Create():
            assert step.key is not None
            bearers = await door.writer.find(door.writable, step.key)
            return bearers[0] if bearers else None
        case Remove():
            left = await door.writer.fetch(door.writable, effect.external_id)
            return None if left is not None else Found(external_id=effect.external_id, values={})
        case Update():
            current = await door.writer.fetch(door.writable, effect.external_id)
            return current if current is not None and not different(door.writable, effect.values, current) else None


def _done(step: Step, effect: Effect, found: Found, now: datetime) -> Step:
    created = isinstance(effect, Create)
    return msgspec.structs.replace(
        step,
        status=StepStatus.SUCCEEDED,
        external_id=found.external_id,
        created=created,
        error=None,
        possible_until=None,
        result={"externalId": found.external_id, "created": created},
        finished_at=now,
    )
