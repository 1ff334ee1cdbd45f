"""Serves graphql-transport-ws: one conversation per socket, in which any number of operations go on side by side."""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack, aclosing, suppress
from time import perf_counter
from uuid import uuid4

import msgspec
from starlette.types import Receive, Scope, Send

from gateway.asking import Asked, CallerLeft, from_body
from gateway.journal import Entry
from gateway.keys import presented_key
from gateway.refusals import Refusal, coded, unfit
from gateway.replies import refusal_errors
from gateway.streams.edge import Edge
from gateway.streams.joining import joined
from gateway.streams.messages import (
    BAD_MESSAGE,
    FORBIDDEN,
    INIT_TIMEOUT,
    SUBPROTOCOL,
    SUBSCRIBER_EXISTS,
    TOO_MANY_INITS,
    TRY_AGAIN_LATER,
    UNAUTHORIZED,
    WRONG_SUBPROTOCOL,
    Closing,
    Message,
    frame,
    next_start,
    offered_credentials,
    pong,
    read_message,
)
from gateway.streams.origins import may_connect
from gateway.streams.places import NoPlaceError
from gateway.streams.socket_protocol import FRAMES, text_frame
from gateway.streams.validity import KeyWithdrawnError, while_valid
from resolvers.engine_port import Viewer
from runtime.correlation import correlation_id
from schema.errors import ErrorCode

METHOD = "WS"
"""In the log, in the place of HTTP's method."""


class SocketEndpoint:
    """Serves `/graphql` as a WebSocket."""

    def __init__(self, edge: Edge) -> None:
        self._edge = edge

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()  # that it wants to connect, which is why we are here
        headers: dict[bytes, bytes] = dict(scope["headers"])
        if not may_connect(headers, self._edge.options):
            await send({"type": "websocket.close"})  # before it is accepted: 403
            return
        offered = SUBPROTOCOL in scope["subprotocols"]
        await send({"type": "websocket.accept", "subprotocol": SUBPROTOCOL if offered else None})
        if not offered:
            reason = f"Subprotocol not acceptable: use {SUBPROTOCOL}"
            await send({"type": "websocket.close", "code": WRONG_SUBPROTOCOL, "reason": reason})
            return
        await Conversation(self._edge, headers, receive, send).run()


