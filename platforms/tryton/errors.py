"""What Tryton's statuses and errors mean: the one table.

Right and wrong calls alike answer 200; a wrong one has `error` in place of `result`: a name with what belongs to it, or
the text of an exception. Source: trytond/protocols/jsonrpc.py, trytond/protocols/dispatcher.py.
"""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from platforms.http import HttpResponse
from platforms.status_table import read_status
from schema.errors import (
    PlatformError,
    UpstreamInvalidResponse,
    UpstreamLocked,
    UpstreamRejected,
    UpstreamTooLarge,
    UpstreamUnauthorized,
)

CALL_ID = 1
"""Tryton only echoes it, so that one number serves all."""
GOOD = b'{"id":1,"result":'
_NAMED: Mapping[str, tuple[type[PlatformError], str]] = {
    "UserError": (UpstreamRejected, "Tryton refuses the call: our user lacks a right, or a record is gone"),
    "UserWarning": (UpstreamRejected, "Tryton asks a question that only a person may answer"),
    "LoginException": (UpstreamUnauthorized, "Tryton asks this user for more than a password"),
    "ConcurrencyException": (UpstreamLocked, "somebody else has changed the record meanwhile"),
}
_UNKNOWN_NAME = re.compile(r"'([\w.]{1,80})'")
_TOO_MANY = 413


class _Answer(msgspec.Struct):
    id: int
    result: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    error: list[Any] | msgspec.UnsetType = msgspec.UNSET


_answers = msgspec.json.Decoder(_Answer)


def read_error(response: HttpResponse) -> PlatformError | None:
    """None for a good answer. Only a call with a good one has to be read no further than its beginning."""
    if response.status == _TOO_MANY:
        return UpstreamTooLarge("more records were asked for than the server grants: set options.records_limit")
    if response.status != 200:
        return read_status(response) or UpstreamInvalidResponse(f"unexpected status {response.status}")
    if response.body.startswith(GOOD) and response.body.endswith(b"}"):
        return None
    try:
        answer = _answers.decode(response.body)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return UpstreamInvalidResponse("the answer isn't one of Tryton's JSON-RPC")
    if answer.error is msgspec.UNSET:
        return None if answer.result is not msgspec.UNSET else UpstreamInvalidResponse("the answer has no result")
    return _leaf(answer.error)


def _leaf(error: list[Any]) -> PlatformError:
    """An error's own text may hold records' names, so that only names of fields and models are passed on."""
    name = error[0] if error and isinstance(error[0], str) else ""
    if name in _NAMED:
        leaf, detail = _NAMED[name]
        return leaf(detail)
    unknown = _UNKNOWN_NAME.fullmatch(name)
    if unknown is not None:
        return UpstreamRejected(f"Tryton knows no {unknown[1]}: a module may be missing, or an option may be wrong")
    return UpstreamRejected("Tryton failed at the call")
