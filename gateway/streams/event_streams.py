"""Serves GraphQL over server-sent events: a stream per operation, or one that several operations share.

https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md
"""

import asyncio
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from http import HTTPStatus
from time import perf_counter
from urllib.parse import parse_qsl

from starlette.types import Receive, Scope, Send

from gateway.admission import Admitted
from gateway.asking import Asked, CallerLeft, asked_of
from gateway.departure import Departure
from gateway.journal import Entry
from gateway.keys import presented_key
from gateway.media import JSON, TEXT, takes_only_events
from gateway.protocol import ENDLESS
from gateway.refusals import Refusal, bad_request, coded, unauthenticated
from gateway.replies import NOT_STORED, refusal_body, respond
from gateway.streams.edge import Edge
from gateway.streams.event_stream import COMPLETE, EventStream, complete_event, next_event
from gateway.streams.joining import joined
from gateway.streams.places import NoPlaceError
from gateway.streams.reservations import Reservation, Reservations
from gateway.streams.validity import KeyWithdrawnError, while_valid
from resolvers.engine_port import Viewer
from runtime.correlation import correlation_id
from schema.errors import ErrorCode

TOKEN_HEADER = b"x-graphql-event-stream-token"
TOKEN, OPERATION = "token", "operationId"
LONGEST_ID = 200
LONGEST_QUERY = 32_000
Headers = Mapping[bytes, bytes]


