"""Makes the plan of a run: plays its flow without writing, and keeps what that brought to light."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import msgspec

from runtime.clock import Clock
from sync.firm import Firm
from sync.ledger.records import Json, Planned
from sync.process import Flow, Wish
from sync.rehearsal import PlanEnds, Rehearsal, plan_hash

IF_VERSION = "ifVersion"


@dataclass(frozen=True, slots=True)
class Plan:
    """The writes in their order, a hash of them with the live values that they start from, and what the flow read."""

    writes: tuple[Planned, ...]
    hash: str
    facts: Mapping[str, Json]
    records: tuple[str, ...]


class Planning:
    def __init__(self, firm: Firm, clock: Clock) -> None:
        self._firm = firm
        self._clock = clock

    async def plan(self, flow: Flow, given: Mapping[str, Json], run_id: str) -> Plan:
        """Refused where the wish can't be granted; PlatformError where a platform that it needs doesn't answer."""
        rehearsal = Rehearsal(self._firm, run_id, today=self._clock.now().date(), if_version=if_version_of(given))
        with suppress(PlanEnds):
            await flow.process(rehearsal, wish_of(flow, given))
        writes = tuple(rehearsal.plan)
        return Plan(writes, plan_hash(writes, rehearsal.facts), rehearsal.facts, tuple(rehearsal.records))


def wish_of(flow: Flow, given: Mapping[str, Json]) -> Wish:
    """A run's input as the flow's wish; msgspec.ValidationError where it isn't one."""
    return msgspec.convert({name: value for name, value in given.items() if name != IF_VERSION}, flow.wish)


def if_version_of(given: Mapping[str, Any]) -> str | None:
    version: str | None = given.get(IF_VERSION)
    return version


def what_changed(
    old: tuple[Planned, ...], new: tuple[Planned, ...], old_facts: Mapping[str, Json], new_facts: Mapping[str, Json]
) -> str:
    """For an approver: where a plan isn't any more what was agreed to."""
    before = {planned.step: planned for planned in old}
    now = {planned.step: planned for planned in new}
    facts = [*_fact_differences("", old_facts, new_facts)]
    words = [f"{step}: no longer needed" for step in before.keys() - now.keys()]
    words += [f"{step}: new" for step in now.keys() - before.keys()]
    for step in before.keys() & now.keys():
        if before[step] != now[step]:
            words.append(f"{step}: {_differences(before[step], now[step])}")
    return "; ".join([*sorted(words), *facts])


def _fact_differences(name: str, old: Json, new: Json) -> Iterator[str]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for part in dict.fromkeys((*old, *new)):
            yield from _fact_differences(f"{name}.{part}" if name else part, old.get(part), new.get(part))
    elif old != new:
        yield f"{name} was {old!r}, now {new!r}"


def _differences(old: Planned, new: Planned) -> str:
    mine = {change.field: change for change in old.changes}
    theirs = {change.field: change for change in new.changes}
    told = [
        f"{name} was to become {_after(mine.get(name))} from {_before(mine.get(name))}, now {_after(theirs.get(name))} "
        f"from {_before(theirs.get(name))}"
        for name in dict.fromkeys((*mine, *theirs))
        if mine.get(name) != theirs.get(name)
    ]
    return ", ".join(told) or "it meets another record"


def _after(change: Any) -> str:
    return "nothing" if change is None else repr(change.after)


def _before(change: Any) -> str:
    return "nothing" if change is None else repr(change.before)
