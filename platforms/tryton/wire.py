"""How Tryton writes values in JSON, both ways, and the rows that its answers are decoded into.

Source: trytond/protocols/jsonrpc.py. A dotted field `party.code` is answered as `"party.": {"code": ..., "id": ...}`,
one of a one-to-many field as `"lines.": [{...}]`.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from types import UnionType
from typing import Any, Union, get_args, get_origin

import msgspec

from platforms.rows import Field, RowType


class Scalar(msgspec.Struct, frozen=True, gc=False):
    """A single value that JSON has no form for; its `__class__` is known from the field."""


class Number(Scalar, frozen=True, gc=False):
    """An exact decimal, as text on the wire."""

    decimal: Decimal


class Day(Scalar, frozen=True, gc=False):
    year: int
    month: int
    day: int


class Moment(Scalar, frozen=True, gc=False):
    """An instant in UTC."""

    year: int
    month: int
    day: int
    hour: int = 0
    minute: int = 0
    second: int = 0
    microsecond: int = 0


class Record(msgspec.Struct, gc=False):
    """What is told of a related record, or of each of several; its own nested parts are called `name.` on the wire."""


# ---------------------------------------------------------------------------------------------- from Tryton


def as_number(value: Number | None) -> Decimal | None:
    return None if value is None else value.decimal


def as_day(value: Day | None) -> date | None:
    return None if value is None else date(value.year, value.month, value.day)


def as_instant(value: Moment | None) -> datetime | None:
    if value is None:
        return None
    clock = (value.hour, value.minute, value.second, value.microsecond)
    return datetime(value.year, value.month, value.day, *clock, tzinfo=UTC)


# ------------------------------------------------------------------------------------------------ to Tryton


def said_number(value: Decimal) -> dict[str, Any]:
    return {"__class__": "Decimal", "decimal": str(value)}


def said_day(value: date) -> dict[str, Any]:
    return {"__class__": "date", "year": value.year, "month": value.month, "day": value.day}


def said_instant(value: datetime) -> dict[str, Any]:
    told = value.astimezone(UTC)
    day = {"__class__": "datetime", "year": told.year, "month": told.month, "day": told.day}
    clock = {"hour": told.hour, "minute": told.minute, "second": told.second, "microsecond": told.microsecond}
    return {**day, **clock}


# ----------------------------------------------------------------------------------------------------- rows


def wire_row(row: RowType) -> type[msgspec.Struct]:
    """The row's struct with the keys that nested values have on Tryton's wire; attributes stay what they are."""
    return _renamed(row.struct)


def _renamed(struct: type[msgspec.Struct]) -> type[msgspec.Struct]:
    members: list[tuple[str, Any, Any]] = []
    wire: dict[str, str] = {}
    for member in msgspec.structs.fields(struct):
        kind = _inner(member.type)
        wire[member.name] = member.encode_name
        told = member.type
        if _record_of(kind) is not None:
            wire[member.name] += "."
        elif isinstance(kind, type) and issubclass(kind, msgspec.Struct) and not issubclass(kind, Scalar):
            wire[member.name] += "."
            told = _renamed(kind) | None
        members.append((member.name, told, None))
    return msgspec.defstruct(struct.__name__, members, rename=wire, gc=False)


def asked(field: Field) -> Iterator[str]:
    """The names to ask for: a field that holds records is asked for each of their parts."""
    record = _record_of(field.type)
    if record is None:
        yield field.name
        return
    for part in msgspec.structs.fields(record):
        name = f"{field.name}.{part.encode_name.removesuffix('.')}"
        yield from asked(Field(name, _inner(part.type)))


def _record_of(kind: Any) -> type[Record] | None:
    """The type of a record or of a list of records; None for single values and plain lists."""
    if get_origin(kind) is list:
        kind = _inner(get_args(kind)[0])
    return kind if isinstance(kind, type) and issubclass(kind, Record) else None


def _inner(kind: Any) -> Any:
    """The type without None."""
    if get_origin(kind) in (Union, UnionType):
        return next(part for part in get_args(kind) if part is not type(None))
    return kind
