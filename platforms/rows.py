"""Typed rows made to measure: a msgspec struct that decodes just the vendor fields a plan needs."""

import keyword
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

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
    for position, (key, kind) in enumerate(tree.items()):
        attribute = _attribute(key, position)
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


def _attribute(key: str, position: int) -> str:
    """A Python name for a wire key; the position keeps two keys that differ only in signs apart."""
    plain = re.sub(r"\W", "_", key)
    clean = plain.isidentifier() and plain == key and not keyword.iskeyword(key)
    return key if clean and not key.startswith("_") else f"f{position}_{plain}"
