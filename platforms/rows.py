"""Typed rows made to measure: a msgspec struct that decodes just the vendor fields a plan needs."""

import keyword
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from zlib import crc32

import msgspec


@dataclass(frozen=True, slots=True)
class Field:
    """A vendor's field: its name, dotted where the vendor nests (`Owner.Name`), and the type it has on the wire.

    The type is what msgspec decodes, without None: `str`, `Decimal` (from a JSON number or string, never through
    float), `bool`, `datetime.date`, `list[str]`...
    """

    name: str
    type: Any = str


@dataclass(frozen=True, slots=True)
class RowType:
    """A struct type and, per vendor field, the Python expression that reads it from a row called `r`."""

    struct: type[msgspec.Struct]
    access: Mapping[str, str]


def row_type(name: str, fields: Iterable[Field]) -> RowType:
    """A struct with the given fields, each None when absent or null; unknown fields of the vendor are skipped."""
    tree: dict[str, Any] = {}
    for item in dict.fromkeys(fields):
        node = tree
        *parents, last = item.name.split(".")
        for parent in parents:
            node = node.setdefault(parent, {})
        node[last] = item.type
    access: dict[str, str] = {}
    return RowType(_struct(name, tree, "r", "", access, nullable=False), access)


def _struct(
    name: str, tree: dict[str, Any], expression: str, prefix: str, access: dict[str, str], *, nullable: bool
) -> type[msgspec.Struct]:
    members: list[tuple[str, Any, Any]] = []
    wire: dict[str, str] = {}
    for key, kind in tree.items():
        attribute = _attribute(key)
        wire[attribute] = key
        read = f"{expression}.{attribute}"
        if nullable:
            read = f"({read} if {expression} is not None else None)"
        if isinstance(kind, dict):
            inner = _struct(f"{name}_{attribute}", kind, read, f"{prefix}{key}.", access, nullable=True)
            members.append((attribute, inner | None, None))
        else:
            access[prefix + key] = read
            members.append((attribute, kind | None, None))
    return msgspec.defstruct(name, members, rename=wire, gc=False)


def _attribute(key: str) -> str:
    """A Python name for a wire key, the same in every struct; a checksum keeps keys that differ only in signs apart."""
    if key.isidentifier() and not keyword.iskeyword(key) and not key.startswith("_"):
        return key
    return f"f{crc32(key.encode()):08x}_{re.sub(r'[^0-9A-Za-z_]', '_', key)}"
