"""One small firm in an emulated account, its API in process, signed by a client library of others."""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx2
import pytest
from oauthlib.oauth1 import SIGNATURE_HMAC_SHA256, Client

from sandbox.firm.generate import generate
from sandbox.firm.model import Firm
from sandbox.netsuite import NetSuite, build
from sandbox.serve import SandboxThread

AS_OF = date(2026, 11, 20)
RECORD = "/services/rest/record/v1"
SUITEQL = "/services/rest/query/v1/suiteql"
HOST = "https://1234567-sb1.suitetalk.api.netsuite.com"


@dataclass
class Hands:
    """A clock that tests move by hand."""

    now: datetime = datetime(2026, 11, 20, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **span: float) -> None:
        self.now += timedelta(**span)


@dataclass
class Api:
    """The account's REST API as one integration calls it."""

    account: NetSuite
    client: httpx2.AsyncClient

    def signed(self, method: str, url: str, **how: Any) -> str:
        """The Authorization header as oauthlib makes it; `how` overrides credentials, timestamp or nonce."""
        keys = self.account.credentials
        settings = {
            "client_key": keys["consumer_key"],
            "client_secret": keys["consumer_secret"],
            "resource_owner_key": keys["token_key"],
            "resource_owner_secret": keys["token_secret"],
            "realm": keys["account"],
            "signature_method": SIGNATURE_HMAC_SHA256,
            "timestamp": str(int(self.account.signatures._wall().timestamp())),
        } | how
        return Client(**settings).sign(url, method)[1]["Authorization"]

    async def send(self, method: str, path: str, body: Any = None, **request: Any) -> httpx2.Response:
        headers = request.pop("headers", {})
        built = self.client.build_request(
            method, path, headers=headers, content=None if body is None else json.dumps(body, default=str), **request
        )
        built.headers.setdefault("Content-Type", "application/json")
        if "Authorization" not in built.headers:
            built.headers["Authorization"] = self.signed(method, str(built.url))
        return await self.client.send(built)

    async def get(self, path: str, **params: Any) -> Any:
        answer = await self.send("GET", RECORD + path, params=params)
        assert answer.status_code == 200, answer.text
        return json.loads(answer.text, parse_float=Decimal)

    async def made(self, method: str, path: str, body: Any) -> str:
        """Writes and returns the id in Location."""
        answer = await self.send(method, path, body)
        assert answer.status_code == 204, answer.text
        assert answer.content == b""
        return answer.headers["location"].rpartition("/")[2]

    async def refused(self, method: str, path: str, body: Any = None, **request: Any) -> dict[str, Any]:
        """The status and the first error detail of an answer that must be an error."""
        answer = await self.send(method, path, body, **request)
        assert answer.status_code >= 400, answer.text
        error = answer.json()
        assert error["status"] == answer.status_code
        assert answer.headers["content-type"] == "application/vnd.oracle.resource+json; type=error"
        return {"status": answer.status_code} | error["o:errorDetails"][0]

    async def page(self, q: str, params: list[Any] | None = None, **paging: Any) -> dict[str, Any]:
        body = {"q": q} if params is None else {"q": q, "params": params}
        answer = await self.send("POST", SUITEQL, body, headers={"Prefer": "transient"}, params=paging)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def query(self, q: str, *params: Any) -> list[dict[str, Any]]:
        """All rows, without their links."""
        found = await self.page(q, list(params))
        assert found["hasMore"] is False
        assert all(item.pop("links") == [] for item in found["items"])
        return found["items"]

    async def query_refused(self, q: str, *params: Any) -> str:
        body = {"q": q, "params": list(params)}
        error = await self.refused("POST", SUITEQL, body, headers={"Prefer": "transient"})
        assert (error["status"], error["o:errorCode"], error["o:errorQueryParam"]) == (400, "INVALID_PARAMETER", "q")
        opening = "Invalid search query. Detailed unprocessed description follows. Search error occurred: "
        assert error["detail"].startswith(opening)
        return error["detail"].removeprefix(opening)


@pytest.fixture(scope="session")
def firm() -> Firm:
    return generate(seed=7, accounts=40, as_of=AS_OF)


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
def wall() -> Hands:
    """The callers' clock, which logins are checked against."""
    return Hands(datetime(2027, 1, 1, tzinfo=UTC))


@pytest.fixture
def account(firm: Firm, clock: Hands, wall: Hands) -> NetSuite:
    return build(firm, clock=clock, wall=wall)


@pytest.fixture
def api_of() -> Callable[[NetSuite], Api]:
    """The API of an account with options of its own; the transport needs no closing."""
    return lambda account: Api(account, _in_process(account))


@pytest.fixture
async def api(account: NetSuite) -> AsyncIterator[Api]:
    async with _in_process(account) as client:
        yield Api(account, client)


def _in_process(account: NetSuite) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=account.app), base_url=HOST)


@pytest.fixture(scope="session")
def loopback() -> Iterator[dict[str, Any]]:
    """Two accounts on loopback ports; the second takes its time over each request and holds two legal entities."""
    second = "emea=netsuite:legal_entities=le-uk+le-de,concurrency=2,work_ms=40"
    thread = SandboxThread(platforms=["netsuite", second], accounts=40, as_of=AS_OF)
    yield thread.start()
    thread.stop()
