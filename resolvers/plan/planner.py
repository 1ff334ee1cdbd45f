"""From an operation to a plan: its root fields, and who answers each."""

from collections.abc import Sequence
from dataclasses import dataclass

from graphql import FieldNode, OperationDefinitionNode

from platforms.bindings import Bindings
from resolvers.plan.ages import AgeReader
from resolvers.plan.arguments import arguments_of, signature_of
from resolvers.plan.branches import Branches
from resolvers.plan.nodes import Age, Plan, Record, RootField
from resolvers.plan.part_ages import PartAges
from resolvers.plan.selection import Selections
from schema.declare import Root


@dataclass(frozen=True, slots=True)
class Embedded:
    """A selection on records that are known by id before any plan: inside runs and exceptions, or by a caller's word.

    `type` None: of whatever types. `proven`: the ids are ours, so that an id alone needs no look at the platform.
    """

    type: str | None
    nodes: tuple[FieldNode, ...]
    proven: bool


class Planner:
    """Makes the plan of one operation for one kind of viewer; used once."""

    def __init__(self, bindings: Bindings, selections: Selections, ages: AgeReader, viewer_role: str) -> None:
        self._bindings = bindings
        self._model = bindings.model
        self._selections = selections
        self._ages = ages
        self._parts = PartAges(bindings, selections, ages)
        self._branches = Branches(bindings, selections, ages, self._parts, viewer_role)

    def plan(self, operation: OperationDefinitionNode) -> Plan:
        fields = self._selections.collect("Query", [operation.selection_set])
        usual = self._ages.of_operation(operation)
        roots: list[RootField] = []
        others: dict[str, list[FieldNode]] = {}
        order: list[tuple[str, str]] = []
        for key, nodes in fields.items():
            name = nodes[0].name.value
            if name == "__typename":
                order.append((key, "__typename"))
            elif (declared := self._model.roots.get(name)) is not None:
                roots.append(self._root(key, name, declared, nodes, usual))
                order.append((key, "planned"))
            else:
                others[key] = nodes
                order.append((key, "other"))
        return Plan(roots, others, tuple(order), self._branches.forbidden, self._branches.slots)

    def embedded(self, operation: OperationDefinitionNode, selections: Sequence[Embedded]) -> Plan:
        """A plan with a root per selection, keyed by its position; whoever runs it brings the ids."""
        usual = self._ages.of_operation(operation)
        roots = []
        for position, selection in enumerate(selections):
            nodes = list(selection.nodes)
            age = self._ages.of_field(nodes, usual)
            types = [name for name, found in self._model.types.items() if found.node and selection.type in (None, name)]
            found = {name: self._by_id(name, nodes, age, proven=selection.proven) for name in types}
            records = {name: record for name, record in found.items() if record is not None}
            roots.append(RootField(str(position), None, "list", records, None, lambda _: {}, nodes=selection.nodes))
        return Plan(roots, {}, (), self._branches.forbidden, self._branches.slots)

    def _root(self, key: str, name: str, declared: Root, nodes: list[FieldNode], usual: Age) -> RootField:
        age = self._ages.of_field(nodes, usual)
        records: dict[str, Record] = {}
        connection = load = None
        arguments = arguments_of("Query", name, nodes[0])
        if declared.target is None:
            for type_name, found in self._model.types.items():
                if found.node and (record := self._by_id(type_name, nodes, age)) is not None:
                    records[type_name] = record
        elif declared.many == "connection":
            anchor = self._bindings.anchor(declared.target)
            if anchor is not None:
                age = self._parts.of_rows(declared.target, nodes, anchor, age)
                load = self._branches.load(declared.target, anchor, "", age, signature_of(nodes[0], whole=True))
                connection = self._branches.connection(declared.target, nodes, load)
        elif (record := self._by_id(declared.target, nodes, age)) is not None:
            records[declared.target] = record
        return RootField(
            key=key,
            target=declared.target,
            many=declared.many,
            records=records,
            connection=connection,
            arguments=arguments,
            load=load,
            nodes=tuple(nodes),
        )

    def _by_id(self, type_name: str, nodes: list[FieldNode], age: Age, *, proven: bool = False) -> Record | None:
        """The selection on records read by id; None where no platform is bound that could hold them."""
        anchor = self._bindings.anchor(type_name)
        if anchor is None:
            return None
        age = self._parts.of_row(type_name, nodes, anchor, age)
        record = self._branches.record(type_name, nodes, self._branches.load(type_name, anchor, "id", age))
        if not proven:
            record.own_row = True  # an id that a caller gives is no proof that the record exists
        return record
