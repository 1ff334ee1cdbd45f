"""A flow played in earnest: finished steps are replayed from the ledger, the next one is done."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any, NoReturn, TypeVar

import msgspec

from schema.errors import Queue
from sync.causes import cause
from sync.doors import door_for
from sync.effects import UNDOING, Done, Effect, Remove, Undo
from sync.firm import Firm
from sync.governed import Governed
from sync.ledger.port import Hold, Ledger, NewException, Outcome, RunChange
from sync.ledger.records import FINISHED, Json, Run, Step, StepError
from sync.outcomes import Halt
from sync.process import Flow, Process
from sync.tasks import Task
from sync.values import from_json, to_json, values_from_json

T = TypeVar("T")

EDITED = "edited:"
"""Begins the name of the fact that holds what a person put into a failed step."""


class FlowChangedError(Exception):
    """The flow's code asks for other steps than those that an earlier version of it has begun for this run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What a performance needs beside its flow and run. `hold` answers the lease as it is at that moment."""

    firm: Firm
    ledger: Ledger
    governed: Governed
    hold: Callable[[], Hold]
    today: date


class Performance(Process):
    """One run, from where it stands. Raises Later or Halt where it can't go on, FlowChangedError where it mustn't."""

    def __init__(self, stage: Stage, flow: Flow, run: Run, steps: tuple[Step, ...], *, if_version: str | None) -> None:
        self.firm = stage.firm
        self.run_id = run.id
        self.today = stage.today
        self.if_version = if_version
        self.records: dict[str, None] = dict.fromkeys(run.records)
        self.stake: tuple[Decimal, str] | None = None
        self._stage = stage
        self._flow = flow
        self._run = run
        self._facts: dict[str, Json] = dict(run.facts)
        self._steps = {step.name: step for step in steps if not step.name.startswith(UNDOING)}
        self._begun = [name for name, step in self._steps.items() if step.attempts or step.status in FINISHED]
        """In their order. The last of them may still be under way: it can be left out as little as a finished one."""
        self._replayed = 0
        self._asked = 0

    async def fact(self, name: str, kind: type[T], gather: Callable[[], Awaitable[T]]) -> T:
        if name not in self._facts:
            self._facts[name] = to_json(await gather())
            await self._stage.ledger.change(self._stage.hold(), RunChange(facts=dict(self._facts)), Outcome())
        try:
            found: T = from_json(kind, self._facts[name])
        except msgspec.ValidationError as error:
            raise FlowChangedError(f"it can't read any more what was found out as {name!r} ({error})") from None
        return found

    def concerns(self, *record_ids: str) -> None:
        self.records |= dict.fromkeys(record_ids)

    def at_stake(self, amount: Decimal, currency: str) -> None:
        self.stake = (amount, currency)

    def needs_person(self, code: str, message: str, *, queue: Queue, detail: Json = None) -> NoReturn:
        raised = NewException(queue=queue, code=code, message=message, cause=cause(self._run, code), detail=detail)
        raise Halt(error=StepError(code=code, message=message, retryable=False), raised=raised, undo=False)

    async def step(self, name: str, effect: Effect, *, undo: Undo) -> Done:
        self._asked += 1
        prior = self._steps.get(name)
        if prior is not None:
            self._hold_against(effect, prior)
        if self._replayed < len(self._begun):
            self._keep_order(name)
            self._replayed += 1
        if prior is not None and prior.status in FINISHED:
            return _done(prior)
        step = await self._stage.governed.perform(
            Task(
                run=self._run,
                hold=self._stage.hold,
                name=name,
                position=self._asked,
                effect=self._edited(name, effect),
                undo=undo,
                queue=self._flow.queue,
                prior=prior,
            )
        )
        self._steps[name] = step
        return _done(step)

    def ended(self) -> None:
        """The flow has come to its end: everything that was begun must have been asked for."""
        if self._replayed < len(self._begun):
            raise FlowChangedError(f"it doesn't know the step {self._begun[self._replayed]!r}, which was begun")

    def _keep_order(self, name: str) -> None:
        """What was begun is asked for first, in the order in which it was begun."""
        expected = self._begun[self._replayed]
        if name == expected:
            return
        if name in self._begun:
            raise FlowChangedError(f"the step {name!r} comes at another place than it was done at")
        raise FlowChangedError(f"the step {name!r} comes before {expected!r}, which was begun already")

    def _hold_against(self, effect: Effect, prior: Step) -> None:
        if (prior.platform, prior.type, prior.role) != (effect.platform, effect.type, effect.role.value):
            raise FlowChangedError(f"the step {prior.name!r} was done to a {prior.type} on {prior.platform}")

    def _edited(self, name: str, effect: Effect) -> Effect:
        edit: Mapping[str, Json] | None = self._facts.get(EDITED + name)
        if edit is None or isinstance(effect, Remove):
            return effect
        writable = door_for(self.firm, effect).writable
        values: dict[str, Any] = dict(effect.values) | values_from_json(writable, edit)
        return replace(effect, values=values)


def edits_of(run: Run) -> dict[str, Json]:
    """The facts that persons put in; what is read anew doesn't touch them."""
    return {name: fact for name, fact in run.facts.items() if name.startswith(EDITED)}


def _done(step: Step) -> Done:
    assert step.external_id is not None
    return Done(step.external_id, step.created)
