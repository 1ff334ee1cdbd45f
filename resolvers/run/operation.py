"""One running operation: its plan, its variables, its loaders, and what went wrong so far."""

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from datetime import datetime
from typing import Any

from graphql import GraphQLError
from graphql.execution.values import VariableValues

from platforms.bindings import Bindings
from platforms.predicates import Predicate
from platforms.readers import Order, Projection, ReadPage, ReadQuery
from resolvers.freshness import Origin
from resolvers.plan.compiler import Compiled
from resolvers.plan.nodes import Age, Arguments, Load
from resolvers.run.loaders import Loader
from resolvers.run.reads import Keyed, ReadNote, Reads
from resolvers.run.settled import Settled, settle
from schema.enums import Freshness
from schema.errors import BadUserInput
from schema.roles import PlatformRole


class Operation:
    """What the parts of a run share. Used once."""

    def __init__(
        self, reads: Reads, compiled: Compiled, variables: VariableValues | None, *, explain: bool = False
    ) -> None:
        self.reads = reads
        self.bindings: Bindings = reads.bindings
        self.compiled = compiled
        self.variables = variables
        self.troubled = compiled.plan.forbidden
        """Whether the answer holds anything that has to become null and an error."""
        self.stale: dict[str, datetime] = {}
        """Platforms that failed and whose earlier answers stand in, with the time of the oldest of these."""
        self.notes: list[ReadNote] | None = [] if explain else None
        self.turn = asyncio.Lock()
        """Held for work that keeps the processor busy: branches that all want it would shut other callers out."""
        self._keeps_for: float | None = None
        self._loaders: dict[tuple[object, ...], Loader] = {}
        self._settled: dict[int, Settled] = {}

    def arguments(self, arguments: Arguments) -> Any:
        """The field's arguments; raises BadUserInput where a variable doesn't fit."""
        try:
            return arguments(self.variables)
        except GraphQLError as error:
            raise BadUserInput(error.message) from None

    def settled(
        self, owner: object, type_name: str, by: str, arguments: Arguments, usual: tuple[str, ...] = ()
    ) -> Settled:
        """The list arguments of a link or root field, settled once; raises BadUserInput."""
        found = self._settled.get(id(owner))
        if found is None:
            found = self._settled[id(owner)] = settle(type_name, by, self.arguments(arguments), usual)
        return found

    def loader(
        self,
        load: Load,
        platform: str,
        *,
        paths: Iterable[str] = (),
        where: Predicate | None = None,
        order: tuple[Order, ...] = (),
        limit: int | None = None,
        local: Predicate | None = None,
    ) -> Loader:
        """The loader that all branches with the same load share on a platform."""
        return self.key_loader(
            load.type,
            load.role,
            platform,
            load.by,
            frozenset(load.paths).union(paths),
            age=load.age,
            where=where,
            order=order,
            limit=limit,
            local=local,
        )

    def key_loader(
        self,
        type_name: str,
        role: PlatformRole,
        platform: str,
        by: str,
        paths: frozenset[str],
        *,
        age: Age,
        where: Predicate | None = None,
        order: tuple[Order, ...] = (),
        limit: int | None = None,
        local: Predicate | None = None,
    ) -> Loader:
        identity = (type_name, role, platform, by, paths, age, where, order, limit)
        found = self._loaders.get(identity)
        if found is None:
            projection = self.reads.projection(platform, type_name, role, paths | {by})

            async def read(keys: list[str]) -> Keyed:
                self._note(platform, projection, by, len(keys), where, order, local)
                outcome = await self.reads.by_keys(
                    platform, projection, by, keys, where=where, order=order, age=age, limit=limit
                )
                for origin, _ in outcome.batches:
                    self._saw(platform, origin, age)
                return outcome

            found = self._loaders[identity] = Loader(projection, read)
        return found

    async def page(
        self, platform: str, projection: Projection, query: ReadQuery, age: Age, local: Predicate | None = None
    ) -> tuple[Origin, ReadPage]:
        """One page of a list; `local` is what will be held here of its condition, for the plan's explanation."""
        self._note(platform, projection, "", 0, query.where, query.order, local)
        origin, page = await self.reads.page(platform, projection, query, age)
        self._saw(platform, origin, age)
        return origin, page

    def cache_control(self) -> str | None:
        """How long the answer may be kept by a caller: as long as its oldest part was allowed to be."""
        seconds = 0 if self._keeps_for is None else int(self._keeps_for)
        return f"private, max-age={seconds}" if seconds > 0 else None

    def _saw(self, platform: str, origin: Origin, age: Age) -> None:
        if origin.freshness is Freshness.STALE:
            left = 0.0
            self.stale[platform] = min(self.stale.get(platform, origin.fetched_at), origin.fetched_at)
        else:
            left = age.max_age - (self.reads.clock.now() - origin.fetched_at).total_seconds()
        self._keeps_for = left if self._keeps_for is None else min(self._keeps_for, left)

    def _note(
        self,
        platform: str,
        projection: Projection,
        by: str,
        keys: int,
        pushed: Predicate | None,
        order: tuple[Order, ...],
        local: Predicate | None,
    ) -> None:
        if self.notes is not None:
            self.notes.append(ReadNote(platform, projection, by, keys, pushed, local, order))

    def close(self) -> None:
        for loader in self._loaders.values():
            loader.close()
        self._loaders.clear()  # they hold this operation, as it holds them: rows would wait for the garbage collector


async def together(parts: Sequence[Coroutine[Any, Any, None]]) -> None:
    """Runs the parts side by side; a single one without a task of its own. The first failure ends the others."""
    if len(parts) == 1:
        await parts[0]
    elif parts:
        tasks = [asyncio.ensure_future(part) for part in parts]
        try:
            await asyncio.gather(*tasks)
        except BaseException:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            raise
