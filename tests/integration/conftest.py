"""A whole gateway over the sandbox: application, engine, connectors, asked over HTTP in the same process."""

import json
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import date
from typing import Any

import httpx2
import pytest

from gateway.app import build_app
from gateway.cli.key_entries import ROLES
from gateway.keys import KeyRing, new_key
from resolvers.assembly import build_engine
from runtime.clock import Clock
from runtime.settings import Settings
from sandbox.serve import SandboxThread


class Control:
    """The sandbox's control API."""

    def __init__(self, url: str) -> None:
        self.url = url

    def request(self, method: str, path: str, body: Any = None) -> Any:
        sent = urllib.request.Request(
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(sent, timeout=30) as answer:
            return json.loads(answer.read() or b"null")

    def calls(self) -> dict[str, int]:
        """Calls per platform since the last look, sign-ins left out."""
        platforms = self.request("GET", "/calls")["platforms"]
        self.request("DELETE", "/calls")
        return {
            name: sum(n for route, n in found["routes"].items() if "token" not in route)
            for name, found in platforms.items()
        }

    def fault(self, **fault: Any) -> None:
        self.request("POST", "/faults", fault)

    def firm(self) -> dict[str, Any]:
        found: dict[str, Any] = self.request("GET", "/firm")
        return found


@dataclass
class Gateway:
    """Asks a running gateway as a portal would."""

    client: httpx2.AsyncClient
    keys: dict[str, str]
    control: Control

    async def ask(self, query: str, *, role: str = "admin", plan: bool = False, **variables: Any) -> dict[str, Any]:
        headers = {"X-API-Key": self.keys[role]} | ({"X-Crosswalk-Plan": "1"} if plan else {})
        answer = await self.client.post("/graphql", json={"query": query, "variables": variables}, headers=headers)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def data(self, query: str, **options: Any) -> dict[str, Any]:
        answer = await self.ask(query, **options)
        assert "errors" not in answer, answer["errors"]
        found: dict[str, Any] = answer["data"]
        return found


def settings_of(ready: dict[str, Any], **changes: Any) -> Settings:
    """Settings for every platform of a ready document, in the role that it has there."""
    roles: dict[str, list[str]] = {}
    platforms = {}
    for name, found in ready["platforms"].items():
        roles.setdefault(found["role"], []).append(name)
        platforms[name] = {
            "vendor": found["vendor"],
            "url": found["url"],
            "credentials": found["credentials"],
            "options": found.get("options", {}),
            # a real platform takes its time
            "timeout_seconds": found.get("timeout_seconds", 10.0 if found["vendor"] == "tryton" else 2.0),
        }
    return Settings.model_validate({"platforms": platforms, "roles": roles} | changes)


@pytest.fixture
async def gateway_of() -> AsyncIterator[Callable[..., Any]]:
    """Starts a gateway over a sandbox's ready document; stopped after the test."""
    async with AsyncExitStack() as stack:

        async def start(
            ready: dict[str, Any], *, clock: Clock | None = None, desk: Any = None, **changes: Any
        ) -> Gateway:
            minted = {role: new_key(name=role, role=role) for role in ROLES}
            engine = build_engine(settings_of(ready, **changes), clock=clock, desk=desk)
            app = build_app(engine, keys=KeyRing([key for _, key in minted.values()]))
            await stack.enter_async_context(app.router.lifespan_context(app))
            transport = httpx2.ASGITransport(app=app)
            client = await stack.enter_async_context(httpx2.AsyncClient(transport=transport, base_url="http://gateway"))
            return Gateway(client, {role: text for role, (text, _) in minted.items()}, Control(ready["control"]))

        yield start


@pytest.fixture(scope="session")
def tryton_sandbox() -> Iterator[dict[str, Any]]:
    """The ready document of a sandbox whose ERP is a real Tryton, installed and filled by the first who asks."""
    yield from _running(["salesforce", "kantata", "tryton"])


@pytest.fixture(scope="session")
def two_erps() -> Iterator[dict[str, Any]]:
    """The ready document of a sandbox with NetSuite for three legal entities and a real Tryton for the others."""
    netsuite = "netsuite:legal_entities=le-uk+le-us+le-ch"
    yield from _running(["salesforce", "kantata", netsuite, "tryton:legal_entities=le-de+le-nl+le-se"])


def _running(platforms: list[str]) -> Iterator[dict[str, Any]]:
    thread = SandboxThread(platforms=platforms, accounts=40, seed=7, as_of=date(2026, 11, 20))
    yield thread.start()
    thread.stop()


@pytest.fixture
async def gateway(sandbox: dict[str, Any], gateway_of: Callable[..., Any]) -> Gateway:
    """A gateway over the shared sandbox; for tests that change nothing there."""
    found: Gateway = await gateway_of(sandbox)
    return found


@pytest.fixture
async def fresh_gateway(fresh_sandbox: dict[str, Any], gateway_of: Callable[..., Any]) -> Gateway:
    """A gateway over the shared sandbox; for tests that order faults, count calls or change records."""
    found: Gateway = await gateway_of(fresh_sandbox)
    return found
