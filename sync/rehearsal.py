"""A flow played without writing anything: it reads what is there, and notes what each step would change."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NoReturn, TypeVar

from platforms.writers import Found, Writable
from schema.errors import Queue
from sync.desk import RefusalCode
from sync.doors import door_for
from sync.effects import Create, Done, Effect, Remove, Undo, Update, is_planned, planned_id, without_stand_ins
from sync.firm import Door, Firm
from sync.keys import step_key
from sync.ledger.records import Change, Json, Operation, Planned
from sync.process import Process, Refused, refused
from sync.values import alike, digest, from_json, to_json

T = TypeVar("T")


class PlanEnds(Exception):  # noqa: N818 - not a fault
    """The rest of the flow depends on a person."""


class Rehearsal(Process):
    """`facts`, `plan` and `records` are what it brought to light."""

    def __init__(self, firm: Firm, run_id: str, *, today: date, if_version: str | None) -> None:
        self.firm = firm
        self.run_id = run_id
        self.today = today
        self.if_version = if_version
        self.facts: dict[str, Json] = {}
        self.plan: list[Planned] = []
        self.records: dict[str, None] = {}

    async def fact(self, name: str, kind: type[T], gather: Callable[[], Awaitable[T]]) -> T:
        if name not in self.facts:
            self.facts[name] = to_json(await gather())
        found: T = from_json(kind, self.facts[name])
        return found

    def concerns(self, *record_ids: str) -> None:
        self.records |= dict.fromkeys(record for record in record_ids if not is_planned(record))

    def at_stake(self, amount: Decimal, currency: str) -> None:
        """Nothing is, before anything is written."""

    def needs_person(self, code: str, message: str, *, queue: Queue, detail: Json = None) -> NoReturn:  # noqa: ARG002
        """The plan ends here; what a person is asked is said when it is performed."""
        raise PlanEnds

    async def step(self, name: str, effect: Effect, *, undo: Undo) -> Done:  # noqa: ARG002 - how a step is undone plans nothing
        assert all(planned.step != name for planned in self.plan), f"two steps are called {name!r}"
        door = door_for(self.firm, effect)
        match effect:
            case Create():
                return await self._create(name, door, effect)
            case Update():
                return await self._update(name, door, effect)
            case Remove():
                raise TypeError("only compensation removes")

    async def _create(self, name: str, door: Door, effect: Create) -> Done:
        key = effect.key or step_key(self.run_id, name)
        found: Sequence[Found] = ()
        fresh = is_planned(key) or any(is_planned(value) for value in effect.values.values())
        if effect.key is not None and not fresh:
            found = await door.writer.find(door.writable, key)
        if found:
            cost = 1 + door.writer.traits.cost(door.writable, {}, False)
            self._note(name, door, Operation.UPSERT, found[0].external_id, (), calls=cost)
            return Done(found[0].external_id, created=False)
        operation = Operation.UPSERT if door.writable.unique else Operation.CREATE
        changes = tuple(
            Change(field=path, before=None, after=shown(value))
            for path, value in effect.values.items()
            if value is not None
        )
        # It is looked for by a key that may be another's already, and read back.
        cost = door.writer.traits.cost(door.writable, effect.values, True) + (1 if effect.key is None else 2)
        self._note(name, door, operation, None, changes, calls=cost)
        return Done(planned_id(name), created=True)

    async def _update(self, name: str, door: Door, effect: Update) -> Done:
        before: Mapping[str, Any] = {}
        if not is_planned(effect.external_id):
            before = (await self._current(door, effect)).values
        changes = changed(door.writable, before, effect.values)
        external_id = None if is_planned(effect.external_id) else effect.external_id
        written = {change.field: effect.values[change.field] for change in changes}
        # It is read first, and read back where something is written.
        cost = door.writer.traits.cost(door.writable, written, False) + (2 if changes else 1)
        self._note(name, door, Operation.UPDATE, external_id, changes, calls=cost)
        return Done(effect.external_id, created=False)

    async def _current(self, door: Door, effect: Update) -> Found:
        current = await door.writer.fetch(door.writable, effect.external_id)
        if current is None:
            raise refused(
                RefusalCode.NOT_FOUND, f"{effect.platform} has no {door.writable.entity} {effect.external_id} any more."
            )
        if effect.version is not None and current.version != effect.version:
            raise conflict(door, effect, current)
        return current

    def _note(
        self,
        name: str,
        door: Door,
        operation: Operation,
        external_id: str | None,
        changes: tuple[Change, ...],
        *,
        calls: int,
    ) -> None:
        self.plan.append(
            Planned(
                step=name,
                platform=door.platform,
                entity=door.writable.entity,
                operation=operation,
                external_id=external_id,
                changes=changes,
                calls=calls,
            )
        )


def changed(writable: Writable, before: Mapping[str, Any], asked: Mapping[str, Any]) -> tuple[Change, ...]:
    """The asked values that aren't there already. A value that the platform doesn't tell counts as another one."""
    return tuple(
        Change(field=path, before=shown(before.get(path)), after=shown(value))
        for path, value in asked.items()
        if not writable.paths[path].told or not alike(value, before.get(path))
    )


def conflict(door: Door, effect: Update, current: Found) -> Refused:
    """The record isn't any more what the caller saw; says both, field by field."""
    both = "; ".join(
        f"{path} is {to_json(current.values.get(path))!r} there, {to_json(value)!r} was asked"
        for path, value in effect.values.items()
        if not alike(value, current.values.get(path))
    )
    return refused(
        RefusalCode.CONFLICT,
        f"The {door.writable.entity} on {effect.platform} changed meanwhile: it has version {current.version}, not "
        f"{effect.version}{f' ({both})' if both else ''}. Read it again and decide anew.",
        "ifVersion",
    )


def shown(value: Any) -> Json:
    """A value for a plan, which people read."""
    return without_stand_ins(to_json(value))


def plan_hash(plan: Sequence[Planned], facts: Mapping[str, Json]) -> str:
    """What an approver agrees to: every write with the live values that it starts from, and what was decided upon."""
    return digest({"writes": list(plan), "facts": facts})
