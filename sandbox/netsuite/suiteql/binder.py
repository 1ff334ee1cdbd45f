"""Names looked up, expressions compiled: syntax to functions of joined rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from sandbox.netsuite.suiteql import conditions, functions, syntax
from sandbox.netsuite.suiteql.compiled import (
    ColumnUse,
    Compiled,
    ValueKind,
    as_number,
    as_text,
    column,
    comparable,
    constant,
    derived,
    kind_of,
)
from sandbox.netsuite.suiteql.refusals import ambiguous_column, no_such_column, not_grouped, unsupported
from sandbox.netsuite.suiteql.sources import Source


@dataclass(frozen=True, slots=True)
class Scope:
    """The tables whose columns a query may name; `first_slot` is the number of tables of the queries around it."""

    tables: tuple[tuple[str, Source], ...]
    outer: Scope | None = None

    @property
    def first_slot(self) -> int:
        return 0 if self.outer is None else self.outer.first_slot + len(self.outer.tables)

    def slot_of(self, alias: str) -> int:
        return self.first_slot + [name for name, _ in self.tables].index(alias)

    def find(self, name: syntax.Name) -> ColumnUse:
        found = [
            ColumnUse(self.first_slot + position, name.column, source.columns[name.column])
            for position, (alias, source) in enumerate(self.tables)
            if name.table in (None, alias) and name.column in source.columns
        ]
        if len(found) > 1:
            raise ambiguous_column(name.column)
        if found:
            return found[0]
        if self.outer is not None and (name.table is None or name.table not in dict(self.tables)):
            return self.outer.find(name)
        wrong = name.column if name.table is None or name.table in dict(self.tables) else name.table
        raise no_such_column(wrong, {alias: source.name for alias, source in self.tables})


class Subquery(Protocol):
    """A planned query inside another; `values` are the first column's, for the outer rows at hand."""

    correlated: frozenset[int]
    """The outer tables it refers to."""

    @property
    def width(self) -> int: ...

    @property
    def kind(self) -> ValueKind: ...

    def values(self, outer: Sequence[Any]) -> list[Any]: ...


_NOW = frozenset({"sysdate", "current_date", "systimestamp", "current_timestamp"})
PlanSubquery = Callable[[syntax.Query, Scope], Subquery]


