"""Answers operations: planned fields by the plan, the others by the schema's own resolvers, as one response."""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import msgspec
from graphql import DocumentNode, GraphQLSchema, OperationDefinitionNode, OperationType, get_variable_values
from graphql.execution.values import VariableValues

from platforms.bindings import Bindings
from platforms.call_log import UpstreamCall, upstream_calls
from platforms.deadline import until
from resolvers.documents import Chosen, Plans
from resolvers.embedded import LATE, EmbeddedRecords
from resolvers.engine_port import Answer, Operation, RequestError
from resolvers.explanation import explained
from resolvers.freshness import Memory
from resolvers.own_fields import Own, OwnFields
from resolvers.plan.nodes import Plan, RootField
from resolvers.plan.shapes import Failed
from resolvers.routing import part_of, routed
from resolvers.run.joined_reads import JoinedReads
from resolvers.run.operation import Operation as Run
from resolvers.run.operation import together
from resolvers.run.reads import Reads
from resolvers.run.roots import Roots
from resolvers.run.verdict import Typed, Verdict
from resolvers.status import PlatformStatus
from resolvers.subscriptions.subscribing import Subscriptions
from runtime.clock import Clock
from schema.errors import BadUserInput, DeadlineExceeded
from schema.graph import core
from schema.scalars import instant_text
from sync.desk import Desk

GRACE = 0.2
"""Seconds between the end of the time for calls and the end of waiting for their answers."""
_encode = msgspec.json.Encoder().encode


class GraphEngine:
    """The engine behind `/graphql`. One per process. Without a desk nothing can be written, and the ledger is empty."""

    schema: GraphQLSchema

    def __init__(
        self, bindings: Bindings, memory: Memory, clock: Clock, *, seconds: float, desk: Desk | None = None
    ) -> None:
        self.schema = core()
        self._bindings = bindings
        self._reads = Reads(bindings, memory, clock)
        self._memory = memory
        self._clock = clock
        self._seconds = seconds
        self._plans = Plans(bindings)
        self._status = PlatformStatus(bindings, clock)
        self._own = OwnFields(self.schema, self._status, desk, EmbeddedRecords(self._plans, JoinedReads(self._reads)))
        self._subscriptions = None if desk is None else Subscriptions(self.schema, desk, bindings, self._answer)

    async def started(self) -> None:
        """Nothing waits for a platform: the gateway serves when any of them is unreachable."""

    async def close(self) -> None:
        if self._subscriptions is not None:
            await self._subscriptions.close()
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
        if chosen.node.operation is not OperationType.QUERY:
            return await self._answer(operation, chosen, variables)
        with self._begun(operation) as calls:
            return await self._query(operation, chosen, variables, calls)

    async def subscribe(self, operation: Operation) -> AsyncGenerator[Sequence[Answer], None]:
        """One whole response per event. Raises RequestError, and errors of `schema.errors`."""
        chosen = self._plans.chosen(operation)
        variables = self._variables(chosen.node, operation.variables)
        if self._subscriptions is None:
            raise BadUserInput("This gateway has no ledger, so that nothing ever happens in it.")
        return await self._subscriptions.open(operation, chosen, variables)

    async def _answer(
        self, operation: Operation, chosen: Chosen, variables: VariableValues | None, root: Any = None
    ) -> Answer:
        """Of an operation that no plan answers: a mutation, or a subscription with one event as its root."""
        with self._begun(operation) as calls:
            own = await self._answer_own(operation, chosen, variables, operation.document, root)
        extensions = _extensions(operation, [own.run], calls)
        return _encoded(own.data, own.errors, extensions, cache_control=None)

    @contextmanager
    def _begun(self, operation: Operation) -> Iterator[list[UpstreamCall]]:
        """From here on the operation's time runs. Gives the calls that will have been made, for who wants to know."""
        calls: list[UpstreamCall] = []
        token = upstream_calls.set(calls) if operation.explain else None
        try:
            with until(self._clock.monotonic() + self._seconds):
                yield calls
        finally:
            if token is not None:
                upstream_calls.reset(token)

    def _variables(self, node: OperationDefinitionNode, given: Mapping[str, Any] | None) -> VariableValues | None:
        if not node.variable_definitions:
            return None
        found = get_variable_values(self.schema, node.variable_definitions, dict(given or {}), hide_suggestions=True)
        if isinstance(found, list):
            raise RequestError(found)
        return found

    # ------------------------------------------------------------------------------------------------------ queries

    async def _query(
        self, operation: Operation, chosen: Chosen, variables: VariableValues | None, calls: list[UpstreamCall]
    ) -> Answer:
        compiled = self._plans.compiled(operation, chosen, variables.coerced if variables else {})
        run = Run(self._reads, compiled, variables, explain=operation.explain)
        plan = routed(compiled.plan, run)
        try:
            values, own = await self._both(operation, run, plan, chosen)
        finally:
            run.close()
        data, errors = _merged(operation, run, plan, values, own)
        extensions = _extensions(operation, [run, own.run], calls)
        cache_control = None if errors or plan.others else run.cache_control()
        return _encoded(data, errors, extensions, cache_control=cache_control)

    async def _both(self, operation: Operation, run: Run, plan: Plan, chosen: Chosen) -> tuple[dict[str, Any], Own]:
        """Planned values and the result of the other resolvers, side by side: `platforms` may wait for trial calls."""
        own = Own({}, [])
        values: dict[str, Any] = {}
        if not plan.others:
            return await self._planned(run, plan), own
        fields = [found for nodes in plan.others.values() for found in nodes]

        async def planned() -> None:
            values.update(await self._planned(run, plan))

        async def resolved() -> None:
            nonlocal own
            document = part_of(operation.document, chosen.node, fields)
            own = await self._answer_own(operation, chosen, run.variables, document)

        await together([planned(), resolved()] if plan.roots else [resolved()])
        return values, own

    async def _planned(self, run: Run, plan: Plan) -> dict[str, Any]:
        """The planned roots' values; those that aren't there when the time is over are failures."""
        values: dict[str, Any] = {}
        try:
            async with asyncio.timeout(self._seconds + GRACE) as timer:
                await Roots(run).answer(plan.roots, values)
                return values
        except TimeoutError:
            if not timer.expired():
                raise  # not ours: a bug below must not pass for slowness
        run.troubled = True
        late = Failed(DeadlineExceeded(LATE))
        return {root.key: values.get(root.key, late) for root in plan.roots}

    async def _answer_own(
        self,
        operation: Operation,
        chosen: Chosen,
        variables: VariableValues | None,
        document: DocumentNode,
        root: Any = None,
    ) -> Own:
        end = self._clock.monotonic() + self._seconds + GRACE

        def left() -> float:
            return max(GRACE, end - self._clock.monotonic())

        return await self._own.answer(operation, chosen, variables, document, seconds=left, root=root)


