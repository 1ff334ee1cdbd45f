"""What a SuiteQL query reads: tables with typed columns, found by key where they can be."""

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal, Protocol

Row = Mapping[str, Any]
Scalar = str | int | Decimal | date | None
"""A value inside a query. `datetime` is a `date`; moments are times of day in the account's zone, marked as UTC."""

Kind = Literal["id", "number", "text", "date", "moment"]
"""`id` is stored as text and behaves as a number."""


@dataclass(frozen=True, slots=True)
class Column:
    """`compute` gives columns that are not stored; `display` gives BUILTIN.DF's text for a stored value.

    `coarse` columns have few different values: an index on them leaves many rows.
    """

    kind: Kind
    compute: Callable[[Row], Any] | None = None
    display: Callable[[Any, Row], str | None] | None = None
    coarse: bool = False


class Source(Protocol):
    """A table of the analytics schema."""

    @property
    def name(self) -> str: ...

    @property
    def columns(self) -> Mapping[str, Column]: ...

    @property
    def indexed(self) -> Container[str]:
        """The columns for which `find` is quick; it answers for no other."""

    def rows(self) -> Iterable[Row]: ...

    def find(self, column: str, values: Sequence[Any]) -> Sequence[Row]:
        """The rows whose stored `column` is one of `values`, without looking at others."""


class Catalog(Protocol):
    """The tables that an account shows to SuiteQL, by lower-case name; and what changes when any row did."""

    def source(self, name: str) -> Source | None: ...

    @property
    def version(self) -> int: ...
