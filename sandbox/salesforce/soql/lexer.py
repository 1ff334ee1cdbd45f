"""SOQL's text as tokens."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from sandbox.salesforce.soql.faults import at_position

TokenKind = Literal["string", "datetime", "date", "number", "period", "name", "symbol", "end"]

_TOKENS = re.compile(
    r"""
      (?P<space>\s+)
    | (?P<string>'(?:[^'\\]|\\.)*')
    | (?P<datetime>\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:?\d{2}))
    | (?P<date>\d{4}-\d{2}-\d{2}(?![\dT]))
    | (?P<number>[+-]?\d+(?:\.\d+)?(?![\w.]))
    | (?P<period>[A-Za-z_]\w*:\d+)
    | (?P<name>[A-Za-z]\w*(?:\.[A-Za-z]\w*)*)
    | (?P<symbol><=|>=|!=|<>|[=<>(),:])
    """,
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", '"': '"', "'": "'", "\\": "\\", "_": "_", "%": "%"}
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Token:
    """`text` is as written; a string's text is what stands between its quotes, escapes untouched."""

    kind: TokenKind
    text: str
    at: int

    @property
    def word(self) -> str:
        return self.text.upper() if self.kind == "name" else ""


def tokens(text: str) -> Iterator[Token]:
    at = 0
    while at < len(text):
        matched = _TOKENS.match(text, at)
        if matched is None:
            if text[at] == "'":
                raise at_position(text, at, "line ended unexpectedly: string literal is not closed")
            raise at_position(text, at, f"unexpected token: '{text[at]}'")
        kind = matched.lastgroup
        if kind == "string":
            _check_escapes(text, matched.start(), matched[0][1:-1])
            yield Token("string", matched[0][1:-1], at)
        elif kind != "space":
            yield Token(kind, matched[0], at)  # type: ignore[arg-type]  # the groups are named as the kinds
        at = matched.end()
    yield Token("end", "<EOF>", len(text))


def _check_escapes(text: str, at: int, inner: str) -> None:
    for escape in _ESCAPE.finditer(inner):
        letter = escape[1]
        if len(letter) == 1 and letter.lower() not in _ESCAPES:
            raise at_position(text, at + 1 + escape.start(), f"Invalid string literal: illegal escape '{escape[0]}'")


def unescaped(inner: str) -> str:
    """The characters that a string literal stands for."""
    return _ESCAPE.sub(lambda escape: _character(escape[1]), inner)


def like_pattern(inner: str) -> re.Pattern[str]:
    """A LIKE literal as a pattern over lower-case text: `%` any run, `_` one character, `\\%` and `\\_` themselves."""
    pattern = ""
    at = 0
    while at < len(inner):
        escape = _ESCAPE.match(inner, at)
        if escape:
            pattern += re.escape(_character(escape[1]).lower())
            at = escape.end()
            continue
        letter = inner[at]
        pattern += ".*" if letter == "%" else "." if letter == "_" else re.escape(letter.lower())
        at += 1
    return re.compile(pattern, re.DOTALL)


def _character(letter: str) -> str:
    return chr(int(letter[1:], 16)) if len(letter) > 1 else _ESCAPES[letter.lower()]
