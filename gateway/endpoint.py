"""GraphQL over HTTP: from a request to an answer, as a plain ASGI application."""

from collections.abc import Mapping
from http import HTTPStatus
from time import perf_counter

from graphql import OperationType
from starlette.types import Receive, Scope, Send

from gateway.admission import Admission
from gateway.asking import CallerLeft, asked_of
from gateway.execution import execute
from gateway.journal import Entry, Journal
from gateway.keys import KeyRing, presented_key
from gateway.media import ACCEPTED, JSON, answer_type
from gateway.options import EdgeOptions
from gateway.refusals import Header, Refusal, bad_request, unauthenticated, unfit_input
from gateway.replies import NOT_STORED, refusal_body, respond
from gateway.streams.event_streams import EventStreams
from resolvers.engine_port import Answer, Engine
from runtime.correlation import correlation_id


class GraphQLEndpoint:
    """Serves `/graphql`. Refuses in this order: key, method, Accept, request, document, variables."""

    def __init__(
        self,
        engine: Engine,
        options: EdgeOptions,
        *,
        keys: KeyRing,
        journal: Journal,
        admission: Admission,
        streams: EventStreams,
    ) -> None:
        self._engine = engine
        self._options = options
        self._keys = keys
        self._journal = journal
        self._admission = admission
        self._streams = streams

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers: dict[bytes, bytes] = dict(scope["headers"])
        if self._streams.concerns(scope, headers):
            await self._streams(scope, receive, send)
            return
        accepted = answer_type(headers.get(b"accept", b"")[:1000])
        media = accepted or JSON
        entry = Entry(begun=perf_counter(), correlation_id=correlation_id.get(), method=scope["method"])
        try:
            answer = await self._answer(scope, headers, accepted, receive, entry)
            entry.note_answer(answer)
            await respond(send, HTTPStatus.OK, media, answer.body, [_cache_control(answer, entry.method)])
        except Refusal as refusal:
            status = HTTPStatus.OK if refusal.of_document and media == JSON else refusal.status
            entry.note_refusal(refusal, status)
            await respond(send, status, media, refusal_body(refusal, entry), [*refusal.headers, NOT_STORED])
        except CallerLeft:
            entry.note_departure()
        finally:
            self._journal.write(entry)

    async def _answer(
        self, scope: Scope, headers: Mapping[bytes, bytes], accepted: bytes | None, receive: Receive, entry: Entry
    ) -> Answer:
        viewer = entry.viewer = self._keys.holder(presented_key(headers))
        if viewer is None:
            raise unauthenticated()
        if scope["method"] in ("POST", "GET") and accepted is None:
            raise bad_request(f"Accept must allow {ACCEPTED}.", HTTPStatus.NOT_ACCEPTABLE)
        asked = await asked_of(scope, headers, receive, self._options)
        admitted = self._admission.admit(asked, viewer, entry, explain=headers.get(b"x-crosswalk-plan") == b"1")
        if admitted.kind is OperationType.SUBSCRIPTION:
            raise unfit_input(
                "Subscriptions are answered over a WebSocket, or where only text/event-stream is accepted."
            )
        return await execute(
            admitted.operation,
            engine=self._engine,
            receive=receive,
            options=self._options,
            journal=self._journal,
            entry=entry,
        )


def _cache_control(answer: Answer, method: str) -> Header:
    if method == "GET" and answer.cache_control:
        return (b"cache-control", answer.cache_control.encode())
    return NOT_STORED
