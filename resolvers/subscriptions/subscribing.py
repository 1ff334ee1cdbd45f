"""From a subscription to its answers: one per event, resolved live, until the caller leaves or may hear no more."""

from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

import msgspec
from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    InlineFragmentNode,
    SelectionNode,
    VariableDefinitionNode,
    VariableNode,
    Visitor,
    visit,
)
from graphql.execution.values import VariableValues, get_argument_values

from platforms.bindings import Bindings
from resolvers.documents import Chosen
from resolvers.engine_port import Answer, Operation, RequestError
from resolvers.subscriptions.channels import AT_ONCE, Channels
from resolvers.subscriptions.cursors import read_event_cursor, write_event_cursor
from resolvers.subscriptions.of_records import InvoiceStatusChanged, ProjectStatusChanged
from resolvers.subscriptions.of_the_ledger import ExceptionRaised, SyncRunChanged
from resolvers.subscriptions.sharing import SharedAnswers
from resolvers.subscriptions.streams import Stream, Waiting
from runtime.correlation import correlation_id
from schema.errors import BadUserInput, EventsGone, FellBehind
from sync.desk import Caller, Desk
from sync.ledger.records import Event
from sync.telling.follower import Follower
from sync.telling.watch import EventsGoneError, FellBehindError, UnknownCursorError, Watch

T = TypeVar("T")
AFTER = "after"
STREAMS: Mapping[str, Stream] = {
    stream.name: stream
    for stream in (ProjectStatusChanged(), InvoiceStatusChanged(), SyncRunChanged(), ExceptionRaised())
}
AnswerEvent = Callable[[Operation, Chosen, VariableValues | None, Any], Awaitable[Answer]]
"""Resolves what an operation asks of one event, as it is shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One subscription. `identity`: what it shares with those that get the same answers, whoever waits for them;
    `filters`: what else decides about which events they are.
    """

    operation: Operation
    chosen: Chosen
    variables: VariableValues | None
    stream: Stream
    waiting: Waiting
    identity: Hashable
    filters: Hashable


class Subscriptions:
    """All of a process, over one follower of the ledger."""

    def __init__(self, schema: GraphQLSchema, desk: Desk, bindings: Bindings, answer: AnswerEvent) -> None:
        self._schema = schema
        self._desk = desk
        self._bindings = bindings
        self._answer = answer
        kinds = [stream.kind for stream in STREAMS.values()]
        self._follower = Follower(desk.ledger, kinds, feed_seconds=desk.feed_seconds)
        self._shared = SharedAnswers()
        self._channels = Channels()

    async def close(self) -> None:
        self._channels.close()
        await self._follower.close()

    async def open(
        self, operation: Operation, chosen: Chosen, variables: VariableValues | None
    ) -> AsyncGenerator[Sequence[Answer], None]:
        """What happens from the return on is answered. Raises RequestError, or what `schema.errors` has for it."""
        node = _root_field(chosen)
        stream = STREAMS[node.name.value]
        arguments = self._arguments(node, variables)
        viewer = operation.viewer
        caller = Caller(name=viewer.name, role=viewer.role, correlation_id=operation.correlation_id)
        waiting = Waiting(caller=caller, desk=self._desk, bindings=self._bindings)
        accepts = stream.accepted(waiting, arguments)
        after = arguments.get(AFTER)
        place = None if after is None else read_event_cursor(stream.name, after)
        watch = await _told(stream, self._follower.watch(stream.kind, accepts, after=place))
        asked = Asked(
            operation=operation,
            chosen=chosen,
            variables=variables,
            stream=stream,
            waiting=waiting,
            identity=_identity(operation, node),
            filters=_written({name: value for name, value in arguments.items() if name != AFTER}),
        )
        return self._answers(asked, watch)

    def _arguments(self, node: FieldNode, variables: VariableValues | None) -> Mapping[str, Any]:
        root = self._schema.subscription_type
        assert root is not None
        try:
            return get_argument_values(root.fields[node.name.value], node, variables)
        except GraphQLError as error:
            raise RequestError([error]) from None

    async def _answers(self, asked: Asked, watch: Watch) -> AsyncGenerator[Sequence[Answer], None]:
        """First what is in the ledger, at the subscriber's own pace; then what comes, with all who wait alike."""
        stream, waiting = asked.stream, asked.waiting
        answering = partial(self._resolved, asked)
        try:
            while found := await _told(stream, watch.behind(AT_ONCE)):
                stream.allow(waiting)
                yield await answering(found)
        except BaseException:
            watch.close()
            raise
        key = (asked.identity, asked.filters, waiting.caller.name)
        with self._channels.seat(key, watch, answering) as seat:
            del watch, answering, asked, key  # thousands may wait here for long
            while True:
                answers = await _told(stream, seat.some())
                stream.allow(waiting)
                yield answers

    async def _resolved(self, asked: Asked, events: Sequence[Event]) -> Sequence[Answer]:
        seen_by = None if asked.waiting.sees_all else asked.waiting.caller.name
        return await self._shared.answers(
            {(event.cursor, seen_by, asked.identity): partial(self._answered, asked, event) for event in events}
        )

    async def _answered(self, asked: Asked, event: Event) -> Answer:
        """Under the event's own correlation id: it is what the callers of one answer have in common."""
        correlation_id.set(event.correlation_id)
        operation = replace(asked.operation, correlation_id=event.correlation_id)
        return await self._answer(operation, asked.chosen, asked.variables, asked.stream.shown(event))


