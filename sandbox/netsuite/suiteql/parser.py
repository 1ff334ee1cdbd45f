"""SuiteQL tokens to a query: clauses here, expressions in `expressions`."""

from collections.abc import Sequence
from typing import Literal

from sandbox.netsuite.suiteql.expressions import RESERVED, ExpressionParser
from sandbox.netsuite.suiteql.lexer import tokens_of
from sandbox.netsuite.suiteql.refusals import unsupported, wrong_parameters
from sandbox.netsuite.suiteql.syntax import (
    Expression,
    Join,
    Ordering,
    Query,
    Selected,
    Star,
    TableReference,
)


class QueryParser(ExpressionParser):
    """One query of the documented subset. No WITH, no LIMIT, no right or full joins, no set operators."""

    def query(self) -> Query:
        self.expect_word("select")
        distinct = self.take_word("distinct")
        selected = self._several(self._selected)
        self.expect_word("from")
        table = self._table()
        joins = self._joins()
        where = self.expression() if self.take_word("where") else None
        group_by: tuple[Expression, ...] = ()
        if self.take_word("group"):
            self.expect_word("by")
            group_by = self._several(self.expression)
        having = self.expression() if self.take_word("having") else None
        order_by: tuple[Ordering, ...] = ()
        if self.take_word("order"):
            self.expect_word("by")
            order_by = self._several(self._ordering)
        return Query(selected, distinct, table, joins, where, group_by, having, order_by, self._first())

    def _selected(self) -> Selected:
        if self.take_sign("*"):
            return Selected(Star(), None)
        if self.peek().kind == "word" and self.peek(1).text == "." and self.peek(2).text == "*":
            table = self.next().text
            self.next()
            self.next()
            return Selected(Star(table), None)
        return Selected(self.expression(), self._alias())

    def _alias(self) -> str | None:
        if self.take_word("as"):
            return self._identifier()
        if self.peek().kind == "quoted" or (self.peek().kind == "word" and self.peek().text not in RESERVED):
            return self.next().text
        return None

    def _identifier(self) -> str:
        if self.peek().kind not in ("word", "quoted"):
            raise unsupported()
        return self.next().text

    def _table(self) -> TableReference:
        if self.peek().kind != "word":
            raise unsupported()
        table = self.next().text
        return TableReference(table, self._alias() or table)

    def _joins(self) -> tuple[Join, ...]:
        joins: list[Join] = []
        while True:
            if self.take_sign(","):
                joins.append(Join("inner", self._table(), None))
                continue
            kind: Literal["inner", "left"] = "inner"
            if self.take_word("left"):
                self.take_word("outer")
                kind = "left"
            elif not self.take_word("inner") and not self.at_word("join"):
                return tuple(joins)
            self.expect_word("join")
            table = self._table()
            self.expect_word("on")
            joins.append(Join(kind, table, self.expression()))

    def _ordering(self) -> Ordering:
        expression = self.expression()
        descending = self.take_word("desc")
        if not descending:
            self.take_word("asc")
        nulls_first = descending  # Oracle: NULL is the largest value
        if self.take_word("nulls"):
            nulls_first = self.take_word("first")
            if not nulls_first:
                self.expect_word("last")
        return Ordering(expression, descending, nulls_first)

    def _first(self) -> int | None:
        if not self.take_word("fetch"):
            return None
        if not self.take_word("first"):
            self.expect_word("next")
        count = self.next()
        if count.kind != "number" or not count.text.isdigit():
            raise unsupported()
        if not self.take_word("rows"):
            self.expect_word("row")
        self.expect_word("only")
        return int(count.text)


def parse(text: str, params: Sequence[object] = ()) -> Query:
    """The query with its `?` replaced by `params`, in their order.

    Source: docs.oracle.com, SuiteQL syntax and Executing SuiteQL Queries Through REST Web Services.
    """
    parser = QueryParser(tokens_of(text), params)
    query = parser.query()
    if parser.peek().kind != "end":
        raise unsupported()
    if parser.parameters_used != len(params):
        raise wrong_parameters(parser.parameters_used, len(params))
    return query
