"""Answers operations: planned fields by the plan, the others by the schema's own resolvers, as one response."""

import asyncio
from collections.abc import Mapping
from typing import Any

import msgspec
from graphql import (
    ExecutionResult,
    FieldNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    SelectionSetNode,
    execute,
    get_variable_values,
)
from graphql.execution.values import VariableValues

from platforms.bindings import Bindings
from platforms.call_log import UpstreamCall, upstream_calls
from platforms.deadline import until
from resolvers.documents import Plans
from resolvers.engine_port import Answer, Operation, RequestError
from resolvers.explanation import explained
from resolvers.freshness import Memory
from resolvers.plan.compiler import Compiled
from resolvers.plan.nodes import RootField
from resolvers.plan.shapes import Failed
from resolvers.run.operation import Operation as Run
from resolvers.run.operation import together
from resolvers.run.reads import Reads
from resolvers.run.roots import Roots
from resolvers.run.verdict import Typed, Verdict
from resolvers.status import PlatformStatus
from runtime.clock import Clock
from schema.errors import DeadlineExceeded
from schema.graph import core
from schema.scalars import instant_text

Json = dict[str, Any]
GRACE = 0.2
"""Seconds between the end of the time for calls and the end of waiting for their answers."""
_encode = msgspec.json.Encoder().encode


