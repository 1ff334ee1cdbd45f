"""From a subscription to its answers: one per event, resolved live, until the caller leaves or may hear no more."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import msgspec
from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    InlineFragmentNode,
    SelectionNode,
    VariableNode,
    Visitor,
    visit,
)
from graphql.execution.values import VariableValues, get_argument_values

from platforms.bindings import Bindings
from resolvers.documents import Chosen
from resolvers.engine_port import Answer, Operation, RequestError
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

AFTER = "after"
STREAMS: Mapping[str, Stream] = {
    stream.name: stream
    for stream in (ProjectStatusChanged(), InvoiceStatusChanged(), SyncRunChanged(), ExceptionRaised())
}
AnswerEvent = Callable[[Operation, Chosen, VariableValues | None, Any], Awaitable[Answer]]
"""Resolves what an operation asks of one event, as it is shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One subscription. `identity`: what it shares with those that get the same answers, whoever waits for them."""

    operation: Operation
    chosen: Chosen
    variables: VariableValues | None
    stream: Stream
    waiting: Waiting
    identity: Hashable


class Subscriptions:
    """All of a process, over one follower of the ledger."""

    def __init__(self, schema: GraphQLSchema, desk: Desk, bindings: Bindings, answer: AnswerEvent) -> None:
        self._schema = schema
        self._desk = desk
        self._bindings = bindings
        self._answer = answer
        self._follower = Follower(desk.ledger, [stream.kind for stream in STREAMS.values()])
        self._shared = SharedAnswers()

    async def close(self) -> None:
        await self._follower.close()

    async def open(
        self, operation: Operation, chosen: Chosen, variables: VariableValues | None
    ) -> AsyncGenerator[Answer, None]:
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
        with _told(stream):
            watch = await self._follower.watch(stream.kind, accepts, after=place)
        asked = Asked(
            operation=operation,
            chosen=chosen,
            variables=variables,
            stream=stream,
            waiting=waiting,
            identity=_identity(operation, node),
        )
        return self._answers(asked, watch)

    def _arguments(self, node: FieldNode, variables: VariableValues | None) -> Mapping[str, Any]:
        root = self._schema.subscription_type
        assert root is not None
        try:
            return get_argument_values(root.fields[node.name.value], node, variables)
        except GraphQLError as error:
            raise RequestError([error]) from None

    async def _answers(self, asked: Asked, watch: Watch) -> AsyncGenerator[Answer, None]:
        try:
            while True:
                with _told(asked.stream):
                    event = await watch.next()
                asked.stream.allow(asked.waiting)
                seen_by = None if asked.waiting.sees_all else asked.waiting.caller.name
                key = (event.cursor, seen_by, asked.identity)
                yield await self._shared.answer(key, partial(self._resolved, asked, event))
        finally:
            watch.close()

    async def _resolved(self, asked: Asked, event: Event) -> Answer:
        """Under the event's own correlation id: it is what the callers of one answer have in common."""
        correlation_id.set(event.correlation_id)
        operation = replace(asked.operation, correlation_id=event.correlation_id)
        return await self._answer(operation, asked.chosen, asked.variables, asked.stream.shown(event))


@contextmanager
def _told(stream: Stream) -> Iterator[None]:
    """What becomes of a subscriber's place, in words for the caller."""
    try:
        yield
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
    """What the answer to an event depends on beside the event. Not on the place where a subscriber began."""
    variables = dict(operation.variables or {})
    place = next((each.value for each in node.arguments or () if each.name.value == AFTER), None)
    if isinstance(place, VariableNode) and _uses(operation, place.name.value) == 1:
        variables.pop(place.name.value, None)
    given = msgspec.json.encode(variables, order="deterministic", enc_hook=str)
    return operation.document_hash, operation.name, operation.viewer.role, operation.explain, given


class _Uses(Visitor):
    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        self.count = 0

    def enter_variable(self, node: VariableNode, *_where: Any) -> None:
        self.count += node.name.value == self.name


def _uses(operation: Operation, name: str) -> int:
    """How often a variable is used in the document, its definitions left out."""
    uses = _Uses(name)
    visit(operation.document, uses)
    defined = [
        each
        for found in operation.document.definitions
        for each in getattr(found, "variable_definitions", None) or ()
        if each.variable.name.value == name
    ]
    return uses.count - len(defined)
