"""A facet and the Tryton model behind it: which of its records are meant, and how each path is compared."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from platforms.mapping import Mapped, derived, text
from platforms.predicates import And, Compare, Constant, Missing, Not, Or, Predicate
from platforms.readers import Facet
from platforms.rows import Field
from platforms.tryton.domains import Column, Condition, Domain, IdColumn, both, either
from platforms.tryton.stamps import StampColumn
from platforms.tryton.wire import Moment, Record, as_instant
from schema.roles import PlatformRole

BATCH = 999
"""Keys in one call. Tryton takes many thousands; as many as records in a page keeps answers small."""

_SYSTEM = {"create_date", "create_uid", "last_modified_at", "rec_name", "write_date", "write_uid", "xml_id"}


@dataclass(frozen=True, slots=True)
class Row:
    """A mapped path and how Tryton compares it; None where the graph never asks that of it."""

    mapped: Mapped
    column: Column | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Aside:
    """Records of another model that a row needs: read in a call of their own, and put into the row's `field`.

    A row's records are those whose `key` is what `mine` finds in the row. `by` says, per canonical path, how the other
    model is asked for the keys of a read, so that both calls can go out at once; for other reads the rows come first,
    and then the records whose `theirs` holds what `mine` found.
    """

    field: str
    model: str
    always: Domain
    record: type[Record]
    key: Callable[[Any], Any]
    mine: Callable[[Any], Any]
    theirs: str
    by: Mapping[str, Column]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrytonFacet(Facet):
    """A facet that knows its model. `always` is the domain of the records that are meant at all."""

    always: Domain
    columns: Mapping[str, Column]
    asides: Mapping[str, Aside] = field(default_factory=dict)
    slow: frozenset[str] = frozenset()
    """Fields that cost the server about a millisecond a record or more."""

    def condition(self, predicate: Predicate) -> Condition:
        match predicate:
            case Constant(value):
                return value
            case Compare(path):
                return self.columns[path].condition(predicate)
            case Missing(path, negated):
                return self.columns[path].missing(negated=negated)
            case And(parts):
                return both(self.condition(part) for part in parts)
            case Or(parts):
                return either(self.condition(part) for part in parts)
            case Not():
                raise TypeError("a connector only sees normalised predicates")


def facet(
    type_name: str,
    model: str,
    rows: Iterable[Row],
    *,
    batch: Iterable[str],
    always: Domain,
    ignored: Iterable[str],
    page_size: int,
    database: str,
    asides: Iterable[Aside] = (),
    slow: Iterable[str] = (),
    twins: bool = False,
) -> TrytonFacet:
    """An ERP facet of a model."""
    declared = (Row(derived("id", (Field("id", int),), str), IdColumn()), *rows, *_STAMPS)
    columns = {row.mapped.path: row.column for row in declared if row.column is not None}
    used = {item.name.split(".")[0] for row in declared for item in row.mapped.fields}
    return TrytonFacet(
        type=type_name,
        role=PlatformRole.ERP,
        entity=model,
        rows=tuple(row.mapped for row in declared),
        ignored=(frozenset(ignored) | _SYSTEM) - used,
        batch=dict.fromkeys(("id", *batch), BATCH),
        pushable={path: column.pushable for path, column in columns.items() if column.pushable is not None},
        orders=frozenset(path for path, column in columns.items() if column.order is not None),
        page_size=page_size,
        twins=twins,
        url=f"{{base}}/#{database}/model/{model}/{{id}}",
        always=always,
        columns=columns,
        asides={aside.field: aside for aside in asides},
        slow=frozenset(slow),
    )


def link(path: str, name: str, is_id: Callable[[str], bool]) -> Mapped:
    """Another platform's id; what isn't of its form is something else that people wrote there."""
    return derived(path, (Field(name),), lambda told: told if told and is_id(told) else None)


def reference(path: str, name: str) -> Mapped:
    """A related record's id."""
    return derived(path, (Field(name, int),), lambda number: None if number is None else str(number))


# The stamp by its own name: `_timestamp`, which is the version, is rounded on SQLite, so that no condition could hold
# for just what was read.
_STAMPS = (
    Row(derived("modifiedAt", (Field("last_modified_at", Moment),), as_instant), StampColumn("last_modified_at")),
    Row(text("version", "_timestamp", writable=False)),
)
