"""Conditions compiled to predicates over rows.

SOQL knows two truth values: a comparison with null is false, except that `!=` and NOT IN hold for null. Text compares
without regard to case.
"""

from collections.abc import Callable, Iterable
from typing import Any

from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.fields import TEXT_KINDS
from sandbox.salesforce.soql import syntax
from sandbox.salesforce.soql.columns import Column, Scope
from sandbox.salesforce.soql.faults import at_position
from sandbox.salesforce.soql.lexer import like_pattern
from sandbox.salesforce.soql.literals import Range, constant
from sandbox.store import Record

Predicate = Callable[[Record], bool]
Read = Callable[[Record], Any]
SubSelect = Callable[[syntax.Query, Column], Iterable[str]]

_ID_KINDS = frozenset({"id", "reference"})


class Conditions:
    """Compiles the conditions of one query. `sub_select` answers a semi-join with the ids that it names."""

    def __init__(self, scope: Scope, sub_select: SubSelect) -> None:
        self.scope = scope
        self.sub_select = sub_select
        self._id_sets: dict[int, frozenset[str]] = {}

    def compile(self, condition: syntax.Condition) -> Predicate:
        if isinstance(condition, syntax.Comparison):
            return self._comparison(condition)
        if isinstance(condition, syntax.Not):
            inner = self.compile(condition.part)
            return lambda row: not inner(row)
        parts = [self.compile(part) for part in condition.parts]
        if isinstance(condition, syntax.And):
            return _all_of(parts)
        return _any_of(parts)

    def named_ids(self, condition: syntax.Condition) -> tuple[str, Iterable[str]] | None:
        """(field, ids) when the rows must hold one of these ids in that field, so that an index finds them."""
        if isinstance(condition, syntax.And):
            found = [each for each in map(self.named_ids, condition.parts) if each is not None]
            return min(found, key=lambda each: len(list(each[1])), default=None)
        if not isinstance(condition, syntax.Comparison) or condition.operator not in {"=", "IN"}:
            return None
        if isinstance(condition.target, syntax.Aggregate):
            return None
        column = self.scope.column(condition.target)
        if column.hops or column.field.kind not in _ID_KINDS:
            return None
        values = self._ids(condition, column)
        return None if None in values else (column.field.name, values)

    def _comparison(self, comparison: syntax.Comparison) -> Predicate:
        if isinstance(comparison.target, syntax.Aggregate):
            raise at_position(
                self.scope.text, comparison.target.at, "Aggregate functions are only allowed in HAVING, not in WHERE"
            )
        column = self.scope.column(comparison.target)
        if not column.field.filterable:
            message = f"field '{column.field.name}' can not be filtered in a query call"
            raise at_position(self.scope.text, comparison.target.at, message, "INVALID_FIELD")
        if column.field.kind in _ID_KINDS and comparison.operator in {"=", "!=", "IN", "NOT IN"}:
            return membership(column.read, self._ids(comparison, column), comparison.operator)
        return compare(self.scope, column, comparison)

    def _ids(self, comparison: syntax.Comparison, column: Column) -> frozenset[Any]:
        """The ids that an equality or a set of a reference names; a sub-select runs once."""
        known = self._id_sets.get(id(comparison))
        if known is None:
            if isinstance(comparison.value, syntax.Query):
                known = frozenset(self.sub_select(comparison.value, column))
            else:
                values = comparison.value if isinstance(comparison.value, tuple) else (comparison.value,)
                known = frozenset(constant(self.scope, column.field, each) for each in values)
            self._id_sets[id(comparison)] = known
        return known


