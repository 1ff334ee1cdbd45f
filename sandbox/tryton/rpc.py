"""A small synchronous client of Tryton's JSON-RPC, for health checks and for comparing answers with the truth.

The protocol is told in Tryton's own source, trytond/protocols/jsonrpc.py: right and wrong calls answer alike with 200,
a wrong one with `error` in place of `result`.
"""

import base64
import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit


class TrytonRefused(Exception):  # noqa: N818 - the word says what it is
    """Tryton answered with an error or an HTTP status other than 200; `args` are the status and what it said."""


class TrytonClient:
    """Signed in as one user; `call` takes a model's method and its arguments without the context."""

    _headers: Mapping[str, str] = {}
    context: Mapping[str, Any] = {}

    def __init__(self, url: str, credentials: Mapping[str, str]) -> None:
        self._host = urlsplit(url).netloc
        self._database = credentials["database"]
        user = credentials["user"]
        number, token, *_ = self._post(
            f"/{self._database}/rpc/",
            "common.db.login",
            [user, {"password": credentials["password"]}, "en"],
        )
        signature = base64.b64encode(f"{user}:{number}:{token}".encode()).decode()
        self._headers = {"Authorization": f"Session {signature}"}
        self.context = self.call("model.res.user.get_preferences", True)

    def call(self, method: str, *arguments: object, **context: object) -> Any:
        """What Tryton answers, amounts as Decimal, days as date; `context` is laid over the user's own."""
        return self._post(f"/{self._database}/rpc/", method, [*arguments, {**self.context, **context}])

    def _post(self, path: str, method: str, params: list[object]) -> Any:
        return post(self._host, path, method, params, self._headers)


def post(host: str, path: str, method: str, params: list[object], headers: Mapping[str, str]) -> Any:
    """One call to Tryton; raises TrytonRefused, or OSError where nobody listens."""
    connection = HTTPConnection(host, timeout=30)
    try:
        body = json.dumps({"id": 1, "method": method, "params": params})
        connection.request("POST", path, body, {"Content-Type": "application/json", **headers})
        response = connection.getresponse()
        text = response.read()
    finally:
        connection.close()
    if response.status != 200:
        raise TrytonRefused(response.status, text.decode(errors="replace"))
    answer = json.loads(text, object_hook=_typed)
    if "error" in answer:
        raise TrytonRefused(200, answer["error"])
    return answer["result"]


def _typed(value: dict[str, Any]) -> Any:
    match value:
        case {"__class__": "Decimal", "decimal": amount}:
            return Decimal(amount)
        case {"__class__": "date", "year": year, "month": month, "day": day}:
            return date(year, month, day)
        case _:
            return value
