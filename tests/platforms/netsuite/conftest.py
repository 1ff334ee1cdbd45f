"""A connected account: the sandbox's over real HTTP, or one whose answers are scripted."""

import json
import urllib.request
from collections.abc import AsyncIterator, Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from platforms.call_log import UpstreamCall, upstream_calls
from platforms.http import Headers, HttpRequest, HttpResponse
from platforms.keepalive import KeepAliveTransport
from platforms.netsuite.platform import NetSuiteAccount, connect
from platforms.readers import Projection, ReadQuery
from platforms.registry import Connection
from platforms.writers import Line
from runtime.clock import SystemClock
from schema.roles import PlatformRole

TOKEN_BASED = ("account", "consumer_key", "consumer_secret", "token_key", "token_secret")


def connection(url: str, credentials: dict[str, str], timeout: float = 8.0, **options: Any) -> Connection:
    return Connection(
        name="netsuite",
        vendor="netsuite",
        url=url,
        roles=(PlatformRole.ERP,),
        peers={},
        credentials=credentials,
        options=options,
        timeout=timeout,
        slots=5,
    )


class Scripted:
    """A transport that remembers what was asked, reads its headers as an engine does, and answers in turn."""

    def __init__(self) -> None:
        self.answers: list[HttpResponse] = []
        self.requests: list[HttpRequest] = []
        self.authorizations: list[str] = []

    def says(self, body: object, status: int = 200) -> None:
        """The body as JSON, or as it is where it is bytes."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.answers.append(HttpResponse(status=status, headers=Headers([]), body=raw))

    def wrote(self, location: str | None) -> None:
        """The answer to a write: no body, and where the record is."""
        pairs = [] if location is None else [("Location", location)]
        self.answers.append(HttpResponse(status=204, headers=Headers(pairs), body=b""))

    def page(self, *items: object, total: int | None = None, more: bool = False) -> None:
        self.says({"items": items, "hasMore": more, "totalResults": len(items) if total is None else total})

    @property
    def body(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.requests[-1].body)
        return found

    async def send(self, request: HttpRequest, *, timeout: float) -> HttpResponse:  # noqa: ASYNC109 - the seam's word
        self.requests.append(request)
        self.authorizations.append(dict(request.headers.items())["Authorization"])
        return self.answers.pop(0)

    async def close(self) -> None:
        pass


class FixedClock:
    """It stands still but for `seconds`, the monotonic time."""

    seconds = 1000.0

    def now(self) -> datetime:
        return datetime(2026, 11, 20, 23, 30, tzinfo=UTC)

    def monotonic(self) -> float:
        return self.seconds


@pytest.fixture
def still() -> FixedClock:
    return FixedClock()


@pytest.fixture
def wire() -> Scripted:
    return Scripted()


@pytest.fixture
def scripted(wire: Scripted, still: FixedClock) -> Callable[..., NetSuiteAccount]:
    """`scripted(**options)` is an account at 23:30 UTC on 2026-11-20 whose answers the test writes."""

    def make(**options: Any) -> NetSuiteAccount:
        credentials = {name: f"the {name}" for name in TOKEN_BASED}
        return connect(
            connection("https://1234567-sb1.suitetalk.api.netsuite.com", credentials, **options), wire, still
        )

    return make


@pytest.fixture
async def joined(fresh_sandbox: dict[str, Any]) -> AsyncIterator[Callable[..., NetSuiteAccount]]:
    """`joined(*credential names, **options)` is the sandbox's account; token-based unless told otherwise.

    `timeout` is in seconds.
    """
    made: list[NetSuiteAccount] = []
    told = fresh_sandbox["platforms"]["netsuite"]

    def make(*names: str, **options: Any) -> NetSuiteAccount:
        changed = options.pop("credentials", {})
        credentials = {name: told["credentials"][name] for name in names or TOKEN_BASED} | changed
        made.append(connect(connection(told["url"], credentials, **options), KeepAliveTransport(), SystemClock()))
        return made[-1]

    yield make
    for account in made:
        await account.close()


@pytest.fixture
def account(joined: Callable[..., NetSuiteAccount]) -> NetSuiteAccount:
    return joined()


@pytest.fixture
def rows() -> Callable[..., Any]:
    """`await rows(account, type, paths, **query)`: a page's rows as values by path."""

    async def read(
        account: NetSuiteAccount, type_name: str, paths: tuple[str, ...], **query: Any
    ) -> list[dict[str, Any]]:
        facet = account.reader.facets[type_name, PlatformRole.ERP]
        projection: Projection = account.reader.project(facet, paths)
        page = await account.reader.read(projection, ReadQuery(**query))
        return [{path: projection.getter(path)(row) for path in ("id", *paths)} for row in page.rows]

    return read


