"""From a selection on a record to its slots in the answer, and the loads that fill them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from graphql import FieldNode, GraphQLError

from platforms.bindings import Bindings
from resolvers.plan.ages import AgeReader
from resolvers.plan.arguments import arguments_of, signature_of
from resolvers.plan.nodes import (
    Age,
    Connection,
    ConnectionSlot,
    GroupSlot,
    IdSlot,
    Link,
    LinkSlot,
    Load,
    NullSlot,
    Record,
    Slot,
    SourcesSlot,
    TypenameSlot,
    ValueSlot,
)
from resolvers.plan.part_ages import PartAges
from resolvers.plan.selection import Selections
from schema.declare import Identity, Relation, Restricted
from schema.model import PRESENCE, FieldModel, Group, Own, TypeModel, Value
from schema.model import Link as LinkModel
from schema.roles import PlatformRole

MOST_SLOTS = 5_000


@dataclass(slots=True)
class _Scope:
    """Where in a record's selection we are: the record, and the group it is inside of, if any."""

    record: Record
    age: Age
    role: PlatformRole | None = None
    prefix: str = ""
    parts: Mapping[PlatformRole, Age] = field(default_factory=dict)
    """Per role the age that its fields allow, where that is not `age`."""

    def age_of(self, role: PlatformRole) -> Age:
        return self.parts.get(role, self.age)


