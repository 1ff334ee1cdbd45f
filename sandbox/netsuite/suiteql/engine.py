"""Runs SuiteQL: plans a query, orders and groups its rows, and gives out pages of them."""

from __future__ import annotations

import re
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any

from sandbox.netsuite.suiteql import syntax
from sandbox.netsuite.suiteql.binder import Binder, Scope
from sandbox.netsuite.suiteql.compiled import ColumnUse, Compiled, ValueKind, column, to_text
from sandbox.netsuite.suiteql.conditions import truth
from sandbox.netsuite.suiteql.dates import shown
from sandbox.netsuite.suiteql.functions import AGGREGATES
from sandbox.netsuite.suiteql.parser import parse
from sandbox.netsuite.suiteql.planner import FromClause, passing, scope_of
from sandbox.netsuite.suiteql.refusals import unsupported
from sandbox.netsuite.suiteql.sources import Catalog

MOST_ROWS = 100_000
"""What REST gives of one query's result, over all pages."""

_REMEMBERED = 8
_NOW = re.compile("sysdate|current_date|timestamp", re.IGNORECASE)


def _aggregates(node: Any) -> bool:
    if isinstance(node, syntax.Call) and node.function in AGGREGATES:
        return True
    if isinstance(node, tuple):
        return any(_aggregates(part) for part in node)
    slots = getattr(node, "__dataclass_fields__", None)
    if slots is None or isinstance(node, syntax.Query):
        return False
    return any(_aggregates(getattr(node, name)) for name in slots)


class Plan:
    """One query, planned for the tables as they are now."""

    def __init__(self, query: syntax.Query, catalog: Catalog, now: datetime, outer: Scope | None = None) -> None:
        self._query = query
        scope = scope_of(query, catalog, outer)

        def subplan(inner: syntax.Query, around: Scope) -> Plan:
            return Plan(inner, catalog, now, around)

        rowwise = Binder(scope, now, subplan)
        self._from = FromClause(query, scope, rowwise)
        grouped = bool(query.group_by) or any(map(_aggregates, (query.selected, query.having, query.order_by)))
        if query.having is not None and not grouped:
            raise unsupported()
        self._group_by = [rowwise.compile(part) for part in query.group_by] if grouped else None
        binder = Binder(scope, now, subplan, query.group_by) if grouped else rowwise
        self.columns = self._columns(query, scope, binder)
        self._having = [truth(binder.compile(query.having))] if query.having is not None else []
        self._order = [(self._ordering(part.expression, binder), part) for part in query.order_by]
        parts = [compiled for _, compiled in self.columns] + self._having + [key for key, _ in self._order]
        used = self._from.slots.union(*(part.slots for part in (*parts, *(self._group_by or ()))))
        self.correlated = frozenset(slot for slot in used if slot < scope.first_slot)

    @property
    def width(self) -> int:
        return len(self.columns)

    @property
    def kind(self) -> ValueKind:
        return self.columns[0][1].kind

    @staticmethod
    def _columns(query: syntax.Query, scope: Scope, binder: Binder) -> list[tuple[str, Compiled]]:
        columns: dict[str, Compiled] = {}
        unnamed = 0
        for selected in query.selected:
            expression = selected.expression
            if isinstance(expression, syntax.Star):
                for position, (alias, source) in enumerate(scope.tables):
                    if expression.table in (None, alias):
                        slot = scope.first_slot + position
                        columns |= {
                            name: column(ColumnUse(slot, name, declared)) for name, declared in source.columns.items()
                        }
                if query.group_by or not columns:
                    raise unsupported()
                continue
            name = selected.alias
            if name is None and isinstance(expression, syntax.Name):
                name = expression.column
            if name is None:
                unnamed += 1
                name = f"expr{unnamed}"
            columns[name] = binder.compile(expression)
        return list(columns.items())

    def _ordering(self, expression: syntax.Expression, binder: Binder) -> Compiled:
        """ORDER BY an expression, a selected column's alias, or its place."""
        if isinstance(expression, syntax.Value):
            place = expression.value
            if isinstance(place, str) or place is None or not 1 <= place <= len(self.columns):
                raise unsupported()
            return self.columns[int(place) - 1][1]
        if isinstance(expression, syntax.Name) and expression.table is None:
            aliases = {selected.alias for selected in self._query.selected}
            if expression.column in aliases:
                return dict(self.columns)[expression.column]
        return binder.compile(expression)

    def rows(self, outer: Sequence[Any] = ()) -> list[Any]:
        """Joined rows, or groups of them, in order, before the columns are computed."""
        rows: list[Any] = self._from.run(outer)
        if self._group_by is not None:
            rows = passing(self._grouped(rows), self._having)
        for key, ordering in reversed(self._order):
            rows = _sorted(rows, key, ordering)
        if self._query.distinct:
            functions = [compiled.evaluate for _, compiled in self.columns]
            unique: dict[tuple[Any, ...], Any] = {}
            for row in rows:
                unique.setdefault(tuple([evaluate(row) for evaluate in functions]), row)
            rows = list(unique.values())
        return rows if self._query.first is None else rows[: self._query.first]

    def _grouped(self, rows: list[Any]) -> list[Any]:
        if not self._group_by:
            return [rows]
        groups: defaultdict[tuple[Any, ...], list[Any]] = defaultdict(list)
        functions = [part.evaluate for part in self._group_by]
        for row in rows:
            groups[tuple([evaluate(row) for evaluate in functions])].append(row)
        return list(groups.values())

    def values(self, outer: Sequence[Any]) -> list[Any]:
        evaluate = self.columns[0][1].evaluate
        return [evaluate(row) for row in self.rows(outer)]

    def item(self, row: Any) -> dict[str, Any]:
        """One result as REST shows it: texts only, NULLs left out."""
        item: dict[str, Any] = {"links": []}
        for name, compiled in self.columns:
            value = compiled.evaluate(row)
            if value is not None:
                item[name] = shown(value) if isinstance(value, date) else to_text(value)
        return item


