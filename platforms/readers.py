"""The port through which the graph reads a platform: what a vendor can tell of a canonical type, and the asking.

A vendor declares *facets*: one per canonical type and role. The planner asks `project` once per plan for a typed row
with just the paths it needs, and the executor asks `read` for pages of such rows.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, Protocol

from platforms.mapping import WRITTEN_OUT, Mapped
from platforms.predicates import Operator, Predicate
from platforms.rows import RowType, row_type
from schema.roles import PlatformRole

_PLAIN = re.compile(r"r\.\w+")
COMPARISONS: frozenset[Operator] = frozenset({"eq", "in", "lt", "lte", "gt", "gte"})
TEXT: frozenset[Operator] = frozenset({"eq", "in", "startsWith", "contains", "lt", "lte", "gt", "gte"})


@dataclass(frozen=True, slots=True)
class Pushable:
    """The comparisons of one path that the vendor can make itself, `negated` and `Missing` included.

    `exact` False: the vendor's answer may hold more rows than asked (its text comparison ignores case, say), never
    fewer; the gateway then holds the condition itself as well. Negated comparisons are pushed only where exact.
    """

    operators: frozenset[Operator]
    exact: bool = True


@dataclass(frozen=True, slots=True)
class Order:
    """By one canonical path. Missing values come first when ascending and last when descending."""

    path: str
    descending: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Facet:
    """What a vendor's entity tells of a canonical type, in one role.

    Canonical paths with a fixed meaning, each a row of `rows` where the vendor has it:
    `id`: the record's own id on this platform, always there; `anchor`: the id of the same record on the platform of
    the type's anchor role (the link, for facets of other roles); relation keys such as `account` or `project`: the id
    that the related record has on its anchor platform; `modifiedAt` and `version` for provenance.
    """

    type: str
    role: PlatformRole
    entity: str
    rows: tuple[Mapped, ...]
    ignored: frozenset[str] = frozenset()
    batch: Mapping[str, int]
    """Paths whose values may be asked for in bulk (`id`, `anchor`, relation keys), each with the most per call."""
    pushable: Mapping[str, Pushable] = field(default_factory=dict)
    orders: frozenset[str] = frozenset()
    keyset: bool = True
    """Whether paging can go on behind a row's values (conditions on order paths and `id`), rather than by position."""
    page_size: int
    twins: bool = False
    """Whether several rows may have the same `anchor`: the first by `id` is then the record's."""
    url: str | None = None
    """A deep link for a person: a template with `{base}` and `{id}`."""

    def row(self, path: str) -> Mapped:
        return self.by_path()[path]

    def by_path(self) -> Mapping[str, Mapped]:
        return {row.path: row for row in self.rows}


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """A facet cut to the paths that a plan needs: the row to decode and, per path, how to read it.

    `sources` maps a path to a Python expression over `r` (a row) and the names in `names`.
    """

    facet: Facet
    paths: frozenset[str]
    row: RowType
    sources: Mapping[str, str]
    names: Mapping[str, Any]
    _getters: dict[str, Callable[[Any], Any]] = field(default_factory=dict, repr=False)

    @property
    def fields(self) -> Sequence[str]:
        """The vendor fields to ask for, in a stable order."""
        return list(self.row.access)

    def getter(self, path: str) -> Callable[[Any], Any]:
        """A function from a row to the canonical value at `path`."""
        found = self._getters.get(path)
        if found is None:
            found = self._getters[path] = self._getter(self.sources[path])
        return found

    def _getter(self, source: str) -> Callable[[Any], Any]:
        if _PLAIN.fullmatch(source):
            return attrgetter(source.removeprefix("r."))  # three times as fast as a function, and most keys are plain
        namespace: dict[str, Any] = dict(self.names)
        exec(f"def get(r): return {source}", namespace)  # noqa: S102 - made of declared rows only
        found: Callable[[Any], Any] = namespace["get"]
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadQuery:
    """Which rows to read. `keys` are values of the canonical path `by`, never more than `facet.batch[by]`.

    `where` is normalised and holds only what the facet can push. `limit` is the most rows wanted in all, None for
    every row. `offset` skips rows, for facets without `keyset` only. `resume` is a `ReadPage.more` of the same query.
    Rows with equal order values, or of a query without order, come by ascending `id`.
    """

    by: str | None = None
    keys: tuple[str, ...] = ()
    where: Predicate | None = None
    order: tuple[Order, ...] = ()
    limit: int | None = None
    offset: int = 0
    resume: Any = None


@dataclass(frozen=True, slots=True)
class ReadPage:
    """Rows in the asked order; `more` continues behind them, None at the end.

    `total` counts all rows of the query where the vendor tells it for nothing.
    """

    rows: list[Any]
    more: Any = None
    total: int | None = None


class Reader(Protocol):
    """Reads one configured platform. Every method may raise the errors of `schema.errors`."""

    facets: Mapping[tuple[str, PlatformRole], Facet]

    def project(self, facet: Facet, paths: Iterable[str]) -> Projection: ...

    async def read(self, projection: Projection, query: ReadQuery) -> ReadPage: ...

    async def count(self, facet: Facet, where: Predicate | None) -> int | None:
        """How many rows there are, or None where the platform can't count cheaply."""
        ...


def project(facet: Facet, paths: Iterable[str]) -> Projection:
    """The usual projection: a struct of the mapped fields, with `id` always among the paths."""
    wanted = frozenset(paths) | {"id"}
    rows = facet.by_path()
    unknown = sorted(wanted - rows.keys())
    if unknown:
        raise KeyError(f"{facet.entity} has no {', '.join(unknown)}")
    mapped = [rows[path] for path in sorted(wanted)]
    shape = row_type(f"{facet.type}_{facet.role.value}", (item for row in mapped for item in row.fields))
    sources: dict[str, str] = {}
    names: dict[str, Any] = {}
    for row in mapped:
        raw = [shape.access[item.name] for item in row.fields]
        if row.read is None:
            sources[row.path] = raw[0]
        elif row.read in WRITTEN_OUT:
            reading = WRITTEN_OUT[row.read]
            names.update(reading.names)
            sources[row.path] = reading.expression.format(*raw)
        else:
            name = "read_" + row.path.replace(".", "_")
            names[name] = row.read
            sources[row.path] = f"{name}({', '.join(raw)})"
    return Projection(facet, wanted, shape, sources, names)
