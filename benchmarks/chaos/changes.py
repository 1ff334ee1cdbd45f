"""Changes that the platforms' own users make, and what must be told of them: each once, in order per record."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.chaos.world import World
from schema.errors import LedgerUnavailable
from schema.ids import RecordKey, encode_id
from sync.ledger.database import DatabaseLedger
from sync.ledger.port_of_changes import change_kind

PAUSE_SECONDS = 0.25
PATIENCE_SECONDS = 300.0
PAGE = 500
STATUS_KEYS = {"PLANNED": 201, "ACTIVE": 301, "ON_HOLD": 401, "CANCELLED": 501, "COMPLETED": 601}
"""Of the sandbox's Kantata account."""
_RUNNING = ("PLANNED", "ACTIVE", "ON_HOLD")


@dataclass(frozen=True, slots=True)
class Change:
    """`path` of a record goes from one value to another, by what somebody does on its platform."""

    record: str
    """Its global id."""
    type: str
    path: str
    before: str | None
    after: str
    request: tuple[str, str, Mapping[str, Any]]
    """Method, path and body of the sandbox's control API."""


@dataclass
class Told:
    """What the ledger's events say, by type, record and path: the values that each change began and ended with."""

    ledger: DatabaseLedger
    of: dict[tuple[str, str, str], list[tuple[Any, Any]]] = field(default_factory=lambda: defaultdict(list))
    echoes: int = 0
    _position: int = 0

    async def follow(self) -> None:
        """Until it is cancelled."""
        kinds = [change_kind(name) for name in ("Project", "Invoice", "Account")]
        while True:
            try:
                found = await self.ledger.events(after=self._position, kinds=kinds, most=PAGE)
            except LedgerUnavailable:
                found = ()
            for event in found:
                self._position = event.cursor
                for path, (before, after) in event.payload["changes"].items():
                    self.of[event.payload["type"], event.subject, path].append((before, after))
            if len(found) < PAGE:
                await asyncio.sleep(PAUSE_SECONDS)

    async def until(self, change: Change, *, number: int) -> None:
        """Returns once that many changes of the record are told; TimeoutError where they never are."""
        told = self.of[change.type, change.record, change.path]
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(told) < number:  # noqa: ASYNC110 - others write there
                await asyncio.sleep(PAUSE_SECONDS)


def rows_of_changes(world: World, dice: random.Random, *, many: int) -> list[list[Change]]:
    """About `many` changes on three platforms, in a row for each record."""
    projects = list(_of_projects(world, dice))
    invoices = list(_of_invoices(world))
    accounts = list(_of_accounts(world, dice))
    for each in (projects, invoices, accounts):
        dice.shuffle(each)
    rows = [row for three in zip(projects, invoices, accounts, strict=False) for row in three]
    rest = [*projects, *invoices, *accounts]
    rows += [row for row in rest if row not in rows]
    chosen: list[list[Change]] = []
    for row in rows:
        if sum(map(len, chosen)) >= many:
            break
        chosen.append(row)
    return chosen


def made(world: World, change: Change) -> None:
    world.send(*change.request)


def _of_projects(world: World, dice: random.Random) -> Iterator[list[Change]]:
    names = {key: status for status, key in STATUS_KEYS.items()}
    for project in world.records("kantata", "workspaces"):
        status = names.get(project["status"]["key"])
        if status not in _RUNNING:
            continue
        row: list[Change] = []
        for _ in range(4):
            after = dice.choice([each for each in _RUNNING if each != status])
            request = ("PATCH", f"/records/kantata/workspaces/{project['id']}", {"status": {"key": STATUS_KEYS[after]}})
            record = encode_id(RecordKey("Project", "kantata", str(project["id"])))
            row.append(Change(record, "Project", "status", status, after, request))
            status = after
        yield row


def _of_invoices(world: World) -> Iterator[list[Change]]:
    known = {record["records"]["netsuite"]["id"]: record["status"] for record in world.firm("Invoice")["Invoice"]}
    for invoice in world.records("netsuite", "invoice"):
        left = float(invoice["amountRemaining"])
        before = known.get(invoice["id"])
        if invoice["status"]["id"] != "A" or not left or before is None:
            continue
        line = {"doc": {"id": invoice["id"]}, "apply": True, "amount": left}
        payment = {"customer": {"id": invoice["entity"]["id"]}, "payment": left, "apply": {"items": [line]}}
        record = encode_id(RecordKey("Invoice", "netsuite", invoice["id"]))
        yield [
            Change(record, "Invoice", "status", before, "PAID", ("POST", "/records/netsuite/customerPayment", payment))
        ]


def _of_accounts(world: World, dice: random.Random) -> Iterator[list[Change]]:
    industries = ("Banking", "Energy", "Retail", "Technology", "Utilities")
    for account in world.records("salesforce", "Account"):
        before = account["Industry"]
        row: list[Change] = []
        for _ in range(2):
            after = dice.choice([each for each in industries if each != before])
            request = ("PATCH", f"/records/salesforce/Account/{account['Id']}", {"Industry": after})
            record = encode_id(RecordKey("Account", "salesforce", account["Id"]))
            row.append(Change(record, "Account", "industry", before, after, request))
            before = after
        yield row


def held_against(row: Sequence[Change], heard: Sequence[tuple[Any, Any]]) -> tuple[int, int, int]:
    """(missed, repeated, out of order) of one record's changes, by what somebody heard of that record."""
    wanted = [(change.before, change.after) for change in row]
    missed = sum(max(0, wanted.count(each) - heard.count(each)) for each in set(wanted))
    repeated = sum(max(0, heard.count(each) - wanted.count(each)) for each in {*heard})
    disordered = 0 if missed or repeated else int(list(heard) != wanted)
    return missed, repeated, disordered
