"""One small firm in an emulated org, its API in process, and the same org on a loopback port."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx2
import pytest

from sandbox.firm.generate import generate
from sandbox.firm.model import Firm
from sandbox.salesforce import SalesforcePlatform, build
from sandbox.serve import serving
from sandbox.world import World

DATA = "/services/data/v62.0"
AS_OF = date(2026, 11, 20)


@dataclass
class Hands:
    """A clock that tests move by hand."""

    now: datetime = datetime(2026, 11, 20, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **span: float) -> None:
        self.now += timedelta(**span)


@pytest.fixture(scope="session")
def firm() -> Firm:
    return generate(seed=7, accounts=40, as_of=AS_OF)


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture(scope="session")
def new_clock() -> type[Hands]:
    return Hands


@pytest.fixture
def org(firm: Firm, clock: Hands) -> SalesforcePlatform:
    return build(firm, clock=clock)


@dataclass
class Api:
    """The org's REST API with a session, answering (status, body)."""

    platform: SalesforcePlatform
    client: httpx2.AsyncClient
    headers: dict[str, str] = field(default_factory=dict)

    async def login(self) -> "Api":
        self.headers["Authorization"] = f"Bearer {self.platform.instance.sessions.issue()}"
        return self

    async def send(self, method: str, path: str, **request: Any) -> httpx2.Response:
        headers = {**self.headers, **request.pop("headers", {})}
        url = path if path.startswith("/services") else DATA + path
        return await self.client.request(method, url, headers=headers, **request)

    async def query(self, soql: str) -> list[dict[str, Any]]:
        answer = await self.send("GET", "/query", params={"q": soql})
        assert answer.status_code == 200, answer.text
        assert answer.json()["done"] is True
        return answer.json()["records"]

    async def refused(self, soql: str) -> str:
        """The error code of a query that must be refused."""
        answer = await self.send("GET", "/query", params={"q": soql})
        assert answer.status_code == 400, answer.text
        return answer.json()[0]["errorCode"]


@pytest.fixture
async def api(org: SalesforcePlatform) -> AsyncIterator[Api]:
    async with in_process(org) as client:
        yield await Api(org, client).login()


@pytest.fixture
def api_of() -> Callable[[SalesforcePlatform], Api]:
    """An API for an org with options of its own; the transport needs no closing."""
    return lambda platform: Api(platform, in_process(platform))


def in_process(platform: SalesforcePlatform) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=platform.app), base_url="https://acme.my.salesforce.com"
    )


@pytest.fixture(scope="session")
def on_loopback() -> Callable[[SalesforcePlatform], Any]:
    """A context in which an org answers on a loopback port: `http://127.0.0.1:…`."""

    @contextmanager
    def served(platform: SalesforcePlatform) -> Iterator[str]:
        started, stop = threading.Event(), threading.Event()
        urls: list[str] = []

        async def serve() -> None:
            world = World(platform._firm, [platform], platform.stamps)
            async with serving(world) as ready:
                urls.append(ready["platforms"][platform.name]["url"])
                started.set()
                await asyncio.to_thread(stop.wait)

        thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
        thread.start()
        assert started.wait(10)
        try:
            yield urls[0]
        finally:
            stop.set()
            thread.join(10)

    return served
