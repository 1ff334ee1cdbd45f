"""Joins what several operations ask of the same facet in the same moment into one read by keys."""

from collections.abc import Sequence

from platforms.call_log import upstream_calls
from platforms.predicates import Predicate
from platforms.readers import Order, Projection
from resolvers.plan.nodes import Age
from resolvers.run.loaders import Loader
from resolvers.run.reads import Keyed, Reads

_Identity = tuple[object, ...]


class JoinedReads(Reads):
    """For operations that come in swarms, such as the answers to events of one moment: records by their ids."""

    def __init__(self, reads: Reads) -> None:
        super().__init__(reads.bindings, reads.memory, reads.clock)
        self._reads = reads
        self._joining: dict[_Identity, Loader] = {}

    async def by_keys(
        self,
        platform: str,
        projection: Projection,
        by: str,
        keys: Sequence[str],
        *,
        where: Predicate | None,
        order: tuple[Order, ...],
        age: Age,
        limit: int | None = None,
    ) -> Keyed:
        if limit is not None or upstream_calls.get() is not None:
            # A limit is one key's, and whoever wants to know their calls has calls of their own.
            return await self._reads.by_keys(
                platform, projection, by, keys, where=where, order=order, age=age, limit=limit
            )
        identity = (platform, id(projection), by, where, order, age)
        loader = self._joining.get(identity)
        if loader is None:

            async def read(joined: list[str]) -> Keyed:
                self._joining.pop(identity, None)  # whoever comes from now on wants a later reading
                return await self._reads.by_keys(platform, projection, by, joined, where=where, order=order, age=age)

            loader = self._joining[identity] = Loader(projection, read)
        outcome = Keyed()
        for found in await loader.load(keys):
            outcome.batches += found.batches
            outcome.failed |= found.failed
        return outcome
