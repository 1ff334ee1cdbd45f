"""Conditions that span platforms: the most selective side is asked first, and its keys are handed on (a semi-join)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from platforms.predicates import FALSE, TRUE, Compare, Missing, Predicate, all_of, conjuncts, leaves, paths
from platforms.readers import Facet, Projection, ReadQuery
from resolvers.freshness import Origin, lesser
from resolvers.plan.nodes import Age
from resolvers.run.conditions import localised, overlong, replaced, split
from resolvers.run.holding import Values, facet_paths, held, role_of
from resolvers.run.operation import Operation, together
from resolvers.run.reads import MOST_ROWS, too_wide
from resolvers.run.settled import RelatedKeys
from schema.errors import TooWide
from schema.ids import RecordKey
from schema.roles import PlatformRole

# How much of a table a comparison usually leaves, as thousandths: only their order matters.
_LEAVES = {"eq": 20, "in": 60, "startsWith": 80, "contains": 150, "lt": 400, "lte": 400, "gt": 400, "gte": 400}


@dataclass(slots=True)
class Matching:
    """The rows on one platform for which a condition holds, and how to look further values of them up."""

    platform: str
    projection: Projection
    rows: list[Any]
    origin: Origin | None
    values: Values


@dataclass(frozen=True, slots=True)
class _Side:
    """The part of a condition that one role answers for alone."""

    role: PlatformRole
    where: Predicate

    @property
    def weight(self) -> float:
        return weight(self.where)


def weight(where: Predicate) -> float:
    """About how much of all rows a condition leaves, 1 being all."""
    share = 1.0
    for part in conjuncts(where):
        found = list(leaves(part))
        single = [0.9 if isinstance(leaf, Missing) or leaf.negated else _LEAVES[leaf.operator] / 1000 for leaf in found]
        share *= min(1.0, sum(single))
    return share


def _listed(where: Predicate, facet: Facet) -> Compare | None:
    """The keys that a condition lists, where they are too many for one statement and can be read batch by batch."""
    for part in conjuncts(where):
        if isinstance(part, Compare) and not part.negated and part.path in facet.batch and overlong(part, facet):
            return part
    return None


class Joins:
    """Finds records by conditions on what several platforms know of them, for one operation."""

    def __init__(self, operation: Operation) -> None:
        self._operation = operation

    async def resolved(self, where: Predicate, age: Age) -> Predicate:
        """The condition with conditions on related records replaced by those records' keys."""
        wanted = {
            leaf.value for leaf in leaves(where) if isinstance(leaf, Compare) and isinstance(leaf.value, RelatedKeys)
        }
        if not wanted:
            return where
        keys: dict[RelatedKeys, tuple[RecordKey, ...]] = {}

        async def find(related: RelatedKeys) -> None:
            keys[related] = await self.keys(related.type, related.where, age)

        await together([find(related) for related in wanted])

        def change(leaf: Compare) -> Predicate:
            if not isinstance(leaf.value, RelatedKeys):
                return leaf
            found = keys[leaf.value]
            if not found:
                return TRUE if leaf.negated else FALSE
            return Compare(leaf.path, "in", found, leaf.negated)

        return replaced(where, change)

    async def keys(self, type_name: str, where: Predicate, age: Age) -> tuple[RecordKey, ...]:
        """The keys of all records for which the condition holds."""
        found = await self.matching(type_name, where, age, frozenset())
        return tuple(
            RecordKey(type_name, part.platform, part.projection.getter("id")(row))
            for part in found
            for row in part.rows
        )

    async def matching(
        self, type_name: str, where: Predicate, age: Age, wanted: frozenset[str], also: frozenset[str] = frozenset()
    ) -> list[Matching]:
        """All records for which the condition holds, platform by platform; raises TooWide past the bound.

        `wanted` are paths to have in the rows, `also` paths that will be looked up afterwards (orders).
        """
        operation = self._operation
        anchor = role_of(operation.bindings, type_name, "id")
        where = await self.resolved(where, age)
        found: list[Matching] = []

        async def one(platform: str) -> None:
            found.append(await self._on(platform, type_name, anchor, where, age, wanted, also))

        holders = [holder.name for holder in operation.bindings.holders(type_name, anchor)]
        if where != FALSE:
            await together([one(holder) for holder in holders])
        return sorted(found, key=lambda part: holders.index(part.platform))

    async def _on(
        self,
        platform: str,
        type_name: str,
        anchor: PlatformRole,
        where: Predicate,
        age: Age,
        wanted: frozenset[str],
        also: frozenset[str],
    ) -> Matching:
        operation = self._operation
        facet = operation.bindings.facet(platform, type_name, anchor)
        where = localised(where, platform, operation.bindings)
        sides = self._sides(type_name, where)
        own = sides.pop(anchor, _Side(anchor, TRUE))
        parts = split(own.where, facet)
        needed = set(wanted) | {"id"}
        for role, found in facet_paths(operation.bindings, type_name, paths(where) | also).items():
            needed |= found if role is anchor else set()
        projection = operation.reads.projection(platform, type_name, anchor, frozenset(needed))
        values = Values(operation, type_name, anchor, age)
        rows: list[Any] | None = None
        origin: Origin | None = None
        driver = min(sides.values(), key=lambda side: side.weight, default=None)
        if where == FALSE:
            rows = []
        elif (listed := _listed(own.where, facet)) is not None:
            rows, origin = await self._by_keys(platform, projection, listed.path, listed.value, parts.pushed, age)
        elif driver is not None and driver.weight <= own.weight:
            keys = await self._driven(platform, type_name, anchor, driver, age, paths(where) | also, values)
            if keys is not None:
                rows, origin = await self._by_keys(platform, projection, "id", keys, parts.pushed, age)
        if rows is None:
            rows, origin = await self._scan(platform, projection, parts.pushed, age)
        if where != TRUE and (parts.local is not None or sides or len(paths(where) - paths(own.where)) > 0):
            rows = await held(values, platform, projection, rows, where)
        return Matching(platform, projection, rows, origin, values)

    def _sides(self, type_name: str, where: Predicate) -> dict[PlatformRole, _Side]:
        """The conjuncts that one role answers for alone, joined by role; mixed ones are held afterwards."""
        by_role: dict[PlatformRole, list[Predicate]] = {}
        for part in conjuncts(where):
            roles = facet_paths(self._operation.bindings, type_name, paths(part))
            if len(roles) == 1:
                by_role.setdefault(next(iter(roles)), []).append(part)
        return {role: _Side(role, all_of(parts)) for role, parts in by_role.items()}

    async def _driven(
        self,
        platform: str,
        type_name: str,
        anchor: PlatformRole,
        side: _Side,
        age: Age,
        needed: frozenset[str],
        values: Values,
    ) -> list[str] | None:
        """The ids of records for which another role's condition may hold; None where that side can't lead.

        It can't where a missing record on its platform would satisfy the condition, where it pushes nothing, or where
        it is too wide itself.
        """
        bindings = self._operation.bindings
        if any(leaf.negated is not isinstance(leaf, Missing) for leaf in leaves(side.where)):
            return None
        holders = bindings.tellers(type_name, side.role, anchor, platform)
        if len(holders) != 1:
            return None  # the first holder's values win: one platform's condition alone can't tell
        (holder,) = holders
        facet = bindings.facet(holder, type_name, side.role)
        pushed = split(side.where, facet).pushed
        if pushed is None:
            return None
        own = facet_paths(bindings, type_name, needed).get(side.role, set()) & facet.by_path().keys()
        projection = self._operation.reads.projection(holder, type_name, side.role, frozenset(own | {"anchor"}))
        try:
            rows, _ = await self._scan(holder, projection, pushed, age)
        except TooWide:
            return None
        anchor_of = projection.getter("anchor")
        getters = {path: projection.getter(path) for path in own}
        known: dict[str, dict[str, Any]] = {}
        for row in rows:
            key = anchor_of(row)
            if key is not None and key not in known:
                known[key] = {path: get(row) for path, get in getters.items()}
        if not facet.twins:
            values.know(side.role, known)  # else a row that doesn't match may be the one that counts
        return list(known)

    async def _by_keys(
        self,
        platform: str,
        projection: Projection,
        by: str,
        keys: Sequence[str],
        pushed: Predicate | None,
        age: Age,
    ) -> tuple[list[Any], Origin | None]:
        facet = projection.facet
        loader = self._operation.key_loader(
            facet.type, facet.role, platform, by, projection.paths, age=age, where=pushed
        )
        rows: list[Any] = []
        origin: Origin | None = None
        for read in await loader.load(keys):
            for error in read.failed.values():
                raise error
            for batch_origin, groups in read.batches:
                found = [row for key in keys for row in groups.get(key, ())]  # a read may hold keys of others
                rows += found
                origin = lesser(origin, batch_origin) if found else origin
        return rows, origin

    async def _scan(
        self, platform: str, projection: Projection, pushed: Predicate | None, age: Age
    ) -> tuple[list[Any], Origin | None]:
        """Every row for which the pushed condition holds, up to the bound."""
        rows: list[Any] = []
        origin: Origin | None = None
        resume: Any = None
        while True:
            query = ReadQuery(where=pushed, resume=resume)
            page_origin, page = await self._operation.page(platform, projection, query, age)
            origin = lesser(origin, page_origin)
            rows += page.rows
            if page.more is None:
                return rows, origin
            if len(rows) >= MOST_ROWS or (page.total or 0) > MOST_ROWS:
                raise too_wide(projection.facet, platform)
            resume = page.more
