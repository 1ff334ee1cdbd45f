"""The last pass over a troubled answer: failures become null and one error each, nulls move up where they must."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from resolvers.plan.nodes import (
    Connection,
    ConnectionSlot,
    GroupSlot,
    Link,
    LinkSlot,
    NullSlot,
    Plan,
    Record,
    RootField,
    Slot,
    ValueSlot,
)
from resolvers.plan.shapes import Failed, Hole
from schema.errors import BadUserInput, CrosswalkError, Forbidden, to_extensions

Path = tuple[str | int, ...]
_StaticPath = tuple[str, ...]
"""Response keys from the root, without list positions."""
MOST_MISTAKES = 100
"""Of one field that are told one by one: thousands of bad ids would make an answer of errors."""


class Verdict:
    """Collects errors: one for each field of the document and cause, at its first place in the answer."""

    def __init__(self, correlation_id: str) -> None:
        self.errors: list[dict[str, Any]] = []
        self._correlation_id = correlation_id
        self._mistakes: Counter[_StaticPath] = Counter()
        self._told: dict[tuple[_StaticPath, str | None, str, int], dict[str, Any]] = {}

    def failed(self, path: Path, error: CrosswalkError) -> None:
        static = tuple(part for part in path if isinstance(part, str))
        mistake = 0
        if isinstance(error, BadUserInput) and self._mistakes[static] < MOST_MISTAKES:
            self._mistakes[static] += 1
            mistake = id(error)  # two bad ids are two errors
        identity = (static, error.platform, error.code.value, mistake)
        known = self._told.get(identity)
        if known is not None:
            known["extensions"]["occurrences"] = known["extensions"].get("occurrences", 1) + 1
            return
        told = {
            "message": error.detail,
            "path": list(path),
            "extensions": to_extensions(error, self._correlation_id),
        }
        self._told[identity] = told
        self.errors.append(told)

    def hole(self, path: Path, hole: Hole) -> None:
        self.errors.append(
            {
                "message": f"Cannot return null for non-nullable field {hole.type_name}.{hole.tail}.",
                "path": [*path, hole.tail],
                "extensions": {
                    "code": "UPSTREAM_INVALID_RESPONSE",
                    "retryable": False,
                    "correlationId": self._correlation_id,
                },
            }
        )

    # -------------------------------------------------------------------------------------------------- the walk

    def root(self, plan: Plan, answer: Any) -> None:
        by_key = {root.key: root for root in plan.roots}
        for position, (key, kind) in enumerate(plan.order):
            if kind == "planned":
                attribute = f"a{position}"
                value = self._root_value(by_key[key], getattr(answer, attribute), (key,))
                setattr(answer, attribute, value)

    def _root_value(self, root: RootField, value: Any, path: Path) -> Any:
        if isinstance(value, Failed):
            self._raise(value, path)
            return None
        if root.many == "connection" and root.connection is not None:
            return self._connection(root.connection, value, path)
        if root.many == "list":
            return [self.node(root, item, (*path, position)) for position, item in enumerate(value)]
        return self.node(root, value, path)

    def node(self, root: RootField, value: Any, path: Path) -> Any:
        """A record of whatever type: its shape tells which selection it answers."""
        if isinstance(value, Failed):
            self._raise(value, path)
            return None
        if isinstance(value, Typed):
            self._record(root.records[value.type_name], value.value, path)
            return value.value
        return None

    def _record(self, record: Record, value: Any, path: Path) -> None:
        for position, slot in enumerate(record.slots):
            self._slot(slot, value, f"a{position}", (*path, slot.key))

    def _slot(self, slot: Slot, holder: Any, attribute: str, path: Path) -> None:
        value = getattr(holder, attribute)
        if isinstance(value, Failed):
            self._raise(value, path)
            setattr(holder, attribute, None)
            return
        match slot:
            case NullSlot(forbidden=True, name=name):
                self.failed(path, Forbidden(f"Your role may not see `{name}`."))
            case GroupSlot(slots=slots) if value is not None:
                for position, inner in enumerate(slots):
                    self._slot(inner, value, f"a{position}", (*path, inner.key))
            case LinkSlot(link=link) if value is not None:
                setattr(holder, attribute, self._link(link, value, path))
            case ValueSlot() | GroupSlot() | LinkSlot() | NullSlot():
                pass

    def _link(self, link: Link, value: Any, path: Path) -> Any:
        if link.connection is not None:
            return self._connection(link.connection, value, path)
        (record,) = link.records
        if link.relation.many == "list":
            return self._list(record, value, path)
        if isinstance(value, Hole):
            self.hole(path, value)
            return None
        self._record(record, value, path)
        return value

    def _list(self, record: Record, values: Sequence[Any], path: Path) -> Any:
        """The list, or None: an item that can't be null takes the list with it."""
        for position, item in enumerate(values):
            if isinstance(item, Hole):
                self.hole((*path, position), item)
                return None
        for position, item in enumerate(values):
            self._record(record, item, (*path, position))
        return values

    def _connection(self, connection: Connection, value: Any, path: Path) -> Any:
        if value is None or isinstance(value, msgspec.Raw):
            return value  # what is written already was without trouble
        found = [getattr(value, f"a{position}") for position in range(len(connection.slots))]
        for slot, items in zip(connection.slots, found, strict=True):
            for item, place, _ in _nodes(slot, items, (*path, slot.key)):
                if isinstance(item, Hole):
                    self.hole(place, item)
                    return None
        for slot, items in zip(connection.slots, found, strict=True):
            for item, place, record in _nodes(slot, items, (*path, slot.key)):
                self._record(record, item, place)
        return value

    def _raise(self, value: Failed, path: Path) -> None:
        if not isinstance(value.error, CrosswalkError):
            raise value.error
        self.failed(path, value.error)


def _nodes(slot: ConnectionSlot, items: Any, path: Path) -> Iterator[tuple[Any, Path, Record]]:
    """The records under one field of a connection, with their places and selections."""
    if slot.kind == "nodes":
        for number, item in enumerate(items):
            yield item, (*path, number), slot.records[""]
    elif slot.kind == "edges":
        for position, (key, name) in enumerate(slot.fields):
            if name == "node":
                for number, edge in enumerate(items):
                    yield getattr(edge, f"a{position}"), (*path, number, key), slot.records[key]


class Typed:
    """A record of a type that the document left open, until the last pass has seen it."""

    __slots__ = ("type_name", "value")

    def __init__(self, type_name: str, value: Any) -> None:
        self.type_name = type_name
        self.value = value
