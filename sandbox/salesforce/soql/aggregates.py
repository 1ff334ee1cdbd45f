"""GROUP BY and the aggregate functions.

Amounts are added as they stand: the emulated org's currencies convert at one to one.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.fields import NUMBER_KINDS
from sandbox.salesforce.soql.columns import Column, Scope
from sandbox.salesforce.soql.faults import at_position
from sandbox.salesforce.soql.groups import Groups, grouped_condition
from sandbox.salesforce.soql.ordering import Key, ordered
from sandbox.salesforce.soql.syntax import Aggregate, Path, Query
from sandbox.store import Record

MAX_AGGREGATE_ROWS = 2000
Summary = Callable[[list[Record]], Any]


def aggregate_rows(scope: Scope, query: Query, rows: list[Record]) -> list[dict[str, Any]]:
    """One record per group, as the wire shows it; one in all when nothing is grouped by."""
    groups = Groups(scope, query.group_by)
    outputs = _outputs(scope, query, groups)
    found: list[dict[str, Any]] = groups.split(rows)
    if query.having is not None:
        keep = grouped_condition(scope, groups, query.having, summary)
        found = [group for group in found if keep(group)]
    found = ordered(found, _order(scope, query, groups, outputs))
    found = found[query.offset :][: query.limit]
    if len(found) > MAX_AGGREGATE_ROWS:
        raise ApiError(
            400,
            "EXCEEDED_ID_LIMIT",
            "Aggregate query does not support queryMore(), use LIMIT to restrict the results to a single batch",
        )
    return [
        {"attributes": {"type": "AggregateResult"}, **{key: read(group) for key, read in outputs.items()}}
        for group in found
    ]


def _outputs(scope: Scope, query: Query, groups: Groups) -> dict[str, Callable[[Record], Any]]:
    """What each selected expression is called, and how a group gives it; unnamed aggregates are expr0, expr1, …"""
    outputs: dict[str, Callable[[Record], Any]] = {}
    unnamed = 0
    for selected in query.select:
        if isinstance(selected.what, Aggregate):
            key = selected.alias or f"expr{unnamed}"
            unnamed += selected.alias is None
            outputs[key] = _over_group(summary(scope, selected.what))
        elif isinstance(selected.what, Path):
            outputs[selected.alias or scope.column(selected.what).field.name] = groups.value(selected.what)
        else:
            raise at_position(scope.text, query.source_at, "Grouped query cannot use sub-queries or FIELDS()")
    return outputs


def _order(scope: Scope, query: Query, groups: Groups, outputs: dict[str, Callable[[Record], Any]]) -> list[Key]:
    keys: list[Key] = []
    for ordering in query.order_by:
        target = ordering.target
        if isinstance(target, Aggregate):
            read = _over_group(summary(scope, target))
        elif len(target.parts) == 1 and target.parts[0] in outputs:
            read = outputs[target.parts[0]]
        else:
            read = groups.value(target)
        keys.append((_folded(read), ordering.descending, ordering.nulls_first))
    return keys


def _folded(read: Callable[[Record], Any]) -> Callable[[Record], Any]:
    return lambda group: value.lower() if isinstance(value := read(group), str) else value


def _over_group(over: Summary) -> Callable[[Record], Any]:
    return lambda group: over(group["rows"])


def summary(scope: Scope, aggregate: Aggregate) -> Summary:
    """What an aggregate says of a group's rows: nulls don't count; SUM and AVG of nothing are null."""
    if aggregate.argument is None:
        return len
    column = scope.column(aggregate.argument)
    if aggregate.function in {"SUM", "AVG"} and column.field.kind not in NUMBER_KINDS:
        message = f"field {column.field.name} does not support aggregate operator {aggregate.function}"
        raise at_position(scope.text, aggregate.at, message)

    def values(rows: list[Record]) -> list[Any]:
        return [value for row in rows if (value := column.read(row)) is not None]

    return {
        "COUNT": lambda rows: len(values(rows)),
        "COUNT_DISTINCT": lambda rows: len({_unfolded(value) for value in values(rows)}),
        "SUM": lambda rows: _total(column, values(rows)),
        "AVG": lambda rows: _average(column, values(rows)),
        "MIN": lambda rows: min(values(rows), key=_unfolded, default=None),
        "MAX": lambda rows: max(values(rows), key=_unfolded, default=None),
    }[aggregate.function]


def _unfolded(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _total(column: Column, values: list[Any]) -> Any:
    if not values:
        return None
    return sum(values) if column.field.kind == "int" else sum(values, start=Decimal("0.0"))


def _average(column: Column, values: list[Any]) -> Any:
    total = _total(column, values)
    return None if total is None else _plain(Decimal(total) / len(values))


def _plain(number: Decimal) -> Decimal:
    """At most six decimals, and never an exponent."""
    rounded = round(number, 6)
    digits = f"{rounded:f}".rstrip("0")
    return Decimal(digits + "0" if digits.endswith(".") else digits)
