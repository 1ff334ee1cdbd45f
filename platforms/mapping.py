"""Rows that say, once, how a vendor's fields and a canonical value are each other's picture.

A connector lists its rows; decoding, filters, writes, documentation and the property tests are derived from them.
`read` makes the canonical value of the raw values as decoded (each None when missing), `write` makes the raw values
of a canonical one. A row without `write` is read-only on that platform.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from platforms.rows import Field
from schema.money import exact

Read = Callable[..., Any]
Write = Callable[[Any], tuple[Any, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """One canonical path and the vendor fields it is made of.

    `read` None means that the one field's decoded value is the canonical value. `names` holds the canonical values
    an enum row can give, by native value; it drives filters and the documentation.
    """

    path: str
    fields: tuple[Field, ...]
    read: Read | None = None
    write: Write | None = None
    names: Mapping[str, Enum] | None = None

    def canonical(self, *raw: Any) -> Any:
        return raw[0] if self.read is None else self.read(*raw)


def same(path: str, field: str, kind: Any = str, *, writable: bool = True) -> Mapped:
    """The vendor's value is the canonical value: text, whole numbers, flags, dates in ISO form."""
    return Mapped(path=path, fields=(Field(field, kind),), write=(lambda value: (value,)) if writable else None)


def text(path: str, field: str, *, writable: bool = True) -> Mapped:
    """Text; an empty string of the vendor's is a missing value."""
    return Mapped(path=path, fields=(Field(field),), read=_text, write=(lambda value: (value,)) if writable else None)


def day(path: str, field: str, *, writable: bool = True) -> Mapped:
    """A calendar date, ISO 8601 on the wire."""
    return same(path, field, date, writable=writable)


def instant(path: str, field: str, *, writable: bool = False) -> Mapped:
    """An instant with its zone on the wire (RFC 3339, or ISO 8601 with an offset like +0000), kept in UTC."""
    return Mapped(
        path=path,
        fields=(Field(field),),
        read=utc,
        write=(lambda value: (value.isoformat().replace("+00:00", "Z"),)) if writable else None,
    )


def number(path: str, field: str, *, writable: bool = True) -> Mapped:
    """An exact decimal number, without the zeros that a vendor's format puts at its end."""
    return Mapped(
        path=path, fields=(Field(field, Decimal),), read=plain, write=(lambda value: (value,)) if writable else None
    )


def choice(path: str, field: str, names: Mapping[str, Enum], *, writable: bool = True) -> Mapped:
    """A native value that stands for a canonical one. A native value that is not in `names` reads as missing.

    Where several native values mean the same, the first is the one written.
    """
    native: dict[Enum, str] = {}
    for key, value in names.items():
        native.setdefault(value, key)
    return Mapped(
        path=path,
        fields=(Field(field),),
        read=names.get,
        write=(lambda value: (native[value],)) if writable else None,
        names=names,
    )


def money(path: str, amount: str, currency: str, *, writable: bool = True) -> tuple[Mapped, Mapped]:
    """An amount in main units with its currency code: rows for `path.amount` and `path.currency`."""
    return (
        Mapped(
            path=f"{path}.amount",
            fields=(Field(amount, Decimal), Field(currency)),
            read=exact,
            write=(lambda value: (value, None)) if writable else None,
        ),
        Mapped(path=f"{path}.currency", fields=(Field(currency),), read=_text),
    )


def derived(path: str, fields: tuple[Field, ...], read: Read, write: Write | None = None) -> Mapped:
    """A value that a function makes of several fields."""
    return Mapped(path=path, fields=fields, read=read, write=write)


def plain(value: Decimal | None) -> Decimal | None:
    """The number as a person writes it: 100.0 is 100, 37.50 is 37.5."""
    if value is None:
        return None
    whole = value.to_integral_value()
    found = whole if whole == value else value.normalize()
    return Decimal(f"{found:f}") if "E" in str(found) else found


def utc(value: str | None) -> datetime | None:
    """An ISO 8601 instant in UTC. One without a zone is refused: guessing a zone moves an instant by hours."""
    if not value:
        return None
    found = datetime.fromisoformat(value)
    if found.tzinfo is UTC:
        return found
    if found.tzinfo is None:
        raise ValueError(f"an instant without a zone: {value}")
    return found if found.tzinfo is UTC else found.astimezone(UTC)


def _text(value: str | None) -> str | None:
    return value or None


@dataclass(frozen=True, slots=True)
class WrittenOut:
    """A reading as an expression over the raw values `{0}`, `{1}`..., and what it calls by which name."""

    expression: str
    names: Mapping[str, Any]


WRITTEN_OUT: Mapping[Read, WrittenOut] = {
    _text: WrittenOut("({0} or None)", {}),
    utc: WrittenOut(
        "(at if (raw := {0}) and (at := parsed(raw)).tzinfo is UTC else utc(raw))",
        {"parsed": datetime.fromisoformat, "UTC": UTC, "utc": utc},
    ),
}
"""Readings that generated code writes out, because a call would cost more than what it does in the usual case."""
