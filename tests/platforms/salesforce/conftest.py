"""An org that answers what a test scripts, the sandbox's org with a look at its truth, and the connector over each."""

import json
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest
from joserfc.jwk import RSAKey

from platforms.connected import Connected
from platforms.http import Headers, HttpRequest, HttpResponse
from platforms.keepalive import KeepAliveTransport
from platforms.registry import Connection, vendor
from runtime.clock import SystemClock
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


class Truth:
    """The sandbox's control API: what is in its org, what shall go wrong there, and which calls it got."""

    def __init__(self, control: str) -> None:
        self._control = control

    def record(self, entity: str, record_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self._told(f"/records/salesforce/{entity}/{record_id}")
        return found

    def records(self, entity: str, **where: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._told(f"/records/salesforce/{entity}?{urlencode(where)}")["records"]
        return found

    def make(self, entity: str, **fields: Any) -> str:
        made: str = self._told(f"/records/salesforce/{entity}", body=fields)["Id"]
        return made

    def change(self, entity: str, record_id: str, **fields: Any) -> None:
        self._told(f"/records/salesforce/{entity}/{record_id}", body=fields, method="PATCH")

    def remove(self, entity: str, record_id: str) -> None:
        self._told(f"/records/salesforce/{entity}/{record_id}", method="DELETE")

    def goes_wrong(self, kind: str, **how: Any) -> None:
        """The next call does, unless `times` or `match` say otherwise."""
        self._told("/faults", body={"platform": "salesforce", "kind": kind, "times": 1, **how})

    def calls(self) -> dict[str, int]:
        """How often each route was called since this was asked last, logins aside."""
        routes: dict[str, int] = self._told("/calls")["platforms"]["salesforce"]["routes"]
        self._told("/calls", method="DELETE")
        return {route: number for route, number in routes.items() if "oauth2" not in route}

    def _told(self, path: str, *, body: Any = None, method: str | None = None) -> Any:
        content = None if body is None else json.dumps(body).encode()
        with urlopen(Request(self._control + path, data=content, method=method), timeout=10) as answer:
            return json.load(answer)


@pytest.fixture
def truth(fresh_sandbox: dict[str, Any]) -> Truth:
    return Truth(fresh_sandbox["control"])


@pytest.fixture
async def connect_sandbox() -> AsyncIterator[Any]:
    """`connect_sandbox(ready)` connects the org of a running sandbox; `seconds` is the time for a call."""
    transport = KeepAliveTransport()

    def made(ready: dict[str, Any], *, seconds: float = 8.0, **options: Any) -> Connected:
        told = ready["platforms"]["salesforce"]
        connection = Connection(
            name="crm",
            vendor="salesforce",
            url=told["url"],
            roles=(PlatformRole.CRM,),
            peers={},
            credentials={name: told["credentials"][name] for name in ("client_id", "client_secret")},
            options=options,
            timeout=seconds,
            slots=4,
        )
        return vendor("salesforce").connect(connection, transport, SystemClock())

    yield made
    await transport.close()


@pytest.fixture
async def crm(fresh_sandbox: dict[str, Any], connect_sandbox: Any) -> Connected:
    """The sandbox's org, signed in to already."""
    platform: Connected = connect_sandbox(fresh_sandbox)
    assert (await platform.probe()).ok
    return platform


@pytest.fixture(scope="session")
def key() -> RSAKey:
    return RSAKey.generate_key(2048)
