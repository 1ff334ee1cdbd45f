"""How old data may be: the @freshness directive, on the operation and on fields."""

from collections.abc import Iterable, Mapping
from typing import Any

from graphql import (
    DirectiveNode,
    FieldNode,
    GraphQLError,
    OperationDefinitionNode,
    ValueNode,
    VariableNode,
    value_from_ast_untyped,
)

from resolvers.plan.nodes import Age

LIVE = Age()


def freshest(ages: Iterable[Age]) -> Age:
    """The age that is good enough for all; there is at least one."""
    found = list(ages)
    return Age(min(age.max_age for age in found), min(age.stale_if_error for age in found))


class AgeReader:
    """Reads the directive with the values of the operation's variables."""

    def __init__(self, variables: Mapping[str, Any]) -> None:
        self._variables = variables

    def of_operation(self, operation: OperationDefinitionNode) -> Age:
        return self._read(operation.directives) or LIVE

    def of_field(self, nodes: Iterable[FieldNode], usual: Age) -> Age:
        """The field's own age, else the one around it. Merged fields that disagree get the fresher data."""
        found = [age for node in nodes if (age := self._read(node.directives)) is not None]
        if not found:
            return usual
        return freshest(found)

    def _read(self, directives: Iterable[DirectiveNode] | None) -> Age | None:
        for directive in directives or ():
            if directive.name.value == "freshness":
                given = {
                    argument.name.value: self._seconds(argument.value)
                    for argument in directive.arguments or ()
                    if not self._absent(argument.value)
                }
                return Age(given.get("maxAge", 0), given.get("staleIfError", 0))
        return None

    def _absent(self, value: ValueNode) -> bool:
        """A variable that the request leaves out stands for the argument's default."""
        return isinstance(value, VariableNode) and value.name.value not in self._variables

    def _seconds(self, value: Any) -> int:
        found = (
            self._variables.get(value.name.value) if isinstance(value, VariableNode) else value_from_ast_untyped(value)
        )
        if not isinstance(found, int) or found < 0:
            raise GraphQLError("@freshness takes seconds: whole numbers, 0 or more.", [value])
        return found
