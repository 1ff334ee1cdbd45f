"""How old each role's part of a record may be: as old as the strictest of its fields allows."""

from collections.abc import Iterable, Iterator, Mapping

from graphql import FieldNode

from platforms.bindings import Bindings
from resolvers.plan.ages import AgeReader, freshest
from resolvers.plan.nodes import Age
from resolvers.plan.selection import Selections
from schema.model import Group, Value
from schema.roles import PlatformRole


class PartAges:
    """Reads `@freshness` on the fields that one row answers together."""

    def __init__(self, bindings: Bindings, selections: Selections, ages: AgeReader) -> None:
        self._bindings = bindings
        self._selections = selections
        self._ages = ages

    def of_parts(
        self, type_name: str, fields: Mapping[str, list[FieldNode]], anchor: PlatformRole, usual: Age
    ) -> dict[PlatformRole, Age]:
        """Per role the age of what it tells of the record; roles whose fields nobody asks for are absent."""
        declared_fields = self._bindings.model.types[type_name].fields
        found: dict[PlatformRole, list[Age]] = {}
        for nodes in fields.values():
            declared = declared_fields.get(nodes[0].name.value)
            if isinstance(declared, Value | Group):
                role = self._bindings.owner(type_name, declared.name, declared.roles or (anchor,))
                if role is not None:
                    found.setdefault(role, []).append(self._of_field(declared, nodes, usual))
        return {role: freshest(ages) for role, ages in found.items()}

    def of_row(self, type_name: str, nodes: list[FieldNode], anchor: PlatformRole, usual: Age) -> Age:
        """The age of the record's own row: never older than what surrounds it may be, for its keys lead further."""
        fields = self._selections.below(type_name, nodes)
        return freshest((usual, self.of_parts(type_name, fields, anchor, usual).get(anchor, usual)))

    def of_rows(self, type_name: str, nodes: list[FieldNode], anchor: PlatformRole, usual: Age) -> Age:
        """The same for the records of a connection."""
        selected = self._selected(type_name, nodes)
        return freshest((usual, *(self.of_row(type_name, found, anchor, usual) for found in selected)))

    def _selected(self, type_name: str, nodes: list[FieldNode]) -> Iterator[list[FieldNode]]:
        for found in self._named(self._selections.below(f"{type_name}Connection", nodes), "nodes", "edges"):
            if found[0].name.value == "nodes":
                yield found
            else:
                yield from self._named(self._selections.below(f"{type_name}Edge", found), "node")

    @staticmethod
    def _named(fields: Mapping[str, list[FieldNode]], *names: str) -> Iterable[list[FieldNode]]:
        return [found for found in fields.values() if found[0].name.value in names]

    def _of_field(self, declared: Value | Group, nodes: list[FieldNode], usual: Age) -> Age:
        age = self._ages.of_field(nodes, usual)
        if isinstance(declared, Value):
            return age
        parts = self._bindings.model.types[declared.type].fields
        inner = [
            self._of_field(part, found, age)
            for found in self._selections.below(declared.type, nodes).values()
            if isinstance(part := parts.get(found[0].name.value), Value | Group)
        ]
        return freshest((age, *inner))
