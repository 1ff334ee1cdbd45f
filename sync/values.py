"""Canonical values as JSON and back: how commands, plans and steps are kept in the ledger."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from hashlib import sha256
from typing import Any

import msgspec

from platforms.writers import Writable
from sync.ledger.records import Json

_encode = msgspec.json.Encoder(order="deterministic").encode


def to_json(value: Any) -> Json:
    """Text for decimals, dates, instants (UTC) and enums; lists for tuples, objects for structs and mappings."""
    match value:
        case None | bool() | int() | str() if not isinstance(value, Enum):
            return value
        case Enum():
            return value.value
        case Decimal():
            return f"{value:f}"
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case date():
            return value.isoformat()
        case msgspec.Struct():
            return {name: to_json(getattr(value, name)) for name in value.__struct_fields__}
        case Mapping():
            return {str(key): to_json(part) for key, part in value.items()}
        case list() | tuple() | frozenset() | set():
            return [to_json(part) for part in value]
    raise TypeError(f"{type(value).__name__} has no form in the ledger")


def from_json(kind: Any, value: Json) -> Any:
    """The canonical value of type `kind` that `value` stands for; None stays None."""
    return None if value is None else msgspec.convert(value, kind)


def values_to_json(values: Mapping[str, Any]) -> dict[str, Json]:
    return {path: to_json(value) for path, value in values.items()}


def values_from_json(writable: Writable, values: Mapping[str, Json]) -> dict[str, Any]:
    """A step's values by the kinds that its writable declares; ValueError names a path that it doesn't have."""
    unknown = sorted(values.keys() - writable.paths.keys())
    if unknown:
        raise ValueError(f"{writable.entity} has no {', '.join(unknown)}")
    return {path: from_json(writable.paths[path].kind, value) for path, value in values.items()}


def digest(value: Any) -> str:
    """A hash that equal values have in common, whatever the order of their names."""
    return sha256(_encode(to_json(value))).hexdigest()


def alike(asked: Any, found: Any) -> bool:
    """Whether a platform's value is the one that was asked for: numbers by value, empty text as missing."""
    if isinstance(asked, tuple) and isinstance(found, tuple):
        return len(asked) == len(found) and all(alike(mine, theirs) for mine, theirs in zip(asked, found, strict=True))
    if isinstance(asked, msgspec.Struct) and type(asked) is type(found):
        return all(
            alike(getattr(asked, name), getattr(found, name))
            for name in asked.__struct_fields__
            if getattr(asked, name) is not None
        )
    if asked in ("", ()) and found is None:
        return True
    return bool(asked == found)