class Binder:
    """Compiles the expressions of one query. `group_by` is None where rows are not grouped."""

    def __init__(
        self,
        scope: Scope,
        now: datetime,
        plan: PlanSubquery,
        group_by: tuple[syntax.Expression, ...] | None = None,
    ) -> None:
        self._scope = scope
        self._now = now
        self._plan = plan
        self._ungrouped = self if group_by is None else Binder(scope, now, plan)
        self._group_by = None if group_by is None else [self._qualified(part) for part in group_by]

    def compile(self, node: syntax.Expression) -> Compiled:
        if self._group_by is not None and self._qualified(node) in self._group_by:
            evaluate = self._ungrouped.compile(node)
            return replace(
                evaluate, evaluate=lambda group: evaluate.evaluate(group[0]) if group else None, use=None, keys=None
            )
        match node:
            case syntax.Value(value):
                return constant(value)
            case syntax.Name():
                return self._name(node)
            case syntax.Call():
                return self._call(node)
            case syntax.Negated(operand):
                number = as_number(self.compile(operand))
                return derived("number", [number], lambda value: None if value is None else -value)
            case syntax.Arithmetic("||", left, right):
                return functions.concatenated(self.compile(left), self.compile(right))
            case syntax.Arithmetic(sign, left, right):
                return functions.calculated(sign, self.compile(left), self.compile(right))
            case syntax.Case():
                return self._case(node)
            case syntax.Scalar(query):
                return self._scalar(query)
        return self._condition(node)

    def _condition(self, node: syntax.Expression) -> Compiled:
        match node:
            case syntax.Comparison(sign, left, right):
                return conditions.compared(sign, self.compile(left), self.compile(right))
            case syntax.InList(operand, items):
                return conditions.among(self.compile(operand), [self.compile(item) for item in items])
            case syntax.InQuery(operand, query):
                return self._in_query(self.compile(operand), query)
            case syntax.Between(operand, low, high):
                value = self.compile(operand)
                return conditions.all_of(
                    [
                        conditions.compared(">=", value, self.compile(low)),
                        conditions.compared("<=", value, self.compile(high)),
                    ]
                )
            case syntax.Like(operand, pattern, escape):
                return conditions.like(self.compile(operand), self.compile(pattern), escape)
            case syntax.IsNull(operand):
                return conditions.is_null(self.compile(operand))
            case syntax.Exists(query):
                planned = self._plan(query, self._scope)
                return self._from_query(planned, "truth", bool)
            case syntax.Not(operand):
                return conditions.negated(self.compile(operand))
            case syntax.And(parts):
                return conditions.all_of([self.compile(part) for part in parts])
            case syntax.Or(parts):
                return conditions.any_of([self.compile(part) for part in parts])
        raise unsupported()

    def _name(self, name: syntax.Name) -> Compiled:
        if name.table is None and name.column in _NOW:
            return constant(self._now)
        use = self._scope.find(name)
        if self._group_by is not None and use.slot >= self._scope.first_slot:
            raise not_grouped(name.column)
        compiled = column(use)
        if self._group_by is None:
            return compiled
        return replace(compiled, evaluate=lambda group: compiled.evaluate(group[0]) if group else None, use=None)

    def _call(self, node: syntax.Call) -> Compiled:
        if node.function in functions.AGGREGATES:
            return self._aggregate(node)
        if node.function == "builtin.df":
            return self._display(node)
        if node.distinct:
            raise unsupported()
        return functions.call(node.function, [self.compile(argument) for argument in node.arguments])

    def _aggregate(self, node: syntax.Call) -> Compiled:
        if self._group_by is None or len(node.arguments) != 1:
            raise unsupported()
        if isinstance(node.arguments[0], syntax.Star):
            if node.function != "count":
                raise unsupported()
            return Compiled(len, "number")
        argument = self._ungrouped.compile(node.arguments[0])
        if node.function in ("sum", "avg"):
            argument = as_number(argument)
        evaluate, function, distinct = argument.evaluate, node.function, node.distinct
        return Compiled(
            lambda group: functions.aggregated(function, map(evaluate, group), distinct=distinct),
            argument.kind if function in ("min", "max") else "number",
        )

    def _display(self, node: syntax.Call) -> Compiled:
        """BUILTIN.DF(column): the text a person sees for the column's value."""
        if len(node.arguments) != 1 or not isinstance(node.arguments[0], syntax.Name):
            raise unsupported()
        name = node.arguments[0]
        if self._group_by is not None and self._qualified(name) not in self._group_by:
            raise not_grouped(name.column)
        use = self._scope.find(name)
        plain = column(use)
        display = use.column.display
        if display is None:
            text = as_text(plain)
        else:
            show, slot, key = display, use.slot, use.name

            def shown(bound: Any) -> str | None:
                value = bound[slot].get(key)
                return None if value is None else show(value, bound[slot])

            text = Compiled(shown, "text", plain.slots)
        if self._group_by is None:
            return text
        return replace(text, evaluate=lambda group: text.evaluate(group[0]) if group else None)

    def _case(self, node: syntax.Case) -> Compiled:
        tests = [conditions.truth(self.compile(test)) for test, _ in node.branches]
        results = comparable([*(self.compile(result) for _, result in node.branches), self.compile(node.otherwise)])
        kind = kind_of(results)
        pairs = [(test.evaluate, result.evaluate) for test, result in zip(tests, results, strict=False)]
        otherwise = results[-1].evaluate

        def choose(bound: Any) -> Any:
            for test, result in pairs:
                if test(bound) is True:
                    return result(bound)
            return otherwise(bound)

        return Compiled(choose, kind, frozenset[int]().union(*(part.slots for part in (*tests, *results))))

    def _scalar(self, query: syntax.Query) -> Compiled:
        planned = self._plan(query, self._scope)
        if planned.width != 1:
            raise unsupported()

        def only(values: list[Any]) -> Any:
            if len(values) > 1:
                raise unsupported()  # Oracle: single-row subquery returns more than one row
            return values[0] if values else None

        return self._from_query(planned, planned.kind, only)

    def _in_query(self, operand: Compiled, query: syntax.Query) -> Compiled:
        planned = self._plan(query, self._scope)
        if planned.width != 1:
            raise unsupported()
        if not planned.correlated:
            return conditions.among(operand, [constant(value) for value in planned.values(())])

        def among(bound: Any) -> Any:
            items = [constant(value) for value in planned.values(bound)]
            return conditions.among(operand, items).evaluate(bound)

        return Compiled(among, "truth", operand.slots | planned.correlated)

    def _from_query(self, planned: Subquery, kind: ValueKind, reduce: Callable[[list[Any]], Any]) -> Compiled:
        if not planned.correlated:
            value = reduce(planned.values(()))
            return Compiled(lambda _: value, kind if value is not None else "null", constant=True, value=value)
        if self._group_by is not None:
            raise unsupported()
        return Compiled(lambda bound: reduce(planned.values(bound)), kind, planned.correlated)

    def _qualified(self, node: Any) -> Any:
        """The expression with every column's table spelled out, so that equal expressions are equal."""
        if isinstance(node, syntax.Name):
            if node.table is None and node.column in _NOW:
                return node
            use = self._scope.find(node)
            return (use.slot, use.name)
        if isinstance(node, syntax.Query):
            return node
        if isinstance(node, tuple):
            return tuple(self._qualified(part) for part in node)
        if is_dataclass(node):
            return (type(node), *(self._qualified(getattr(node, part.name)) for part in fields(node)))
        return node
