"""GraphQL over HTTP: from a request to an answer, as a plain ASGI application."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from time import perf_counter

import msgspec
from graphql import OperationDefinitionNode, OperationType
from starlette.types import Receive, Scope, Send

from gateway.asking import Asked, CallerLeft, from_body, from_query_string, read_body
from gateway.documents import Document, Documents, check_records, choose_operation
from gateway.execution import execute
from gateway.journal import Entry, Journal
from gateway.keys import KeyRing, presented_key
from gateway.media import ACCEPTED, JSON, answer_type, content_type
from gateway.options import EdgeOptions
from gateway.refusals import Header, Refusal, bad_request, forbidden, unauthenticated, unfit_input
from resolvers.engine_port import Answer, Engine, Operation, Viewer
from runtime.correlation import correlation_id

NOT_STORED = (b"cache-control", b"no-store")
VARY = (b"vary", b"Accept, Authorization, X-API-Key, X-Crosswalk-Plan")
_encode = msgspec.json.Encoder().encode


class GraphQLEndpoint:
    """Serves `/graphql`. Refuses in this order: key, method, Accept, request, document, variables."""

    def __init__(self, engine: Engine, options: EdgeOptions, *, keys: KeyRing, journal: Journal) -> None:
        self._engine = engine
        self._options = options
        self._keys = keys
        self._journal = journal
        self._documents = Documents(engine.schema, options)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers: dict[bytes, bytes] = dict(scope["headers"])
        accepted = answer_type(headers.get(b"accept", b"")[:1000])
        media = accepted or JSON
        entry = Entry(begun=perf_counter(), correlation_id=correlation_id.get(), method=scope["method"])
        try:
            answer = await self._answer(scope, headers, accepted, receive, entry)
            entry.note_answer(answer)
            await _respond(send, HTTPStatus.OK, media, answer.body, [_cache_control(answer, entry.method)])
        except Refusal as refusal:
            status = HTTPStatus.OK if refusal.of_document and media == JSON else refusal.status
            entry.note_refusal(refusal, status)
            await _respond(send, status, media, _refusal_body(refusal, entry), [*refusal.headers, NOT_STORED])
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
        asked = await self._asked(scope, headers, accepted, receive)
        document = self._documents.prepare(_query(asked))
        entry.document = document.hash
        operation = self._chosen(document, asked, viewer, entry)
        check_records(document, operation, asked.variables, self._options.limits)
        ordered = _order(document, asked, viewer, entry.correlation_id, explain=_wants_plan(asked, headers))
        return await execute(
            ordered, engine=self._engine, receive=receive, options=self._options, journal=self._journal, entry=entry
        )

    async def _asked(
        self, scope: Scope, headers: Mapping[bytes, bytes], accepted: bytes | None, receive: Receive
    ) -> Asked:
        method = scope["method"]
        if method not in ("POST", "GET"):
            allow = [(b"allow", b"GET, POST")]
            raise bad_request("Use POST, or GET for a query.", HTTPStatus.METHOD_NOT_ALLOWED, headers=allow)
        if accepted is None:
            raise bad_request(f"Accept must allow {ACCEPTED}.", HTTPStatus.NOT_ACCEPTABLE)
        if method == "POST":
            return from_body(await read_body(receive, headers, self._options), self._options)
        return from_query_string(scope["query_string"], self._options)

    def _chosen(self, document: Document, asked: Asked, viewer: Viewer, entry: Entry) -> OperationDefinitionNode:
        if document.errors:
            raise Refusal(HTTPStatus.BAD_REQUEST, document.errors, of_document=True)
        operation = choose_operation(document, asked.operation_name or None)
        entry.operation = operation.name.value if operation.name else None
        entry.kind = operation.operation.value
        if operation.operation is OperationType.SUBSCRIPTION:
            raise unfit_input("Subscriptions aren't answered over plain HTTP.")
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


def _wants_plan(asked: Asked, headers: Mapping[bytes, bytes]) -> bool:
    if asked.extensions is not None and asked.extensions.get("plan") is True:
        return True
    return headers.get(b"x-crosswalk-plan") == b"1"


def _order(document: Document, asked: Asked, viewer: Viewer, correlation: str, *, explain: bool) -> Operation:
    assert document.node is not None  # a document without errors has been parsed
    return Operation(
        document=document.node,
        document_hash=document.hash,
        name=asked.operation_name or None,
        variables=asked.variables,
        viewer=viewer,
        correlation_id=correlation,
        explain=explain,
    )


def _cache_control(answer: Answer, method: str) -> Header:
    if method == "GET" and answer.cache_control:
        return (b"cache-control", answer.cache_control.encode())
    return NOT_STORED


def _refusal_body(refusal: Refusal, entry: Entry) -> bytes:
    trace = {"correlationId": entry.correlation_id}
    return _encode({"errors": [{**error, "extensions": {**error["extensions"], **trace}} for error in refusal.errors]})


async def _respond(send: Send, status: HTTPStatus, media: bytes, body: bytes, headers: Iterable[Header]) -> None:
    await send(
        {
            "type": "http.response.start",
            "status": int(status),
            "headers": [
                (b"content-type", content_type(media)),
                (b"content-length", b"%d" % len(body)),
                VARY,
                *headers,
            ],
        }
    )
    await send({"type": "http.response.body", "body": body})
