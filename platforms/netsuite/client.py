"""SuiteQL over HTTP: one page of a statement's rows.

Source: docs.oracle.com, Executing SuiteQL Queries Through REST Web Services.
"""

from functools import partial
from typing import Generic, TypeVar

import msgspec

from platforms.gate import Gate
from platforms.http import HttpRequest, HttpResponse
from platforms.netsuite.auth import Authorize, SignedHeaders
from platforms.netsuite.options import MOST_ROWS_PER_PAGE
from platforms.netsuite.signing import signed_url
from platforms.netsuite.suiteql import Statement
from platforms.slots import Priority
from platforms.tokens import TokenSource
from schema.errors import UpstreamInvalidResponse

PATH = "/services/rest/query/v1/suiteql"
_HEADERS = {"Prefer": "transient", "Content-Type": "application/json", "Accept": "application/json"}
_encoder = msgspec.json.Encoder(decimal_format="number")

Row = TypeVar("Row")


class Page(msgspec.Struct, Generic[Row]):
    """SuiteQL's answer; `total` counts the rows of all pages."""

    items: list[Row]
    more: bool = msgspec.field(name="hasMore")
    total: int = msgspec.field(name="totalResults")


class SuiteQl:
    """Asks one account."""

    def __init__(self, gate: Gate, url: str, tokens: TokenSource[Authorize]) -> None:
        self._gate = gate
        self._url = f"{url}{PATH}"
        self._signed = signed_url(self._url)
        self._tokens = tokens

    async def page(
        self,
        statement: Statement,
        decoder: "msgspec.json.Decoder[Page[Row]]",
        *,
        limit: int,
        offset: int = 0,
        priority: Priority | None = None,
    ) -> Page[Row]:
        """At most `limit` rows from `offset` on, which must be a multiple of `limit`."""
        body = _encoder.encode({"q": statement.text, "params": statement.params})
        query = {"limit": str(limit), "offset": str(offset)}
        send = partial(self._send, body, query, statement.shown(), priority)
        page = self._decoded(await self._tokens.authorised(send), decoder)
        if not page.items and offset < page.total <= MOST_ROWS_PER_PAGE and limit < MOST_ROWS_PER_PAGE:
            # Small limits have been seen to bring no rows with ORDER BY (github.com/jacobsvante/netsuite, issue 29).
            query = {"limit": str(MOST_ROWS_PER_PAGE), "offset": "0"}
            send = partial(self._send, body, query, statement.shown(), priority)
            page = self._decoded(await self._tokens.authorised(send), decoder)
            page.more = page.total > offset + limit
            page.items = page.items[offset : offset + limit]
        return page

    async def _send(
        self, body: bytes, query: dict[str, str], shown: str, priority: Priority | None, authorize: Authorize
    ) -> HttpResponse:
        joined = "&".join(f"{name}={value}" for name, value in query.items())
        request = HttpRequest(
            method="POST",
            url=f"{self._url}?{joined}",
            route=PATH,
            headers=SignedHeaders(_HEADERS, partial(authorize, "POST", self._signed, query)),
            body=body,
            statement=shown,
        )
        return await self._gate.send(request, priority=priority, safe=True)

    def _decoded(self, response: HttpResponse, decoder: "msgspec.json.Decoder[Page[Row]]") -> Page[Row]:
        try:
            return decoder.decode(response.body)
        except (msgspec.DecodeError, UnicodeDecodeError, ValueError):
            raise UpstreamInvalidResponse(
                "NetSuite's answer isn't what SuiteQL is documented to give", platform=self._gate.platform
            ) from None
