"""Completes records: their own rows, what other roles' platforms know of them, and the records they lead to."""

from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from typing import Any, Protocol

from resolvers.freshness import Origin
from resolvers.plan.nodes import Link, Record
from resolvers.plan.shapes import Failed, Hole
from resolvers.run.operation import Operation, together
from schema.errors import CrosswalkError
from schema.roles import PlatformRole

Batch = tuple[Origin | None, list[Any]]
"""Rows of one origin, or bare ids where a selection needs no rows."""


class Found(Protocol):
    """Values by key."""

    def get(self, key: Any, default: Any = None, /) -> Any: ...


class AllFailed:
    """Every key leads to the same failure; a missing key leads nowhere."""

    def __init__(self, error: CrosswalkError) -> None:
        self._failed = Failed(error)

    def get(self, key: Any, default: Any = None, /) -> Any:
        return default if key is None else self._failed


class Fragments(dict[str, tuple[Any, ...]]):
    """What one role's platforms contribute to records, by record id; and the ids for which that role failed."""

    def __init__(self) -> None:
        super().__init__()
        self.failed: dict[str, CrosswalkError] = {}

    def missing(self, key: str) -> Failed | None:
        error = self.failed.get(key)
        return None if error is None else Failed(error)


Follow = Callable[[Link, str, Sequence[str]], Coroutine[Any, Any, Found]]
"""Follows a link from records on a platform, whose keys are given, to the values that belong there."""


class Records:
    """Completes the records of a running operation; `follow` leads on to related ones."""

    def __init__(self, operation: Operation, follow: Follow) -> None:
        self._operation = operation
        self._follow = follow

    async def by_id(self, record: Record, platform: str, ids: Iterable[str]) -> Found:
        """Selected records by external id. What is asked by the ids themselves goes out together with the record."""
        keys = list(dict.fromkeys(ids))
        if not keys:
            return {}
        if not record.own_row:
            selected = await self.selected(record, platform, keys, known([(None, keys)]))
            return dict(zip(keys, selected, strict=True))
        failed: dict[str, CrosswalkError] = {}
        batches: list[Batch] = []

        async def own() -> list[Batch]:
            loader = self._operation.loader(record.load, platform)
            for read in await loader.load(keys):
                failed.update(read.failed)
                for origin, groups in read.batches:
                    batches.append((origin, [groups[key][0] for key in keys if groups.get(key)]))
            return batches

        selected = await self.selected(record, platform, keys, own)
        id_of = self._operation.loader(record.load, platform).projection.getter("id")
        found = {
            id_of(row): value for row, value in zip((r for _, rows in batches for r in rows), selected, strict=True)
        }
        if failed:
            self._operation.troubled = True
            found.update((key, Failed(failed[key])) for key in keys if key in failed and key not in found)
        return found

    async def selected(
        self, record: Record, platform: str, keys: Sequence[str], own: Callable[[], Coroutine[Any, Any, list[Batch]]]
    ) -> list[Any]:
        """The selected records of the rows that `own` brings, in their order; `keys` are their ids, known before."""
        children: list[Found] = [{} for _ in record.links]
        fragments: dict[str, Fragments] = {}
        brought: list[Batch] = []

        async def follow(position: int, link: Link, values: Sequence[str]) -> None:
            children[position] = await self._follow(link, platform, values)

        async def rows() -> None:
            brought.extend(await own())
            late = [
                (position, link)
                for position, link in enumerate(record.links)
                if link.relation.mine != "id" and link.role is record.anchor
            ]
            await together(
                [follow(i, link, self._values(record, platform, link.relation.mine, brought)) for i, link in late]
            )

        async def facet(role: PlatformRole) -> None:
            fragments[role.value] = await self._fragments(record, role, platform, keys)

        early = [follow(i, link, keys) for i, link in enumerate(record.links) if link.relation.mine == "id"]
        await together([rows(), *early, *(facet(role) for role in record.facets)])
        build = self._operation.compiled.record(record, platform)
        defaults = [default_of(link) for link in record.links]
        built: list[Any] = []
        for origin, found in brought:
            for records in build([found], origin, children, defaults, fragments):
                built += records
        self._note_trouble(built, fragments)
        return built

    def _values(self, record: Record, platform: str, path: str, batches: list[Batch]) -> list[str]:
        """The values of a key path over the rows, each once, missing ones left out."""
        projection = self._operation.reads.projection(platform, record.type.name, record.anchor, frozenset({path}))
        get = projection.getter(path) if path in projection.paths else (lambda _: None)
        return [value for value in dict.fromkeys(get(row) for _, rows in batches for row in rows) if value is not None]

    async def _fragments(self, record: Record, role: PlatformRole, platform: str, keys: Sequence[str]) -> Fragments:
        """What the role's platforms know of the records; where several do, the first in the firm's order wins."""
        operation = self._operation
        merged = Fragments()
        load = record.facets[role]
        holders = operation.bindings.tellers(record.type.name, role, record.anchor, platform)
        parts: dict[str, Mapping[str, tuple[Any, ...]]] = {}

        async def one(holder: str) -> None:
            loader = operation.loader(load, holder)
            reads = await loader.load(keys)
            batches: list[Batch] = []
            for read in reads:
                merged.failed.update(read.failed)
                for origin, groups in read.batches:
                    batches.append((origin, [groups[key][0] for key in keys if groups.get(key)]))
            children: list[Found] = [{} for _ in record.links]

            async def follow(position: int, link: Link) -> None:
                get = loader.projection.getter(link.relation.mine)
                values = [v for v in dict.fromkeys(get(r) for _, rows in batches for r in rows) if v is not None]
                children[position] = await self._follow(link, holder, values)

            await together(
                [
                    follow(position, link)
                    for position, link in enumerate(record.links)
                    if link.role is role and link.relation.mine in loader.projection.paths
                ]
            )
            build = operation.compiled.fragment(record, role, holder)
            defaults = [default_of(link) for link in record.links]
            found: dict[str, tuple[Any, ...]] = {}
            for batch_origin, rows in batches:
                found.update(build(rows, batch_origin, children, defaults))
            parts[holder] = found

        await together([one(holder) for holder in holders])
        for holder in reversed(holders):
            merged.update(parts[holder])
        return merged

    def _note_trouble(self, built: list[Any], fragments: Mapping[str, Fragments]) -> None:
        if any(part.failed for part in fragments.values()) or Hole in set(map(type, built)):
            self._operation.troubled = True


def default_of(link: Link) -> Any:
    """The value of a link for a record that leads to nothing."""
    if link.relation.many == "list":
        return []
    return None


def known(batches: list[Batch]) -> Callable[[], Coroutine[Any, Any, list[Batch]]]:
    async def own() -> list[Batch]:
        return batches

    return own