def _sorted(rows: list[Any], key: Compiled, ordering: syntax.Ordering) -> list[Any]:
    """Stable; NULLs go to the asked end whatever the direction."""
    evaluate = key.evaluate
    pairs = [(evaluate(row), row) for row in rows]
    known = [pair for pair in pairs if pair[0] is not None]
    unknown = [row for value, row in pairs if value is None]
    known.sort(key=_first, reverse=ordering.descending)
    ordered = [row for _, row in known]
    return unknown + ordered if ordering.nulls_first else ordered + unknown


def _first(pair: tuple[Any, Any]) -> Any:
    return pair[0]


class Engine:
    """SuiteQL over an account's tables. Remembers the last results, since every page of one runs the same query."""

    def __init__(self, catalog: Catalog, clock: Callable[[], datetime]) -> None:
        self._catalog = catalog
        self._clock = clock
        self._remembered: OrderedDict[tuple[Any, ...], tuple[Plan, list[Any]]] = OrderedDict()

    def run(self, text: str, params: Sequence[Any], *, limit: int, offset: int) -> tuple[list[dict[str, Any]], int]:
        """A page of the result and the number of rows in all."""
        now = self._clock().replace(microsecond=0)
        key = (text, tuple(params), self._catalog.version, now if _NOW.search(text) else now.date())
        found = self._remembered.get(key)
        if found is None:
            plan = Plan(parse(text, params), self._catalog, now)
            found = (plan, plan.rows()[:MOST_ROWS])
            self._remembered[key] = found
            if len(self._remembered) > _REMEMBERED:
                self._remembered.popitem(last=False)
        plan, rows = found
        return [plan.item(row) for row in rows[offset : offset + limit]], len(rows)
