"""The messages of graphql-transport-ws, as its protocol's page has them: read, checked and written.

https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
"""

from collections.abc import Mapping
from typing import Any

import msgspec

SUBPROTOCOL = "graphql-transport-ws"
BAD_MESSAGE = 4400
UNAUTHORIZED = 4401
FORBIDDEN = 4403
WRONG_SUBPROTOCOL = 4406
INIT_TIMEOUT = 4408
SUBSCRIBER_EXISTS = 4409
TOO_MANY_INITS = 4429
TRY_AGAIN_LATER = 1013
"""WebSocket's own: graphql-ws connects again after a while."""
LONGEST_ID = 200
LONGEST_REASON = 120
"""Bytes: WebSocket allows 123."""
WITH_ID = frozenset({"subscribe", "complete"})
WITH_OBJECT = frozenset({"connection_init", "ping", "pong"})
"""Their payload is an object, null, or left out."""
_NULL = msgspec.Raw(b"null")


class Closing(Exception):  # noqa: N818 - not a fault of ours
    """The socket is to be closed, with a code of the protocol and a reason for people."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason.encode()[:LONGEST_REASON].decode(errors="ignore")


class Message(msgspec.Struct, frozen=True):
    type: str
    id: str | None = None
    payload: msgspec.Raw = _NULL

    @property
    def key(self) -> str:
        assert self.id is not None  # of `subscribe` and `complete`, it has been looked at
        return self.id


_MESSAGE = msgspec.json.Decoder(Message)
_OBJECT = msgspec.json.Decoder(dict[str, Any] | None)


def read_message(text: str) -> Message:
    """Raises Closing for what no client of the protocol sends."""
    try:
        message = _MESSAGE.decode(text)
        if message.type in WITH_OBJECT:
            _OBJECT.decode(message.payload)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise Closing(BAD_MESSAGE, f"Invalid message: {_why(error)}") from None
    if message.type not in WITH_ID | WITH_OBJECT:
        raise Closing(BAD_MESSAGE, "Invalid message: its `type` is none that a client sends")
    if message.type in WITH_ID and not 0 < len(message.id or "") <= LONGEST_ID:
        raise Closing(BAD_MESSAGE, f"Invalid message: `id` must be text of 1 to {LONGEST_ID} characters")
    return message


def _why(error: Exception) -> str:
    return str(error) if isinstance(error, msgspec.ValidationError) else "it isn't JSON"


def offered_credentials(payload: msgspec.Raw) -> Mapping[bytes, bytes]:
    """What a client that can set no headers says in their place, by their names."""
    said: dict[str, Any] = _OBJECT.decode(payload) or {}
    return {
        name.lower().encode(errors="replace"): value.encode("latin-1", errors="replace")
        for name, value in said.items()
        if isinstance(value, str) and name.lower() in ("x-api-key", "authorization")
    }


def frame(kind: str, key: str, payload: bytes | None = None) -> str:
    """A message about an operation; `payload` is JSON."""
    named = msgspec.json.encode(key).decode()
    if payload is None:
        return f'{{"id":{named},"type":"{kind}"}}'
    return f'{{"id":{named},"type":"{kind}","payload":{payload.decode()}}}'


def next_start(key: str) -> bytes:
    """What a `next` message begins with; a GraphQL response as JSON follows, and a closing brace."""
    return b'{"id":%b,"type":"next","payload":' % msgspec.json.encode(key)


def pong(payload: msgspec.Raw) -> str:
    """The answer to a ping, with the same payload."""
    said = bytes(payload)
    return '{"type":"pong"}' if said == b"null" else f'{{"type":"pong","payload":{said.decode()}}}'
