"""ORDER BY: rows in the asked order, text without regard to case, nulls first unless asked otherwise."""

from collections.abc import Callable, Iterable
from typing import Any

from sandbox.salesforce.fields import TEXT_KINDS
from sandbox.salesforce.soql.columns import Column, Scope
from sandbox.salesforce.soql.faults import at_position
from sandbox.salesforce.soql.syntax import Aggregate, Ordering
from sandbox.store import Record

Key = tuple[Callable[[Record], Any], bool, bool]  # value, descending, nulls first


def keys(scope: Scope, orderings: Iterable[Ordering]) -> list[Key]:
    found = []
    for ordering in orderings:
        if isinstance(ordering.target, Aggregate):
            raise at_position(scope.text, ordering.target.at, "Aggregates order only a query with GROUP BY")
        column = scope.column(ordering.target)
        if not column.field.sortable:
            message = f"field '{column.field.name}' can not be sorted in a query call"
            raise at_position(scope.text, ordering.target.at, message)
        found.append((folded(column), ordering.descending, ordering.nulls_first))
    return found


def folded(column: Column) -> Callable[[Record], Any]:
    """The value as text is compared: in lower case, except ids."""
    read = column.read
    if column.field.kind in TEXT_KINDS and column.field.kind not in {"id", "reference"}:
        return lambda row: value.lower() if (value := read(row)) is not None else None
    return read


def ordered(rows: list[Record], by: list[Key]) -> list[Record]:
    """Sorted from the last key to the first; each pass keeps the order that the one before it made."""
    for read, descending, nulls_first in reversed(by):
        pairs = [(read(row), row) for row in rows]
        present = [pair for pair in pairs if pair[0] is not None]
        present.sort(key=lambda pair: pair[0], reverse=descending)
        absent = [row for value, row in pairs if value is None]
        sorted_rows = [row for _, row in present]
        rows = absent + sorted_rows if nulls_first else sorted_rows + absent
    return rows
