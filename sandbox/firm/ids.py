"""What each platform calls a record of the firm: ids that follow from the record's key alone.

Emulators store each other's ids as links, so an id must be known without asking the platform that gave it.
"""

import re
from hashlib import blake2b
from zlib import crc32

BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SUFFIX_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_SALESFORCE_INSTANCE = "Qy0"

LEGAL_ENTITY_KEYS = ("le-uk", "le-de", "le-us", "le-ch", "le-nl", "le-se")
"""Legal entities are named by country; their ordinal is their place here, counted from 1. Only ever append."""

_PREFIXES = (
    "acct", "cont", "deal", "ctr", "proj", "ms", "task", "asg", "time", "exp", "inv", "pay", "cm", "pers", "le",
)  # fmt: skip
_STRIDE = 32  # room for more prefixes: records of several kinds may share one id space, as NetSuite's transactions do

_BASES = {
    # NetSuite numbers customers and jobs in one space, `entity`: their ranges must not meet.
    "netsuite.subsidiary": 0,
    "netsuite.customer": 10_000,
    "netsuite.job": 10_000,
    "netsuite.employee": 10_000,
    "netsuite.contact": 10_000,
    "netsuite.transaction": 1_000_000,
    "kantata.user": 11_000_000,
    "kantata.workspace_group": 2_400_000,
    "kantata.workspace": 38_000_000,
    "kantata.story": 820_000_000,
    "kantata.time_entry": 910_000_000,
    "kantata.expense": 19_000_000,
}
_KEY = re.compile(r"([a-z]+)-(\d+)")


def salesforce_id(prefix: str, key: str) -> str:
    """The 18-character id of the record `key` (any text) of the object with the three-character key `prefix`.

    The last three characters make it safe where case is lost:
    https://help.salesforce.com/s/articleView?id=000383751&type=1
    """
    number = int.from_bytes(blake2b(f"{prefix}:{key}".encode(), digest_size=8).digest(), "big")
    digits = ""
    for _ in range(9):
        number, digit = divmod(number, 62)
        digits += BASE62[digit]
    return with_suffix(f"{prefix}{_SALESFORCE_INSTANCE}{digits}")


def with_suffix(short_id: str) -> str:
    """The 18-character form of a 15-character Salesforce id: one bit per capital letter, five letters a character."""
    suffix = ""
    for start in (0, 5, 10):
        capitals = sum(1 << place for place, letter in enumerate(short_id[start : start + 5]) if "A" <= letter <= "Z")
        suffix += _SUFFIX_ALPHABET[capitals]
    return short_id + suffix


def ordinal(key: str) -> int:
    """The number at the end of a key: 17 for `acct-0017`; for a legal entity its place in LEGAL_ENTITY_KEYS."""
    if key in LEGAL_ENTITY_KEYS:
        return LEGAL_ENTITY_KEYS.index(key) + 1
    return _parts(key)[1]


def numeric_id(kind: str, key: str) -> str:
    """The decimal id of the record `key` in the id space `kind`, such as `netsuite.transaction`.

    Two keys never share an id within one kind, whatever their prefixes; a kind that is not listed here gets a range of
    its own. Ids rise with the keys of one prefix.
    """
    if kind == "netsuite.subsidiary":
        return str(ordinal(key))
    slot, number = (_PREFIXES.index("le"), ordinal(key)) if key in LEGAL_ENTITY_KEYS else _parts(key)
    base = _BASES.get(kind)
    if base is None:
        base = 1_000_000 * (1 + crc32(kind.encode()) % 900)
    return str(base + number * _STRIDE + slot)


def _parts(key: str) -> tuple[int, int]:
    matched = _KEY.fullmatch(key)
    if matched is None or matched[1] not in _PREFIXES:
        raise ValueError(f"{key!r} is no key of the firm: expected one of {', '.join(_PREFIXES)}, a dash and digits")
    return _PREFIXES.index(matched[1]), int(matched[2])
