"""A database that answers what a test scripts, and the connector over it."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from platforms.connected import Connected
from platforms.http import Headers, HttpRequest, HttpResponse
from platforms.registry import Connection, vendor
from schema.roles import PlatformRole

URL = "http://tryton.example"
PREFERENCES = {"company": 1, "companies": [1, 2], "company_filter": "all", "language": "de", "groups": [5]}


class Database:
    """A transport and a clock: answers by method, in order, the last one again and again; refusals pass time."""

    def __init__(self) -> None:
        self.requests: list[HttpRequest] = []
        self.answers: dict[str, list[tuple[int, Any]]] = {
            "common.db.login": [(200, {"id": 1, "result": [2, "0a1b2c", None]})],
            "model.res.user.get_preferences": [(200, {"id": 1, "result": PREFERENCES})],
        }
        self.seconds = 0.0

    def says(self, method: str, *answers: Any, status: int = 200) -> None:
        """Results, or bodies where the status isn't 200."""
        told = [{"id": 1, "result": answer} if status == 200 else answer for answer in answers]
        self.answers.setdefault(method, []).extend((status, answer) for answer in told)

    def fails(self, method: str, *error: Any) -> None:
        self.answers.setdefault(method, []).append((200, {"id": 1, "error": list(error)}))

    def now(self) -> datetime:
        return datetime(2026, 11, 20, 12, tzinfo=UTC)

    def monotonic(self) -> float:
        return self.seconds

    async def send(self, request: HttpRequest, *, timeout: float) -> HttpResponse:  # noqa: ASYNC109 - the seam's word
        self.requests.append(request)
        answers = self.answers.get(json.loads(request.body)["method"]) or [(200, {"id": 1, "result": []})]
        status, body = answers.pop(0) if len(answers) > 1 else answers[0]
        if status >= 400:
            self.seconds += timeout
        text = body if isinstance(body, str) else json.dumps(body, separators=(",", ":"))
        return HttpResponse(status=status, headers=Headers([]), body=text.encode())

    async def close(self) -> None: ...

    def calls(self, method: str = "") -> list[dict[str, Any]]:
        """What was sent: `method` and `params` of each call."""
        return [call for call in map(json.loads, (one.body for one in self.requests)) if method in call["method"]]


@pytest.fixture
def database() -> Database:
    return Database()


@pytest.fixture
def connect(database: Database) -> Callable[..., Connected]:
    def made(options: Mapping[str, Any] | None = None) -> Connected:
        connection = Connection(
            name="books",
            vendor="tryton",
            url=URL,
            roles=(PlatformRole.ERP,),
            peers={},
            credentials={"database": "acme", "user": "crosswalk", "password": "s3cret-pass"},
            options=dict(options or {}),
            timeout=5.0,
            slots=2,
        )
        return vendor("tryton").connect(connection, database, database)

    return made


@pytest.fixture
def books(connect: Callable[..., Connected]) -> Connected:
    return connect()


@pytest.fixture
def read(books: Connected) -> Callable[..., Any]:
    """Reads a page of a type's rows: `await read("Invoice", ["number"], limit=1)` -> a dict per row, by path."""
    from platforms.readers import ReadQuery

    async def rows(type_name: str, paths: list[str], **query: Any) -> list[dict[str, Any]]:
        projection = books.reader.project(books.reader.facets[type_name, PlatformRole.ERP], paths)
        page = await books.reader.read(projection, ReadQuery(**query))
        return [{path: projection.getter(path)(row) for path in paths} for row in page.rows]

    return rows
