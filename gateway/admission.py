"""Lets an operation in: from what was asked to what the engine is to do, or a refusal."""

from dataclasses import dataclass
from http import HTTPStatus

from graphql import OperationDefinitionNode, OperationType

from gateway.asking import Asked
from gateway.documents import Document, Documents, check_records, choose_operation
from gateway.journal import Entry
from gateway.options import EdgeOptions
from gateway.refusals import Refusal, bad_request, forbidden, unfit_input
from resolvers.engine_port import Engine, Operation, Viewer


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    kind: OperationType
    operation: Operation


class Admission:
    """One for all ways in, so that what one has examined the others needn't."""

    def __init__(self, engine: Engine, options: EdgeOptions) -> None:
        self._options = options
        self._documents = Documents(engine.schema, options)

    def admit(self, asked: Asked, viewer: Viewer, entry: Entry, *, explain: bool = False) -> Admitted:
        """Raises Refusal, for the document first, then for the variables."""
        document = self._documents.prepare(_query(asked))
        entry.document = document.hash
        chosen = self._chosen(document, asked, viewer, entry)
        check_records(document, chosen, asked.variables, self._options.limits)
        explained = explain or (asked.extensions is not None and asked.extensions.get("plan") is True)
        return Admitted(kind=chosen.operation, operation=_order(document, asked, viewer, entry, explain=explained))

    def _chosen(self, document: Document, asked: Asked, viewer: Viewer, entry: Entry) -> OperationDefinitionNode:
        if document.errors:
            raise Refusal(HTTPStatus.BAD_REQUEST, document.errors, of_document=True)
        operation = choose_operation(document, asked.operation_name or None)
        entry.operation = operation.name.value if operation.name else None
        entry.kind = operation.operation.value
        if operation.operation is OperationType.MUTATION and entry.method == "GET":
            raise bad_request("A mutation needs POST.", HTTPStatus.METHOD_NOT_ALLOWED, headers=[(b"allow", b"POST")])
        if document.introspects and not self._may_introspect(viewer):
            raise forbidden("This gateway doesn't show its schema to this key.")
        return operation

    def _may_introspect(self, viewer: Viewer) -> bool:
        return self._options.introspection or viewer.role in self._options.introspection_roles


def _query(asked: Asked) -> str:
    if asked.query:
        return asked.query
    if asked.extensions and "persistedQuery" in asked.extensions:
        # Apollo's clients know this very message, and send the document's text from then on.
        raise unfit_input("PersistedQueryNotSupported")
    raise bad_request("The request has no `query`.")


def _order(document: Document, asked: Asked, viewer: Viewer, entry: Entry, *, explain: bool) -> Operation:
    assert document.node is not None  # a document without errors has been parsed
    return Operation(
        document=document.node,
        document_hash=document.hash,
        name=asked.operation_name or None,
        variables=asked.variables,
        viewer=viewer,
        correlation_id=entry.correlation_id,
        explain=explain,
    )
