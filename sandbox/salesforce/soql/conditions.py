"""The grammar of WHERE and HAVING."""

from decimal import Decimal
from typing import TYPE_CHECKING

from sandbox.salesforce.soql import syntax
from sandbox.salesforce.soql.faults import at_position, malformed
from sandbox.salesforce.soql.reading import Reader

if TYPE_CHECKING:
    from sandbox.salesforce.soql.parser import QueryReader

MAX_SEMI_JOINS = 2
MAX_NESTING = 200  # a bound of this emulator, so that a hostile query can't exhaust the stack
_COMPARISONS: dict[str, syntax.Operator] = {
    "=": "=", "!=": "!=", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">=",
}  # fmt: skip
_SETS: dict[str, syntax.Operator] = {"IN": "IN", "INCLUDES": "INCLUDES", "EXCLUDES": "EXCLUDES"}


class ConditionReader:
    """Reads conditions.

    As in the vendor's grammar, AND and OR don't mix without parentheses, NOT stands alone or in parentheses, and
    sub-selects stand only at the top level and only with AND.
    """

    def __init__(self, tokens: Reader, queries: "QueryReader") -> None:
        self.tokens = tokens
        self.queries = queries
        self._depth = 0
        self._semi_joins = 0
        self._inside_semi_join = False

    def condition(self) -> syntax.Condition:
        self._semi_joins = 0
        condition = self._expression()
        if self._semi_joins > MAX_SEMI_JOINS:
            raise malformed(f"maximum {MAX_SEMI_JOINS} semi join sub-selects are allowed in one query")
        if self._semi_joins:
            _refuse_deep_sub_selects(condition)
        return condition

    def target(self) -> syntax.Path | syntax.Aggregate:
        name = self.tokens.expect("name")
        if self.tokens.take_symbol("("):
            return self.queries.aggregate(name.text, name.at)
        return syntax.Path(tuple(name.text.split(".")), name.at)

    def _expression(self) -> syntax.Condition:
        if self.tokens.take_word("NOT"):
            return syntax.Not(self._simple())
        parts = [self._simple()]
        joined = self.tokens.peek.word
        if joined not in {"AND", "OR"}:
            return parts[0]
        while self.tokens.take_word(joined):
            parts.append(self._simple())
        if self.tokens.peek.word in {"AND", "OR"}:
            raise self.tokens.unexpected()
        return syntax.And(tuple(parts)) if joined == "AND" else syntax.Or(tuple(parts))

    def _simple(self) -> syntax.Condition:
        if not self.tokens.take_symbol("("):
            return self._comparison()
        self._depth += 1
        if self._depth > MAX_NESTING:
            raise at_position(self.tokens.text, self.tokens.at, "SOQL condition is nested too deeply")
        inner = self._expression()
        self.tokens.expect_symbol(")")
        self._depth -= 1
        return inner

    def _comparison(self) -> syntax.Condition:
        target = self.target()
        token = self.tokens.next()
        if token.kind == "symbol" and token.text in _COMPARISONS:
            return syntax.Comparison(target, _COMPARISONS[token.text], self._constant())
        if token.word == "LIKE":
            return syntax.Comparison(target, "LIKE", self._constant())
        if token.word == "NOT":
            self.tokens.expect_word("IN")
            return syntax.Comparison(target, "NOT IN", self._set())
        if token.word in _SETS:
            return syntax.Comparison(target, _SETS[token.word], self._set())
        raise at_position(self.tokens.text, token.at, f"unexpected token: '{token.text}'")

    def _set(self) -> "tuple[syntax.Constant, ...] | syntax.Query":
        self.tokens.expect_symbol("(")
        if self.tokens.peek.word == "SELECT":
            if self._inside_semi_join:
                raise at_position(self.tokens.text, self.tokens.at, "Nesting of semi join sub-selects is not supported")
            counted = self._semi_joins + 1
            self._inside_semi_join = True
            inner = self.queries.query(level=1)
            self._inside_semi_join = False
            self._semi_joins = counted
            self.tokens.expect_symbol(")")
            return inner
        values = [self._constant()]
        while self.tokens.take_symbol(","):
            values.append(self._constant())
        self.tokens.expect_symbol(")")
        return tuple(values)

    def _constant(self) -> syntax.Constant:
        token = self.tokens.next()
        if token.kind in {"string", "date", "datetime", "period"}:
            return syntax.Constant(token.kind, token.text, token.at)
        if token.kind == "number":
            return syntax.Constant("number", token.text, token.at, Decimal(token.text))
        if token.word in {"TRUE", "FALSE"}:
            return syntax.Constant("boolean", token.word, token.at)
        if token.word == "NULL":
            return syntax.Constant("null", token.word, token.at)
        if token.kind == "name" and "." not in token.text:
            return syntax.Constant("period", token.word, token.at)
        if token.text == ":":
            raise at_position(self.tokens.text, token.at, "Bind variables only allowed in Apex code")
        raise at_position(self.tokens.text, token.at, f"unexpected token: '{token.text}'")


def _refuse_deep_sub_selects(condition: syntax.Condition) -> None:
    top = condition.parts if isinstance(condition, syntax.And) else (condition,)
    for part in top:
        if not isinstance(part, syntax.Comparison) and _holds_sub_select(part):
            raise malformed(
                "Semi join sub-selects are only allowed at the top level WHERE expressions and not in nested WHERE "
                "expressions."
            )


def _holds_sub_select(condition: syntax.Condition) -> bool:
    if isinstance(condition, syntax.Comparison):
        return isinstance(condition.value, syntax.Query)
    if isinstance(condition, syntax.Not):
        return _holds_sub_select(condition.part)
    return any(_holds_sub_select(part) for part in condition.parts)
