"""An account that answers what a test scripts, and the connector over it."""

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from platforms.connected import Connected
from platforms.http import Headers, HttpRequest, HttpResponse
from platforms.registry import Connection, vendor
from schema.roles import PlatformRole

URL = "https://api.mavenlink.com"


def listed(collection: str, *records: dict[str, Any], count: int | None = None, **beside: Any) -> dict[str, Any]:
    """A list's answer; `beside` are the maps of side-loaded records."""
    found = len(records) if count is None else count
    return {
        "count": found,
        "results": [{"key": collection, "id": record["id"]} for record in records],
        collection: {record["id"]: record for record in records},
        **beside,
        "meta": {"count": found, "page_count": 1, "page_number": 1, "page_size": 200},
    }


class Account:
    """A transport and a clock: answers in order, the last one again and again; a refusal takes all of a call's time."""

    def __init__(self) -> None:
        self.requests: list[HttpRequest] = []
        self.answers: list[tuple[int, Any]] = []
        self._seconds = 0.0

    def says(self, *answers: Any, status: int = 200) -> None:
        self.answers += [(status, answer) for answer in answers]

    def now(self) -> datetime:
        return datetime(2026, 11, 20, 12, tzinfo=UTC)

    def monotonic(self) -> float:
        return self._seconds

    def forward(self, seconds: float) -> None:
        self._seconds += seconds

    async def send(self, request: HttpRequest, *, timeout: float) -> HttpResponse:  # noqa: ASYNC109 - the seam's word
        self.requests.append(request)
        status, body = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if status >= 400:
            self._seconds += timeout
        return HttpResponse(status=status, headers=Headers([]), body=json.dumps(body).encode())

    async def close(self) -> None: ...

    @property
    def asked(self) -> list[dict[str, str]]:
        """The parameters of every call."""
        return [dict(parse_qsl(urlsplit(request.url).query)) for request in self.requests]


@pytest.fixture
def account() -> Account:
    return Account()


@pytest.fixture
def connect(account: Account) -> Any:
    def made(url: str = URL, **options: Any) -> Connected:
        connection = Connection(
            name="psa",
            vendor="kantata",
            url=url,
            roles=(PlatformRole.PSA,),
            peers={},
            credentials={"access_token": "s3cret-token"},
            options=options,
            timeout=8.0,
            slots=8,
        )
        return vendor("kantata").connect(connection, account, account)

    return made


@pytest.fixture
def answer() -> Any:
    return listed
