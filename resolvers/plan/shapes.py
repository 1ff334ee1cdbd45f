"""The structs of an answer: one per selection, with the response keys as members, encoded as they stand."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final

import msgspec

Shape = type[msgspec.Struct]
_encode = msgspec.json.Encoder().encode


@lru_cache(maxsize=4_096)
def shape(keys: tuple[str, ...]) -> Shape:
    """A struct whose members `a0`, `a1`... are written under the given response keys, in order."""
    members = [(f"a{position}", Any) for position in range(len(keys))]
    wire = {f"a{position}": key for position, key in enumerate(keys)}
    return msgspec.defstruct("Selected", members, rename=wire, gc=False)


def shape_of(keys: Iterable[str]) -> Shape:
    return shape(tuple(keys))


class Failed:
    """Stands in an answer for a value whose platform failed, until the errors are told and null takes its place."""

    __slots__ = ("error",)

    def __init__(self, error: Exception) -> None:
        self.error = error


class Hole:
    """Stands for a record in which a value is missing that must not be: null has to move up. `tail` names the value."""

    __slots__ = ("tail", "type_name")

    def __init__(self, type_name: str, tail: str) -> None:
        self.type_name = type_name
        self.tail = tail


def written(value: msgspec.Struct) -> msgspec.Raw:
    """A part of the answer that is complete and free of trouble, as JSON: its records needn't live on as objects."""
    return msgspec.Raw(_encode(value))


NOTHING: Final = ()