class Branches:
    """The branches of one plan, for one kind of viewer: those that ask alike share a load."""

    def __init__(
        self, bindings: Bindings, selections: Selections, ages: AgeReader, parts: PartAges, viewer_role: str
    ) -> None:
        self._bindings = bindings
        self._model = bindings.model
        self._selections = selections
        self._ages = ages
        self._parts = parts
        self._viewer_role = viewer_role
        self._loads: dict[tuple[object, ...], Load] = {}
        self.forbidden = False
        """Whether anything was asked so far that the viewer may not see."""
        self.slots = 0
        """How many slots there are so far."""

    def record(self, type_name: str, nodes: list[FieldNode], load: Load) -> Record:
        """The selection on records of a type that a load brings."""
        found = self._model.types[type_name]
        record = Record(found, load.role, load)
        fields = self._selections.below(type_name, nodes)
        parts = self._parts.of_parts(type_name, fields, load.role, load.age)
        record.slots = self._slots_of(found, fields, _Scope(record, load.age, parts=parts))
        for slot in record.sources:
            for facet in record.facets.values():
                facet.paths.update(_told_by_rows(slot))
        return record

    def load(self, type_name: str, role: PlatformRole, by: str, age: Age, signature: str = "") -> Load:
        """The load of all branches that ask the same. `signature`: a relation's arguments as written."""
        identity = (type_name, role, by, age, signature)
        load = self._loads.get(identity)
        if load is None:
            load = self._loads[identity] = Load(type_name, role, by, age)
        load.users += 1
        return load

    def _slots_of(self, found: TypeModel, fields: Mapping[str, list[FieldNode]], scope: _Scope) -> tuple[Slot, ...]:
        return tuple(self._slot(found, key, nodes, scope) for key, nodes in fields.items())

    def _slot(self, found: TypeModel, key: str, nodes: list[FieldNode], scope: _Scope) -> Slot:
        self.slots += 1
        if self.slots > MOST_SLOTS:
            raise GraphQLError(f"The operation asks for more than {MOST_SLOTS} fields: split it.")
        name = nodes[0].name.value
        if name == "__typename":
            return TypenameSlot(key)
        declared: FieldModel = found.fields[name]
        match declared:
            case Own(kind=kind):
                return IdSlot(key) if kind is Identity else self._sources(key, nodes, scope)
            case Value():
                return self._value(declared, key, scope)
            case Group():
                return self._group(declared, key, nodes, scope)
            case LinkModel():
                return self._link(found.name, declared, key, nodes, scope)

    def _sources(self, key: str, nodes: list[FieldNode], scope: _Scope) -> Slot:
        slot = SourcesSlot(key, self._names("Source", nodes))
        record = scope.record
        record.sources.append(slot)
        record.own_row = True
        for path in _told_by_rows(slot):
            self._need(scope, record.anchor, path)
        return slot

    def _value(self, declared: Value, key: str, scope: _Scope) -> Slot:
        path = scope.prefix + declared.name
        forbidden = self._forbids(declared.restricted)
        role = None if forbidden else self._owner(declared.roles, path, scope)
        if role is None and declared.non_null and not forbidden:
            role = scope.record.anchor  # nobody knows it, and it can't be null: every record is a hole
        if role is None:
            return self._null(key, declared.name, forbidden=forbidden)
        self._need(scope, role, path)
        return ValueSlot(key, path, role, declared.non_null, declared.plural)

    def _group(self, declared: Group, key: str, nodes: list[FieldNode], scope: _Scope) -> Slot:
        path = scope.prefix + declared.name
        forbidden = self._forbids(declared.restricted)
        role = None if forbidden else self._owner(declared.roles, path, scope)
        if role is None and declared.non_null and not forbidden:
            role = scope.record.anchor
        if role is None:
            return self._null(key, declared.name, forbidden=forbidden)
        presence = tuple(f"{path}.{name}" for name in PRESENCE.get(declared.type, ()))
        for needed in presence:
            self._need(scope, role, needed)
        if not presence:
            self._facet(scope, role)
        age = self._ages.of_field(nodes, scope.age)
        inner = replace(scope, age=age, role=role, prefix=f"{path}.")
        fields = self._selections.below(declared.type, nodes)
        slots = self._slots_of(self._model.types[declared.type], fields, inner)
        every = declared.type == "Money"
        return GroupSlot(key, declared.type, role, presence, every, slots, declared.non_null)

    def _link(self, holder: str, declared: LinkModel, key: str, nodes: list[FieldNode], scope: _Scope) -> Slot:
        record, relation = scope.record, declared.relation
        role = scope.role or record.anchor
        age = self._ages.of_field(nodes, scope.age)
        target = relation.target
        anchor = self._bindings.anchor(target)
        knows_mine = relation.mine == "id" or self._bindings.owner(record.type.name, relation.mine, (role,)) is not None
        if anchor is None or not knows_mine:
            return NullSlot(key, forbidden=False, name=declared.name)
        if relation.mine != "id":
            self._need(scope, role, relation.mine)
        age_of_rows = self._parts.of_rows if relation.many == "connection" else self._parts.of_row
        age = age_of_rows(target, nodes, anchor, age)
        if relation.theirs == "id":
            load = self.load(target, anchor, "id", age)
        else:
            load = self.load(target, anchor, relation.theirs, age, signature_of(nodes[0]))
            load.paths.add(relation.theirs)
        if relation.many == "connection":
            connection = self.connection(target, nodes, load)
            records = connection.records
        else:
            connection = None
            records = (self.record(target, nodes, load),)
        link = Link(
            relation=relation,
            role=role,
            key_role=self._key_role(record, relation, anchor),
            load=load,
            records=records,
            connection=connection,
            arguments=arguments_of(holder, declared.name, nodes[0]),
        )
        record.links.append(link)
        return LinkSlot(key, link)

    def _key_role(self, record: Record, relation: Relation, anchor: PlatformRole) -> PlatformRole:
        """The role whose ids the relation's key holds."""
        if relation.theirs == "id":
            return anchor
        if relation.mine == "id":
            return record.anchor
        for found in record.type.fields.values():
            if isinstance(found, LinkModel) and found.relation.mine == relation.mine and found.relation.theirs == "id":
                return self._bindings.anchor(found.relation.target) or anchor
        return anchor

    def connection(self, target: str, nodes: list[FieldNode], load: Load) -> Connection:
        """The selection on a connection to records of a type."""
        slots: list[ConnectionSlot] = []
        for key, found in self._selections.below(f"{target}Connection", nodes).items():
            name = found[0].name.value
            match name:
                case "nodes":
                    record = self.record(target, found, load)
                    slots.append(ConnectionSlot(key, "nodes", records={"": record}))
                case "edges":
                    slots.append(self._edges(target, key, found, load))
                case "pageInfo":
                    slots.append(ConnectionSlot(key, "pageInfo", self._names("PageInfo", found)))
                case "totalCount" | "__typename":
                    slots.append(ConnectionSlot(key, name))
        return Connection(target, tuple(slots))

    def _edges(self, target: str, key: str, nodes: list[FieldNode], load: Load) -> ConnectionSlot:
        fields = self._selections.below(f"{target}Edge", nodes)
        records = {
            inner: self.record(target, found, load) for inner, found in fields.items() if found[0].name.value == "node"
        }
        return ConnectionSlot(key, "edges", self._names(f"{target}Edge", nodes), records)

    def _names(self, type_name: str, nodes: list[FieldNode]) -> tuple[tuple[str, str], ...]:
        """(response key, field name) of a selection of plain fields."""
        fields = self._selections.below(type_name, nodes)
        return tuple((key, found[0].name.value) for key, found in fields.items())

    def _forbids(self, restricted: Restricted | None) -> bool:
        return restricted is not None and self._viewer_role not in restricted.to

    def _owner(self, roles: tuple[PlatformRole, ...] | None, path: str, scope: _Scope) -> PlatformRole | None:
        """Who answers for the path; a group's parts have their group's owner."""
        if scope.role is not None:
            return scope.role
        record = scope.record
        return self._bindings.owner(record.type.name, path, roles or (record.anchor,))

    def _null(self, key: str, name: str, *, forbidden: bool) -> NullSlot:
        self.forbidden = self.forbidden or forbidden
        return NullSlot(key, forbidden, name)

    def _need(self, scope: _Scope, role: PlatformRole, path: str) -> None:
        if role == scope.record.anchor:
            scope.record.load.paths.add(path)
            scope.record.own_row = True
        else:
            self._facet(scope, role).paths.add(path)

    def _facet(self, scope: _Scope, role: PlatformRole) -> Load:
        """The load of another role's facet of the record; the record's own row where the role is its anchor."""
        record = scope.record
        if role == record.anchor:
            record.own_row = True
            return record.load
        load = record.facets.get(role)
        if load is None:
            load = self.load(record.type.name, role, "anchor", scope.age_of(role))
            load.paths.add("anchor")
            record.facets[role] = load
        return load


def _told_by_rows(sources: SourcesSlot) -> set[str]:
    """What of a Source only the platform's own row can tell."""
    return {name for _, name in sources.fields} & {"modifiedAt", "version"}
