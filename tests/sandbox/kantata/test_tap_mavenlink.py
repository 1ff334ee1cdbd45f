"""The account as singer-io's `tap-mavenlink` reads it, over a real socket."""

import io
import json
import logging.config
from collections.abc import Iterator
from contextlib import redirect_stdout
from datetime import UTC, date, datetime
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest

from sandbox.serve import SandboxThread

STREAMS = (
    "workspaces",
    "workspace_groups",
    "stories",
    "time_entries",
    "expenses",
    "expense_categories",
    "users",
    "account_memberships",
    "assignments",
    "workspace_allocations",
    "custom_fields",
    "invoices",
)


@pytest.fixture(scope="module")
def served() -> Iterator[Any]:
    clock = datetime(2026, 11, 20, 12, tzinfo=UTC)
    thread = SandboxThread(platforms=["kantata"], accounts=160, as_of=date(2026, 11, 20), clock=lambda: clock)
    yield thread.start()
    thread.stop()


@pytest.fixture
def psa(served, monkeypatch) -> Any:
    """The platform's ready entry, with the tap pointed at it."""
    psa = served["platforms"]["kantata"]
    # singer sets up the logging of the whole process, at import and again at each count.
    monkeypatch.setattr(logging.config, "fileConfig", lambda *_, **__: None)
    base = import_module("tap_mavenlink.streams.base").BaseStream
    monkeypatch.setattr(base, "get_url", lambda stream: f"{psa['url']}/api/v1{stream.path}")  # its host is hard-wired
    return SimpleNamespace(url=psa["url"], token=psa["credentials"]["access_token"])


def client_of(token: str) -> Any:
    return import_module("tap_mavenlink.client").MavenlinkClient({"token": token})


def stream_of(name: str, token: str) -> Any:
    kind = getattr(import_module(f"tap_mavenlink.streams.{name}"), name.title().replace("_", "") + "Stream")
    catalog = import_module("singer.catalog").Catalog
    entry = catalog.from_dict({"streams": kind({}, {}, None, None).generate_catalog()}).streams[0]
    return kind({"token": token, "start_date": "2020-01-01T00:00:00Z"}, {}, entry, client_of(token))


def told(stream: Any) -> list[dict[str, Any]]:
    """The records that the tap writes, in the singer format, page after page."""
    out = io.StringIO()
    with redirect_stdout(out):
        stream.sync()
    messages = [json.loads(line) for line in out.getvalue().splitlines() if line.startswith("{")]
    return [message["record"] for message in messages if message["type"] == "RECORD"]


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_reads_every_record_once_over_all_its_pages(psa, name):
    stream = stream_of(name, psa.token)
    first = stream.client.make_request(stream.get_url(), "GET", params=stream.get_params())
    records = told(stream)
    assert len(records) == first["meta"]["count"]
    assert len({record["id"] for record in records}) == len(records)
    assert all(set(record) <= set(stream.get_schema()["properties"]) for record in records)
    assert bool(records) is (name not in {"assignments", "invoices"})
    if name in {"workspaces", "stories", "time_entries"}:
        assert first["meta"]["page_count"] > 1


def test_the_client_tells_a_refused_token(psa):
    stream = stream_of("users", "wrong")
    with pytest.raises(RuntimeError, match="Invalid OAuth 2 Request"):
        stream.client.make_request(stream.get_url(), "GET")


def test_the_client_creates_and_reads_back(psa):
    client = client_of(psa.token)
    url = f"{psa.url}/api/v1/workspaces.json"
    created = client.make_request(url, "POST", body={"workspace": {"title": "From the tap"}})
    workspace_id = created["results"][0]["id"]
    found = client.make_request(url, "GET", params={"only": workspace_id})
    assert found["workspaces"][workspace_id]["title"] == "From the tap"
    with pytest.raises(RuntimeError, match="can't be blank"):
        client.make_request(url, "POST", body={"workspace": {}})
