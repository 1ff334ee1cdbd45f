"""Fills the places of canonical records in what other resolvers answered: by one plan, in as few calls as a query's."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from graphql.execution.values import VariableValues

from resolvers.documents import Chosen, Plans
from resolvers.engine_port import Operation, RequestError
from resolvers.plan.nodes import RootField
from resolvers.plan.planner import Embedded
from resolvers.plan.shapes import Failed
from resolvers.run.operation import Operation as Run
from resolvers.run.operation import together
from resolvers.run.reads import Reads
from resolvers.run.roots import Roots
from resolvers.run.verdict import Typed, Verdict
from resolvers.stand_ins import Path, Place
from schema.declare import MOST_LIVE_RECORDS
from schema.errors import BadUserInput, CrosswalkError, DeadlineExceeded, TooWide

Json = dict[str, Any]
LATE = "The operation's time is over: ask for less, or for fewer records at once."
MOST_RECORDS = 1_000
"""Read live inside one operation."""
BEYOND = (
    f"Of one run {MOST_LIVE_RECORDS} records are read, in one operation {MOST_RECORDS}: "
    "look the others up with `nodes`."
)
_Selection = tuple[str | None, bool, tuple[int, ...]]


class EmbeddedRecords:
    """Completes records by their ids. A place that can't be null keeps its record's id when the platform is away; a
    record that is gone leaves a list of such places.
    """

    def __init__(self, plans: Plans, reads: Reads) -> None:
        self._plans = plans
        self._reads = reads

    async def fill(
        self,
        data: Any,
        places: Sequence[Place],
        operation: Operation,
        chosen: Chosen,
        variables: VariableValues | None,
        *,
        verdict: Verdict,
        seconds: float,
    ) -> Run | None:
        """Puts the records into `data`, where their places stand; those that aren't there in time are failures.

        Returns what ran, for what it has to tell; None where nothing was read.
        """
        if not places:
            return None
        groups = _grouped(places)
        selections = [Embedded(found[0].of, found[0].nodes, found[0].stand_in.proven) for found in groups]
        try:
            compiled = self._plans.embedded(operation, chosen, variables.coerced if variables else {}, selections)
        except RequestError as error:
            unfit = Failed(BadUserInput(str(error)))
            _Filling({p: (None, unfit if _may_be(p) else None) for p in places}, verdict, troubled=True).into(data)
            return None
        run = Run(self._reads, compiled, variables, explain=operation.explain)
        try:
            answers = await self._read(run, compiled.plan.roots, groups, seconds)
        finally:
            run.close()
        _Filling(answers, verdict, troubled=run.troubled).into(data)
        return run

    async def _read(
        self, run: Run, roots: Sequence[RootField], groups: Sequence[Sequence[Place]], seconds: float
    ) -> dict[Place, tuple[RootField | None, Any]]:
        """What belongs into each place: `Typed`, None or `Failed`."""
        answers: dict[Place, tuple[RootField | None, Any]] = {}
        left = MOST_RECORDS
        parts = []
        for root, places in zip(roots, groups, strict=True):
            wanted = list(dict.fromkeys(p.stand_in.id for p in places if not p.stand_in.beyond and _may_be(p)))[:left]
            left -= len(wanted)
            answers.update(_without_reading(root, places, frozenset(wanted)))
            parts.append(self._one(run, root, places, wanted, answers))
        try:
            async with asyncio.timeout(seconds) as timer:
                await together(parts)
        except TimeoutError:
            if not timer.expired():
                raise
        late = Failed(DeadlineExceeded(LATE))
        for root, places in zip(roots, groups, strict=True):
            for place in places:
                answers.setdefault(place, (root, late))
        return answers

    async def _one(
        self, run: Run, root: RootField, places: Sequence[Place], wanted: Sequence[str], answers: dict[Place, Any]
    ) -> None:
        found = dict(zip(wanted, await Roots(run).records(root, wanted), strict=True))
        answers.update((place, (root, found[place.stand_in.id])) for place in places if place not in answers)


def _grouped(places: Iterable[Place]) -> list[list[Place]]:
    """The places that are asked alike, together."""
    groups: dict[_Selection, list[Place]] = {}
    for place in places:
        identity = (place.of, place.stand_in.proven, tuple(id(node) for node in place.nodes))
        groups.setdefault(identity, []).append(place)
    return list(groups.values())


def _may_be(place: Place) -> bool:
    """Whether the record can be there. What a caller asks for is asked, so that the caller hears why it isn't."""
    return place.type is not None or not place.stand_in.proven


def _without_reading(root: RootField, places: Iterable[Place], wanted: frozenset[str]) -> dict[Place, Any]:
    """The places whose records aren't read, with what stands there instead."""
    beyond = Failed(TooWide(BEYOND, part="records"))
    return {
        place: (root, beyond if _may_be(place) else None)
        for place in places
        if place.stand_in.beyond or not _may_be(place) or place.stand_in.id not in wanted
    }


class _Filling:
    """One pass over the places of an answer, which tells the errors on its way."""

    def __init__(
        self, answers: Mapping[Place, tuple[RootField | None, Any]], verdict: Verdict, *, troubled: bool
    ) -> None:
        self._answers = answers
        self._verdict = verdict
        self._troubled = troubled

    def into(self, data: Any) -> None:
        done: set[Path] = set()
        for place in self._answers:
            above = place.path[:-1]
            if above in done:
                continue
            match _at(data, above):
                case list() as items:
                    done.add(above)
                    items[:] = self._items(items, above)
                case dict() as fields:
                    fields[place.path[-1]] = self._value(place, place.path)

    def _items(self, items: Sequence[Any], above: Path) -> list[Any]:
        kept: list[Any] = []
        for item in items:
            if isinstance(item, Place):
                if item.required and self._answers[item][1] is None:
                    continue
                kept.append(self._value(item, (*above, len(kept))))
            else:
                kept.append(item)
        return kept

    def _value(self, place: Place, path: Path) -> Any:
        root, value = self._answers[place]
        if isinstance(value, Failed) and place.required:
            return self._bare(place, value, path)
        if value is None and place.required:
            return place.bare()
        if isinstance(value, Typed) and not self._troubled:
            return value.value
        if root is not None:
            return self._verdict.node(root, value, path)
        if value is not None:
            self._told(value, path)
        return None

    def _bare(self, place: Place, failed: Failed, path: Path) -> Json:
        """The record with its id alone, and an error for each field that is missing."""
        for key, name in place.fields.items():
            if name not in ("id", "__typename"):
                self._told(failed, (*path, key))
        return place.bare()

    def _told(self, failed: Failed, path: Path) -> None:
        if not isinstance(failed.error, CrosswalkError):
            raise failed.error
        self._verdict.failed(path, failed.error)


def _at(data: Any, path: Path) -> Any:
    """What stands at a path; None where an ancestor became null."""
    for part in path:
        if data is None:
            return None
        data = data[part]
    return data
