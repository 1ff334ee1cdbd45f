"""Salesforce's REST API over HTTP: queries and their further pages, and calls for single records.

https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_query.htm
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote_plus

from platforms.gate import Gate
from platforms.http import HttpRequest, HttpResponse
from platforms.salesforce.auth import Session
from platforms.salesforce.errors import missing, read_error
from platforms.slots import Priority
from platforms.tokens import TokenSource
from schema.errors import BadUserInput, Landed, PlatformError, UpstreamRejected, UpstreamUnauthorized

_URL_AND_HEADERS = 16_384  # bytes; there is no POST for queries
_OWN_HEADERS = 1_000  # bytes, generously, for ours beside the session's
_SAFE = "'(),*:!~"  # may stand as they are in a URL's query, as a browser's own encoding leaves them too
_ENCODED = {code: quote_plus(chr(code), safe=_SAFE) for code in range(128)}
_USAGE = re.compile(r"api-usage=(\d{1,12})/(\d{1,12})")
_CALLER = {"Accept": "application/json", "Sforce-Call-Options": "client=crosswalk"}  # named in changes that we cause
_NONE: Mapping[str, str] = {}
_PAGE_PATH = re.compile(r"/services/data/v[\d.]{3,6}/query(?:All)?/[\w-]{1,200}")


class Client:
    """The calls to one org. `gate` must classify with `reading`."""

    def __init__(self, gate: Gate, sessions: TokenSource[Session], *, api_version: str, page_size: int) -> None:
        self._gate = gate
        self._sessions = sessions
        self._root = f"/services/data/v{api_version}"
        self._headers = {**_CALLER, "Sforce-Query-Options": f"batchSize={page_size}"}

    async def query(self, statement: str) -> bytes:
        """The first page of a SOQL query's answer. BadUserInput, without a call, for a statement that is too long."""
        return await self._get(f"/query?q={encoded(statement)}", "/query", statement)

    async def next_page(self, path: str, entity: str) -> bytes:
        """The page at a `nextRecordsUrl`."""
        return await self._get(path, "/query/{locator}", f"next page of {entity}", whole=True)

    async def query_all(self, statement: str) -> bytes:
        """As `query`, with the recycle bin's records."""
        return await self._get(f"/queryAll?q={encoded(statement)}", "/queryAll", statement)

    async def deleted(self, entity: str, start: datetime, end: datetime) -> bytes:
        """The list of an object's records that were deleted between two instants, to the minute."""
        span = f"start={_instant(start)}&end={_instant(end)}"
        return await self._get(
            f"/sobjects/{entity}/deleted/?{span}",
            "/sobjects/{entity}/deleted",
            f"deleted {entity} since {start:%H:%M}Z",
        )

    async def limits(self) -> bytes:
        return await self._get("/limits", "/limits", "limits")

    async def record(
        self,
        method: str,
        path: str,
        route: str,
        statement: str,
        *,
        body: bytes = b"",
        headers: Mapping[str, str] = _NONE,
    ) -> HttpResponse:
        """One call of a governed write: GET to read, else to write, which is sent once. A 404 is an answer: `missing`.

        `path` is below the API's root and can be written into a URL as it is. A session that ends meanwhile is renewed
        and the call sent again: an org that refuses a session has done nothing.
        """
        more = {"Content-Type": "application/json", **headers} if body else headers
        sent = False

        async def call(session: Session) -> HttpResponse:
            nonlocal sent
            request = HttpRequest(
                method=method,
                url=session.instance_url + self._root + path,
                route=self._root + route,
                headers={"Authorization": session.authorization, **_CALLER, **more},
                body=body,
                statement=statement,
            )
            sent = True
            try:
                return await self._gate.send(request, priority=Priority.GOVERNED_WRITE, safe=method == "GET")
            except UpstreamUnauthorized:
                sent = False
                raise

        try:
            return await self._sessions.authorised(call)
        except PlatformError as error:
            if not sent:
                error.landed = Landed.NO  # it is the login that failed, however unknown its own outcome
            raise

    async def _get(self, path: str, route: str, statement: str, *, whole: bool = False) -> bytes:
        path = path if whole else self._root + path

        async def call(session: Session) -> HttpResponse:
            if len(path) + len(session.instance_url) + len(session.authorization) + _OWN_HEADERS > _URL_AND_HEADERS:
                raise BadUserInput(
                    "The filter is too long for Salesforce, which takes 16 kB in all: use fewer or shorter values."
                )
            request = HttpRequest(
                method="GET",
                url=session.instance_url + path,
                route=self._root + route,
                headers={"Authorization": session.authorization, **self._headers},
                statement=statement,
            )
            return await self._gate.send(request, safe=True)

        answer = await self._sessions.authorised(call)
        if code := missing(answer):
            detail = f"the platform doesn't know what was asked for ({code})"
            raise UpstreamRejected(detail, platform=self._gate.platform)
        return answer.body


def encoded(statement: str) -> str:
    """The statement as a URL's query carries it. Hundreds of ids go through here in each call."""
    return statement.translate(_ENCODED) if statement.isascii() else quote_plus(statement, safe=_SAFE)


def _instant(moment: datetime) -> str:
    return quote_plus(f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}+00:00")


def is_page_path(path: str) -> bool:
    """Whether it is a `nextRecordsUrl` as documented: a path of the same instance, never another address."""
    return _PAGE_PATH.fullmatch(path) is not None


def usage(response: HttpResponse) -> tuple[int, int] | None:
    """Calls made and allowed within 24 hours, which every answer of the REST API tells, refusals too."""
    found = _USAGE.search(response.headers.get("Sforce-Limit-Info") or "")
    return None if found is None else (int(found[1]), int(found[2]))


class Reading:
    """Classifies answers for the gate, and tells it the usage that they report."""

    def __init__(self) -> None:
        self.gate: Gate | None = None

    def __call__(self, response: HttpResponse) -> PlatformError | None:
        told = usage(response)
        if told is not None and self.gate is not None:
            self.gate.quota_seen(*told)
        return read_error(response)
