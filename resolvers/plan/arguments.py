"""A field's arguments: coerced once where they are written out, per request where variables stand in them."""

from collections.abc import Mapping
from typing import Any

from graphql import FieldNode, GraphQLError, print_ast, visit
from graphql.execution.values import VariableValues, get_argument_values
from graphql.language import Visitor

from resolvers.plan.nodes import Arguments
from schema.graph import core

PAGING = frozenset({"first", "after"})


class _Variables(Visitor):
    found = False

    def enter_variable(self, *_: Any) -> None:
        self.found = True


def _has_variables(node: FieldNode) -> bool:
    visitor = _Variables()
    for argument in node.arguments or ():
        visit(argument, visitor)
    return visitor.found


def arguments_of(type_name: str, field_name: str, node: FieldNode) -> Arguments:
    """A function from the operation's variables to the field's coerced arguments."""
    definition = core().type_map[type_name].fields[field_name]  # type: ignore[attr-defined]

    if _has_variables(node):

        def with_variables(variables: VariableValues | None) -> Mapping[str, Any]:
            return get_argument_values(definition, node, variables)

        return with_variables

    try:
        fixed = get_argument_values(definition, node)
    except GraphQLError as error:
        refused = error

        def unfit(_: VariableValues | None) -> Mapping[str, Any]:
            raise refused

        return unfit

    def written_out(_: VariableValues | None) -> Mapping[str, Any]:
        return fixed

    return written_out


def signature_of(node: FieldNode, *, whole: bool = False) -> str:
    """The arguments as written, in a stable order: equal text means equal values within one operation.

    Paging is left out unless `whole`: pages of one list are cut from the same read.
    """
    return ",".join(
        sorted(print_ast(argument) for argument in node.arguments or () if whole or argument.name.value not in PAGING)
    )
