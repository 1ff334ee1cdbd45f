"""A query run against the org: text in, rows and how to write them out."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.fields import Field, SObject
from sandbox.salesforce.objects import child_relationship, find_object
from sandbox.salesforce.org import Org
from sandbox.salesforce.soql.aggregates import aggregate_rows
from sandbox.salesforce.soql.columns import Column, Scope
from sandbox.salesforce.soql.faults import at_position
from sandbox.salesforce.soql.ordering import keys, ordered
from sandbox.salesforce.soql.parser import parse
from sandbox.salesforce.soql.predicates import Conditions
from sandbox.salesforce.soql.selection import Write, is_aggregate, shape_of, writer
from sandbox.salesforce.soql.syntax import Aggregate, Path, Query
from sandbox.store import Record

ChildPage = Callable[["Result"], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Result:
    """The rows of a query, in order, and how each is written. `count` is set where only their number was asked."""

    sobject: SObject
    rows: list[Record]
    write: Callable[[Record], dict[str, Any]]
    count: int | None = None

    @property
    def total(self) -> int:
        return len(self.rows) if self.count is None else self.count


@dataclass(frozen=True, slots=True)
class Execution:
    """Runs queries of one request. `child_page` writes the rows of a child sub-query, which may need a cursor."""

    org: Org
    version: str
    child_page: ChildPage
    include_deleted: bool = False

    def run(self, text: str) -> Result:
        return self._result(text, parse(text))

    def scope(self, text: str, query: Query) -> Scope:
        sobject = find_object(query.source)
        if sobject is None:
            message = (
                f"sObject type '{query.source}' is not supported. If you are attempting to use a custom object, be "
                "sure to append the '__c' after the entity name. Please reference your WSDL or the describe call for "
                "the appropriate names."
            )
            raise at_position(text, query.source_at, message, "INVALID_TYPE")
        return Scope(self.org, sobject, query.alias, text)

    def _result(self, text: str, query: Query) -> Result:
        scope = self.scope(text, query)
        if _counts_rows(query):
            if query.group_by or query.order_by:
                raise at_position(text, query.source_at, "COUNT() can be used neither with GROUP BY nor ORDER BY")
            counted = len(self.filtered(scope, query)[query.offset :][: query.limit])
            return Result(scope.sobject, [], dict, count=counted)
        if query.group_by or is_aggregate(query.select):
            if query.limit is not None and not query.group_by:
                raise at_position(
                    text,
                    query.source_at,
                    "Non-grouped query that uses overall aggregate functions cannot also use LIMIT",
                )
            return Result(scope.sobject, aggregate_rows(scope, query, self.filtered(scope, query)), dict)
        shape = shape_of(scope, query, lambda inner: self._children(text, scope.sobject, inner))
        by = keys(scope, query.order_by)
        rows = ordered(self.filtered(scope, query), by)[query.offset :][: query.limit]
        return Result(scope.sobject, rows, writer(self.org, self.version, shape))

    def filtered(self, scope: Scope, query: Query) -> list[Record]:
        """The rows that WHERE keeps, found by index where it names ids."""
        tables = [self.org.tables[scope.sobject.name]]
        if self.include_deleted:
            tables.append(self.org.bins[scope.sobject.name])
        if query.where is None:
            return [row for table in tables for row in table]
        conditions = Conditions(scope, lambda inner, left: self._sub_select(scope.text, inner, left))
        keep = conditions.compile(query.where)
        named = conditions.named_ids(query.where)
        if named is None:
            return [row for table in tables for row in table if keep(row)]
        field, ids = named
        return [row for table in tables for row in table.where(field, ids) if keep(row)]

    def _sub_select(self, text: str, query: Query, left: Column) -> Iterable[str]:
        """A semi-join: the ids that the inner query names, which must be of the object that the left side holds."""
        inner = self.scope(text, query)
        path = query.select[0].what
        if len(query.select) != 1 or not isinstance(path, Path):
            raise at_position(
                text, query.source_at, "semi join sub-selects must select exactly one id or reference field"
            )
        if query.order_by or query.limit is not None or query.group_by or query.offset:
            raise at_position(
                text, query.source_at, "semi join sub-selects can't use ORDER BY, LIMIT, OFFSET or GROUP BY"
            )
        column = inner.column(path)
        if column.field.kind not in {"id", "reference"} or _target(column) != _target(left):
            message = (
                f"The selected field '{path}' in the subquery and the left operand field in the where expression in "
                f"the outer query '{left.field.name}' should point to the same object type"
            )
            raise at_position(text, path.at, message)
        return [value for row in self.filtered(inner, query) if (value := column.read(row)) is not None]

    def _children(self, text: str, parent: SObject, query: Query) -> tuple[str, Write]:
        """A child sub-query: its relationship's name, and how a parent's row gives its rows."""
        found = child_relationship(parent, query.source)
        if found is None:
            message = (
                f"Didn't understand relationship '{query.source}' in FROM part of query call. If you are attempting "
                "to use a custom relationship, be sure to append the '__r' after the custom relationship name. Please "
                "reference your WSDL or the describe call for the appropriate names."
            )
            raise at_position(text, query.source_at, message, "INVALID_TYPE")
        child, reference = found
        if query.group_by or is_aggregate(query.select):
            raise at_position(text, query.source_at, "Aggregates are not allowed in a child sub-query")
        scope = Scope(self.org, child, query.alias, text)
        shape = shape_of(scope, query, lambda inner: self._children(text, child, inner))
        write = writer(self.org, self.version, shape)
        return str(reference.children), self._child_rows(scope, query, reference, write)

    def _child_rows(
        self, scope: Scope, query: Query, reference: Field, write: Callable[[Record], dict[str, Any]]
    ) -> Write:
        by = keys(scope, query.order_by)
        conditions = Conditions(scope, lambda inner, left: self._sub_select(scope.text, inner, left))
        keep = None if query.where is None else conditions.compile(query.where)
        table, bin_table = self.org.tables[scope.sobject.name], self.org.bins[scope.sobject.name]

        def below(row: Record) -> dict[str, Any] | None:
            rows = table.where(reference.name, [row["Id"]])
            if self.include_deleted:
                rows += bin_table.where(reference.name, [row["Id"]])
            if keep is not None:
                rows = [each for each in rows if keep(each)]
            rows = ordered(rows, by)[query.offset :][: query.limit]
            return self.child_page(Result(scope.sobject, rows, write)) if rows else None

        return below


def _counts_rows(query: Query) -> bool:
    """`SELECT COUNT() FROM …`, which answers a number and no records."""
    what = [each.what for each in query.select]
    bare = [each for each in what if isinstance(each, Aggregate) and each.argument is None]
    if bare and len(what) > 1:
        raise ApiError(400, "MALFORMED_QUERY", "COUNT() must be the only element in the SELECT list")
    return bool(bare)


def _target(column: Column) -> str:
    return column.owner.name if column.field.kind == "id" else str(column.field.refers_to)
