"""Answers the planned root fields of an operation: one record, several by id, or a list."""

from collections.abc import Mapping, Sequence
from typing import Any

from resolvers.plan.nodes import Record, RootField
from resolvers.plan.shapes import Failed, Hole
from resolvers.run.links import Links
from resolvers.run.lists import Lists
from resolvers.run.operation import Operation, together
from resolvers.run.verdict import Typed
from schema.errors import BadUserInput, CrosswalkError
from schema.ids import RecordKey, decode_id, key_of

MOST_IDS = 1_000


class Roots:
    """Runs the root fields of one operation side by side."""

    def __init__(self, operation: Operation) -> None:
        self._operation = operation
        self._links = Links(operation)
        self._lists = Lists(operation, self._links)

    async def answer(self, roots: Sequence[RootField], values: dict[str, Any]) -> None:
        """Puts the value of every root field under its response key, failures as `Failed`, each when it is known."""

        async def one(root: RootField) -> None:
            try:
                values[root.key] = await self._value(root)
            except CrosswalkError as error:
                values[root.key] = self._failed(error)

        await together([one(root) for root in roots])

    async def records(self, root: RootField, ids: Sequence[str]) -> list[Any]:
        """A record, None or `Failed` for each id, whoever brings the ids."""
        try:
            return await self._several(root, ids)
        except CrosswalkError as error:
            return [self._failed(error)] * len(ids)

    async def _value(self, root: RootField) -> Any:
        if root.many == "connection":
            return await self._lists.answer(root)
        arguments = self._operation.arguments(root.arguments)
        if root.many == "list":
            return await self._several(root, arguments["ids"])
        if root.target is None:
            (found,) = await self._several(root, [arguments["id"]])
            return found
        record = root.records.get(root.target)
        if record is None:
            raise BadUserInput(f"No connected platform holds records of type {root.target}.")
        key = await self._key(root.target, record, arguments)
        return None if key is None else self._typed(key, await self._read(record, [key]))

    def _failed(self, error: CrosswalkError) -> Failed:
        self._operation.troubled = True
        return Failed(error)

    def _typed(self, key: RecordKey, found: Mapping[RecordKey, Any]) -> Any:
        value = found.get(key)
        if value is None or isinstance(value, Failed):
            return value
        if isinstance(value, Hole):
            return None
        return Typed(key.type, value)

    async def _several(self, root: RootField, ids: Sequence[str]) -> list[Any]:
        """A record, None or `Failed` per id; each platform and type is asked once."""
        if len(ids) > MOST_IDS:
            raise BadUserInput(f"`ids` holds {len(ids)} ids: ask for at most {MOST_IDS} at once.")
        keys: list[RecordKey | Failed] = [self._decoded(root, text) for text in ids]
        by_type: dict[str, list[RecordKey]] = {}
        for key in keys:
            if isinstance(key, RecordKey):
                by_type.setdefault(key.type, []).append(key)
        found: dict[RecordKey, Any] = {}

        async def read(type_name: str, wanted: list[RecordKey]) -> None:
            found.update(await self._read(root.records[type_name], wanted))

        await together([read(type_name, wanted) for type_name, wanted in by_type.items()])
        return [key if isinstance(key, Failed) else self._typed(key, found) for key in keys]

    def _decoded(self, root: RootField, text: str) -> RecordKey | Failed:
        try:
            key = decode_id(text)
            if key.type not in root.records:
                raise BadUserInput(f"No connected platform holds records of type {key.type}.")
        except BadUserInput as error:
            return self._failed(error)
        return key

    async def _read(self, record: Record, keys: Sequence[RecordKey]) -> dict[RecordKey, Any]:
        """The records by key; a record that isn't there is left out, as is one of a platform that isn't connected."""
        bindings = self._operation.bindings
        by_platform: dict[str, list[RecordKey]] = {}
        for key in keys:
            platform = bindings.platforms.get(key.platform)
            if platform is not None and (key.type, record.anchor) in platform.reader.facets:
                by_platform.setdefault(key.platform, []).append(key)
        found: dict[RecordKey, Any] = {}

        async def read(platform: str, wanted: list[RecordKey]) -> None:
            values = await self._links.records.by_id(record, platform, [key.external_id for key in wanted])
            found.update((key, value) for key in wanted if (value := values.get(key.external_id)) is not None)

        await together([read(platform, wanted) for platform, wanted in by_platform.items()])
        return found

    # ------------------------------------------------------------------------------------------------------ which

    async def _key(self, type_name: str, record: Record, arguments: Mapping[str, Any]) -> RecordKey | None:
        """The record that `id` or `ref` names."""
        text, ref = arguments.get("id"), arguments.get("ref")
        if (text is None) == (ref is None):
            raise BadUserInput("Give either `id` or `ref`.")
        if ref is not None:
            return await self._referred(type_name, record, ref)
        assert text is not None
        return key_of(type_name, text)

    async def _referred(self, type_name: str, record: Record, ref: Mapping[str, Any]) -> RecordKey | None:
        """The record that a platform calls so; through its link where that platform isn't the record's anchor."""
        bindings = self._operation.bindings
        platform = bindings.platforms.get(ref["platform"])
        if platform is None:
            known = ", ".join(sorted(bindings.platforms))
            raise BadUserInput(f"No platform is called {ref['platform']!r}: connected are {known}.")
        entity, external_id = ref.get("entity"), ref["externalId"]
        facets = [facet for (name, _), facet in platform.reader.facets.items() if name == type_name]
        named = [facet for facet in facets if entity is None or facet.entity.lower() == entity.lower()]
        if not named:
            known = ", ".join(sorted(facet.entity for facet in facets)) or "none"
            raise BadUserInput(f"{platform.name} has no {entity or type_name} for {type_name}; it has: {known}.")
        facet = next((found for found in named if found.role is record.anchor), named[0])
        if facet.role is record.anchor:
            return RecordKey(type_name, platform.name, external_id)
        loader = self._operation.key_loader(
            type_name, facet.role, platform.name, "id", frozenset({"id", "anchor"}), age=record.load.age
        )
        anchor_of = loader.projection.getter("anchor")
        peer = bindings.peer(platform.name, record.anchor)
        for read in await loader.load([external_id]):
            for error in read.failed.values():
                raise error
            for _, groups in read.batches:
                for row in groups.get(external_id, ()):
                    anchor = anchor_of(row)
                    return None if anchor is None or peer is None else RecordKey(type_name, peer, anchor)
        return None
