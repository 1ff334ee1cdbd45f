"""How many records an operation may bring, from the page sizes it asks for."""

from collections.abc import Mapping
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLArgument,
    GraphQLField,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    is_composite_type,
)

from schema.declare import most_of

PAGE_ARGUMENTS = ("first", "last")
KEY_ARGUMENTS = ("ids",)


class Estimate:
    """Of one valid document: pages within pages are multiplied, neighbours are added. Fragments are estimated once."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode, *, largest_page: int) -> None:
        self._schema = schema
        self._largest_page = largest_page
        self._fragments = {
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }

    def records(self, operation: OperationDefinitionNode, variables: Mapping[str, Any] | None) -> int:
        """With `variables` None: the most that any variables could make of it."""
        root = self._schema.get_root_type(operation.operation)
        if root is None:
            return 0
        given = None if variables is None else self._with_defaults(operation, variables)
        return _Reading(self, given).of_set(operation.selection_set, root)

    def _with_defaults(self, operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> dict[str, Any]:
        defaults: dict[str, Any] = {
            definition.variable.name.value: definition.default_value
            for definition in operation.variable_definitions or ()
            if definition.default_value is not None
        }
        return defaults | dict(variables)

    def field(self, parent: GraphQLNamedType, name: str) -> GraphQLField | None:
        return self._schema.get_field(parent, name) if is_composite_type(parent) else None

    def type(self, name: str) -> GraphQLNamedType | None:
        return self._schema.get_type(name)

    def fragment(self, name: str) -> FragmentDefinitionNode | None:
        return self._fragments.get(name)

    def page(self, size: int) -> int:
        """More than the largest page is refused by the field itself, with a better message than ours."""
        return min(max(size, 0), self._largest_page)


def _default_page(argument: GraphQLArgument) -> int | None:
    """graphql-core keeps a default as a value where a program declared it, as a literal where it was parsed."""
    if isinstance(argument.default_value, int):
        return argument.default_value
    default = argument.default
    if default is not None and isinstance(default.literal, IntValueNode):
        return int(default.literal.value)
    return default.value if default is not None and isinstance(default.value, int) else None


class _Reading:
    """One estimate with one set of variables; None takes the largest page for every variable."""

    def __init__(self, estimate: Estimate, variables: Mapping[str, Any] | None) -> None:
        self._estimate = estimate
        self._variables = variables
        self._fragments: dict[str, int] = {}

    def of_set(self, selection_set: SelectionSetNode, parent: GraphQLNamedType) -> int:
        records = 0
        for selection in selection_set.selections:
            if isinstance(selection, FieldNode):
                if selection.selection_set is not None:
                    records += self._of_field(selection, selection.selection_set, parent)
            elif isinstance(selection, InlineFragmentNode):
                condition = selection.type_condition
                narrowed = self._estimate.type(condition.name.value) if condition else None
                records += self.of_set(selection.selection_set, narrowed or parent)
            elif isinstance(selection, FragmentSpreadNode):
                records += self._of_fragment(selection.name.value)
        return records

    def _of_field(self, node: FieldNode, selection_set: SelectionSetNode, parent: GraphQLNamedType) -> int:
        field = self._estimate.field(parent, node.name.value)
        if field is None or node.name.value.startswith("__"):
            return 0
        below = self.of_set(selection_set, get_named_type(field.type))
        size = self._size(node, field)
        return below if size is None else size * (1 + below)

    def _of_fragment(self, name: str) -> int:
        if name not in self._fragments:
            fragment = self._estimate.fragment(name)
            kind = self._estimate.type(fragment.type_condition.name.value) if fragment else None
            self._fragments[name] = self.of_set(fragment.selection_set, kind) if fragment and kind else 0
        return self._fragments[name]

    def _size(self, node: FieldNode, field: GraphQLField) -> int | None:
        """How many records the field brings; None where it brings no list of its own."""
        given = {argument.name.value: argument.value for argument in node.arguments or ()}
        for name in KEY_ARGUMENTS:
            if name in field.args and name in given:
                return self._length(given[name])
        for name in PAGE_ARGUMENTS:
            if name in field.args:
                fallback = _default_page(field.args[name])
                fallback = self._estimate.page(10**9) if fallback is None else fallback
                return self._estimate.page(self._number(given[name], fallback) if name in given else fallback)
        return most_of(getattr(field.extensions.get("strawberry-definition"), "metadata", None))

    def _number(self, value: ValueNode, fallback: int) -> int:
        if isinstance(value, IntValueNode):
            return int(value.value)
        if isinstance(value, VariableNode):
            if self._variables is None:
                return self._estimate.page(10**9)
            found = self._variables.get(value.name.value)
            if isinstance(found, int):
                return found
            if isinstance(found, IntValueNode):
                return int(found.value)
        return fallback

    def _length(self, value: ValueNode) -> int:
        if isinstance(value, ListValueNode):
            return len(value.values)
        if isinstance(value, VariableNode):
            if self._variables is None:
                return self._estimate.page(10**9)
            found = self._variables.get(value.name.value)
            if isinstance(found, list | tuple):
                return len(found)
            if isinstance(found, ListValueNode):
                return len(found.values)
        return 1
