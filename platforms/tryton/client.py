"""Tryton's JSON-RPC over HTTP: reading and counting records by domain.

Every call is one POST whose last parameter is the context. Strings and numbers of a domain are JSON values, which
Tryton binds; nothing is ever written into a statement.
"""

import msgspec

from platforms.gate import Gate
from platforms.http import HttpRequest, HttpResponse
from platforms.registry import Connection
from platforms.tokens import TokenSource
from platforms.tryton.auth import HEADERS, ROUTE, Session, rpc_url
from platforms.tryton.domains import Domain
from platforms.tryton.errors import CALL_ID


class Client:
    """The calls to one database. `gate` must classify with `errors.read_error`."""

    def __init__(self, gate: Gate, sessions: TokenSource[Session], connection: Connection) -> None:
        self._gate = gate
        self._sessions = sessions
        self._url = rpc_url(connection)

    async def search_read(
        self,
        model: str,
        domain: Domain,
        fields: list[str],
        *,
        order: list[list[str]],
        limit: int | None,
        offset: int = 0,
    ) -> bytes:
        """The answer with the records of a domain. Without a `limit`, all come at once, whatever the server's limit."""
        return await self._call(model, "search_read", [domain, offset, limit, order, fields])

    async def search_count(self, model: str, domain: Domain) -> bytes:
        return await self._call(model, "search_count", [domain, 0, None])

    async def _call(self, model: str, method: str, params: list[object]) -> bytes:
        told = msgspec.json.encode(params)
        name = f"model.{model}.{method}"
        head = f'{{"id":{CALL_ID},"method":"{name}","params":'.encode()
        statement = f"{model}.{method}({told[1:-1].decode()})"

        async def call(session: Session) -> HttpResponse:
            request = HttpRequest(
                method="POST",
                url=self._url,
                route=f"{ROUTE}{name}",
                headers={"Authorization": session.authorization, **HEADERS},
                body=b"".join((head, told[:-1], b",", session.context, b"]}")),
                statement=statement,
            )
            return await self._gate.send(request, safe=True)

        return (await self._sessions.authorised(call)).body
