"""Parses, limits and validates each GraphQL document once, and remembers the outcome, good or bad."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    parse,
    validate,
)

from gateway.estimate import Estimate
from gateway.limits import Scale, past_limit, past_limits
from gateway.options import DocumentLimits, EdgeOptions
from gateway.refusals import formatted, unfit, unfit_input
from runtime.recent import Recent
from schema.errors import ErrorCode

COMMENTS = 1_000
MERGE_BUDGET = 100_000
"""Steps that the comparison of overlapping fields may take per document, some 20 ms: it grows with the square of the
fields, and real documents stay below a tenth of this."""

GIVEN_UP = "Validation aborted."
"""All that graphql-core says once the budget is spent."""


def quiet_validation() -> None:
    """Sets graphql-core's switches for the process: no hints at names the caller didn't know, a smaller budget."""
    sys.modules["graphql.pyutils.did_you_mean"].MAX_LENGTH = 0  # type: ignore[attr-defined]  # hints at enum values
    rule = "graphql.validation.rules.overlapping_fields_can_be_merged"
    sys.modules[rule].MAX_COMPLEXITY_BUDGET = MERGE_BUDGET  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """`errors` are GraphQL errors as JSON objects; a document that has some has nothing else."""

    hash: str
    node: DocumentNode | None = None
    operations: Mapping[str | None, OperationDefinitionNode] = field(default_factory=dict)
    errors: tuple[dict[str, Any], ...] = ()
    introspects: bool = False
    estimate: Estimate | None = None
    """Set where the records that the document may bring depend on the variables and could be too many."""


class Documents:
    """Bounded by entries and by source text; what was used longest ago is forgotten first."""

    def __init__(self, schema: GraphQLSchema, options: EdgeOptions) -> None:
        quiet_validation()
        self._schema = schema
        self._options = options
        self._kept: Recent[str, Document] = Recent(
            entries=options.cached_documents, weight=options.cached_document_characters
        )

    def __len__(self) -> int:
        return len(self._kept)

    def prepare(self, source: str) -> Document:
        key = sha256(source.encode()).hexdigest()
        kept = self._kept.get(key)
        if kept is not None:
            return kept
        document = self._examine(source, key)
        self._kept.keep(key, document, weight=len(source))
        return document

    def _examine(self, source: str, key: str) -> Document:
        limits = self._options.limits
        try:
            node = parse(source, max_lexical_tokens=limits.tokens, max_comments=COMMENTS)
        except GraphQLSyntaxError as error:
            return Document(hash=key, errors=(formatted(error, ErrorCode.GRAPHQL_PARSE_FAILED),))
        operations = [each for each in node.definitions if isinstance(each, OperationDefinitionNode)]
        scale = Scale(node)
        weights = [scale.weigh(operation) for operation in operations]
        errors = [error for weight in weights for error in past_limits(weight, limits)] or self._invalid(node)
        if errors:
            return Document(hash=key, errors=tuple(errors[: self._options.validation_errors + 1]))
        estimate = Estimate(self._schema, node, largest_page=limits.page)
        wide = any(estimate.records(operation, None) > limits.records for operation in operations)
        return Document(
            hash=key,
            node=node,
            operations={operation.name.value if operation.name else None: operation for operation in operations},
            introspects=scale.introspects,
            estimate=estimate if wide else None,
        )

    def _invalid(self, node: DocumentNode) -> list[dict[str, Any]]:
        found: list[GraphQLError] = validate(
            self._schema, node, max_errors=self._options.validation_errors, hide_suggestions=True
        )
        shown = [formatted(error, ErrorCode.GRAPHQL_VALIDATION_FAILED) for error in found]
        for error in shown:
            if error["message"] == GIVEN_UP:
                error["message"] = "The document repeats the same fields too often to be compared. Ask for each once."
        return shown


def choose_operation(document: Document, name: str | None) -> OperationDefinitionNode:
    """The operation to execute; refuses where the name chooses none."""
    operations = document.operations
    if name is not None:
        found = operations.get(name)
        if found is None:
            raise unfit_input("The document has no operation of the name in `operationName`.")
        return found
    if len(operations) != 1:
        message = "The document holds several operations: name one in `operationName`."
        if not operations:
            message = "The document holds no operation."
        raise unfit_input(message)
    return next(iter(operations.values()))


def check_records(
    document: Document, operation: OperationDefinitionNode, variables: Mapping[str, Any] | None, limits: DocumentLimits
) -> None:
    """Refuses an operation whose pages within pages allow for more records than the limit."""
    if document.estimate is None:
        return
    records = document.estimate.records(operation, variables or {})
    if records > limits.records:
        sentence = (
            "Its pages within pages come to {found} records; {allowed} is the most. Lower `first` on the inner lists."
        )
        raise unfit([past_limit("records", records, limits.records, sentence)])
