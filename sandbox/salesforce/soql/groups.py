"""Rows split into groups, and HAVING over them.

A group is kept as a record `{"rows": [...], "values": (...)}`, so that ordering and conditions read it like a row.
"""

from collections.abc import Callable
from typing import Any

from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.soql import syntax
from sandbox.salesforce.soql.columns import Column, Scope
from sandbox.salesforce.soql.faults import at_position
from sandbox.salesforce.soql.literals import constant
from sandbox.store import Record

_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda value, expected: bool(value == expected),
    "!=": lambda value, expected: bool(value != expected),
    "<": lambda value, expected: value is not None and bool(value < expected),
    "<=": lambda value, expected: value is not None and bool(value <= expected),
    ">": lambda value, expected: value is not None and bool(value > expected),
    ">=": lambda value, expected: value is not None and bool(value >= expected),
}


class Groups:
    """The grouping of one query: its columns, and their places in a group's values."""

    def __init__(self, scope: Scope, paths: tuple[syntax.Path, ...]) -> None:
        self.scope = scope
        self.columns: list[Column] = []
        for path in paths:
            column = scope.column(path)
            if not column.field.groupable:
                message = f"field '{path}' can not be grouped in a query call"
                raise at_position(scope.text, path.at, message)
            self.columns.append(column)
        self._places = {_place(scope, path): place for place, path in enumerate(paths)}

    def split(self, rows: list[Record]) -> list[Record]:
        if not self.columns:
            return [{"rows": rows, "values": ()}]
        groups: dict[tuple[Any, ...], Record] = {}
        for row in rows:
            values = tuple(column.read(row) for column in self.columns)
            key = tuple(value.lower() if isinstance(value, str) else value for value in values)
            groups.setdefault(key, {"rows": [], "values": values})["rows"].append(row)
        return list(groups.values())

    def value(self, path: syntax.Path) -> Callable[[Record], Any]:
        place = self._places.get(_place(self.scope, path))
        if place is None:
            self.scope.column(path)
            raise at_position(self.scope.text, path.at, f"Field must be grouped or aggregated: {path}")
        return lambda group: group["values"][place]


def _place(scope: Scope, path: syntax.Path) -> tuple[str, ...]:
    return tuple(part.lower() for part in scope.path(path))


def grouped_condition(
    scope: Scope,
    groups: Groups,
    condition: syntax.Condition,
    summary: Callable[[Scope, syntax.Aggregate], Callable[[list[Record]], Any]],
) -> Callable[[Record], bool]:
    """HAVING as a predicate over groups."""
    if isinstance(condition, syntax.Not):
        inner = grouped_condition(scope, groups, condition.part, summary)
        return lambda group: not inner(group)
    if isinstance(condition, syntax.And | syntax.Or):
        parts = [grouped_condition(scope, groups, part, summary) for part in condition.parts]
        if isinstance(condition, syntax.And):
            return lambda group: all(part(group) for part in parts)
        return lambda group: any(part(group) for part in parts)
    return _comparison(scope, groups, condition, summary)


def _comparison(
    scope: Scope,
    groups: Groups,
    condition: syntax.Comparison,
    summary: Callable[[Scope, syntax.Aggregate], Callable[[list[Record]], Any]],
) -> Callable[[Record], bool]:
    target = condition.target
    if isinstance(target, syntax.Aggregate):
        over = summary(scope, target)
        read: Callable[[Record], Any] = lambda group: over(group["rows"])  # noqa: E731  # a closure of this aggregate
        counts = target.argument is None or target.function.startswith("COUNT")
        field = None if counts or target.argument is None else scope.column(target.argument).field
    else:
        read = groups.value(target)
        field = scope.column(target).field
    literals = condition.value if isinstance(condition.value, tuple) else (condition.value,)
    expected = []
    for literal in literals:
        if isinstance(literal, syntax.Query):
            raise at_position(scope.text, target.at, "Semi join sub-selects are not allowed in HAVING")
        if field is None and literal.number is None:
            raise at_position(scope.text, literal.at, "a count is compared with a number", "INVALID_FIELD")
        expected.append(literal.number if field is None else constant(scope, field, literal))
    if condition.operator in {"IN", "NOT IN"}:
        wanted = condition.operator == "IN"
        return lambda group: (read(group) in expected) == wanted
    compare = _OPERATORS.get(condition.operator)
    if compare is None:
        raise _unfit(scope, condition)
    return lambda group: compare(_folded(read(group)), _folded(expected[0]))


def _folded(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _unfit(scope: Scope, condition: syntax.Comparison) -> ApiError:
    message = f"invalid operator {condition.operator} in HAVING"
    return at_position(scope.text, condition.target.at, message, "INVALID_QUERY_FILTER_OPERATOR")
