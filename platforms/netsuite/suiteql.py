"""SuiteQL statements: what a projection selects, and the same rows counted."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from platforms.netsuite.conditions import Condition, Conditions, Sql
from platforms.netsuite.facets import Told
from platforms.netsuite.tables import Column
from platforms.predicates import Compare, Predicate, conjuncts, paths
from platforms.readers import Order, ReadQuery
from schema.errors import BadUserInput

_LONGEST = 60_000  # characters; NetSuite publishes no figure


@dataclass(frozen=True, slots=True)
class Statement:
    """A query with the values of its `?`, in their order."""

    text: str
    params: tuple[Any, ...]

    def shown(self) -> str:
        """For a person, who needs no more than the first values."""
        if not self.params:
            return self.text
        first = ", ".join(repr(param) for param in self.params[:5])
        more = f", … {len(self.params)} in all" if len(self.params) > 5 else ""
        return f"{self.text} -- {first}{more}"


@dataclass(frozen=True, slots=True)
class Selected:
    """The columns that a projection asks for, written once per plan. `todays` counts the `?` among them."""

    text: str
    joins: frozenset[str]
    todays: int


def selected(told: Told, fields: Iterable[str]) -> Selected:
    columns = {name: told.source.column(name) for name in fields}
    return Selected(
        "SELECT " + ", ".join(f"{column.told} AS {name}" for name, column in columns.items()),
        frozenset(column.join for column in columns.values()),
        sum(column.todays for column in columns.values()),
    )


def select(told: Told, columns: Selected, query: ReadQuery, today: str, *, behind: str | None) -> Statement | None:
    """The rows of a query, those after the id `behind` where that is given; None where there can't be any."""
    rows = _Rows(told, query, today)
    if behind is not None:
        rows.hold(Compare("id", "gt", behind))
    found = rows.written()
    if found is None:
        return None
    order = _order(told, query.order, today)
    text = f"{columns.text}{rows.tables(columns.joins)}{found.text}{order.text}"
    return _checked(Statement(text, ((today,) * columns.todays) + found.params + order.params))


def count(told: Told, where: Predicate | None, today: str) -> Statement | None:
    """How many rows there are, as `total`; None where there can't be any."""
    rows = _Rows(told, ReadQuery(where=where), today)
    found = rows.written()
    if found is None:
        return None
    return _checked(Statement(f"SELECT COUNT(*) AS total{rows.tables(frozenset())}{found.text}", found.params))


class _Rows:
    """The FROM and WHERE of one statement."""

    def __init__(self, told: Told, query: ReadQuery, today: str) -> None:
        self._told = told
        self._conditions = Conditions(told.column, today, told.zone)
        self._needed: set[str] = {told.column(item.path).join for item in query.order}
        self._strict: set[str] = set()
        self._parts: list[Condition] = []
        if told.source.always:
            self._parts.append(Sql(told.source.always))
        if query.by is not None:
            self._strict.add(told.column(query.by).join)
            self._parts.append(self._conditions.among(query.by, query.keys))
        if query.where is not None:
            self.hold(query.where)

    def hold(self, where: Predicate) -> None:
        column: Callable[[str], Column] = self._told.column
        self._needed.update(column(path).join for path in paths(where))
        # A comparison that must hold can't hold for a record that the join doesn't find.
        self._strict.update(
            column(part.path).join for part in conjuncts(where) if isinstance(part, Compare) and not part.negated
        )
        self._parts.append(self._conditions.of(where))

    def written(self) -> Sql | None:
        kept = [part for part in self._parts if part is not True]
        if False in kept:
            return None
        pieces = [part for part in kept if isinstance(part, Sql)]
        if not pieces:
            return Sql("")
        params = tuple(param for piece in pieces for param in piece.params)
        return Sql(f" WHERE {' AND '.join(piece.text for piece in pieces)}", params)

    def tables(self, needed: frozenset[str]) -> str:
        return self._told.source.from_clause(needed | self._needed, self._strict)


def _order(told: Told, order: Iterable[Order], today: str) -> Sql:
    """Missing values first when ascending, last when descending; ties by id, in one id by what tells rows apart."""
    parts: list[str] = []
    params: list[Any] = []
    conditions = Conditions(told.column, today, told.zone)
    for item in order:
        expression = conditions.expression(item.path)
        parts.append(f"{expression.text} {'DESC NULLS LAST' if item.descending else 'ASC NULLS FIRST'}")
        params += expression.params
    parts.append(told.source.id)
    if told.source.repeats:
        parts.append(told.column("invoice").sql)
    return Sql(f" ORDER BY {', '.join(parts)}", tuple(params))


def _checked(statement: Statement) -> Statement:
    if len(statement.text) > _LONGEST:
        raise BadUserInput("The filter is too long for one query to NetSuite: ask for less at once.")
    return statement
