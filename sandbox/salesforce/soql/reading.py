"""A cursor over tokens that says what it expected."""

from typing import ClassVar

from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.soql.faults import at_position
from sandbox.salesforce.soql.lexer import Token, TokenKind, tokens


class Reader:
    """The tokens of one query, read from left to right."""

    CLAUSES: ClassVar[frozenset[str]] = frozenset(
        {
            "FROM", "WHERE", "WITH", "GROUP", "HAVING", "ORDER", "LIMIT", "OFFSET", "FOR", "ALL", "USING",
            "ASC", "DESC", "NULLS", "AND", "OR", "NOT",
        }
    )  # fmt: skip

    def __init__(self, text: str) -> None:
        self.text = text
        self._tokens = list(tokens(text))
        self._place = 0

    @property
    def peek(self) -> Token:
        return self._tokens[self._place]

    @property
    def at(self) -> int:
        return self.peek.at

    def next(self) -> Token:
        token = self._tokens[self._place]
        if token.kind != "end":
            self._place += 1
        return token

    def unexpected(self) -> ApiError:
        return at_position(self.text, self.at, f"unexpected token: '{self.peek.text}'")

    def expect(self, kind: TokenKind) -> Token:
        if self.peek.kind != kind or self.peek.word in {"FROM", "WHERE"}:
            raise self.unexpected()
        return self.next()

    def expect_word(self, word: str) -> None:
        if not self.take_word(word):
            raise self.unexpected()

    def take_word(self, word: str) -> bool:
        if self.peek.word == word:
            self.next()
            return True
        return False

    def expect_symbol(self, symbol: str) -> None:
        if not self.take_symbol(symbol):
            raise self.unexpected()

    def take_symbol(self, symbol: str) -> bool:
        if self.peek.kind == "symbol" and self.peek.text == symbol:
            self.next()
            return True
        return False

    def expect_end(self) -> None:
        if self.peek.kind != "end":
            raise self.unexpected()
