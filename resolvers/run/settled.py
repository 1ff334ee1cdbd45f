"""The arguments of a list, settled: page, conditions and orders in canonical terms, or why they can't be."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from graphql import get_named_type

from platforms.predicates import (
    FALSE,
    TRUE,
    Compare,
    Missing,
    Not,
    Predicate,
    all_of,
    any_of,
    normalised,
)
from platforms.readers import Order
from resolvers.cursors import Cursor, read_cursor, signature_hash
from schema.declare import order_path
from schema.errors import BadUserInput
from schema.filters import PATHS
from schema.graph import core
from schema.ids import key_of

MOST_FIRST = 500
FIRST = 50
MOST_CONDITIONS = 200
"""In one filter. Putting conditions in order costs more than their number; thousands would hold up other callers."""
MOST_VALUES = 5_000
"""In the lists of one filter, all together."""


@dataclass(frozen=True, slots=True)
class RelatedKeys:
    """Stands for keys that are not known yet: those of the records of `type` for which `where` holds."""

    type: str
    where: Predicate


@dataclass(frozen=True, slots=True)
class Settled:
    """What one list is asked for."""

    first: int
    after: Cursor | None
    where: Predicate
    order: tuple[Order, ...]
    signature: str
    """What a cursor of this list must carry."""


def settle(type_name: str, by: str, arguments: Mapping[str, Any], usual: tuple[str, ...] = ()) -> Settled:
    """Raises BadUserInput for a page, cursor or id that can't be meant.

    `by` tells lists of the same type apart. `usual` is the order where none is asked.
    """
    first = arguments.get("first")
    first = FIRST if first is None else first
    if first < 0:
        raise BadUserInput(f"`first` is {first}: ask for 0 or more.")
    if first > MOST_FIRST:
        raise BadUserInput(f"`first` is {first}: ask for at most {MOST_FIRST} and go on with `after`.")
    after = arguments.get("after")
    order = tuple(
        Order(order_path(item["field"]), item["direction"].name == "DESC") for item in arguments.get("orderBy") or ()
    )
    order = order or tuple(Order(path) for path in usual)
    if len({item.path for item in order}) < len(order):
        raise BadUserInput("`orderBy` names a field twice: name each once.")
    _weigh(arguments.get("filter"))
    where = normalised(condition(type_name, arguments.get("filter")))
    signature = signature_hash(f"{type_name} {by} {where} {order}")
    return Settled(
        first=first,
        after=None if after is None else read_cursor(after, signature, [_kind(type_name, item.path) for item in order]),
        where=where,
        order=order,
        signature=signature,
    )


def condition(type_name: str, given: Mapping[str, Any] | None) -> Predicate:
    """The predicate of a filter input such as AccountFilter; an empty or missing filter holds for every record."""
    if not given:
        return TRUE
    parts: list[Predicate] = []
    fields = core().type_map[f"{type_name}Filter"].fields  # type: ignore[attr-defined]
    for name, value in given.items():
        if value is None:
            continue
        match name:
            case "and":
                parts.append(all_of(condition(type_name, item) for item in value))
            case "or":
                parts.append(any_of(condition(type_name, item) for item in value))
            case "not":
                parts.append(Not(condition(type_name, value)))
            case "id":
                parts.append(_ids(type_name, value))
            case "account":
                parts.append(_related(name, "Account", value))
            case _:
                parts.append(_comparisons(_path(fields[name], name), value))
    return all_of(parts)


def _weigh(given: Mapping[str, Any] | None) -> None:
    """Raises BadUserInput for a filter of more conditions or values than a platform could be asked."""
    conditions = values = 0
    below: list[Any] = [given]
    while below:
        match below.pop():
            case dict() as part:
                below += part.values()
            case list() as items if items and isinstance(items[0], dict):
                below += items
            case list() as items:
                conditions += 1
                values += len(items)
            case None:
                pass
            case _:
                conditions += 1
                values += 1
    if conditions > MOST_CONDITIONS:
        raise BadUserInput(
            f"The filter has {conditions} conditions; {MOST_CONDITIONS} is the most. Use `in` for lists."
        )
    if values > MOST_VALUES:
        raise BadUserInput(f"The filter has {values} values; {MOST_VALUES} is the most. Ask in several operations.")


_KINDS: Mapping[str, type] = {"Decimal": Decimal, "Date": date, "DateTime": datetime, "Int": int, "Boolean": bool}


def _kind(type_name: str, path: str) -> type:
    """The Python type of the values at a canonical path."""
    kind: Any = core().type_map[type_name]
    for part in path.split("."):
        kind = get_named_type(kind.fields[part].type)
    return _KINDS.get(kind.name, str)


def _path(field: Any, name: str) -> str:
    metadata = field.extensions["strawberry-definition"].metadata or {}
    return str(metadata.get(PATHS, name))


def _comparisons(path: str, given: Mapping[str, Any]) -> Predicate:
    parts: list[Predicate] = []
    for operator, value in given.items():
        if value is None:
            if operator in ("eq", "ne"):
                parts.append(Missing(path, negated=operator == "ne"))
            continue
        if operator == "ne":
            parts.append(Compare(path, "eq", value, negated=True))
        else:
            parts.append(Compare(path, operator, tuple(value) if operator == "in" else value))  # type: ignore[arg-type]
    return all_of(parts)


def _ids(type_name: str, given: Mapping[str, Any]) -> Predicate:
    parts: list[Predicate] = []
    for operator, value in given.items():
        if value is None:
            parts += [FALSE] if operator == "eq" else []  # every record has an id
            continue
        keys = tuple(key_of(type_name, text) for text in ([value] if operator == "eq" else value))
        parts.append(normalised(Compare("id", "in", keys)))
    return all_of(parts)


def _related(path: str, target: str, given: Mapping[str, Any]) -> Predicate:
    where = condition(target, given)
    return TRUE if where == TRUE else Compare(path, "in", RelatedKeys(target, normalised(where)))
