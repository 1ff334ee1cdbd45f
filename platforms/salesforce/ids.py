"""What a Salesforce record id looks like, so that nothing else ever reaches a query."""

import re

_FORM = re.compile(r"[0-9A-Za-z]{15}[A-Z0-5]{3}")
_CAPITALS = {code: "1" if chr(code).isupper() else "0" for code in range(128)}
_SUFFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def is_record_id(text: str) -> bool:
    """Whether the text is an id in the 18-character form that the API gives.

    The last three characters say which of the others are capitals, five to a character, the first of them the lowest
    bit; an id whose suffix is wrong would have the whole query refused.
    """
    if _FORM.fullmatch(text) is None:
        return False
    capitals = text[:15].translate(_CAPITALS)
    first, second, third = int(capitals[4::-1], 2), int(capitals[9:4:-1], 2), int(capitals[14:9:-1], 2)
    return text[15:] == _SUFFIX[first] + _SUFFIX[second] + _SUFFIX[third]
