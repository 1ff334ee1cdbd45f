"""A platform small enough to see through, to try the sandbox's own machinery with real clients over real sockets."""

import asyncio
import json
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from types import ModuleType
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from sandbox.firm.model import Firm
from sandbox.platform import Clock, EmulatedPlatform, KnownAs, RefusedChange
from sandbox.serve import SandboxThread
from sandbox.store import Record, Table

AS_OF = date(2026, 11, 20)


class Notebook(EmulatedPlatform):
    """Holds a note for each client of the firm; every third is not linked."""

    vendor = "notebook"
    role = "CRM"

    def __init__(self, firm: Firm, name: str, clock: Clock, *, pages: int, shout: bool, only: tuple[str, ...]) -> None:
        self.name = name
        self.credentials = {"access_token": f"{name}-token"}
        self.options = {"pages": pages, "shout": shout, "only": only}
        self._firm = firm
        self._clock = clock
        self.tables: dict[str, Table] = {}
        self.reset()
        self.app = Starlette(
            routes=[
                Route("/notes", self._notes, methods=["GET", "POST"]),
                Route("/notes/{id:int}", self._note),
                Mount("/v1", routes=[Route("/big/{size}.json", self._big)]),
            ]
        )

    async def _notes(self, request: Request) -> Response:
        if request.method == "POST":
            return JSONResponse(self.create("Note", await request.json()), 201)
        return JSONResponse(list(self.tables["Note"]))

    async def _note(self, request: Request) -> Response:
        return JSONResponse(self.show("Note", str(request.path_params["id"])))

    async def _big(self, request: Request) -> Response:
        return JSONResponse({"text": "x" * int(request.path_params["size"])}, headers={"X-Quota": "9"})

    def known_as(self) -> Mapping[tuple[str, str], KnownAs]:
        return {
            ("Account", client.key): KnownAs("Note", str(at), linked=at % 3 != 0)
            for at, client in enumerate(self._firm.clients, start=1)
        }

    def create(self, entity: str, fields: Record) -> Record:
        if not fields.get("text"):
            raise RefusedChange("Required fields are missing: [text]")
        record_id = str(len(self.tables[entity]) + 1)
        return self.tables[entity].insert({"id": record_id, "stamp": self._clock().isoformat(), **fields})

    def change(self, entity: str, record_id: str, fields: Record) -> Record:
        if "id" in fields:
            raise RefusedChange("id can't be changed")
        return self.tables[entity].update(record_id, fields)

    def remove(self, entity: str, record_id: str) -> None:
        self.tables[entity].delete(record_id)

    def show(self, entity: str, record_id: str) -> dict[str, Any] | None:
        return self.tables[entity].get(record_id)

    def reset(self) -> None:
        self.tables["Note"] = Table("Note")
        for client in self._firm.clients:
            self.create("Note", {"text": client.crm_name, "done": False})


def build(
    firm: Firm,
    *,
    name: str = "notebook",
    clock: Clock,
    pages: int = 3,
    shout: bool = False,
    only: tuple[str, ...] | None = None,
) -> Notebook:
    return Notebook(firm, name, clock, pages=pages, shout=shout, only=only or ())


@pytest.fixture(scope="session")
def notebook_vendor() -> Iterator[str]:
    """Makes the vendor known as a folder `sandbox/notebook` would."""
    package = ModuleType("sandbox.notebook")
    package.build = build  # type: ignore[attr-defined]
    sys.modules["sandbox.notebook"] = package
    yield "notebook"
    del sys.modules["sandbox.notebook"]


@dataclass(frozen=True)
class Heard:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Bench:
    """A running sandbox with two notebooks, and a plain client for it."""

    ready: Mapping[str, Any]

    def url(self, path: str, platform: str = "notebook") -> str:
        return self.ready["platforms"][platform]["url"] + path

    def ask(self, method: str, url: str, body: Any = None) -> Heard:
        """One request on a connection of its own."""
        content = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(url, content, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return Heard(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as refused:
            with refused:
                return Heard(refused.code, refused.headers, refused.read())

    def control(self, method: str, path: str, body: Any = None) -> Heard:
        return self.ask(method, self.ready["control"] + path, body)

    def break_it(self, kind: str, **how: Any) -> str:
        heard = self.control("POST", "/faults", {"platform": "notebook", "kind": kind, **how})
        assert heard.status == 201, heard.body
        return heard.json["id"]

    async def bytes_of(self, head: str, body: bytes = b"", platform: str = "notebook") -> tuple[bytes, bool]:
        """All that a raw connection gives back after `head` and `body`, and whether it ended with a reset."""
        host, port = self.ready["platforms"][platform]["url"].removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(f"{head} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        got = b""
        try:
            while chunk := await asyncio.wait_for(reader.read(65_536), 10):
                got += chunk
        except ConnectionResetError:
            return got, True
        finally:
            writer.close()
        return got, False


@pytest.fixture(scope="session")
def _running_bench(notebook_vendor: str) -> Iterator[Bench]:
    thread = SandboxThread(
        platforms=[notebook_vendor, "second=notebook:pages=5,shout=yes,only=le-uk+le-de"],
        accounts=12,
        as_of=AS_OF,
        clock=lambda: datetime(2026, 11, 20, 12, tzinfo=UTC),
    )
    yield Bench(thread.start())
    thread.stop()


@pytest.fixture
def bench(_running_bench: Bench) -> Iterator[Bench]:
    """The running sandbox, as new."""
    yield _running_bench
    assert _running_bench.control("POST", "/reset").status == 200


@pytest.fixture(scope="session")
def build_notebook() -> Callable[..., Notebook]:
    return build
