"""Record ids as Salesforce reads them: 15 case-sensitive or 18 case-safe characters, always answered with 18."""

import re
from functools import lru_cache

from sandbox.firm.ids import BASE62, with_suffix

_SUFFIX_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_ID = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-5]{3})?")


@lru_cache(maxsize=200_000)
def case_safe(value: str) -> str | None:
    """The 18-character form of an id of either length; None when it is no id.

    The three-character suffix tells which letters are capitals, so that an id that lost its case is still found.
    https://help.salesforce.com/s/articleView?id=000383751&type=1
    """
    if not _ID.fullmatch(value):
        return None
    if len(value) == 15:
        return with_suffix(value)
    suffix = value[15:].upper()
    letters = []
    for place, letter in enumerate(value[:15]):
        capital = _SUFFIX_ALPHABET.index(suffix[place // 5]) >> (place % 5) & 1
        letters.append(letter.upper() if capital else letter.lower())
    return "".join(letters) + suffix


class IdSequence:
    """Gives new record ids out, per key prefix, in rising order and apart from the ids that the firm's keys give."""

    def __init__(self) -> None:
        self._given: dict[str, int] = {}

    def next(self, prefix: str) -> str:
        number = self._given[prefix] = self._given.get(prefix, 0) + 1
        digits = ""
        for _ in range(9):
            number, digit = divmod(number, 62)
            digits = BASE62[digit] + digits
        return with_suffix(f"{prefix}5g0{digits}")
