"""Tryton, the real one, for the contract suite."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from platforms.http import Headers, HttpResponse
from platforms.readers import Facet
from sandbox.tryton.database import NAME
from sandbox.tryton.platform import RunningTryton, start_tryton
from sandbox.tryton.rpc import TrytonClient
from sandbox.world import build_world

CREDENTIALS = ("database", "user", "password")
PAGE_ROWS = 16
OPTIONS: dict[str, Any] = {"records_limit": PAGE_ROWS + 1}
ROOMY: dict[str, Any] = {}
BESIDE = {"Account": 1, "Project": 1}  # open items, and a project's invoices
NO_SECRETS = ("database", "user")
UNTOLD = {
    # Tryton keeps no currency with a customer; nothing owed is told in the currency of the company that bills it.
    "Account": {"billing.currency", "billing.balance.currency", "billing.overdue.currency"},
    # Tryton tells what was billed whether or not anybody keeps the project's other figures.
    "Project": {"financials.billed.amount", "financials.billed.currency", "financials.paid.amount",
                "financials.paid.currency"},
}  # fmt: skip


def strangers(_type_name: str, count: int) -> list[str]:
    return [str(2_000_000_000 + number) for number in range(count)]


@contextmanager
def started() -> Iterator[SimpleNamespace]:
    """A Tryton beside the emulated CRM and PSA whose ids its links hold."""
    world = build_world(platforms=["salesforce", "kantata"], accounts=12, seed=7, as_of=date(2026, 11, 20))
    running = start_tryton(world.firm)
    try:
        world.platforms["tryton"] = running  # type: ignore[assignment]  # tells what it is known as like the others
        truth = _truth(world)

        def client() -> TrytonClient:
            return TrytonClient(running.url, running.credentials)  # a new session: tests end the others

        yield SimpleNamespace(
            url=running.url,
            credentials=running.credentials,
            truth=lambda facet: truth.rows("tryton", facet, frozenset(UNTOLD.get(facet.type, ()))),
            held=lambda facet: truth.held("tryton", facet) | _own_parties(client(), facet),
            rate_limited=HttpResponse(status=429, headers=Headers([("content-type", "text/html")]), body=_TOO_MANY),
            expire=lambda: _end_sessions(running),
            fields=lambda facet: set(client().call(f"model.{facet.entity}.fields_get")),
            client=client,
        )
    finally:
        running.stop()


_TOO_MANY = (
    b"<!doctype html>\n<html lang=en>\n<title>429 Too Many Requests</title>\n<h1>Too Many Requests</h1>\n"
    b"<p>This user has exceeded an allotted request count. Try again later.</p>\n"
)


def _truth(world: Any) -> Any:
    spec = spec_from_file_location("contract_truth_of_tryton", Path(__file__).parents[1] / "contract" / "truth.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Truth(world)


def _own_parties(client: TrytonClient, facet: Facet) -> set[str]:
    """To Tryton, the firm's own companies are parties like its customers."""
    if facet.type != "Account":
        return set()
    companies = client.call("model.company.company.search_read", [], 0, None, None, ["party"])
    return {str(company["party"]) for company in companies}


def _end_sessions(running: RunningTryton) -> None:
    database = sqlite3.connect(running.server.folder / f"{NAME}.sqlite", timeout=10)
    with database:
        database.execute("DELETE FROM ir_session")
    database.close()


def vanished(client: TrytonClient) -> tuple[str, str, str | None]:
    """A party that was made inactive: Tryton lists no deletions."""
    (party,) = client.call("model.party.party.create", [{"name": "Halden"}])
    client.call("model.party.party.write", [party], {"active": False})
    return "Account", str(party), None
