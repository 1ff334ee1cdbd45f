"""A platform in memory whose rows become visible when a test says so, with any way of asking for them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from platforms.connected import Probe
from platforms.feeds import FeedTraits, PlatformFeeds
from platforms.mapping import Mapped
from platforms.predicates import And, Compare, Or, Predicate, holds
from platforms.readers import COMPARISONS, Facet, Projection, Pushable, ReadPage, ReadQuery, project
from platforms.rows import Field
from schema.enums import PlatformHealth
from schema.roles import PlatformRole
from tests.sync.conftest import HeldClock

CRM = PlatformRole.CRM


@dataclass(frozen=True)
class Version:
    """What a record became: `gone` where it is deleted. It shows from `visible_at` on."""

    values: Mapping[str, Any]
    stamp: datetime | None
    visible_at: datetime
    gone: bool = False


@dataclass(frozen=True, kw_only=True)
class Manner:
    """How the source can be asked. `by_value`: behind a row; otherwise by places of its own. `precision` of stamps."""

    by_value: bool = True
    ordered: bool = True
    exact: bool = True
    askable: bool = True
    page_size: int = 3
    precision: timedelta = timedelta(seconds=1)
    counts: bool = True
    paths: tuple[str, ...] = ("name", "status")
    traits: FeedTraits = field(default_factory=lambda: FeedTraits(overlap=timedelta(seconds=60)))


def facet_of(manner: Manner, type_name: str, role: PlatformRole) -> Facet:
    rows = [
        Mapped(path="id", fields=(Field("id"),)),
        Mapped(path="modifiedAt", fields=(Field("modifiedAt", datetime),)),
        *(Mapped(path=path, fields=(Field(path, Any),)) for path in manner.paths),
    ]
    pushable = {"id": Pushable(frozenset({"eq", "in", "gt"}))}
    if manner.askable:
        operators = COMPARISONS if manner.exact else frozenset({"gte"})
        pushable["modifiedAt"] = Pushable(operators, exact=manner.exact)
    if "dueDate" in manner.paths:
        pushable["dueDate"] = Pushable(COMPARISONS)
    return Facet(
        type=type_name,
        role=role,
        entity=type_name.lower(),
        rows=tuple(rows),
        batch={"id": 4},
        pushable=pushable,
        orders=frozenset({"modifiedAt"}) if manner.ordered else frozenset(),
        keyset=manner.by_value,
        page_size=manner.page_size,
    )


@dataclass
class Source:
    """One configured platform with one facet (or several), and everything that ever happened on it."""

    name: str
    clock: HeldClock
    manner: Manner = field(default_factory=Manner)
    type_name: str = "Account"
    role: PlatformRole = CRM
    others: Mapping[str, Manner] = field(default_factory=dict)
    """Further types of the same role, by name."""
    vendor: str = "memory"
    base_url: str = "https://memory.example"
    writer: None = None
    peers: Mapping[PlatformRole, str] = field(default_factory=dict)
    history: dict[str, dict[str, list[Version]]] = field(default_factory=dict)
    hook: Callable[[str], None] = lambda _: None
    """Called with the name of each call: where a test lets it fail, or dies."""
    calls: list[ReadQuery] = field(default_factory=list)
    answer: Callable[[ReadQuery, ReadPage], ReadPage] = lambda _, page: page
    """Spoils answers."""

    def __post_init__(self) -> None:
        self.roles = (self.role,)
        self.reader = self
        manners = {self.type_name: self.manner, **self.others}
        self.facets = {(name, self.role): facet_of(manner, name, self.role) for name, manner in manners.items()}
        self.feeds = PlatformFeeds(
            traits={(name, self.role): manner.traits for name, manner in manners.items()}, logs=()
        )
        self._manners = manners

    # ------------------------------------------------------------------------------------------- what happens on it

    def put(
        self,
        record: str,
        *,
        type_name: str | None = None,
        late: timedelta = timedelta(0),
        stamp: datetime | None = None,
        gone: bool = False,
        stampless: bool = False,
        **values: Any,
    ) -> None:
        """Changes a record now. `late`: how long it takes to show. `stampless`: its stamp stays as it was."""
        kind = type_name or self.type_name
        versions = self.history.setdefault(kind, {}).setdefault(record, [])
        last = versions[-1] if versions else Version({}, None, self.clock.now())
        now = self.clock.now()
        stamped = last.stamp if stampless else stamp or _floor(now, self._manners[kind].precision)
        visible_at = max(now + late, last.visible_at)
        versions.append(Version({**last.values, **values}, stamped, visible_at, gone))

    def visible(self, kind: str) -> list[dict[str, Any]]:
        now = self.clock.now()
        found = []
        for record, versions in self.history.get(kind, {}).items():
            shown = [version for version in versions if version.visible_at <= now]
            if shown and not shown[-1].gone:
                found.append({"id": record, "modifiedAt": shown[-1].stamp, **shown[-1].values})
        return sorted(found, key=lambda row: row["id"])

    # ------------------------------------------------------------------------------------------------- as a Reader

    def project(self, facet: Facet, paths: Iterable[str]) -> Projection:
        return project(facet, paths)

    async def read(self, projection: Projection, query: ReadQuery) -> ReadPage:
        facet = projection.facet
        self.hook("read")
        self.calls.append(query)
        rows = self.visible(facet.type)
        if query.by is not None:
            rows = [row for row in rows if row[query.by] in query.keys]
        if query.where is not None:
            rows = [row for row in rows if holds(self._loose(query.where), row.get)]
        for order in reversed(query.order):
            rows.sort(key=lambda row, path=order.path: row[path], reverse=order.descending)
        start = query.resume or query.offset
        size = facet.page_size if query.by is None else len(rows)
        end = len(rows) if query.limit is None else min(len(rows), start + query.limit)
        some = rows[start : min(start + size, end)]
        more = start + len(some)
        struct = projection.row.struct
        found = [struct(**{name: row.get(name) for name in struct.__struct_fields__}) for row in some]
        return self.answer(query, ReadPage(found, more if more < end and some else None))

    async def count(self, facet: Facet, where: Predicate | None) -> int | None:
        self.hook("count")
        if not self._manners[facet.type].counts:
            return None
        return sum(1 for row in self.visible(facet.type) if where is None or holds(where, row.get))

    def _loose(self, where: Predicate) -> Predicate:
        """What an inexact source makes of a condition: a minute more than asked."""
        if self.manner.exact:
            return where
        match where:
            case Compare("modifiedAt", operator, value):
                return Compare("modifiedAt", operator, value - timedelta(seconds=60))
            case And(parts):
                return And(tuple(map(self._loose, parts)))
            case Or(parts):
                return Or(tuple(map(self._loose, parts)))
        return where

    # ----------------------------------------------------------------------------------------------- as a platform

    def health(self) -> PlatformHealth:
        return PlatformHealth.HEALTHY

    def quota(self) -> None:
        return None

    def last_contact_at(self) -> None:
        return None

    async def probe(self) -> Probe:
        return Probe(ok=True, detail="in memory")

    async def close(self) -> None:
        pass


def _floor(moment: datetime, precision: timedelta) -> datetime:
    start = datetime(2026, 1, 1, tzinfo=moment.tzinfo)
    return start + (moment - start) // precision * precision
