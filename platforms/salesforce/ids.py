"""What a Salesforce record id looks like, so that nothing else ever reaches a query."""

import re

_FORM = re.compile(r"[0-9A-Za-z]{15}[A-Z0-5]{3}")
_SHORT_FORM = re.compile(r"[0-9A-Za-z]{15}")
_CAPITALS = {code: "1" if chr(code).isupper() else "0" for code in range(128)}
_SUFFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def is_record_id(text: str) -> bool:
    """Whether the text is an id in the 18-character form that the API gives.

    The last three characters say which of the others are capitals, five to a character, the first of them the lowest
    bit; an id whose suffix is wrong would have the whole query refused.
    """
    return _FORM.fullmatch(text) is not None and text[15:] == _suffix(text[:15])


def full_id(text: str) -> str | None:
    """The 18-character form of an id of 15 or 18 characters, as messages may quote either; None for anything else."""
    if _SHORT_FORM.fullmatch(text):
        return text + _suffix(text)
    return text if is_record_id(text) else None


def _suffix(short: str) -> str:
    capitals = short.translate(_CAPITALS)
    first, second, third = int(capitals[4::-1], 2), int(capitals[9:4:-1], 2), int(capitals[14:9:-1], 2)
    return _SUFFIX[first] + _SUFFIX[second] + _SUFFIX[third]
