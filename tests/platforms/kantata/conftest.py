"""An account that answers what a test scripts, the sandbox's account with a look at its truth, and the connector over
each.
"""

import json
from collections import defaultdict
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit
from urllib.request import Request, urlopen

import pytest

from platforms.connected import Connected
from platforms.http import Headers, HttpRequest, HttpResponse
from platforms.keepalive import KeepAliveTransport
from platforms.registry import Connection, vendor
from runtime.clock import SystemClock
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


class Truth:
    """The sandbox's control API: what is in its account, what shall go wrong there, and which calls it got."""

    def __init__(self, control: str) -> None:
        self._control = control

    def record(self, entity: str, record_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self._told(f"/records/kantata/{entity}/{record_id}")
        return found

    def records(self, entity: str, **where: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._told(f"/records/kantata/{entity}?{urlencode(where)}")["records"]
        return found

    def references(self, subject: str, record_id: str) -> dict[str, tuple[str, str]]:
        """By service, the model and the other system's id of the record's references."""
        where = {"subject_type": subject, "subject_id": record_id}
        return {
            link["service_name"]: (link["service_model"], link["service_model_ref"])
            for link in self.records("external_references", **where)
        }

    def make(self, entity: str, **fields: Any) -> str:
        made: str = self._told(f"/records/kantata/{entity}", body=fields)["id"]
        return made

    def change(self, entity: str, record_id: str, **fields: Any) -> None:
        self._told(f"/records/kantata/{entity}/{record_id}", body=fields, method="PATCH")

    def remove(self, entity: str, record_id: str) -> None:
        self._told(f"/records/kantata/{entity}/{record_id}", method="DELETE")

    def goes_wrong(self, kind: str, **how: Any) -> None:
        """The next call does, unless `times` or `match` say otherwise."""
        self._told("/faults", body={"platform": "kantata", "kind": kind, "times": 1, **how})

    def calls(self) -> dict[str, int]:
        """How often each route was called since this was asked last."""
        routes: dict[str, int] = self._told("/calls")["platforms"]["kantata"]["routes"]
        self._told("/calls", method="DELETE")
        return {route.replace("/api/v1", ""): number for route, number in routes.items()}

    def _told(self, path: str, *, body: Any = None, method: str | None = None) -> Any:
        content = None if body is None else json.dumps(body).encode()
        with urlopen(Request(self._control + path, data=content, method=method), timeout=10) as answer:
            return json.load(answer)


@pytest.fixture
def truth(fresh_sandbox: dict[str, Any]) -> Truth:
    return Truth(fresh_sandbox["control"])


@pytest.fixture
async def connect_sandbox() -> AsyncIterator[Any]:
    """`connect_sandbox(ready)` connects the account of a running sandbox; `seconds` is the time for a call."""
    transport = KeepAliveTransport()

    def made(ready: dict[str, Any], *, seconds: float = 8.0, **options: Any) -> Connected:
        told = ready["platforms"]["kantata"]
        connection = Connection(
            name="psa",
            vendor="kantata",
            url=told["url"],
            roles=(PlatformRole.PSA,),
            peers={},
            credentials=told["credentials"],
            options=options,
            timeout=seconds,
            slots=4,
        )
        return vendor("kantata").connect(connection, transport, SystemClock())

    yield made
    await transport.close()


@pytest.fixture
def psa(fresh_sandbox: dict[str, Any], connect_sandbox: Any) -> Connected:
    """The sandbox's account."""
    platform: Connected = connect_sandbox(fresh_sandbox)
    return platform


@pytest.fixture
def write(psa: Connected) -> Any:
    """`write("Project")` is the writable of a type."""
    return lambda type_name: psa.writer.writables[type_name, PlatformRole.PSA]


@pytest.fixture
def project_in(truth: Truth) -> Any:
    """`project_in("JPY")` is the id of a project of people's in that currency."""
    return lambda currency: truth.make("workspace", title="By hand", currency=currency)


@pytest.fixture
def worked(truth: Truth) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """A project with time and expenses on no invoice: its id, the entries' and the expenses', in ascending order."""
    lines: dict[str, dict[str, list[str]]] = {}
    for entity in ("time_entries", "expenses"):
        by_project = lines[entity] = defaultdict(list)
        for line in sorted(truth.records(entity, is_invoiced="false"), key=lambda each: int(each["id"])):
            by_project[line["workspace_id"]].append(line["id"])
    entries, expenses = lines["time_entries"], lines["expenses"]
    found = next(project for project in entries if len(entries[project]) > 2 and len(expenses[project]) > 1)
    return found, tuple(entries[found]), tuple(expenses[found])
