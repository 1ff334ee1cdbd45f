"""The shape of a SuiteQL query as the parser leaves it, before any name has been looked up."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal


@dataclass(frozen=True, slots=True)
class Value:
    """A literal or a bound parameter; None is NULL."""

    value: str | Decimal | None


@dataclass(frozen=True, slots=True)
class Name:
    column: str
    table: str | None = None


@dataclass(frozen=True, slots=True)
class Star:
    table: str | None = None


@dataclass(frozen=True, slots=True)
class Call:
    function: str
    arguments: tuple[Expression, ...]
    distinct: bool = False


@dataclass(frozen=True, slots=True)
class Negated:
    operand: Expression


@dataclass(frozen=True, slots=True)
class Arithmetic:
    sign: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Comparison:
    sign: Literal["=", "<>", "<", "<=", ">", ">="]
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class InList:
    operand: Expression
    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class InQuery:
    operand: Expression
    query: Query


@dataclass(frozen=True, slots=True)
class Between:
    operand: Expression
    low: Expression
    high: Expression


@dataclass(frozen=True, slots=True)
class Like:
    operand: Expression
    pattern: Expression
    escape: str | None


@dataclass(frozen=True, slots=True)
class IsNull:
    operand: Expression


@dataclass(frozen=True, slots=True)
class Exists:
    query: Query


@dataclass(frozen=True, slots=True)
class Not:
    operand: Expression


@dataclass(frozen=True, slots=True)
class And:
    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Or:
    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Case:
    branches: tuple[tuple[Expression, Expression], ...]
    otherwise: Expression


@dataclass(frozen=True, slots=True)
class Scalar:
    """A query in brackets that stands for its one value."""

    query: Query


Expression = (
    Value | Name | Star | Call | Negated | Arithmetic | Comparison | InList | InQuery | Between | Like | IsNull
    | Exists | Not | And | Or | Case | Scalar
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Selected:
    expression: Expression
    alias: str | None


@dataclass(frozen=True, slots=True)
class TableReference:
    table: str
    alias: str


@dataclass(frozen=True, slots=True)
class Join:
    """`condition` is None for a table listed after a comma."""

    kind: Literal["inner", "left"]
    table: TableReference
    condition: Expression | None


@dataclass(frozen=True, slots=True)
class Ordering:
    expression: Expression
    descending: bool
    nulls_first: bool


@dataclass(frozen=True, slots=True)
class Query:
    selected: tuple[Selected, ...]
    distinct: bool
    table: TableReference
    joins: tuple[Join, ...]
    where: Expression | None
    group_by: tuple[Expression, ...]
    having: Expression | None
    order_by: tuple[Ordering, ...]
    first: int | None
