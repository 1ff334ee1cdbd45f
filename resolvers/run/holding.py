"""Holds conditions here: over rows that were read, with what other platforms know of the same records."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from platforms.bindings import Bindings
from platforms.predicates import Predicate, holds, leaves, paths
from platforms.readers import Projection
from resolvers.plan.nodes import Age
from resolvers.run.operation import Operation, together
from schema.errors import BadUserInput
from schema.model import Group, Value
from schema.roles import PlatformRole

AT_ONCE = 1_000
"""Comparisons, a few milliseconds of them, before other callers have their turn."""
MISSING: Callable[[Any], Any] = lambda _: None  # noqa: E731 - a value, handed where a getter stands


def role_of(bindings: Bindings, type_name: str, path: str) -> PlatformRole:
    """The role whose platforms answer for a path in conditions and orders; raises BadUserInput where none is bound."""
    anchor = bindings.anchor(type_name)
    if anchor is None:
        raise BadUserInput(f"No connected platform holds records of type {type_name}.")
    declared = bindings.model.types[type_name].fields.get(path.split(".", 1)[0])
    roles = declared.roles if isinstance(declared, (Value, Group)) and declared.roles else (anchor,)
    owner = bindings.owner(type_name, path, roles)
    if owner is None:
        if path == "id" or (declared is not None and not isinstance(declared, (Value, Group))):
            return anchor
        raise BadUserInput(f"No connected platform knows `{path}` of {type_name}: leave it out of filter and order.")
    return owner


def facet_paths(bindings: Bindings, type_name: str, wanted: frozenset[str]) -> dict[PlatformRole, set[str]]:
    """The paths by the role that answers for them."""
    found: dict[PlatformRole, set[str]] = {}
    for path in sorted(wanted):
        found.setdefault(role_of(bindings, type_name, path), set()).add(path)
    return found


class Values:
    """Looks canonical values of rows up, across the roles that know parts of the record."""

    def __init__(self, operation: Operation, type_name: str, anchor: PlatformRole, age: Age) -> None:
        self.turn = operation.turn
        self._operation = operation
        self._type = type_name
        self._anchor = anchor
        self._age = age
        self._known: dict[PlatformRole, dict[str, dict[str, Any]]] = {}

    def know(self, role: PlatformRole, values: dict[str, dict[str, Any]]) -> None:
        """Values of another role that were read already, by record id: complete for the rows to come."""
        self._known.setdefault(role, {}).update(values)

    async def over(
        self, platform: str, projection: Projection, rows: Sequence[Any], wanted: frozenset[str]
    ) -> list[Callable[[str], Any]]:
        """Per row a function from path to value. Raises the platform's error where a needed facet can't be read."""
        by_role = facet_paths(self._operation.bindings, self._type, wanted)
        own = by_role.pop(self._anchor, set())
        getters = {path: projection.getter(path) if path in projection.paths else MISSING for path in own}
        id_of = projection.getter("id")
        others: dict[str, dict[str, Any]] = {}

        async def other(role: PlatformRole, needed: set[str]) -> None:
            await self._facet(role, needed, platform, [id_of(row) for row in rows], others)

        for role in by_role.keys() & self._known.keys():
            for key, values in self._known[role].items():
                others.setdefault(key, {}).update(values)
        await together([other(role, needed) for role, needed in by_role.items() if role not in self._known])

        def values_of(row: Any) -> Callable[[str], Any]:
            elsewhere = others.get(id_of(row), {}) if by_role else {}

            def value_at(path: str) -> Any:
                get = getters.get(path)
                return elsewhere.get(path) if get is None else get(row)

            return value_at

        return [values_of(row) for row in rows]

    async def _facet(
        self,
        role: PlatformRole,
        needed: set[str],
        platform: str,
        ids: list[str],
        others: dict[str, dict[str, Any]],
    ) -> None:
        for holder in reversed(self._operation.bindings.tellers(self._type, role, self._anchor, platform)):
            loader = self._operation.key_loader(
                self._type, role, holder, "anchor", frozenset(needed | {"anchor"}), age=self._age
            )
            getters = {p: loader.projection.getter(p) for p in needed if p in loader.projection.paths}
            for read in await loader.load(ids):
                for error in read.failed.values():
                    raise error
                for _, groups in read.batches:
                    for key, rows in groups.items():
                        if rows:
                            others.setdefault(key, {}).update((p, get(rows[0])) for p, get in getters.items())


async def held(
    values: Values, platform: str, projection: Projection, rows: Sequence[Any], where: Predicate
) -> list[Any]:
    """The rows for which the condition holds."""
    found = await values.over(platform, projection, rows, paths(where))
    at_once = max(1, AT_ONCE // max(1, sum(1 for _ in leaves(where))))
    if len(rows) <= at_once:
        return [row for row, value_at in zip(rows, found, strict=True) if holds(where, value_at)]
    kept: list[Any] = []
    async with values.turn:
        for start in range(0, len(rows), at_once):
            part = zip(rows[start : start + at_once], found[start : start + at_once], strict=True)
            kept += [row for row, value_at in part if holds(where, value_at)]
            await asyncio.sleep(0)
    return kept