class EventStreams:
    """The part of `/graphql` that is answered by events."""

    def __init__(self, edge: Edge) -> None:
        self._edge = edge
        self._reservations = Reservations(edge.places, seconds=edge.options.reservation_seconds)

    def concerns(self, scope: Scope, headers: Headers) -> bool:
        return (
            scope["method"] in ("PUT", "DELETE")
            or TOKEN_HEADER in headers
            or takes_only_events(headers.get(b"accept", b"")[:1000])
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers: dict[bytes, bytes] = dict(scope["headers"])
        entry = Entry(begun=perf_counter(), correlation_id=correlation_id.get(), method=scope["method"])
        try:
            viewer = entry.viewer = self._edge.keys.holder(presented_key(headers))
            if viewer is None:
                raise unauthenticated()
            await self._serve(scope, headers, receive, send, viewer, entry)
        except Refusal as refusal:
            entry.note_refusal(refusal, refusal.status)
            self._edge.journal.write(entry)
            await respond(send, refusal.status, JSON, refusal_body(refusal, entry), [*refusal.headers, NOT_STORED])
        except CallerLeft:
            pass

    async def _serve(
        self, scope: Scope, headers: Headers, receive: Receive, send: Send, viewer: Viewer, entry: Entry
    ) -> None:
        token = _parameter(scope, TOKEN) if TOKEN_HEADER not in headers else headers[TOKEN_HEADER].decode("latin-1")
        method = scope["method"]
        if method == "PUT":
            with _placed():
                made = self._reservations.make(viewer)
            await respond(send, HTTPStatus.CREATED, TEXT, made.token.encode(), [NOT_STORED])
            return
        if not token and method != "DELETE":
            await self._serve_distinct(scope, headers, receive, send, viewer, entry)
            return
        reservation = self._reservations.find(token, viewer)
        if reservation is None:
            raise bad_request("There is no such stream: reserve one with PUT first.", HTTPStatus.NOT_FOUND)
        if method == "DELETE":
            reservation.cancel(_parameter(scope, OPERATION))
            await respond(send, HTTPStatus.OK, TEXT, b"", [NOT_STORED])
        elif takes_only_events(headers.get(b"accept", b"")[:1000]):
            await self._open(reservation, scope, headers, receive, send)
        else:
            asked = await asked_of(scope, headers, receive, self._edge.options)
            self._begin(reservation, asked, viewer, entry)
            await respond(send, HTTPStatus.ACCEPTED, TEXT, b"", [NOT_STORED])

    # ---------------------------------------------------------------------------------------- a stream per operation

    async def _serve_distinct(
        self, scope: Scope, headers: Headers, receive: Receive, send: Send, viewer: Viewer, entry: Entry
    ) -> None:
        asked = await asked_of(scope, headers, receive, self._edge.options)
        with _placed(), self._edge.places.connected(), self._edge.places.held(viewer):
            admitted = self._admitted(asked, viewer, entry)
            scope[ENDLESS] = True
            try:
                with _until_left(receive):
                    async with EventStream(send, heartbeat=self._edge.options.heartbeat_seconds) as stream:
                        try:
                            with while_valid(self._edge.keys, presented_key(headers), viewer):
                                await self._tell(stream, admitted, entry)
                        except KeyWithdrawnError as withdrawn:
                            await stream.put(next_event(_ended(withdrawn, entry)))
                        await stream.put(COMPLETE)
            except CallerLeft:
                entry.note_departure()
            finally:
                self._edge.journal.write(entry)

    async def _tell(self, stream: EventStream, admitted: Admitted | Refusal, entry: Entry) -> None:
        async with aclosing(self._bodies(admitted, entry)) as told:
            async for bodies in told:
                for events in joined(map(next_event, bodies)):
                    await stream.put(events)

    def _admitted(self, asked: Asked, viewer: Viewer, entry: Entry) -> Admitted | Refusal:
        """What is wrong with a document is told by an event: browsers' EventSource shows nothing else."""
        try:
            return self._edge.admission.admit(asked, viewer, entry)
        except Refusal as refusal:
            if not refusal.of_document:
                raise
            return refusal

    async def _bodies(self, admitted: Admitted | Refusal, entry: Entry) -> AsyncGenerator[Sequence[bytes], None]:
        """All that there is to tell, a refusal included."""
        try:
            if isinstance(admitted, Refusal):
                raise admitted
            async with aclosing(self._edge.answers(admitted, entry)) as told:
                async for bodies in told:
                    yield bodies
        except Refusal as refusal:
            entry.note_refusal(refusal, refusal.status)
            yield (refusal_body(refusal, entry),)

    # ---------------------------------------------------------------------------------------------- a shared stream

    async def _open(
        self, reservation: Reservation, scope: Scope, headers: Headers, receive: Receive, send: Send
    ) -> None:
        if reservation.is_open:
            raise bad_request("The stream is open already.", HTTPStatus.CONFLICT)
        reservation.is_open = True
        scope[ENDLESS] = True
        try:
            with _until_left(receive):
                async with EventStream(send, heartbeat=self._edge.options.heartbeat_seconds) as stream:
                    try:
                        with while_valid(self._edge.keys, presented_key(headers), reservation.viewer):
                            while True:
                                await stream.put(await reservation.events.get())
                    except KeyWithdrawnError as withdrawn:
                        for key in reservation.operations:
                            await stream.put(next_event(_ended(withdrawn), key) + complete_event(key))
        finally:
            self._reservations.end(reservation)

    def _begin(self, reservation: Reservation, asked: Asked, viewer: Viewer, entry: Entry) -> None:
        key = (asked.extensions or {}).get(OPERATION)
        if not isinstance(key, str) or not 0 < len(key) <= LONGEST_ID:
            raise bad_request(f"`extensions.{OPERATION}` must be text of 1 to {LONGEST_ID} characters.")
        if key in reservation.operations:
            raise bad_request(f"An operation with this `{OPERATION}` goes on already.", HTTPStatus.CONFLICT)
        most = self._edge.options.operations_per_stream
        if len(reservation.operations) >= most:
            raise _too_many(f"{most} operations go on over this stream: end some, or reserve another.")
        admitted = self._edge.admission.admit(asked, viewer, entry)
        reservation.begin(key, self._operate(reservation, key, admitted, entry))

    async def _operate(self, reservation: Reservation, key: str, admitted: Admitted, entry: Entry) -> None:
        try:
            async with aclosing(self._bodies(admitted, entry)) as told:
                async for bodies in told:
                    for body in bodies:
                        await reservation.events.put(next_event(body, key))
            reservation.forget(key, asyncio.current_task())
            await reservation.events.put(complete_event(key))
        except asyncio.CancelledError:
            entry.note_departure()
            raise
        finally:
            self._edge.journal.write(entry)


def _ended(withdrawn: KeyWithdrawnError, entry: Entry | None = None) -> bytes:
    """As a whole GraphQL response."""
    entry = entry or Entry(begun=perf_counter(), correlation_id=correlation_id.get(), method="GET")
    refusal = Refusal(HTTPStatus.UNAUTHORIZED, [coded(str(withdrawn), ErrorCode.UNAUTHENTICATED)])
    entry.note_refusal(refusal, refusal.status)
    return refusal_body(refusal, entry)


@contextmanager
def _placed() -> Iterator[None]:
    try:
        yield
    except NoPlaceError as full:
        raise _too_many(str(full)) from None


def _too_many(message: str) -> Refusal:
    errors = [coded(message, ErrorCode.TOO_MANY_STREAMS, retryable=True)]
    return Refusal(HTTPStatus.TOO_MANY_REQUESTS, errors, headers=[(b"retry-after", b"5")])


@contextmanager
def _until_left(receive: Receive) -> Iterator[None]:
    """Raises CallerLeft inside once the connection ends."""
    departure = Departure(receive, delay=0)
    try:
        with departure:
            yield
    except asyncio.CancelledError:
        if departure.gone:
            raise CallerLeft from None
        raise


def _parameter(scope: Scope, name: str) -> str:
    query: str = scope["query_string"][:LONGEST_QUERY].decode("latin-1")
    return dict(parse_qsl(query)).get(name, "")