async def _told(stream: Stream, found: Awaitable[T]) -> T:
    """What becomes of a subscriber's place is told in words for the caller."""
    try:
        return await found
    except UnknownCursorError:
        raise BadUserInput(
            "`after` lies behind all that has happened here: use the `cursor` of an event of this very installation."
        ) from None
    except EventsGoneError as gone:
        raise EventsGone(
            "Some events behind `after` are kept no more: read anew what you show, then go on behind `resumeAfter`.",
            resume_after=write_event_cursor(stream.name, gone.resume_after),
        ) from None
    except FellBehindError as behind:
        raise FellBehind(
            "Events came faster than you took them: subscribe again behind `resumeAfter`, nothing is lost.",
            resume_after=write_event_cursor(stream.name, behind.resume_after),
        ) from None


def _root_field(chosen: Chosen) -> FieldNode:
    """The one root field, which a valid subscription has: always, and maybe several times over."""
    selection: SelectionNode = chosen.node.selection_set.selections[0]
    while not isinstance(selection, FieldNode):
        if isinstance(selection, FragmentSpreadNode):
            selection = chosen.fragments[selection.name.value].selection_set.selections[0]
        else:
            assert isinstance(selection, InlineFragmentNode)
            selection = selection.selection_set.selections[0]
    return selection


def _identity(operation: Operation, node: FieldNode) -> Hashable:
    """What the answer to an event depends on beside the event: not on which events are asked for, and from where."""
    variables = dict(operation.variables or {})
    if variables:
        for name in _only_filtering(operation, node):
            variables.pop(name, None)
    return operation.document_hash, operation.name, operation.viewer.role, operation.explain, _written(variables)


def _written(values: Mapping[str, Any]) -> bytes:
    return msgspec.json.encode(values, order="deterministic", enc_hook=str)


class _Uses(Visitor):
    """Counts how often each variable is used."""

    def __init__(self) -> None:
        super().__init__()
        self.of: Counter[str] = Counter()

    def enter_variable(self, node: VariableNode, *_where: Any) -> None:
        self.of[node.name.value] += 1

    def enter_variable_definition(self, node: VariableDefinitionNode, *_where: Any) -> None:
        self.of[node.variable.name.value] -= 1


def _only_filtering(operation: Operation, root: FieldNode) -> Iterator[str]:
    """The variables that the document uses nowhere but in the arguments of its root field."""
    everywhere, filtering = _Uses(), _Uses()
    visit(operation.document, everywhere)
    for argument in root.arguments or ():
        visit(argument, filtering)
    yield from (name for name, count in filtering.of.items() if everywhere.of[name] == count)
