"""Cursors: opaque places in a list that hold across restarts, because they say where they are by value."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from hashlib import blake2s
from typing import Any

import msgspec

from schema.errors import BadUserInput

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


def read_cursor(text: str, signature: str) -> Cursor:
    """Raises BadUserInput for text that is no cursor, or the cursor of a list in another order."""
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
    except (Error, ValueError, ArithmeticError, msgspec.MsgspecError):
        raise BadUserInput("`after` is not a cursor: use an `endCursor` or `cursor` of an earlier page.") from None
    if cursor.signature != signature:
        raise BadUserInput("`after` belongs to a list in another order: keep `orderBy` the same from page to page.")
    return cursor


def packed(value: Any) -> Any:
    """A canonical value as a cursor keeps it."""
    match value:
        case Decimal():
            return ["d", str(value)]
        case datetime():
            return ["t", value.astimezone(UTC).isoformat()]
        case date():
            return ["y", value.isoformat()]
        case Enum():
            return ["e", value.value]
        case _:
            return value


def unpacked(value: Any) -> Any:
    match value:
        case ["d", text]:
            return Decimal(text)
        case ["t", text]:
            return datetime.fromisoformat(text)
        case ["y", text]:
            return date.fromisoformat(text)
        case _:
            return value
