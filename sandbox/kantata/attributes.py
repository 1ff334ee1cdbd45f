"""The attributes of a record: how each is stored, read, and taken from a request."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import TYPE_CHECKING, Any

from sandbox.kantata.parameters import listed
from sandbox.store import Record

if TYPE_CHECKING:
    from sandbox.kantata.account import Account


MAX_DIGITS = 15  # of a number, before or after the point


class Kind(Enum):
    """How a value looks on the wire. Ids are text in answers and integers (or text) in requests."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    ID = "id"
    IDS = "ids"
    OBJECTS = "objects"
    ANY = "any"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """`read` computes a value that isn't stored; `optional` ones answer only to `optional_fields`.

    `unshown` ones are never answered under this name, `transient` ones are not even stored.
    """

    name: str
    kind: Kind = Kind.TEXT
    default: Any = None
    writable: bool = False
    required: bool = False
    choices: tuple[str, ...] = ()
    read: "Callable[[Account, Record], Any] | None" = None
    optional: bool = False
    unshown: bool = False
    transient: bool = False


def stored(name: str, kind: Kind = Kind.TEXT, default: Any = None, *, optional: bool = False) -> Attribute:
    """An attribute that only Kantata itself sets."""
    return Attribute(name=name, kind=kind, default=default, optional=optional)


def writable(
    name: str, kind: Kind = Kind.TEXT, default: Any = None, *, required: bool = False, choices: tuple[str, ...] = ()
) -> Attribute:
    return Attribute(name=name, kind=kind, default=default, writable=True, required=required, choices=choices)


def unshown(name: str, kind: Kind = Kind.TEXT) -> Attribute:
    """Taken in requests and stored, answered in another form by another attribute or association."""
    return Attribute(name=name, kind=kind, writable=True, unshown=True)


def transient(name: str, kind: Kind = Kind.ANY, *, required: bool = False) -> Attribute:
    """Taken in requests for the collection's rules, which turn it into something else."""
    return Attribute(name=name, kind=kind, writable=True, required=required, unshown=True, transient=True)


def derived(name: str, read: "Callable[[Account, Record], Any]", *, optional: bool = False) -> Attribute:
    return Attribute(name=name, read=read, optional=optional)


class UnreadableError(ValueError):
    """A value that can't be read as the attribute's kind; the message is the validation error's."""


def coerce(kind: Kind, value: Any) -> Any:
    """A request's value as it is stored. Null and blank are null. Raises UnreadableError."""
    if value is None or (kind is not Kind.TEXT and value == ""):
        return None
    return _READERS[kind](value)


def _text(value: Any) -> str:
    if isinstance(value, dict | list):
        raise UnreadableError("is invalid")
    return str(value)


def _integer(value: Any) -> int:
    if isinstance(value, bool) or not re.fullmatch(r"[+-]?\d{1,18}", str(value)):
        raise UnreadableError("is not a number")
    return int(value)


def _number(value: Any) -> Decimal:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise UnreadableError("is not a number") from None
    if not number.is_finite() or abs(number.adjusted()) > MAX_DIGITS:
        raise UnreadableError("is not a number")
    return number


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    return str(value).lower() in {"true", "1", "t", "yes", "on"}


def _date(value: Any) -> str:
    try:
        return date.fromisoformat(str(value)[:10]).isoformat()
    except ValueError:
        raise UnreadableError("is not a valid date") from None


def read_datetime(value: Any) -> datetime:
    """An ISO 8601 datetime; without an offset it is taken as UTC. Raises UnreadableError."""
    try:
        read = datetime.fromisoformat(str(value).replace(" ", "+"))
    except ValueError:
        raise UnreadableError("is not a valid datetime") from None
    return read if read.tzinfo else datetime.fromisoformat(f"{read.isoformat()}+00:00")


def _identifier(value: Any) -> str:
    text = str(value)
    if isinstance(value, bool) or not re.fullmatch(r"\d{1,18}", text):
        raise UnreadableError("is invalid")
    return text


def _identifiers(value: Any) -> list[str]:
    if isinstance(value, dict):
        raise UnreadableError("is invalid")
    return [_identifier(part) for part in listed(value)]


def _objects(value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(part, dict) for part in value):
        raise UnreadableError("is invalid")
    return value


_READERS: dict[Kind, Callable[[Any], Any]] = {
    Kind.TEXT: _text,
    Kind.INTEGER: _integer,
    Kind.NUMBER: _number,
    Kind.BOOLEAN: _boolean,
    Kind.DATE: _date,
    Kind.DATETIME: read_datetime,
    Kind.ID: _identifier,
    Kind.IDS: _identifiers,
    Kind.OBJECTS: _objects,
    Kind.ANY: lambda value: value,
}


STAMPS = (stored("created_at", Kind.DATETIME), stored("updated_at", Kind.DATETIME))
"""What nearly every record says of itself."""