def compare(scope: Scope, column: Column, comparison: syntax.Comparison) -> Predicate:
    """A comparison of anything but ids."""
    operator, value = comparison.operator, comparison.value
    at = comparison.target.at
    if isinstance(value, syntax.Query):
        message = f"The left operand '{column.field.name}' in a semi join must be an id or reference field"
        raise at_position(scope.text, at, message)
    if operator in {"INCLUDES", "EXCLUDES"}:
        raise _unfit(scope, comparison, f"invalid operator on {column.field.kind} field")
    if isinstance(value, tuple):
        values = [constant(scope, column.field, each) for each in value]
        if any(isinstance(each, Range) for each in values):
            tests = [_scalar(column.read, each, "=") for each in values]
            wanted = _any_of(tests)
            return wanted if operator == "IN" else lambda row: not wanted(row)
        return membership(_folded(column), frozenset(_fold(column, each) for each in values), operator)
    if operator == "LIKE":
        if column.field.kind not in TEXT_KINDS or column.field.kind in _ID_KINDS or value.kind != "string":
            raise _unfit(scope, comparison, f"invalid operator on {column.field.kind} field")
        matches = like_pattern(value.text).fullmatch
        read = column.read
        return lambda row: (text := read(row)) is not None and matches(text.lower()) is not None
    expected = constant(scope, column.field, value)
    if column.field.kind == "boolean" and operator not in {"=", "!="}:
        raise _unfit(scope, comparison, "invalid operator on boolean field")
    return _scalar(_folded(column), _fold(column, expected), operator)


def membership(read: Read, values: frozenset[Any], operator: syntax.Operator) -> Predicate:
    if operator in {"=", "IN"}:
        return lambda row: read(row) in values
    return lambda row: read(row) not in values


def _scalar(read: Read, expected: Any, operator: syntax.Operator) -> Predicate:
    if isinstance(expected, Range):
        return _within(read, expected, operator)
    if operator == "=":
        return lambda row: bool(read(row) == expected)
    if operator == "!=":
        return lambda row: bool(read(row) != expected)
    if expected is None:
        return _never
    if operator == "<":
        return lambda row: (value := read(row)) is not None and value < expected
    if operator == "<=":
        return lambda row: (value := read(row)) is not None and value <= expected
    if operator == ">":
        return lambda row: (value := read(row)) is not None and value > expected
    return lambda row: (value := read(row)) is not None and value >= expected


def _never(_row: Record) -> bool:
    return False


def _within(read: Read, days: Range, operator: syntax.Operator) -> Predicate:
    """A date literal is a span: `<` means before it, `>` after it, `=` inside."""
    first, end = days.first, days.end
    tests: dict[str, Predicate] = {
        "=": lambda row: (value := read(row)) is not None and first <= value < end,
        "!=": lambda row: (value := read(row)) is None or not first <= value < end,
        "<": lambda row: (value := read(row)) is not None and value < first,
        "<=": lambda row: (value := read(row)) is not None and value < end,
        ">": lambda row: (value := read(row)) is not None and value >= end,
        ">=": lambda row: (value := read(row)) is not None and value >= first,
    }
    return tests[operator]


def _folds(column: Column) -> bool:
    """Whether the column's values compare without regard to case: text does, ids don't."""
    return column.field.kind in TEXT_KINDS and column.field.kind not in _ID_KINDS


def _folded(column: Column) -> Read:
    """The value as it is compared."""
    read = column.read
    if not _folds(column):
        return read
    if not column.hops:
        name = column.field.name
        return lambda row: value.lower() if (value := row.get(name)) is not None else None
    return lambda row: value.lower() if (value := read(row)) is not None else None


def _fold(column: Column, value: Any) -> Any:
    return value.lower() if value is not None and _folds(column) else value


def _unfit(scope: Scope, comparison: syntax.Comparison, message: str) -> ApiError:
    return at_position(scope.text, comparison.target.at, message, "INVALID_QUERY_FILTER_OPERATOR")


def _all_of(parts: list[Predicate]) -> Predicate:
    if len(parts) == 2:
        first, second = parts
        return lambda row: first(row) and second(row)
    return lambda row: all(part(row) for part in parts)


def _any_of(parts: list[Predicate]) -> Predicate:
    if len(parts) == 2:
        first, second = parts
        return lambda row: first(row) or second(row)
    return lambda row: any(part(row) for part in parts)
