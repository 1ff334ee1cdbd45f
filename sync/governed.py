"""The only door to a writer: each effect is written down, looked for, done, read back and recorded, in this order.

A worker may die between any two of these; whoever takes the run over comes to the same end. What is never done is to
repeat a write whose outcome isn't known: the platform is asked first, by the step's key.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import msgspec

from platforms.call_log import UpstreamCall, upstream_calls
from platforms.writers import Found
from runtime.clock import Clock
from schema.errors import CrosswalkError, LedgerUnavailable
from sync.doors import door_for
from sync.effects import Create, Remove, Update
from sync.findings import different, mismatch
from sync.firm import Firm
from sync.ledger.port import LeaseLostError, Ledger, Outcome
from sync.ledger.records import Json, Step, StepStatus
from sync.recording import outcome_of
from sync.tasks import Task, intended
from sync.troubles import MOST_TRIES, Context, Trouble
from sync.values import alike, to_json, values_to_json


class Governed:
    """Does tasks, each to its recorded end; raises Later or Halt where it has none yet."""

    def __init__(self, ledger: Ledger, firm: Firm, clock: Clock) -> None:
        self._ledger = ledger
        self._firm = firm
        self._clock = clock

    async def perform(self, task: Task) -> Step:
        """The finished step. LeaseLostError where another worker has the run by now."""
        attempt = _Attempt(self._ledger, self._firm, self._clock, task)
        calls: list[UpstreamCall] = []
        token = upstream_calls.set(calls)
        try:
            return await attempt.perform(calls)
        except LedgerUnavailable:
            raise  # no platform's doing: the step stands in the ledger as it did
        except CrosswalkError as error:
            raise attempt.trouble().of(error) from error
        finally:
            upstream_calls.reset(token)


class _Attempt:
    """One try at a task."""

    def __init__(self, ledger: Ledger, firm: Firm, clock: Clock, task: Task) -> None:
        self._ledger = ledger
        self._firm = firm
        self._clock = clock
        self._task = task
        self._door = door_for(firm, task.effect)
        self.step = self._left_behind(intended(task))
        self.writing = False
        """True while a call may change the platform without our knowing."""
        self.written = False
        """Whether a change is reported as done."""

    def _left_behind(self, step: Step) -> Step:
        """Where a worker died over the step, its call went out at some time before now, or it didn't."""
        prior = self._task.prior
        if prior is None or prior.status is not StepStatus.RUNNING or prior.possible_until is not None:
            return step
        settle = timedelta(seconds=self._door.writer.traits.settle_seconds)
        return msgspec.structs.replace(step, possible_until=self._clock.now() + settle)

    async def perform(self, calls: list[UpstreamCall]) -> Step:
        match self._task.effect:
            case Create() as effect:
                found = await self._create(effect)
            case Update() as effect:
                found = await self._update(effect)
            case Remove() as effect:
                found = await self._remove(effect)
        return await self._finish(found, calls)

    # ------------------------------------------------------------------------------------------------------- effects

    async def _create(self, effect: Create) -> Found:
        door, step = self._door, self.step
        assert step.key is not None
        earlier = step.attempts > 0
        bearers = await door.writer.find(door.writable, step.key) if earlier or effect.key is not None else ()
        ours = effect.key is None or step.absent
        if bearers and not ours:
            self.step = msgspec.structs.replace(step, status=StepStatus.SKIPPED, external_id=bearers[0].external_id)
            return bearers[0]
        if bearers:
            return await self._completed(effect, await self._sole(bearers))
        self._wait_for_lost_calls()
        await self._begin(absent=True)
        self._writes()
        external_id = await door.writer.create(door.writable, step.key, effect.values)
        self.written = True
        self.step = msgspec.structs.replace(self.step, external_id=external_id, created=True)
        found = await self._read_new(external_id, step.key)
        self._compare(effect.values, found)
        return found

    async def _completed(self, effect: Create, found: Found) -> Found:
        """A record of an earlier try, brought to what was asked of it."""
        door = self._door
        self.step = msgspec.structs.replace(self.step, external_id=found.external_id, created=True)
        updatable = {
            path: value for path, value in effect.values.items() if door.writable.settable(path, creating=False)
        }
        lacking = different(door.writable, updatable, found)
        if lacking:
            await self._begin(absent=True)
            self._writes()
            await door.writer.update(door.writable, found.external_id, lacking)
            self.written = True
            found = await self._read(found.external_id)
        self._compare(effect.values, found)
        return found

    async def _sole(self, bearers: tuple[Found, ...]) -> Found:
        """Of several records with this step's own key the oldest stays; the others are taken back."""
        door = self._door
        for extra in bearers[1:]:
            await self._begin(absent=True)
            self._writes()
            await door.writer.remove(door.writable, extra.external_id)
            self.writing = False
        return bearers[0]

    async def _update(self, effect: Update) -> Found:
        door, step = self._door, self.step
        current = await self._read(effect.external_id)
        wanted = different(door.writable, effect.values, current)
        if not wanted:
            status = StepStatus.SKIPPED if step.attempts == 0 else StepStatus.SUCCEEDED
            self.step = msgspec.structs.replace(step, status=status)
            return current
        self._wait_for_lost_calls()
        if effect.version is not None and not self._untouched(effect, current):
            raise self.trouble().conflict(door, effect, current)
        await self._begin(before={**_before(effect.values, current), **(step.before or {})})
        self._writes()
        version = current.version if effect.version is not None else None
        await door.writer.update(door.writable, effect.external_id, wanted, version=version)
        self.written = True
        found = await self._read(effect.external_id)
        self._compare(effect.values, found)
        return found

    async def _remove(self, effect: Remove) -> Found:
        door = self._door
        gone = Found(external_id=effect.external_id, values={})
        if await door.writer.fetch(door.writable, effect.external_id) is None:
            return gone
        self._wait_for_lost_calls()
        await self._begin()
        self._writes()
        await door.writer.remove(door.writable, effect.external_id)
        left = await door.writer.fetch(door.writable, effect.external_id)
        self.writing = False
        if left is not None:
            raise self.trouble().still_there(door)
        return gone

    # --------------------------------------------------------------------------------------------------------- pieces

    def trouble(self) -> Trouble:
        task = self._task
        settle = self._door.writer.traits.settle_seconds
        context = Context(task.run, task.name, task.queue, self._firm, settle)
        return Trouble(context, self.step, self._clock.now(), uncertain=self.writing, touched=self.written)

    async def _read(self, external_id: str) -> Found:
        found = await self._door.writer.fetch(self._door.writable, external_id)
        if found is None:
            raise self.trouble().gone(self._door, external_id)
        self.writing = False
        return found

    async def _read_new(self, external_id: str, key: str) -> Found:
        """A new record, read by its key where a key can have several: the one that counts is the oldest."""
        door = self._door
        if door.writable.unique:
            return await self._read(external_id)
        bearers = await door.writer.find(door.writable, key)
        if not bearers:
            return await self._read(external_id)
        self.writing = False
        found = await self._sole(bearers)
        self.step = msgspec.structs.replace(self.step, external_id=found.external_id)
        return found

    def _compare(self, asked: Mapping[str, Any], found: Found) -> None:
        """What was asked must be there now: success that isn't so is no success."""
        wrong = different(self._door.writable, asked, found, unless_told=True)
        if wrong:
            raise mismatch(self._task.queue, self._task.run, self.step, self._door, asked=wrong, found=found)

    def _writes(self) -> None:
        """From here on the platform may act: only for whoever has the run's lease now."""
        if self._clock.now() >= self._task.hold().until:
            raise LeaseLostError(self._task.run.id)
        self.writing = True

    def _wait_for_lost_calls(self) -> None:
        """An earlier try's call whose answer never came may still be at work on the platform: it is given its time."""
        until = self.step.possible_until
        if until is not None and self._clock.now() < until:
            raise self.trouble().in_doubt(until)
        self.step = msgspec.structs.replace(self.step, possible_until=None)

    def _untouched(self, effect: Update, current: Found) -> bool:
        """Whether nobody but this step has changed the record since the caller saw it."""
        step = self.step
        left_at = None if step.result is None else step.result.get("version")  # by a write of ours that wasn't right
        if current.version in (effect.version, left_at):
            return True
        # An earlier try that was done in part has moved the version itself: then something of it is there.
        return step.before is not None and any(
            alike(value, current.values.get(path)) and to_json(current.values.get(path)) != step.before.get(path)
            for path, value in effect.values.items()
        )

    async def _begin(self, *, absent: bool = False, before: Mapping[str, Json] | None = None) -> None:
        """Writes the intent down, once per attempt."""
        if self.step.status is StepStatus.RUNNING:
            return
        now, task = self._clock.now(), self._task
        if task.run.tries >= MOST_TRIES and task.prior is not None and task.prior.status is StepStatus.RETRYING:
            raise self.trouble().worn_out()
        self.step = msgspec.structs.replace(
            self.step,
            status=StepStatus.RUNNING,
            attempts=self.step.attempts + 1,
            absent=absent,
            before=before,
            error=None,
            possible_until=None,
            started_at=self.step.started_at or now,
        )
        await self._ledger.begin(task.hold(), self.step, Outcome())

    async def _finish(self, found: Found, calls: list[UpstreamCall]) -> Step:
        task, now = self._task, self._clock.now()
        status = self.step.status if self.step.status is StepStatus.SKIPPED else StepStatus.SUCCEEDED
        step = msgspec.structs.replace(
            self.step,
            status=status,
            external_id=found.external_id,
            error=None,
            possible_until=None,
            result={"externalId": found.external_id, "created": self.step.created},
            started_at=self.step.started_at or now,
            finished_at=now,
        )
        outcome = outcome_of(task, step, self._firm, self._door, calls=calls, now=now)
        return await self._ledger.finish(task.hold(), step, outcome)


def _before(asked: Mapping[str, Any], current: Found) -> dict[str, Json]:
    return values_to_json({path: current.values.get(path) for path in asked})
