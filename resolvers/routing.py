"""Which root fields a plan answers: all of canonical records, but not those that a caller asks for the ledger's ids."""

from collections.abc import Iterable
from dataclasses import replace

from graphql import DocumentNode, FieldNode, OperationDefinitionNode, SelectionSetNode

from resolvers.plan.nodes import Plan, RootField
from resolvers.run.operation import Operation as Run
from schema.errors import BadUserInput
from schema.ids import names_ledger


def routed(plan: Plan, run: Run) -> Plan:
    """The plan without the `node` and `nodes` fields whose ids name runs, exceptions or audit entries.

    Records that stand beside these in one list are completed inside their answer.
    """
    own = {root.key: list(root.nodes) for root in plan.roots if root.target is None and _names_ledger(root, run)}
    if not own:
        return plan
    return replace(
        plan,
        roots=[root for root in plan.roots if root.key not in own],
        others=plan.others | own,
        order=tuple((key, "other" if key in own else kind) for key, kind in plan.order),
    )


def _names_ledger(root: RootField, run: Run) -> bool:
    try:
        arguments = run.arguments(root.arguments)
    except BadUserInput:
        return False  # the plan tells it
    ids: Iterable[str] = arguments["ids"] if root.many == "list" else [arguments["id"]]
    return any(map(names_ledger, ids))


def part_of(document: DocumentNode, node: OperationDefinitionNode, fields: Iterable[FieldNode]) -> DocumentNode:
    """The document of one operation that has some of its root fields alone."""
    rest = OperationDefinitionNode(
        operation=node.operation,
        name=node.name,
        variable_definitions=node.variable_definitions,
        directives=(),
        selection_set=SelectionSetNode(selections=tuple(fields)),
    )
    fragments = [found for found in document.definitions if not isinstance(found, OperationDefinitionNode)]
    return DocumentNode(definitions=(rest, *fragments))
