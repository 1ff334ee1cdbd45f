"""What a step does to one platform, said before it is done, and how it is undone."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

import msgspec

from schema.roles import PlatformRole

_STAND_IN = re.compile("\x02([^\x03]*)\x03")
"""The stand-in for the id of a record that only exists in a plan: the name of the step that will make it."""


UNDOING = "undo "
"""Begins the name of a step that takes another one back."""


class Undo(StrEnum):
    """How a finished step is taken back."""

    REMOVE = "remove"
    """The record that it made is removed; one that was there before stays."""
    RESTORE = "restore"
    """The values that it changed become again what they were."""
    NONE = "none"
    """There is nothing to take back: it repeats what other systems say, or can't be unsaid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Create:
    """A new record. `key` None: the step's own; else the key of something that the firm has once.

    A record that bears its business key already, and that this run didn't make, is taken as it is. `of`: the global
    id of the canonical record that the new one belongs to; None where it is a canonical record itself.
    """

    platform: str
    type: str
    role: PlatformRole
    values: Mapping[str, Any]
    key: str | None = None
    of: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """Other values for a record. With a `version`, only as long as the record has that version."""

    platform: str
    type: str
    role: PlatformRole
    external_id: str
    values: Mapping[str, Any]
    version: str | None = None
    of: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Remove:
    """A record taken back. Only compensation asks for it."""

    platform: str
    type: str
    role: PlatformRole
    external_id: str
    of: str | None = None


Effect: TypeAlias = Create | Update | Remove


@dataclass(frozen=True, slots=True)
class Done:
    """What a flow goes on with. In a plan the id of a record that doesn't exist yet is a stand-in."""

    external_id: str
    created: bool


def planned_id(step: str) -> str:
    return f"\x02{step}\x03"


def is_planned(value: Any) -> bool:
    """Whether a value is, or holds, the id of a record that doesn't exist yet."""
    match value:
        case str():
            return _STAND_IN.search(value) is not None
        case tuple() | list():
            return any(is_planned(part) for part in value)
        case msgspec.Struct():
            return any(is_planned(getattr(value, name)) for name in value.__struct_fields__)
    return False


def without_stand_ins(value: Any) -> Any:
    """JSON for people, in which such an id reads `<step>`."""
    match value:
        case str():
            return _STAND_IN.sub(r"<\1>", value)
        case dict():
            return {name: without_stand_ins(part) for name, part in value.items()}
        case list():
            return [without_stand_ins(part) for part in value]
    return value
