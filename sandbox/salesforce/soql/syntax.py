"""The shape of a SOQL query once read. `at` is the place in the text, for errors."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

LiteralKind = Literal["string", "number", "date", "datetime", "boolean", "null", "period"]
Operator = Literal["=", "!=", "<", "<=", ">", ">=", "LIKE", "IN", "NOT IN", "INCLUDES", "EXCLUDES"]


@dataclass(frozen=True, slots=True)
class Path:
    """A field, or one of a parent: `Name`, `Owner.Name`."""

    parts: tuple[str, ...]
    at: int

    def __str__(self) -> str:
        return ".".join(self.parts)


@dataclass(frozen=True, slots=True)
class Aggregate:
    """`COUNT(Id)`; without argument `COUNT()`."""

    function: str
    argument: Path | None
    at: int


@dataclass(frozen=True, slots=True)
class FieldGroup:
    """`FIELDS(ALL)`, `FIELDS(STANDARD)` or `FIELDS(CUSTOM)`."""

    group: str
    at: int


@dataclass(frozen=True, slots=True)
class Constant:
    """A literal: `text` is a string's inside with its escapes, or what was written."""

    kind: LiteralKind
    text: str
    at: int
    number: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    target: Path | Aggregate
    operator: Operator
    value: "Constant | tuple[Constant, ...] | Query"


@dataclass(frozen=True, slots=True)
class And:
    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Or:
    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Not:
    part: "Condition"


Condition = Comparison | And | Or | Not


@dataclass(frozen=True, slots=True)
class Selected:
    what: "Path | Aggregate | FieldGroup | Query"
    alias: str | None = None


@dataclass(frozen=True, slots=True)
class Ordering:
    target: Path | Aggregate
    descending: bool
    nulls_first: bool


@dataclass(frozen=True, slots=True)
class Query:
    select: tuple[Selected, ...]
    source: str
    source_at: int
    alias: str | None
    where: Condition | None
    group_by: tuple[Path, ...]
    having: Condition | None
    order_by: tuple[Ordering, ...]
    limit: int | None
    offset: int
