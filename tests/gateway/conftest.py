"""A gateway over a small engine of its own: the edge is tested without a planner and without a platform."""

import asyncio
import gc
import io
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2 as httpx
import pytest
import uvicorn
from graphql import GraphQLError, build_schema, execute
from starlette.applications import Starlette

from gateway.app import build_app
from gateway.keys import ApiKey, KeyRing, new_key
from gateway.log import operation_log
from gateway.options import EdgeOptions
from gateway.server import server_config
from resolvers.engine_port import Answer, Operation, RequestError
from runtime.correlation import correlation_id

SDL = """
enum Colour { RED GREEN }
type Query {
  hello: String
  echo(text: String, number: Int, colour: Colour, amounts: [Decimal!]): String
  broken: String
  slow: String
  accounts(first: Int = 50, after: String): AccountConnection
  nodes(ids: [ID!]!): [Account]!
  node(id: ID!): Account
}
type Mutation { rename(name: String!): String }
type Subscription { renamed: String }
scalar Decimal
type AccountConnection { nodes: [Account!]! totalCount: Int }
type Account {
  id: ID!
  name: String
  parent: Account
  accounts(first: Int = 50): AccountConnection
  invoices(first: Int = 50): InvoiceConnection
}
type InvoiceConnection { nodes: [Invoice!]! }
type Invoice { id: ID! lines(first: Int = 100): InvoiceLineConnection }
type InvoiceLineConnection { nodes: [InvoiceLine!]! }
type InvoiceLine { number: Int! }
"""


@dataclass
class SmallEngine:
    """Answers through graphql-core; `pause` holds every operation back until it is set."""

    schema: Any = field(default_factory=lambda: build_schema(SDL))
    cache_control: str | None = None
    error: Exception | None = None
    pause: asyncio.Event | None = None
    operations: list[Operation] = field(default_factory=list)
    correlations: list[str] = field(default_factory=list)
    running: bool = False
    entered: asyncio.Event = field(default_factory=asyncio.Event)
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)
    feeds: list[asyncio.Queue[Any]] = field(default_factory=list)
    """Of the subscriptions that go on: what is put in is told, the items of a list at once; None ends one, an error
    breaks it."""

    async def execute(self, operation: Operation) -> Answer:
        self.operations.append(operation)
        self.correlations.append(correlation_id.get())
        self.entered.set()
        if self.error is not None:
            raise self.error
        if self.pause is not None:
            try:
                await self.pause.wait()
            except asyncio.CancelledError:
                self.cancelled.set()
                raise
        return self._answer(operation)

    async def subscribe(self, operation: Operation) -> AsyncGenerator[Sequence[Answer], None]:
        self.operations.append(operation)
        self.correlations.append(correlation_id.get())
        if self.error is not None:
            raise self.error
        feed: asyncio.Queue[Any] = asyncio.Queue()
        self.feeds.append(feed)
        self.entered.set()
        return self._told(feed)

    async def _told(self, feed: asyncio.Queue[Any]) -> AsyncGenerator[Sequence[Answer], None]:
        try:
            while (told := await feed.get()) is not None:
                if isinstance(told, Exception):
                    raise told
                names = told if isinstance(told, list) else [told]
                bodies = (json.dumps({"data": {"renamed": name}}, separators=(",", ":")) for name in names)
                yield [Answer(body=body.encode()) for body in bodies]
        finally:
            self.feeds.remove(feed)

    def _answer(self, operation: Operation) -> Answer:
        root = {
            "hello": "world",
            "echo": lambda _info, **given: json.dumps(given, default=str),
            "broken": _broken,
            "rename": lambda _info, name: name,
        }
        result = execute(self.schema, operation.document, root, None, dict(operation.variables or {}), operation.name)
        if result.data is None and any(error.path is None for error in result.errors or ()):
            raise RequestError(list(result.errors or ()))
        body: dict[str, Any] = {"data": result.data}
        if result.errors:
            body = {"errors": [error.formatted for error in result.errors]} | body
        if operation.explain:
            body["extensions"] = {"plan": []}
        return Answer(body=json.dumps(body, separators=(",", ":")).encode(), cache_control=self.cache_control)

    async def started(self) -> None:
        self.running = True

    async def close(self) -> None:
        self.running = False

    async def ready(self) -> Mapping[str, str]:
        return {"crm-one": "HEALTHY", "erp-one": "DOWN"}


def _broken(_info: Any) -> str:
    raise GraphQLError("crm-one is down", extensions={"code": "UPSTREAM_UNAVAILABLE", "platform": "crm-one"})


@dataclass
class Gateway:
    """One application, its keys, and what it logged."""

    app: Starlette
    engine: SmallEngine
    key: str
    portal_key: str
    log: io.StringIO
    options: EdgeOptions
    keys: KeyRing
    stored: dict[str, ApiKey]
    """What is stored of the keys, by role."""
    server: uvicorn.Server | None = None
    """While it listens."""

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.getvalue().splitlines()]

    @asynccontextmanager
    async def client(self, key: str | None = "") -> AsyncIterator[httpx.AsyncClient]:
        """Speaks to the application without a socket; `key` None sends none."""
        headers = {} if key is None else {"x-api-key": key or self.key}
        transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=False)
        async with (
            self.app.router.lifespan_context(self.app),
            httpx.AsyncClient(transport=transport, base_url="http://gateway", headers=headers) as client,
        ):
            yield client

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[int]:
        """The port of a real server."""
        server = self.server = uvicorn.Server(server_config(self.app, options=self.options))
        serving = asyncio.create_task(server.serve())
        while not server.started:
            assert not serving.done()
            await asyncio.sleep(0.001)
        try:
            yield server.servers[0].sockets[0].getsockname()[1]
        finally:
            server.should_exit = True
            await serving


@pytest.fixture
def make_gateway() -> Callable[..., Gateway]:
    def make(engine: SmallEngine | None = None, **options: Any) -> Gateway:
        engine = engine or SmallEngine()
        admin, stored_admin = new_key(name="ada", role="admin")
        portal, stored_portal = new_key(name="the portal", role="portal")
        stored: dict[str, ApiKey] = {"admin": stored_admin, "portal": stored_portal}
        keys = KeyRing(stored.values())
        log = io.StringIO()
        edge = EdgeOptions(**options)
        app = build_app(engine, keys=keys, options=edge, log=operation_log(log))
        return Gateway(app, engine, admin, portal, log, edge, keys, stored)

    return make


@pytest.fixture
def gateway(make_gateway: Callable[..., Gateway]) -> Gateway:
    return make_gateway()


@pytest.fixture
def make_engine() -> Callable[..., SmallEngine]:
    return SmallEngine


@pytest.fixture
async def client(gateway: Gateway) -> AsyncIterator[httpx.AsyncClient]:
    async with gateway.client() as client:
        yield client


@pytest.fixture
def own_garbage() -> Iterator[None]:
    """For tests that measure time: the collector looks at what they make, and not at all that the suite made before."""
    gc.freeze()
    yield
    gc.unfreeze()
