"""The words in which a canonical type is declared: who owns a field, which record a relation leads to.

Each word makes a Strawberry field that carries its declaration; the planner, the executor, the SDL and the
documentation read the declarations and nothing else. The fields have no resolver: a plan answers them.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal

import strawberry
from strawberry.schema_directive import Location

from schema.roles import PlatformRole

KEY = "crosswalk"
MOST = "most"
MOST_LIVE_RECORDS = 100
"""Of one run that are read live."""
MOST_EXCEPTIONS = 500
"""Of one run that are shown."""
Many = Literal["one", "list", "connection"]


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    description="The role whose platform owns the field: reads come from it, writes go to it. "
    "Of several, the first that the firm has bound.",
)
class Owned:
    by: list[PlatformRole]


@dataclass(frozen=True, slots=True)
class OwnedBy:
    """A value or group of values that the platforms of these roles own, the first bound one first."""

    roles: tuple[PlatformRole, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """A value inside an owned group; it has its group's owner."""


@dataclass(frozen=True, slots=True)
class Relation:
    """The way to other records: those of type `target` whose key `theirs` equals this record's key `mine`.

    `mine` and `theirs` are canonical paths of keys; `id` is the record itself. A to-one relation whose `theirs` is not
    `id` leads to the first match. `order` is the order of related records where the caller asks for none.
    """

    target: str
    mine: str
    theirs: str
    many: Many
    order: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Identity:
    """The record's global id."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """The `sources` of the record."""


@dataclass(frozen=True, slots=True)
class Restricted:
    """Only viewers with one of these roles see the field; for others it is null with FORBIDDEN."""

    to: frozenset[str]


@dataclass(frozen=True, slots=True)
class Root:
    """A root field that a plan answers: one record, a connection, or any node by id."""

    target: str | None
    many: Many


FINANCE_ONLY = Restricted(frozenset({"admin", "finance", "pmo", "delivery", "auditor", "service"}))


def owned(*roles: PlatformRole, description: str | None = None, restricted: Restricted | None = None) -> Any:
    """A field owned by the platforms of a role."""
    return _field(OwnedBy(roles), description, restricted, directives=[Owned(by=list(roles))])


def native(*roles: PlatformRole) -> Any:
    """The owner's own word for the canonical value that stands above, for those who need what a mapping levels."""
    return owned(*roles, description="As the platform itself says it.")


def part(description: str | None = None) -> Any:
    """A field of a group that is owned as a whole."""
    return _field(Part(), description)


def one(
    target: str, *, mine: str, theirs: str = "id", order: tuple[str, ...] = (), description: str | None = None
) -> Any:
    """A relation to one record, by its key; `order` says which is the first where several have it."""
    return _field(Relation(target, mine, theirs, "one", order), description)


def each(target: str, *, theirs: str, order: tuple[str, ...], description: str | None = None) -> Any:
    """A relation to a short plain list of records or parts."""
    return _field(Relation(target, "id", theirs, "list", order), description)


def connection(
    target: str, resolver: Any, *, theirs: str, order: tuple[str, ...] = (), description: str | None = None
) -> Any:
    """A relation to a list that can grow; `resolver` only lends its signature, the arguments."""
    return _field(Relation(target, "id", theirs, "connection", order), description, resolver=resolver)


def identity() -> Any:
    return _field(Identity(), None)


def provenance() -> Any:
    return _field(Provenance(), "Where the parts of this record in this answer come from.")


def root(target: str | None, many: Many, resolver: Any, description: str | None = None) -> Any:
    """A root field that a plan answers."""
    return _field(Root(target, many), description, resolver=resolver)


def at_most(number: int) -> dict[str, Any]:
    """Metadata of a list without a page size that may hold so many records."""
    return {MOST: number}


def most_of(metadata: Any) -> int | None:
    """How many records a list without a page size may hold, where that is declared."""
    found = metadata.get(MOST) if metadata else None
    return found if isinstance(found, int) else None


def declaration(metadata: Any) -> Any:
    """What a Strawberry field's metadata declares, None where it declares nothing."""
    return metadata.get(KEY) if metadata else None


def restriction(metadata: Any) -> Restricted | None:
    found = metadata.get("restricted") if metadata else None
    return found if isinstance(found, Restricted) else None


def _field(declared: Any, description: str | None, restricted: Restricted | None = None, **options: Any) -> Any:
    metadata: dict[str, Any] = {KEY: declared}
    if restricted is not None:
        metadata["restricted"] = restricted
    return strawberry.field(description=description, metadata=metadata, **options)


def order_path(field: Enum) -> str:
    """The canonical path that an order field stands for: its value."""
    return str(field.value)