class GraphEngine:
    """The engine behind `/graphql`. One per process."""

    schema: GraphQLSchema

    def __init__(self, bindings: Bindings, memory: Memory, clock: Clock, *, seconds: float) -> None:
        self.schema = core()
        self._bindings = bindings
        self._reads = Reads(bindings, memory, clock)
        self._memory = memory
        self._clock = clock
        self._seconds = seconds
        self._plans = Plans(bindings)
        self._status = PlatformStatus(bindings, clock)

    async def started(self) -> None:
        """Nothing waits for a platform: the gateway serves when any of them is unreachable."""

    async def close(self) -> None:
        await self._status.close()
        await self._memory.close()
        for platform in self._bindings.platforms.values():
            await platform.close()

    async def ready(self) -> Mapping[str, str]:
        return {name: platform.health().value for name, platform in self._bindings.platforms.items()}

    async def execute(self, operation: Operation) -> Answer:
        """The whole response. Raises RequestError where nothing can be executed."""
        chosen = self._plans.chosen(operation)
        variables = self._variables(chosen.node, operation.variables)
        compiled = self._plans.compiled(operation, chosen, variables.coerced if variables else {})
        run = Run(self._reads, compiled, variables, explain=operation.explain)
        calls: list[UpstreamCall] = []
        token = upstream_calls.set(calls) if operation.explain else None
        try:
            with until(self._clock.monotonic() + self._seconds):
                values, others = await self._both(operation, run, compiled, chosen.node)
        finally:
            run.close()
            if token is not None:
                upstream_calls.reset(token)
        extensions: dict[str, Any] = {"plan": explained(run.notes or [], calls)} if operation.explain else {}
        if run.stale:
            extensions["stale"] = {platform: instant_text(at) for platform, at in run.stale.items()}
        return self._answer(operation, run, compiled, values, others, extensions)

    def _variables(self, node: OperationDefinitionNode, given: Mapping[str, Any] | None) -> VariableValues | None:
        if not node.variable_definitions:
            return None
        found = get_variable_values(self.schema, node.variable_definitions, dict(given or {}), hide_suggestions=True)
        if isinstance(found, list):
            raise RequestError(found)
        return found

    async def _both(
        self, operation: Operation, run: Run, compiled: Compiled, node: OperationDefinitionNode
    ) -> tuple[dict[str, Any], "_Others"]:
        """Planned values and the result of the other resolvers, side by side: `platforms` may wait for trial calls."""
        plan = compiled.plan
        others = _Others({}, [])
        values: dict[str, Any] = {}
        if not plan.others:
            return await self._planned(run, compiled), others
        fields = [found for nodes in plan.others.values() for found in nodes]

        async def planned() -> None:
            values.update(await self._planned(run, compiled))

        async def resolved() -> None:
            nonlocal others
            others = await self._resolved(operation, node, fields)

        await together([planned(), resolved()] if plan.roots else [resolved()])
        return values, others

    async def _planned(self, run: Run, compiled: Compiled) -> dict[str, Any]:
        """The planned roots' values; those that aren't there when the time is over are failures."""
        roots = compiled.plan.roots
        values: dict[str, Any] = {}
        try:
            async with asyncio.timeout(self._seconds + GRACE) as timer:
                await Roots(run).answer(roots, values)
                return values
        except TimeoutError:
            if not timer.expired():
                raise  # not ours: a bug below must not pass for slowness
        run.troubled = True
        late = Failed(DeadlineExceeded("The operation's time is over: ask for less, or for fewer records at once."))
        return {root.key: values.get(root.key, late) for root in roots}

    async def _resolved(
        self, operation: Operation, node: OperationDefinitionNode, fields: list[FieldNode]
    ) -> "_Others":
        """What graphql-core makes of the root fields that no plan answers, in a document of their own."""
        rest = OperationDefinitionNode(
            operation=node.operation,
            name=node.name,
            variable_definitions=node.variable_definitions,
            directives=(),
            selection_set=SelectionSetNode(selections=tuple(fields)),
        )
        fragments = [
            found for found in operation.document.definitions if not isinstance(found, OperationDefinitionNode)
        ]
        document = type(operation.document)(definitions=(rest, *fragments))
        result = execute(
            self.schema, document, context_value=self._status, variable_values=dict(operation.variables or {})
        )
        if not isinstance(result, ExecutionResult):
            result = await result
        return _Others(result.data, [self._formatted(error, operation) for error in result.errors or ()])

    def _formatted(self, error: GraphQLError, operation: Operation) -> Json:
        """An error of an own resolver. What isn't meant for callers is a bug, and the edge's to hide."""
        if error.original_error is not None:
            raise error.original_error
        told: Json = {
            "message": error.message,
            "extensions": {"code": "BAD_USER_INPUT", "retryable": False, "correlationId": operation.correlation_id},
        }
        if error.path is not None:
            told["path"] = list(error.path)
        return told

    def _answer(
        self,
        operation: Operation,
        run: Run,
        compiled: Compiled,
        values: dict[str, Any],
        others: "_Others",
        extensions: Json,
    ) -> Answer:
        plan = compiled.plan
        members = [
            values.get(key) if kind == "planned" else "Query" if kind == "__typename" else (others.data or {}).get(key)
            for key, kind in plan.order
        ]
        data: Any = compiled.answer(*members)
        verdict = Verdict(operation.correlation_id)
        if run.troubled:
            verdict.root(plan, data)
        else:
            _opened(data, len(members))
        errors = [*verdict.errors, *others.errors]
        if others.data is None or any(_must_be(root, data, plan.order) for root in plan.roots):
            data = None
        response: Json = {"data": data}
        if errors:
            response["errors"] = errors
        if extensions:
            response["extensions"] = extensions
        return Answer(
            body=_encode(response),
            cache_control=None if errors or plan.others else run.cache_control(),
            codes=tuple(error["extensions"]["code"] for error in errors),
        )


class _Others:
    """The result of the root fields that no plan answers."""

    __slots__ = ("data", "errors")

    def __init__(self, data: Json | None, errors: list[Json]) -> None:
        self.data = data
        self.errors = errors


def _must_be(root: RootField, data: Any, order: tuple[tuple[str, str], ...]) -> bool:
    """Whether a root field that can't be null is null all the same, so that the whole answer has to be."""
    position = next(i for i, (key, _) in enumerate(order) if key == root.key)
    return root.many == "list" and getattr(data, f"a{position}") is None


def _opened(data: Any, size: int) -> None:
    """Takes records of open types out of their wrappers."""
    for position in range(size):
        attribute = f"a{position}"
        value = getattr(data, attribute)
        if isinstance(value, Typed):
            setattr(data, attribute, value.value)
        elif isinstance(value, list):
            setattr(data, attribute, [item.value if isinstance(item, Typed) else item for item in value])
