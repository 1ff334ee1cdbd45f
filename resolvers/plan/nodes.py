"""What a plan is made of: records, their slots in the answer, and the reads that fill them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from graphql import FieldNode
from graphql.execution.values import VariableValues

from schema.declare import Relation
from schema.model import TypeModel
from schema.roles import PlatformRole


@dataclass(frozen=True, slots=True)
class Age:
    """How old data may be, in seconds: what `@freshness` says, or live."""

    max_age: int = 0
    stale_if_error: int = 0


@dataclass(eq=False, slots=True)
class Load:
    """Reads that branches of a plan share: the same type, role, key path, arguments and age.

    `by` is a key path, or empty for a list without keys. `paths` grows while the plan is made, `users` counts the
    branches.
    """

    type: str
    role: PlatformRole
    by: str
    age: Age
    paths: set[str] = field(default_factory=set)
    users: int = 0


@dataclass(frozen=True, slots=True)
class TypenameSlot:
    key: str


@dataclass(frozen=True, slots=True)
class IdSlot:
    key: str


@dataclass(frozen=True, slots=True)
class NullSlot:
    """A field that nobody owns here, or that the viewer may not see (`forbidden`)."""

    key: str
    forbidden: bool
    name: str


@dataclass(frozen=True, slots=True)
class ValueSlot:
    key: str
    path: str
    role: PlatformRole
    non_null: bool
    plural: bool = False
    """Whether the value is a list; one that can't be null is empty where the platform has none."""


@dataclass(frozen=True, slots=True)
class GroupSlot:
    """A group of values. `presence` are the paths that, all missing, make the whole group null."""

    key: str
    type: str
    role: PlatformRole
    presence: tuple[str, ...]
    every: bool
    """Whether all of `presence` must be there, rather than any."""
    slots: tuple["Slot", ...]
    non_null: bool


@dataclass(frozen=True, slots=True)
class SourcesSlot:
    key: str
    fields: tuple[tuple[str, str], ...]
    """(response key, field of Source)"""


@dataclass(frozen=True, slots=True)
class LinkSlot:
    key: str
    link: "Link"


Slot: TypeAlias = TypenameSlot | IdSlot | NullSlot | ValueSlot | GroupSlot | SourcesSlot | LinkSlot


@dataclass(eq=False, slots=True)
class Record:
    """A selection on records of one canonical type."""

    type: TypeModel
    anchor: PlatformRole
    load: Load
    slots: tuple[Slot, ...] = ()
    facets: dict[PlatformRole, Load] = field(default_factory=dict)
    """The other roles whose platforms own some of the asked fields."""
    links: list["Link"] = field(default_factory=list)
    own_row: bool = False
    """Whether anything asked is in the record's own row, beside its id."""
    sources: list[SourcesSlot] = field(default_factory=list)


ConnectionSlotKind = Literal["nodes", "edges", "pageInfo", "totalCount", "__typename"]


@dataclass(frozen=True, slots=True)
class ConnectionSlot:
    """One field of a connection.

    `fields` are (response key, name) of `edges` or `pageInfo`. `records` are the selections on the node: for `nodes`
    under the empty key, for `edges` under each response key that asks for `node`.
    """

    key: str
    kind: ConnectionSlotKind
    fields: tuple[tuple[str, str], ...] = ()
    records: Mapping[str, Record] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Connection:
    """The selection on a connection."""

    node: str
    slots: tuple[ConnectionSlot, ...]

    @property
    def records(self) -> tuple[Record, ...]:
        return tuple(record for slot in self.slots for record in slot.records.values())

    @property
    def counts(self) -> bool:
        return any(slot.kind == "totalCount" for slot in self.slots)

    @property
    def plain(self) -> bool:
        """Whether nothing but `nodes` is asked, and that once."""
        return len(self.slots) == 1 and self.slots[0].kind == "nodes"

    @property
    def cursors(self) -> bool:
        return any(name in ("cursor", "startCursor", "endCursor") for slot in self.slots for _, name in slot.fields)


@dataclass(eq=False, slots=True)
class Link:
    """A relation in a plan: from the records of one selection to those of another.

    `role` is the role whose facet of the parent holds the key `relation.mine`.
    """

    relation: Relation
    role: PlatformRole
    key_role: PlatformRole
    """The role on whose platform the key is a record's own id."""
    load: Load
    records: tuple[Record, ...]
    connection: Connection | None
    arguments: "Arguments"


@dataclass(eq=False, slots=True)
class RootField:
    """A root field that the plan answers. `records` has one selection per type that may come."""

    key: str
    target: str | None
    many: Literal["one", "list", "connection"]
    records: Mapping[str, Record]
    connection: Connection | None
    arguments: "Arguments"
    load: Load | None = None
    """The read that all selections of a root list share."""
    nodes: tuple[FieldNode, ...] = ()
    """The fields of the document that it answers."""


@dataclass(eq=False, slots=True)
class Plan:
    """A compiled operation: planned root fields, and the keys of those that the schema's own resolvers answer."""

    roots: list[RootField]
    others: dict[str, list[FieldNode]]
    order: tuple[tuple[str, str], ...]
    """(response key, `planned` | `other` | `__typename`), in the order of the answer."""
    forbidden: bool
    """Whether anything is asked that the viewer may not see."""
    size: int
    """How many fields it has below its roots, repetitions included: what it weighs in memory."""


Arguments: TypeAlias = Callable[[VariableValues | None], Mapping[str, Any]]
"""From the operation's variables to a field's arguments; raises GraphQLError where they don't fit."""
