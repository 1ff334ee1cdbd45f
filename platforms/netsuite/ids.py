"""How NetSuite names a record: by its internal id, or by the external id that somebody gave it."""

import re

from schema.errors import Landed, UpstreamRejected

_EXTERNAL = re.compile(r"[A-Za-z0-9_-]+")


def internal_number(value: str) -> int | None:
    """An internal id as a number; None for text that is none in the form that NetSuite gives them."""
    if not (value.isascii() and value.isdigit()) or len(value) > 18 or (value[0] == "0" and value != "0"):
        return None
    return int(value)


def is_external(value: str) -> bool:
    """Whether the record API can ask for a record by this external id: letters, digits, `_` and `-`.

    Source: docs.oracle.com, Using External IDs (section_156334828635).
    """
    return _EXTERNAL.fullmatch(value) is not None


def external(value: str, what: str) -> str:
    """`value` where it can be an external id; UpstreamRejected where it can't. `what` begins a sentence."""
    if not is_external(value):
        detail = f"{what} becomes an external id in NetSuite, which has letters, digits, _ and - only"
        raise UpstreamRejected(detail, landed=Landed.NO)
    return value


def located(location: str | None) -> str | None:
    """The internal id at the end of a Location header; None where it has none, or an external one."""
    last = (location or "").partition("?")[0].rstrip("/").rpartition("/")[2]
    return last if last and internal_number(last) is not None else None
