"""Cursors: opaque places in a list that hold across restarts, because they say where they are by value."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import blake2s
from typing import Any

import msgspec

from schema.errors import BadUserInput
from schema.scalars import of_sane_length

Value = Any
"""A canonical value: text, a number, a date, an instant or None."""


class Place(msgspec.Struct, frozen=True, array_like=True):
    """How far a list has gone on one platform: behind the record `id`, whose order values are `values`.

    `offset` counts the rows behind us where the platform can only go on by position.
    """

    id: str
    values: tuple[Any, ...] = ()
    offset: int = 0


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """A place in a list: how far it has gone on each of its platforms, and which platform gave the last record.

    `signature` tells what the list was ordered and filtered by; a cursor fits only the same list.
    """

    signature: str
    last: str
    places: dict[str, Place]


NO_CURSOR = "`after` is not a cursor: use an `endCursor` or `cursor` of an earlier page."
FARTHEST = 10**9
"""The last position that a list can go on behind."""
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Cursor)


def signature_hash(text: str) -> str:
    """A short mark for the order and filter of a list."""
    return blake2s(text.encode(), digest_size=6).hexdigest()


def write_cursor(cursor: Cursor) -> str:
    """The cursor as text; order values are packed so that they come back with their types."""
    places = {
        name: Place(place.id, tuple(packed(value) for value in place.values), place.offset)
        for name, place in cursor.places.items()
    }
    cursor = Cursor(cursor.signature, cursor.last, places)
    return urlsafe_b64encode(_encoder.encode(cursor)).rstrip(b"=").decode()


def read_cursor(text: str, signature: str, kinds: Sequence[type]) -> Cursor:
    """Raises BadUserInput for text that is no cursor, or the cursor of another list.

    `kinds` are the types of the order values: a caller may have changed what a cursor says, and what it says is
    compared with values and pushed to platforms.
    """
    try:
        raw = _decoder.decode(urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4)))
        cursor = Cursor(
            raw.signature,
            raw.last,
            {
                name: Place(place.id, tuple(unpacked(value) for value in place.values), place.offset)
                for name, place in raw.places.items()
            },
        )
    except (Error, ValueError, ArithmeticError, RecursionError, msgspec.MsgspecError):
        raise BadUserInput(NO_CURSOR) from None
    if cursor.signature != signature:
        raise BadUserInput(
            "`after` belongs to another list: keep the list, its `filter` and its `orderBy` the same from page to page."
        )
    if cursor.last not in cursor.places or not all(_fits(place, kinds) for place in cursor.places.values()):
        raise BadUserInput(NO_CURSOR)
    return cursor


def _fits(place: Place, kinds: Sequence[type]) -> bool:
    """Whether a place can be one of a list with order values of these types."""
    if not 0 <= place.offset <= FARTHEST:
        return False
    return not place.values or (
        len(place.values) == len(kinds)
        and all(value is None or type(value) is kind for value, kind in zip(place.values, kinds, strict=True))
    )


def packed(value: Any) -> Any:
    """A canonical value as a cursor keeps it."""
    match value:
        case Decimal():
            return ["d", str(value)]
        case datetime():
            return ["t", value.astimezone(UTC).isoformat()]
        case date():
            return ["y", value.isoformat()]
        case _:
            return value


def unpacked(value: Any) -> Any:
    """The canonical value that was packed; raises ValueError for what can't have been one."""
    match value:
        case ["d", str(text)]:
            number = Decimal(text)
            if not of_sane_length(number):
                raise ValueError("not a number of ours")
            return number
        case ["t", str(text)]:
            instant = datetime.fromisoformat(text)
            if instant.tzinfo is None:
                raise ValueError("an instant without a zone")
            return instant.astimezone(UTC)
        case ["y", str(text)]:
            return date.fromisoformat(text)
        case _:
            return value
