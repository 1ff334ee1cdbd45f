"""Compiled plans of documents, kept while they are in use."""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from graphql import DocumentNode, FragmentDefinitionNode, GraphQLError, OperationDefinitionNode

from resolvers.bindings import Bindings
from resolvers.engine_port import Operation, RequestError
from resolvers.plan.ages import AgeReader
from resolvers.plan.compiler import Compiled
from resolvers.plan.planner import Planner
from resolvers.plan.selection import Selections, steering_variables

MOST_PLANS = 1_000


class Plans:
    """Plans by document, operation, viewer's role, and the values of the variables that steer them."""

    def __init__(self, bindings: Bindings, *, most: int = MOST_PLANS) -> None:
        self._bindings = bindings
        self._most = most
        self._plans: OrderedDict[tuple[object, ...], Compiled] = OrderedDict()
        self._operations: OrderedDict[tuple[str, str | None], _Chosen] = OrderedDict()
        nodes = frozenset(name for name, found in bindings.model.types.items() if found.node)
        self._interfaces = {"Node": nodes}

    def chosen(self, operation: Operation) -> "_Chosen":
        """The operation of the document that is to run; raises RequestError where the name doesn't fit."""
        identity = (operation.document_hash, operation.name)
        found = self._operations.get(identity)
        if found is None:
            found = self._operations[identity] = _chosen(operation.document, operation.name)
            if len(self._operations) > self._most:
                self._operations.popitem(last=False)
        return found

    def compiled(self, operation: Operation, chosen: "_Chosen", variables: Mapping[str, Any]) -> Compiled:
        """Raises RequestError where steering variables can't be meant."""
        steering = tuple((name, variables[name]) for name in chosen.steering if name in variables)
        identity = (operation.document_hash, operation.name, operation.viewer.role, steering)
        found = self._plans.get(identity)
        if found is not None:
            self._plans.move_to_end(identity)
            return found
        selections = Selections(chosen.fragments, dict(steering), self._interfaces)
        planner = Planner(self._bindings, selections, AgeReader(dict(steering)), operation.viewer.role)
        try:
            found = Compiled(planner.plan(chosen.node), self._bindings)
        except GraphQLError as error:
            raise RequestError([error]) from None
        self._plans[identity] = found
        if len(self._plans) > self._most:
            self._plans.popitem(last=False)
        return found


class _Chosen:
    """One operation of a document, and what is known of it before any variable is."""

    __slots__ = ("fragments", "node", "steering")

    def __init__(self, node: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self.node = node
        self.fragments = fragments
        self.steering = tuple(sorted(steering_variables(node, fragments.values())))


def _chosen(document: DocumentNode, name: str | None) -> _Chosen:
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    if name is None:
        if len(operations) != 1:
            raise RequestError([GraphQLError("The document has several operations: name one with `operationName`.")])
        return _Chosen(operations[0], fragments)
    for node in operations:
        if node.name is not None and node.name.value == name:
            return _Chosen(node, fragments)
    raise RequestError([GraphQLError(f"The document has no operation called {name!r}.")])
