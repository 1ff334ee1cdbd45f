"""Looks over the words of a command before anything is asked of a platform."""

import re
from collections.abc import Iterator
from typing import Any

from sync.desk import Refusal, RefusalCode

LONGEST_KEY = 200
LONGEST_TEXT = 4_000
MOST_LINES = 1_000
"""Lines of one invoice: what every ERP here takes in one call."""
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")
_KEY = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")


def key_problem(key: str) -> Refusal | None:
    """An idempotency key is told in logs and kept: short, printable, and one line."""
    path = ("input", "idempotencyKey")
    if len(key) > LONGEST_KEY:
        return Refusal(RefusalCode.INVALID, f"An idempotency key has at most {LONGEST_KEY} characters.", path)
    if not _KEY.fullmatch(key):
        message = (
            "An idempotency key is 1 or more printable ASCII characters without a blank at its ends, such as a UUID."
        )
        return Refusal(RefusalCode.INVALID, message, path)
    return None


def word_problems(given: Any, place: str = "input") -> list[Refusal]:
    """Texts and lists that no platform would take; `place` is the argument that they came by."""
    return list(_problems(given, (place,)))


def _problems(value: Any, path: tuple[str, ...]) -> Iterator[Refusal]:
    match value:
        case str():
            if _CONTROL.search(value) or any("\ud800" <= character <= "\udfff" for character in value):
                yield Refusal(RefusalCode.INVALID, "This text holds a control character: take it out.", path)
            elif len(value) > LONGEST_TEXT:
                yield Refusal(RefusalCode.INVALID, f"A text has at most {LONGEST_TEXT} characters here.", path)
        case dict():
            for name, part in value.items():
                yield from _problems(part, (*path, str(name)))
        case list():
            if len(value) > MOST_LINES:
                yield Refusal(RefusalCode.INVALID, f"A list has at most {MOST_LINES} entries here: split it.", path)
                return
            for position, part in enumerate(value):
                yield from _problems(part, (*path, str(position)))