def _merged(
    operation: Operation, run: Run, plan: Plan, values: Mapping[str, Any], own: Own
) -> tuple[Any, list[dict[str, Any]]]:
    """The answer's data and errors: planned and own fields in the order of the document."""
    members = [
        values.get(key) if kind == "planned" else "Query" if kind == "__typename" else (own.data or {}).get(key)
        for key, kind in plan.order
    ]
    data: Any = run.compiled.answer(*members)
    verdict = Verdict(operation.correlation_id)
    if run.troubled:
        verdict.root(plan, data)
    else:
        _opened(data, len(members))
    if own.data is None or any(_must_be(root, data, plan.order) for root in plan.roots):
        data = None
    return data, [*verdict.errors, *own.errors]


def _extensions(operation: Operation, runs: Iterable[Run | None], calls: list[UpstreamCall]) -> dict[str, Any]:
    """What was read, where a caller wants to know, and which platforms earlier answers stand in for."""
    ran = [run for run in runs if run is not None]
    extensions: dict[str, Any] = {}
    if operation.explain:
        extensions["plan"] = explained([note for run in ran for note in run.notes or ()], calls)
    stale: dict[str, datetime] = {}
    for run in ran:
        for platform, at in run.stale.items():
            stale[platform] = min(stale.get(platform, at), at)
    if stale:
        extensions["stale"] = {platform: instant_text(at) for platform, at in stale.items()}
    return extensions


def _encoded(
    data: Any, errors: list[dict[str, Any]], extensions: dict[str, Any], *, cache_control: str | None
) -> Answer:
    response: dict[str, Any] = {"data": data}
    if errors:
        response["errors"] = errors
    if extensions:
        response["extensions"] = extensions
    codes = tuple(error["extensions"]["code"] for error in errors)
    return Answer(body=_encode(response), cache_control=cache_control, codes=codes)


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