@pytest.fixture
def calls() -> list[UpstreamCall]:
    found: list[UpstreamCall] = []
    upstream_calls.set(found)
    return found


@pytest.fixture
def control(fresh_sandbox: dict[str, Any]) -> Callable[..., Any]:
    """`control(method, path, body)`: the sandbox's control API."""

    def ask(method: str, path: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            fresh_sandbox["control"] + path, data, {"Content-Type": "application/json"}, method=method
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read() or b"null")

    return ask


ITEMS = {"service": "45", "milestone": "46"}
"""The sandbox's items."""


@pytest.fixture
def books(joined: Callable[..., NetSuiteAccount]) -> Any:
    """The writer of the sandbox's account, which knows what lines are billed as."""
    return joined(items=ITEMS).writer


@pytest.fixture
def write(books: Any) -> Callable[[str], Any]:
    """`write("Account")` is the writable of a type."""
    return lambda type_name: books.writables[type_name, PlatformRole.ERP]


@pytest.fixture
def firm(control: Callable[..., Any]) -> dict[str, str]:
    """Internal ids to refer to: a customer in pounds, a job, two subsidiaries."""
    customers = control("GET", "/records/netsuite/customer")["records"]
    subsidiaries = control("GET", "/records/netsuite/subsidiary")["records"]
    return {
        "customer": next(record["id"] for record in customers if record["currency"]["refName"] == "GBP"),
        "project": control("GET", "/records/netsuite/job")["records"][0]["id"],
        "legalEntity": subsidiaries[0]["id"],
        "otherEntity": subsidiaries[1]["id"],
    }


@pytest.fixture
def whole(firm: dict[str, str]) -> dict[str, dict[str, Any]]:
    """A value for every path that a new record can have, by type."""
    head = {
        "customer": firm["customer"], "project": firm["project"], "contract": "8005g00000ABCDE",
        "legalEntity": firm["legalEntity"], "currency": "GBP", "memo": "November",
    }  # fmt: skip
    first = Line(
        description="Consulting", amount=Decimal("4800.10"), quantity=Decimal(32), unit_price=Decimal("150.003125"),
        project=firm["project"],
    )  # fmt: skip
    second = Line(description="Go live", amount=Decimal("1200.00"), milestone="CM-17")
    return {
        "Account": {
            "billing.legalName": "Halden Søm AS", "billing.legalEntity": firm["legalEntity"],
            "website": "https://www.halden.example",
            "billing.taxId": "GB123456789", "billing.currency": "GBP", "billing.paymentTermsDays": 30,
            "billing.creditHold": True, "billing.billTo.lines": ("4 Quay St", "Floor 2"),
            "billing.billTo.city": "Bristol", "billing.billTo.region": "Avon", "billing.billTo.postalCode": "BS1 4AA",
            "billing.billTo.country": "GB",
        },
        "Project": {
            "name": "ERP rollout", "customer": firm["customer"], "legalEntity": firm["legalEntity"],
            "startDate": date(2026, 12, 1), "endDate": date(2027, 6, 30),
        },
        "BillingSchedule": {
            **head, "date": date(2026, 11, 20),
            "lines": (first, msgspec.structs.replace(second, bill_on=date(2027, 1, 31))),
        },
        "Invoice": {
            **head, "issueDate": date(2026, 11, 30), "dueDate": date(2026, 12, 30), "purchaseOrder": "PO 4471",
            "approved": True, "lines": (first, second),
        },
    }  # fmt: skip
