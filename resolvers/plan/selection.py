"""The fields of a selection, merged as the GraphQL specification says (CollectFields, MergeSelectionSets)."""

from collections.abc import Iterable, Mapping
from typing import Any

from graphql import (
    BooleanValueNode,
    DirectiveNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    visit,
)
from graphql.language import Visitor

Collected = dict[str, list[FieldNode]]
Flags = Mapping[str, Any]


class Selections:
    """Collects fields of one document, for one set of values of the variables that steer @skip and @include."""

    def __init__(
        self, fragments: Mapping[str, FragmentDefinitionNode], flags: Flags, interfaces: Mapping[str, frozenset[str]]
    ) -> None:
        self.fragments = fragments
        self._flags = flags
        self._interfaces = interfaces

    def collect(self, type_name: str, selection_sets: Iterable[SelectionSetNode]) -> Collected:
        """Response key -> the fields under it, in document order."""
        fields: Collected = {}
        visited: set[str] = set()
        for selection_set in selection_sets:
            self._collect(type_name, selection_set, fields, visited)
        return fields

    def below(self, type_name: str, nodes: Iterable[FieldNode]) -> Collected:
        """The merged sub-selection of fields that share a response key."""
        return self.collect(type_name, [node.selection_set for node in nodes if node.selection_set is not None])

    def _collect(self, type_name: str, selection_set: SelectionSetNode, fields: Collected, visited: set[str]) -> None:
        for selection in selection_set.selections:
            if not self._included(selection.directives):
                continue
            match selection:
                case FieldNode():
                    key = selection.alias.value if selection.alias else selection.name.value
                    fields.setdefault(key, []).append(selection)
                case InlineFragmentNode():
                    condition = selection.type_condition
                    if condition is None or self._applies(condition.name.value, type_name):
                        self._collect(type_name, selection.selection_set, fields, visited)
                case FragmentSpreadNode():
                    name = selection.name.value
                    if name in visited:
                        continue
                    visited.add(name)
                    fragment = self.fragments[name]
                    if self._applies(fragment.type_condition.name.value, type_name):
                        self._collect(type_name, fragment.selection_set, fields, visited)

    def _applies(self, condition: str, type_name: str) -> bool:
        return condition == type_name or type_name in self._interfaces.get(condition, ())

    def _included(self, directives: Iterable[DirectiveNode] | None) -> bool:
        for directive in directives or ():
            if directive.name.value == "skip" and self._flag(directive):
                return False
            if directive.name.value == "include" and not self._flag(directive):
                return False
        return True

    def _flag(self, directive: DirectiveNode) -> bool:
        value = (directive.arguments or ())[0].value
        if isinstance(value, BooleanValueNode):
            return value.value
        assert isinstance(value, VariableNode)  # validation has seen to it
        name = value.name.value
        found = self._flags.get(name)
        if not isinstance(found, bool):
            raise GraphQLError(
                f"Argument 'if' of '@{directive.name.value}' must not be null: give the variable '${name}' a value.",
                [value],
            )
        return found


class _Steering(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def enter_directive(self, node: DirectiveNode, *_: Any) -> None:
        if node.name.value in ("skip", "include", "freshness"):
            self._note(node)

    def _note(self, node: DirectiveNode) -> None:
        for argument in node.arguments or ():
            if isinstance(argument.value, VariableNode):
                self.names.add(argument.value.name.value)


def steering_variables(
    operation: OperationDefinitionNode, fragments: Iterable[FragmentDefinitionNode]
) -> frozenset[str]:
    """The variables whose values decide which fields an operation has, and how old they may be."""
    visitor = _Steering()
    for definition in (operation, *fragments):
        visit(definition, visitor)
    return frozenset(visitor.names)
