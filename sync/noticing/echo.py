"""Tells the echo of our own governed writes from what others did: by what was written, never by who seems to have."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from sync.ledger.records import Json, Operation, Step, StepStatus
from sync.noticing.tracked import ANCHOR

LATE = timedelta(minutes=10)
"""How long after a step a platform may still show what was there before it."""
MADE = timedelta(days=1)
"""How far back a step is looked for that made a record which was never seen."""
MAKING = timedelta(minutes=2)
"""How long a step may be under way before nobody waits for what it makes."""
AT_ONCE = timedelta(seconds=30)
"""How long after the step that made it a record's stamp may lie, the clocks of two systems apart, for it to be as made.
"""
_MEANS: Mapping[tuple[str, str, Json], tuple[str, frozenset[Json]]] = {
    ("Invoice", "approved", True): ("status", frozenset({"POSTED", "OVERDUE"})),
    ("Invoice", "approved", False): ("status", frozenset({"DRAFT"})),
}
"""What is written under another name than it is read: type, path and value of the one; path and values of the other."""
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
Change = tuple[Json, Json]


@dataclass(frozen=True, slots=True)
class Part:
    """Changes with one cause: a governed run's step, or (`step` None) somebody or something else."""

    step: Step | None
    changes: Mapping[str, Change]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What a record is now, held against what it was. `keys`: the paths that hold keys of related records. `echoes`: as
    its snapshot keeps them.
    """

    before: Mapping[str, Json]
    values: Mapping[str, Json]
    modified_at: datetime | None
    first: bool
    keys: Collection[str] = ()
    echoes: Mapping[str, Sequence[str]] = field(default_factory=dict)


def changes_between(before: Mapping[str, Json], values: Mapping[str, Json]) -> dict[str, Change]:
    """By path, where they differ; what the one knows and the other doesn't differs from nothing."""
    paths = sorted(before.keys() | values.keys())
    return {path: (before.get(path), values.get(path)) for path in paths if before.get(path) != values.get(path)}


def parts(difference: Difference, steps: Sequence[Step]) -> list[Part]:
    """The changes by their causes, in the order in which they happened as far as that can be known: first our own."""
    made = _made(difference, steps) if difference.first else None
    if made is not None:
        as_made = _as_made(difference, made)
        others = [step for step in steps if step is not made]
        return [Part(made, changes_between({}, as_made)), *_by_cause(as_made, difference, others)]
    if difference.first:
        return [Part(None, changes_between({}, difference.values))]
    return _by_cause(difference.before, difference, steps)


def _by_cause(before: Mapping[str, Json], difference: Difference, steps: Sequence[Step]) -> list[Part]:
    left = changes_between(before, difference.values)
    found: list[Part] = []
    for step in steps:
        seen = frozenset(difference.echoes.get(mark(step), ()))
        own = {path: change for path, change in left.items() if path not in seen and _wrote(step, path, change[1])}
        own |= {path: change for path, change in left.items() if _goes_along(path, own)}
        if own:
            found.append(Part(step, own))
            left = {path: change for path, change in left.items() if path not in own}
    return [*found, Part(None, left)] if left else found


def removal(steps: Iterable[Step]) -> Step | None:
    """The step that took the record back, where one did."""
    return next((step for step in steps if step.operation is Operation.DELETE), None)


def echoes_after(difference: Difference, steps: Sequence[Step]) -> dict[str, Sequence[str]]:
    """What the new snapshot keeps of the steps that may still be seen later: which of their values are seen by now."""
    kept: dict[str, Sequence[str]] = {}
    for step in steps:
        seen = {path for path, value in difference.values.items() if _wrote(step, path, value)}
        seen |= set(difference.echoes.get(mark(step), ()))
        if seen:
            kept[mark(step)] = sorted(seen)
    return kept


def mark(step: Step) -> str:
    """A further attempt writes anew."""
    return f"{step.run_id}/{step.name}/{step.attempts}"


def same(asked: Json, found: Json) -> bool:
    """`sync.values.alike` for values as the ledger keeps them: numbers by value, empty text as missing."""
    if asked == found or (asked in ("", []) and found is None):
        return True
    if isinstance(asked, list) and isinstance(found, list):
        return len(asked) == len(found) and all(map(same, asked, found))
    if isinstance(asked, dict) and isinstance(found, dict):
        return all(same(value, found.get(name)) for name, value in asked.items() if value is not None)
    return isinstance(asked, str) and isinstance(found, str) and _same_number(asked, found)


def _same_number(one: str, other: str) -> bool:
    return bool(_NUMBER.fullmatch(one) and _NUMBER.fullmatch(other)) and Decimal(one) == Decimal(other)


def _wrote(step: Step, path: str, value: Json) -> bool:
    if path in step.asked:
        return same(step.asked[path], value)
    return any(path == told and value in values for told, values in _meant(step))


def _meant(step: Step) -> Iterator[tuple[str, frozenset[Json]]]:
    for path, value in step.asked.items():
        if isinstance(value, bool) and (step.type, path, value) in _MEANS:
            yield _MEANS[step.type, path, value]


def _goes_along(path: str, own: Mapping[str, Change]) -> bool:
    """Whether a path says in other words what another one says: the platform's own word for a status, a currency."""
    last = path.rpartition(".")[2]
    if last == "currency":
        return path.removesuffix("currency") + "amount" in own
    if not last.startswith("native"):
        return False
    plain = last.removeprefix("native")
    return path.removesuffix(last) + plain[:1].lower() + plain[1:] in own


# ------------------------------------------------------------------------------------------------- records we made


def _made(difference: Difference, steps: Sequence[Step]) -> Step | None:
    """The step that made a record which was never seen, unless it was changed since by somebody else."""
    ends = [step.finished_at for step in steps]
    last = None if None in ends else max((end for end in ends if end is not None), default=None)
    stamped = difference.modified_at
    if last is not None and stamped is not None and stamped > last + AT_ONCE:
        return None
    return next((step for step in steps if step.operation is Operation.CREATE and _may_have_made(step)), None)


def _may_have_made(step: Step) -> bool:
    return step.created or step.status is StepStatus.RUNNING


def _as_made(difference: Difference, step: Step) -> dict[str, Json]:
    """The record as it was when nobody else had touched it yet, by what was asked for."""
    values = dict(difference.values)
    # A platform may name a related record by an id of its own where it is written, and by another's where it is read.
    comparable = step.asked.keys() & values.keys() - {ANCHOR, *difference.keys}
    others = {path for path in comparable if not same(step.asked[path], values[path])}
    values |= {path: step.asked[path] for path in others}
    for path in values:
        if path not in step.asked and _goes_along(path, dict.fromkeys(others, (None, None))):
            values[path] = None
    return values
