"""Compiled plans of documents, kept while they are in use."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from graphql import DocumentNode, FieldNode, FragmentDefinitionNode, GraphQLError, OperationDefinitionNode

from platforms.bindings import Bindings
from resolvers.engine_port import Operation, RequestError
from resolvers.plan.ages import AgeReader
from resolvers.plan.compiler import Compiled
from resolvers.plan.nodes import Plan
from resolvers.plan.planner import Embedded, Planner
from resolvers.plan.selection import Selections, steering_variables
from runtime.recent import Recent

MOST_PLANS = 1_000
MOST_FIELDS = 20_000
"""Of all plans together; with its generated code a field takes some 2 kB."""
MOST_CHARACTERS = 250_000
"""Of all documents together; the parsed form takes some hundred times as much memory."""


class Plans:
    """Plans by document, operation, viewer's role, and the values of the variables that steer them."""

    def __init__(self, bindings: Bindings) -> None:
        self._bindings = bindings
        self._plans: Recent[tuple[object, ...], Compiled] = Recent(entries=MOST_PLANS, weight=MOST_FIELDS)
        self._operations: Recent[tuple[str, str | None], Chosen] = Recent(entries=MOST_PLANS, weight=MOST_CHARACTERS)
        nodes = frozenset(name for name, found in bindings.model.types.items() if found.node)
        self._interfaces = {"Node": nodes}

    def chosen(self, operation: Operation) -> "Chosen":
        """The operation of the document that is to run; raises RequestError where the name doesn't fit."""
        identity = (operation.document_hash, operation.name)
        found = self._operations.get(identity)
        if found is None:
            found = _chosen(operation.document, operation.name)
            loc = operation.document.loc
            self._operations.keep(identity, found, weight=loc.end if loc else MOST_CHARACTERS)
        return found

    def compiled(self, operation: Operation, chosen: "Chosen", variables: Mapping[str, Any]) -> Compiled:
        """Raises RequestError where steering variables can't be meant."""
        return self._kept(operation, chosen, variables, (), lambda planner: planner.plan(chosen.node))

    def embedded(
        self, operation: Operation, chosen: "Chosen", variables: Mapping[str, Any], selections: Sequence[Embedded]
    ) -> Compiled:
        """The plan for records inside what other resolvers answer; RequestError as above."""
        places = tuple((each.type, each.proven, *(_start(node) for node in each.nodes)) for each in selections)
        return self._kept(
            operation, chosen, variables, places, lambda planner: planner.embedded(chosen.node, selections)
        )

    def _kept(
        self,
        operation: Operation,
        chosen: "Chosen",
        variables: Mapping[str, Any],
        places: tuple[object, ...],
        make: Callable[[Planner], Plan],
    ) -> Compiled:
        """The plan of an operation, or of some places in it, made by `make` where it isn't known yet."""
        steering = tuple((name, variables[name]) for name in chosen.steering if name in variables)
        identity = (operation.document_hash, operation.name, operation.viewer.role, steering, places)
        found = self._plans.get(identity)
        if found is not None:
            return found
        selections = Selections(chosen.fragments, dict(steering), self._interfaces)
        planner = Planner(self._bindings, selections, AgeReader(dict(steering)), operation.viewer.role)
        try:
            found = Compiled(make(planner), self._bindings)
        except GraphQLError as error:
            raise RequestError([error]) from None
        self._plans.keep(identity, found, weight=found.plan.size)
        return found


def _start(node: FieldNode) -> object:
    """What tells a field of a document from its other fields, also when the same document is parsed again."""
    return node if node.loc is None else node.loc.start


class Chosen:
    """One operation of a document, and what is known of it before any variable is."""

    __slots__ = ("fragments", "node", "steering")

    def __init__(self, node: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self.node = node
        self.fragments = fragments
        self.steering = tuple(sorted(steering_variables(node, fragments.values())))


def _chosen(document: DocumentNode, name: str | None) -> Chosen:
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    if name is None:
        if len(operations) != 1:
            raise RequestError([GraphQLError("The document has several operations: name one with `operationName`.")])
        return Chosen(operations[0], fragments)
    for node in operations:
        if node.name is not None and node.name.value == name:
            return Chosen(node, fragments)
    raise RequestError([GraphQLError(f"The document has no operation called {name!r}.")])