class Conversation:
    """What is said over one socket."""

    def __init__(self, edge: Edge, headers: Mapping[bytes, bytes], receive: Receive, send: Send) -> None:
        self._edge = edge
        self._headers = headers
        self._receive = receive
        self._send = send
        self._operations: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        closing: Closing | None = None
        async with AsyncExitStack() as stack:
            try:
                stack.enter_context(self._edge.places.connected())
                viewer, key = await self._known()
                stack.enter_context(self._edge.places.held(viewer))
                await self._send({"type": "websocket.send", "text": '{"type":"connection_ack"}'})
                with while_valid(self._edge.keys, key, viewer):
                    while True:
                        await self._take(await self._message(), viewer)
            except Closing as asked:
                closing = asked
            except KeyWithdrawnError as withdrawn:
                closing = Closing(FORBIDDEN, f"Forbidden: {withdrawn}")
            except NoPlaceError as full:
                closing = Closing(TRY_AGAIN_LATER, str(full))
            except (CallerLeft, OSError):  # uvicorn's ClientDisconnected is one
                pass
            finally:
                await self._end_operations()
        if closing is not None:
            await self._send({"type": "websocket.close", "code": closing.code, "reason": closing.reason})

    async def _known(self) -> tuple[Viewer, str]:
        """Who it is, once they have said so, and the key by which we know."""
        try:
            async with asyncio.timeout(self._edge.options.init_seconds) as clock:
                message = await self._message()
                while message.type in ("ping", "pong"):
                    await self._play(message)
                    message = await self._message()
        except TimeoutError:
            if not clock.expired():
                raise
            raise Closing(INIT_TIMEOUT, "Connection initialisation timeout") from None
        if message.type != "connection_init":
            raise Closing(UNAUTHORIZED, "Unauthorized: send connection_init first")
        said = offered_credentials(message.payload)
        key = presented_key(said or self._headers)
        viewer = self._edge.keys.holder(key)
        if viewer is None:
            raise Closing(FORBIDDEN, "Forbidden: send a key as X-API-Key, in the headers or in connection_init")
        return viewer, key

    async def _message(self) -> Message:
        received = await self._receive()
        if received["type"] != "websocket.receive":
            raise CallerLeft
        text = received.get("text")
        if text is None:
            raise Closing(BAD_MESSAGE, "Invalid message: send text, not bytes")
        return read_message(text)

    async def _take(self, message: Message, viewer: Viewer) -> None:
        match message.type:
            case "subscribe":
                self._begin(message, viewer)
            case "complete":
                operation = self._operations.pop(message.key, None)
                if operation is not None:
                    operation.cancel()
            case "connection_init":
                raise Closing(TOO_MANY_INITS, "Too many initialisation requests")
            case _:
                await self._play(message)

    async def _play(self, message: Message) -> None:
        if message.type == "ping":
            await self._send({"type": "websocket.send", "text": pong(message.payload)})

    # -------------------------------------------------------------------------------------------------- operations

    def _begin(self, message: Message, viewer: Viewer) -> None:
        if message.key in self._operations:
            raise Closing(SUBSCRIBER_EXISTS, f"Subscriber for {message.key} already exists")
        asked = self._asked(message.payload)
        task = asyncio.create_task(self._operate(message.key, asked, viewer))
        self._operations[message.key] = task

    def _asked(self, payload: msgspec.Raw) -> Asked:
        try:
            asked = from_body(bytes(payload), self._edge.options)
        except Refusal as refusal:
            raise Closing(BAD_MESSAGE, f"Invalid message: {refusal.errors[0]['message']}") from None
        if asked.query is None:
            raise Closing(BAD_MESSAGE, "Invalid message: the payload has no `query`")
        return asked

    async def _operate(self, key: str, asked: Asked, viewer: Viewer) -> None:
        entry = Entry(begun=perf_counter(), correlation_id=str(uuid4()), method=METHOD, viewer=viewer)
        correlation_id.set(entry.correlation_id)  # in a task of its own, so that it ends with it
        try:
            await self._answer(key, asked, viewer, entry)
            await self._last(key, frame("complete", key))
        except Refusal as refusal:
            entry.note_refusal(refusal, refusal.status)
            await self._last(key, frame("error", key, refusal_errors(refusal, entry)))
        except (asyncio.CancelledError, OSError):
            entry.note_departure()
        finally:
            self._edge.journal.write(entry)

    async def _answer(self, key: str, asked: Asked, viewer: Viewer, entry: Entry) -> None:
        most = self._edge.options.operations_per_stream
        if len(self._operations) > most:
            raise unfit(
                [coded(f"{most} operations go on over this socket: complete some.", ErrorCode.TOO_MANY_STREAMS)]
            )
        admitted = self._edge.admission.admit(asked, viewer, entry)
        named = next_start(key)
        async with aclosing(self._edge.answers(admitted, entry)) as told:
            async for bodies in told:
                for frames in joined(text_frame(named, body, b"}") for body in bodies):
                    await self._send({"type": "websocket.send", FRAMES: frames})

    async def _last(self, key: str, text: str) -> None:
        """From now on the client may use the id again."""
        if self._operations.get(key) is asyncio.current_task():
            del self._operations[key]
        with suppress(OSError):  # whoever would read it may be gone
            await self._send({"type": "websocket.send", "text": text})

    async def _end_operations(self) -> None:
        operations = list(self._operations.values())
        for operation in operations:
            operation.cancel()
        await asyncio.gather(*operations, return_exceptions=True)
