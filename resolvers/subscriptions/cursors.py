"""The places of events as callers keep them: opaque, and good for one stream alone."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error

from schema.errors import BadUserInput

NO_CURSOR = "`after` is not a cursor of an event: use the `cursor` of an event that you received."
LARGEST = 2**63 - 1
"""A database has none above."""


def write_event_cursor(stream: str, number: int) -> str:
    return urlsafe_b64encode(f"{stream}:{number}".encode()).rstrip(b"=").decode()


def read_event_cursor(stream: str, text: str) -> int:
    """Raises BadUserInput for text that is no cursor, or the cursor of another stream."""
    try:
        decoded = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4)).decode("ascii")
    except (Error, ValueError):
        raise BadUserInput(NO_CURSOR) from None
    name, _, digits = decoded.rpartition(":")
    if not digits.isdigit() or len(digits) > 19 or write_event_cursor(name, int(digits)) != text:
        raise BadUserInput(NO_CURSOR)
    if name != stream:
        raise BadUserInput(f"`after` is a cursor of another stream: use the `cursor` of an event of `{stream}`.")
    if int(digits) > LARGEST:
        raise BadUserInput(NO_CURSOR)
    return int(digits)
