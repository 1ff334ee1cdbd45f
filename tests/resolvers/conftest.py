"""Platforms in memory that meet the reading port, with manners to choose, and an engine over them."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from hashlib import sha256
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from graphql import parse, validate

from platforms.bindings import Bindings
from platforms.connected import Probe
from platforms.feeds import PlatformFeeds
from platforms.mapping import Mapped
from platforms.predicates import And, Compare, Constant, Missing, Or, Predicate
from platforms.quota import Quota
from platforms.readers import TEXT, Facet, Projection, Pushable, ReadPage, ReadQuery, project
from platforms.rows import Field
from resolvers.engine import GraphEngine
from resolvers.engine_port import Answer, Operation, Viewer
from resolvers.memories import ProcessMemory
from runtime.clock import SystemClock
from schema.enums import PlatformHealth
from schema.errors import CrosswalkError
from schema.roles import PlatformRole

COLLATIONS: Mapping[str, Callable[[str], Any]] = {
    "ours": lambda text: (text.casefold(), text),
    "binary": lambda text: text,
    "blind": str.casefold,
}


@dataclass(frozen=True, kw_only=True)
class Manner:
    """What a platform can do itself, and how it orders text. One with the `blind` collation compares text so, too."""

    batch: int = 50
    page_size: int = 40
    pushes: frozenset[str] | None = None
    orders: frozenset[str] | None = None
    keyset: bool = True
    collation: str = "ours"
    tells_total: bool = True
    counts: bool = True
    twins: bool = False

    def facet(self, type_name: str, role: PlatformRole, kinds: Mapping[str, Any], keys: Iterable[str]) -> Facet:
        """A facet whose vendor fields are called as the canonical paths, with signs replaced."""
        paths = {"id": str, **kinds}
        inexact = {path for path, kind in paths.items() if kind is str and self.collation == "blind" and path != "id"}
        pushes = paths.keys() if self.pushes is None else self.pushes & paths.keys()
        return Facet(
            type=type_name,
            role=role,
            entity=type_name.lower(),
            rows=tuple(Mapped(path=path, fields=(Field(_wire(path), kind),)) for path, kind in paths.items()),
            batch=dict.fromkeys(["id", *keys], self.batch),
            pushable={path: Pushable(TEXT, exact=path not in inexact) for path in {*pushes, "id"}},
            orders=frozenset(paths) if self.orders is None else self.orders & paths.keys(),
            keyset=self.keyset,
            page_size=self.page_size,
            twins=self.twins,
            url="{base}/" + type_name.lower() + "/{id}",
        )


class MemoryReader:
    """Answers from lists of records, each a dict by canonical path."""

    def __init__(
        self,
        platform: "MemoryPlatform",
        facets: Iterable[Facet],
        records: Mapping[str, list[dict[str, Any]]],
        manner: Manner,
    ) -> None:
        self.facets = {(facet.type, facet.role): facet for facet in facets}
        self.records = records
        self.platform = platform
        self.manner = manner
        self._collate = COLLATIONS[manner.collation]

    def project(self, facet: Facet, paths: Iterable[str]) -> Projection:
        return project(facet, paths)

    async def read(self, projection: Projection, query: ReadQuery) -> ReadPage:
        facet = projection.facet
        await self.platform.enter(f"read {facet.type}{f' by {query.by}' if query.by else ''}")
        self.platform.queries.append(query)
        found = self.matching(facet, query)
        start = query.offset if query.resume is None else query.resume
        end = len(found) if query.limit is None else min(len(found), start + query.limit)
        stop = min(start + facet.page_size, end)
        wire = [{_wire(path): _plain(record.get(path)) for path in projection.paths} for record in found[start:stop]]
        rows = msgspec.convert(wire, list[projection.row.struct], strict=False)
        return ReadPage(rows, stop if stop < end else None, len(found) if self.manner.tells_total else None)

    async def count(self, facet: Facet, where: Predicate | None) -> int | None:
        if not self.manner.counts:
            return None
        await self.platform.enter(f"count {facet.type}")
        return len(self.matching(facet, ReadQuery(where=where)))

    def matching(self, facet: Facet, query: ReadQuery) -> list[dict[str, Any]]:
        found = self.records.get(f"{facet.type}.{facet.role.value}", [])
        if query.by is not None:
            assert len(query.keys) <= facet.batch[query.by], "more keys than the platform takes"
            assert len(set(query.keys)) == len(query.keys), "a key asked for twice"
            found = [record for record in found if record.get(query.by) in query.keys]
        if query.where is not None:
            found = [record for record in found if self._holds(query.where, record, facet)]
        found = sorted(found, key=lambda record: record["id"])
        for item in reversed(query.order):  # sorting keeps equal records in their order, also in reverse
            assert item.path in facet.orders, "an order that the platform doesn't have"
            found.sort(key=lambda record, path=item.path: self._key(record.get(path)), reverse=item.descending)
        return found

    def _key(self, value: Any) -> Any:
        return (value is not None, 0 if value is None else self._collated(value))

    def _collated(self, value: Any) -> Any:
        return self._collate(value) if isinstance(value, str) else value

    def _holds(self, where: Predicate, record: Mapping[str, Any], facet: Facet) -> bool:
        match where:
            case Constant(value):
                return value
            case And(parts):
                return all(self._holds(part, record, facet) for part in parts)
            case Or(parts):
                return any(self._holds(part, record, facet) for part in parts)
            case Missing(path, negated):
                return (record.get(path) is None) is not negated
            case Compare(path, operator, value, negated):
                assert path in facet.pushable or path in facet.orders, f"{path} can't be pushed"
                assert operator != "in" or len(value) <= 200, "too many values for one statement"
                return self._compares(path, operator, record.get(path), value) is not negated
        raise AssertionError(f"not normalised: {where}")

    def _compares(self, path: str, operator: str, found: Any, value: Any) -> bool:
        if found is None:
            return False
        if path != "id" and self.manner.collation == "blind":
            value = tuple(map(_blind, value)) if operator == "in" else _blind(value)
            found = _blind(found)
        elif operator in ("lt", "lte", "gt", "gte") and path != "id":
            found, value = self._collated(found), self._collated(value)
        return bool(_OPERATORS[operator](found, value))


_OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {
    "eq": lambda found, value: found == value,
    "in": lambda found, value: found in value,
    "startsWith": lambda found, value: found.startswith(value),
    "contains": lambda found, value: value in found,
    "lt": lambda found, value: found < value,
    "lte": lambda found, value: found <= value,
    "gt": lambda found, value: found > value,
    "gte": lambda found, value: found >= value,
}


def _wire(path: str) -> str:
    return path.replace(".", "_")


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Enum) else value


def _blind(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value


class MemoryPlatform:
    """A connected platform without a network, with failures to order."""

    def __init__(
        self,
        name: str,
        roles: tuple[PlatformRole, ...],
        facets: Iterable[Facet],
        records: Mapping[str, list[dict[str, Any]]],
        *,
        manner: Manner | None = None,
        peers: Mapping[PlatformRole, str] | None = None,
    ) -> None:
        self.name = name
        self.vendor = "memory"
        self.roles = roles
        self.base_url = f"https://{name}.example"
        self.peers = dict(peers or {})
        self.writer = None
        self.feeds = PlatformFeeds()
        self.reader = MemoryReader(self, facets, records, manner or Manner())
        self.calls: Counter[str] = Counter()
        self.error: CrosswalkError | None = None
        self.delay = 0.0
        self.gate: asyncio.Event | None = None
        """Where set, calls wait until it is: a slow platform without a clock."""
        self.entered = asyncio.Event()
        self.given_up = 0
        self.queries: list[ReadQuery] = []

    async def enter(self, call: str) -> None:
        self.calls[call] += 1
        self.entered.set()
        try:
            if self.gate is not None:
                await self.gate.wait()
            if self.delay:
                await asyncio.sleep(self.delay)
        except asyncio.CancelledError:
            self.given_up += 1
            raise
        if self.error is not None:
            raise self.error

    def health(self) -> PlatformHealth:
        return PlatformHealth.DOWN if self.error else PlatformHealth.HEALTHY

    def quota(self) -> Quota | None:
        return None

    def last_contact_at(self) -> datetime | None:
        return None

    async def probe(self) -> Probe:
        return Probe(ok=self.error is None, detail="in memory")

    async def close(self) -> None:
        pass


@dataclass
class World:
    """An engine over platforms in memory."""

    engine: GraphEngine
    platforms: Mapping[str, MemoryPlatform]
    records: Mapping[str, list[dict[str, Any]]] = field(default_factory=dict)

    async def answer(self, query: str, *, role: str = "admin", explain: bool = False, **variables: Any) -> Answer:
        problems = validate(self.engine.schema, parse(query))
        assert not problems, problems
        return await self.answer_valid(query, role=role, explain=explain, **variables)

    async def answer_valid(self, query: str, *, role: str, explain: bool = False, **variables: Any) -> Answer:
        """For thousands of operations: validation takes longer than everything else. `role@name` tells who asks."""
        role, _, name = role.partition("@")
        operation = Operation(
            document=parse(query),
            document_hash=sha256(query.encode()).hexdigest(),
            name=None,
            variables=variables,
            viewer=Viewer(name=name or "test", role=role),
            correlation_id="c-1",
            explain=explain,
        )
        return await self.engine.execute(operation)

    async def ask(self, query: str, *, role: str = "admin", explain: bool = False, **variables: Any) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((await self.answer(query, role=role, explain=explain, **variables)).body)
        return found

    def calls(self) -> Counter[str]:
        """Calls of all platforms since the last look."""
        total: Counter[str] = Counter()
        for platform in self.platforms.values():
            total += Counter({f"{platform.name}: {call}": n for call, n in platform.calls.items()})
            platform.calls.clear()
            platform.queries.clear()
        return total


def world_of(platforms: Iterable[MemoryPlatform], records: Mapping[str, Any], **options: Any) -> World:
    roles: dict[PlatformRole, list[Any]] = {}
    found = list(platforms)
    for platform in found:
        for role in platform.roles:
            roles.setdefault(role, []).append(platform)
    bindings = Bindings(roles, options.get("owners"))
    clock = options.get("clock") or SystemClock()
    memory = options.get("memory", ProcessMemory(clock, most=0, seconds=0))
    desk = options["desk"](bindings) if "desk" in options else None
    engine = GraphEngine(bindings, memory, clock, seconds=options.get("seconds", 5.0), desk=desk)
    return World(engine, {platform.name: platform for platform in found}, records)


@pytest.fixture(scope="session")
def memory() -> SimpleNamespace:
    """The makers: `Manner`, `MemoryPlatform` and `world_of`."""
    return SimpleNamespace(Manner=Manner, MemoryPlatform=MemoryPlatform, world_of=world_of)
