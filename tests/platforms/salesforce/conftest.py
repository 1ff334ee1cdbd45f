"""An org that answers what a test scripts, and the connector over it."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from joserfc.jwk import RSAKey

from platforms.connected import Connected
from platforms.http import Headers, HttpRequest, HttpResponse
from platforms.registry import Connection, vendor
from schema.roles import PlatformRole

URL = "https://acme.my.salesforce.com"
TOKEN = {"access_token": "00D!secret-token", "instance_url": URL, "token_type": "Bearer", "issued_at": "1"}
EMPTY = {"totalSize": 0, "done": True, "records": []}


class Org:
    """A transport and a clock: answers in order, the last one again and again; a pause passes all of a call's time."""

    def __init__(self) -> None:
        self.requests: list[HttpRequest] = []
        self.login: tuple[int, Any] = (200, TOKEN)
        self.answers: list[tuple[int, Any]] = [(200, EMPTY)]
        self.usage = "api-usage=18/15000"
        self._seconds = 0.0

    def now(self) -> datetime:
        return datetime(2026, 11, 20, 12, tzinfo=UTC)

    def monotonic(self) -> float:
        return self._seconds

    async def send(self, request: HttpRequest, *, timeout: float) -> HttpResponse:  # noqa: ASYNC109 - the seam's word
        self.requests.append(request)
        if request.route.endswith("/token"):
            status, body = self.login
        else:
            status, body = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if status >= 400:
            self._seconds += timeout
        headers = Headers([("Sforce-Limit-Info", self.usage)])
        return HttpResponse(status=status, headers=headers, body=json.dumps(body).encode())

    async def close(self) -> None: ...

    @property
    def logins(self) -> list[HttpRequest]:
        return [request for request in self.requests if request.route.endswith("/token")]


@pytest.fixture
def org() -> Org:
    return Org()


@pytest.fixture
def connect(org: Org) -> Any:
    def made(credentials: Mapping[str, str] | None = None, **options: Any) -> Connected:
        connection = Connection(
            name="crm",
            vendor="salesforce",
            url=URL,
            roles=(PlatformRole.CRM,),
            peers={},
            credentials=credentials or {"client_id": "id", "client_secret": "s3cret"},
            options=options,
            timeout=8.0,
            slots=2,
        )
        return vendor("salesforce").connect(connection, org, org)

    return made


@pytest.fixture(scope="session")
def key() -> RSAKey:
    return RSAKey.generate_key(2048)
