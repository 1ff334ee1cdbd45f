"""SuiteQL text cut into words, numbers, strings and signs."""

import re
from dataclasses import dataclass
from typing import Literal

from sandbox.netsuite.suiteql.refusals import unsupported

TokenKind = Literal["word", "quoted", "number", "string", "sign", "end"]

# Square brackets, braces, semicolons and backticks are no part of the dialect; they match nothing here.
_TOKEN = re.compile(
    r"""(?P<space>\s+|--[^\n]*|/\*.*?\*/)
    |(?P<word>[A-Za-z_][A-Za-z0-9_$\#]*)
    |(?P<quoted>"[^"]+")
    |(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\.\d+)
    |(?P<string>'(?:[^']|'')*')
    |(?P<sign>\|\||<>|!=|<=|>=|[=<>+\-*/(),.?])""",
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Token:
    """`text` is lower case for words, unquoted for strings."""

    kind: TokenKind
    text: str


def tokens_of(text: str) -> list[Token]:
    tokens: list[Token] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise unsupported()
        position = match.end()
        found = match.group()
        if match.lastgroup == "word":
            tokens.append(Token("word", found.lower()))
        elif match.lastgroup == "quoted":
            tokens.append(Token("quoted", found[1:-1].lower()))
        elif match.lastgroup == "number":
            tokens.append(Token("number", found))
        elif match.lastgroup == "string":
            tokens.append(Token("string", found[1:-1].replace("''", "'")))
        elif match.lastgroup == "sign":
            tokens.append(Token("sign", found))
    tokens.append(Token("end", ""))
    return tokens
