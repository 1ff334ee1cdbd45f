"""SuiteQL expressions and conditions by recursive descent."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TypeVar

from sandbox.netsuite.suiteql.lexer import Token
from sandbox.netsuite.suiteql.refusals import too_many_items, unsupported, wrong_parameters
from sandbox.netsuite.suiteql.syntax import (
    And,
    Arithmetic,
    Between,
    Call,
    Case,
    Comparison,
    Exists,
    Expression,
    InList,
    InQuery,
    IsNull,
    Like,
    Name,
    Negated,
    Not,
    Or,
    Query,
    Scalar,
    Star,
    Value,
)

LIST_LIMIT = 1000  # Oracle's own limit for IN (...)
_COMPARISONS = {"=": "=", "<>": "<>", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
RESERVED = frozenset(
    {
        *("select", "from", "where", "group", "having", "order", "by", "fetch", "limit", "offset", "with", "union"),
        *("join", "inner", "left", "right", "full", "on", "and", "or", "not", "in", "is", "like", "between"),
        *("as", "when", "then", "else", "end", "asc", "desc"),
    }
)
Part = TypeVar("Part")


class ExpressionParser(ABC):
    def __init__(self, tokens: list[Token], params: Sequence[object]) -> None:
        self._tokens = tokens
        self._position = 0
        self._params = params
        self.parameters_used = 0

    @abstractmethod
    def query(self) -> Query: ...

    # -- tokens

    def peek(self, ahead: int = 0) -> Token:
        return self._tokens[min(self._position + ahead, len(self._tokens) - 1)]

    def next(self) -> Token:
        token = self.peek()
        self._position += 1
        return token

    def at_word(self, word: str) -> bool:
        token = self.peek()
        return token.kind == "word" and token.text == word

    def take_word(self, word: str) -> bool:
        found = self.at_word(word)
        self._position += found
        return found

    def expect_word(self, word: str) -> None:
        if not self.take_word(word):
            raise unsupported()

    def take_sign(self, sign: str) -> bool:
        token = self.peek()
        found = token.kind == "sign" and token.text == sign
        self._position += found
        return found

    def expect_sign(self, sign: str) -> None:
        if not self.take_sign(sign):
            raise unsupported()

    def _several(self, part: Callable[[], Part]) -> tuple[Part, ...]:
        parts = [part()]
        while self.take_sign(","):
            parts.append(part())
        return tuple(parts)

    # -- conditions

    def expression(self) -> Expression:
        parts = [self._conjunction()]
        while self.take_word("or"):
            parts.append(self._conjunction())
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _conjunction(self) -> Expression:
        parts = [self._negation()]
        while self.take_word("and"):
            parts.append(self._negation())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _negation(self) -> Expression:
        if self.take_word("not"):
            return Not(self._negation())
        return self._predicate()

    def _predicate(self) -> Expression:
        left = self._sum()
        token = self.peek()
        if token.kind == "sign" and token.text in _COMPARISONS:
            self.next()
            return Comparison(_COMPARISONS[token.text], left, self._sum())  # type: ignore[arg-type]  # keys are checked
        if self.take_word("is"):
            negative = self.take_word("not")
            self.expect_word("null")
            return Not(IsNull(left)) if negative else IsNull(left)
        negative = self.take_word("not")
        found = self._membership(left)
        if found is None:
            if negative:
                raise unsupported()
            return left
        return Not(found) if negative else found

    def _membership(self, left: Expression) -> Expression | None:
        if self.take_word("in"):
            return self._in(left)
        if self.take_word("between"):
            low = self._sum()
            self.expect_word("and")
            return Between(left, low, self._sum())
        if self.take_word("like"):
            pattern = self._sum()
            escape = None
            if self.take_word("escape"):
                escape = self.next().text
                if len(escape) != 1:
                    raise unsupported()
            return Like(left, pattern, escape)
        return None

    def _in(self, left: Expression) -> Expression:
        self.expect_sign("(")
        if self.at_word("select"):
            query = self.query()
            self.expect_sign(")")
            return InQuery(left, query)
        items = self._several(self.expression)
        self.expect_sign(")")
        if len(items) > LIST_LIMIT:
            raise too_many_items(LIST_LIMIT)
        return InList(left, items)

    # -- values

    def _sum(self) -> Expression:
        left = self._product()
        while self.peek().kind == "sign" and self.peek().text in ("+", "-", "||"):
            sign = self.next().text
            left = Arithmetic(sign, left, self._product())
        return left

    def _product(self) -> Expression:
        left = self._signed()
        while self.peek().kind == "sign" and self.peek().text in ("*", "/"):
            sign = self.next().text
            left = Arithmetic(sign, left, self._signed())
        return left

    def _signed(self) -> Expression:
        if self.take_sign("-"):
            return Negated(self._signed())
        if self.take_sign("+"):
            return self._signed()
        return self._primary()

    def _primary(self) -> Expression:
        token = self.next()
        if token.kind == "number":
            return Value(Decimal(token.text))
        if token.kind == "string":
            return Value(token.text or None)
        if token.kind == "sign" and token.text == "?":
            return self._parameter()
        if token.kind == "sign" and token.text == "(":
            inner: Expression = Scalar(self.query()) if self.at_word("select") else self.expression()
            self.expect_sign(")")
            return inner
        if token.kind == "word" and token.text not in RESERVED:
            return self._word(token.text)
        raise unsupported()

    def _parameter(self) -> Expression:
        if self.parameters_used >= len(self._params):
            raise wrong_parameters(self.parameters_used + 1, len(self._params))
        given = self._params[self.parameters_used]
        self.parameters_used += 1
        if given is None or isinstance(given, str):
            return Value(given or None)
        if isinstance(given, bool):
            return Value("T" if given else "F")
        if isinstance(given, int | Decimal):
            return Value(Decimal(given))
        raise unsupported()

    def _word(self, word: str) -> Expression:
        if word == "null":
            return Value(None)
        if word == "case":
            return self._case()
        if word == "exists":
            self.expect_sign("(")
            query = self.query()
            self.expect_sign(")")
            return Exists(query)
        if self.take_sign("."):
            second = self.next()
            if second.kind not in ("word", "quoted"):
                raise unsupported()
            if word == "builtin":
                return self._call(f"builtin.{second.text}")
            return Name(second.text, word)
        if self.peek().kind == "sign" and self.peek().text == "(":
            return self._call(word)
        return Name(word)

    def _call(self, function: str) -> Expression:
        self.expect_sign("(")
        if self.take_sign("*"):
            self.expect_sign(")")
            return Call(function, (Star(),))
        if self.take_sign(")"):
            return Call(function, ())
        distinct = self.take_word("distinct")
        arguments = self._several(self.expression)
        self.expect_sign(")")
        return Call(function, arguments, distinct)

    def _case(self) -> Expression:
        subject = None if self.at_word("when") else self.expression()
        branches: list[tuple[Expression, Expression]] = []
        while self.take_word("when"):
            condition = self.expression()
            self.expect_word("then")
            tested = condition if subject is None else Comparison("=", subject, condition)
            branches.append((tested, self.expression()))
        otherwise = self.expression() if self.take_word("else") else Value(None)
        self.expect_word("end")
        if not branches:
            raise unsupported()
        return Case(tuple(branches), otherwise)
