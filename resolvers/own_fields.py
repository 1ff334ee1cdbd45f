"""What graphql-core makes of the fields that no plan answers, with the canonical records in it completed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from graphql import DocumentNode, ExecutionResult, GraphQLError, GraphQLSchema, execute
from graphql.execution.values import VariableValues

from resolvers.documents import Chosen
from resolvers.embedded import EmbeddedRecords
from resolvers.engine_port import Operation, RequestError
from resolvers.ledger.context import OperationContext
from resolvers.run.operation import Operation as Run
from resolvers.run.verdict import Verdict
from resolvers.stand_ins import Placing
from resolvers.status import PlatformStatus
from schema.errors import BadUserInput, CrosswalkError
from sync.desk import Desk

Json = dict[str, Any]


@dataclass(slots=True)
class Own:
    """The result of own fields. `run` is that of the plan for records in it, if there are any."""

    data: Json | None
    errors: list[Json]
    run: Run | None = None


class OwnFields:
    """Runs the schema's own resolvers: mutations in their order, one after the other, everything else side by side."""

    def __init__(
        self, schema: GraphQLSchema, status: PlatformStatus, desk: Desk | None, embedded: EmbeddedRecords
    ) -> None:
        self._schema = schema
        self._status = status
        self._desk = desk
        self._embedded = embedded

    async def answer(
        self,
        operation: Operation,
        chosen: Chosen,
        variables: VariableValues | None,
        document: DocumentNode,
        *,
        seconds: Callable[[], float],
        root: Any = None,
    ) -> Own:
        """The document's answer; what isn't meant for callers is raised. `seconds`: how many are left for records.
        `root`: what its root fields are fields of.
        """
        context = OperationContext(operation, self._status, self._desk)
        result = execute(
            self._schema,
            document,
            root,
            context,
            variable_values=dict(operation.variables or {}),
            operation_name=operation.name,
            executor_class=Placing,
        )
        if not isinstance(result, ExecutionResult):
            result = await result
        verdict = Verdict(operation.correlation_id)
        for error in result.errors or ():
            _tell(error, verdict)
        ran = await self._embedded.fill(
            result.data, context.places, operation, chosen, variables, verdict=verdict, seconds=seconds()
        )
        return Own(result.data, verdict.errors, ran)


def _tell(error: GraphQLError, verdict: Verdict) -> None:
    """An error of an own resolver. What isn't meant for callers is a bug, and the edge's to hide."""
    cause = error.original_error
    if cause is not None and not isinstance(cause, CrosswalkError):
        raise cause
    if error.path is None:
        raise RequestError([error])
    verdict.failed(tuple(error.path), BadUserInput(error.message) if cause is None else cause)
