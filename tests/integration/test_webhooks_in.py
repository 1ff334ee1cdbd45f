"""From a change inside a platform to the event that tells it, by webhook alone: nothing is polled for here."""

import asyncio
import json
import subprocess
import sys
import time
import urllib.request
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import msgspec
import psycopg
import pytest
import yaml
from standardwebhooks import Webhook

from gateway.cli.demo_settings import write_settings
from gateway.cli.demo_webhooks import new_secrets
from gateway.cli.ports import listen, url_of
from gateway.cli.wiring import running_gateway
from runtime.clock import SystemClock
from runtime.settings import Settings, read_settings
from sync.ledger.database import open_ledger
from sync.ledger.migrating import migrate
from sync.ledger.port import Ledger
from sync.ledger.port_of_changes import RecordChange, change_kind
from sync.noticing.tracked import FOLLOWED

PATIENCE = 30.0
KINDS = [change_kind(name) for name in FOLLOWED]


@dataclass
class Installation:
    """A sandbox, and the settings of a gateway over it that takes its webhooks."""

    sandbox: dict[str, Any]
    path: Path
    secrets: dict[str, str]
    port: int = 0
    ledger: Ledger = field(init=False)

    @property
    def settings(self) -> Settings:
        return read_settings(self.path, environ={})

    def control(self, method: str, path: str, body: Any = None) -> Any:
        content = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self.sandbox["control"] + path, content, {"Content-Type": "application/json"}, method=method
        )
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return json.loads(answer.read() or b"null")

    def subscribe(self, platform: str, **how: Any) -> None:
        url = f"http://127.0.0.1:{self.port}/webhooks/{platform}"
        self.control("POST", "/webhooks", {"platform": platform, "url": url, "secret": self.secrets[platform], **how})

    def accounts(self, count: int) -> list[str]:
        found = self.control("GET", f"/records/salesforce/Account?limit={count}")["records"]
        return [record["Id"] for record in found]

    async def rename(self, key: str, name: str) -> None:
        await asyncio.to_thread(self.control, "PATCH", f"/records/salesforce/Account/{key}", {"Name": name})

    async def send(self, body: bytes, *, at: datetime | None = None, event_id: str = "", **headers: str) -> int:
        """A message of our own; the status that answers it."""
        at, event_id = at or datetime.now(UTC), event_id or uuid4().hex
        signed = {
            "content-type": "application/json",
            "webhook-id": event_id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": Webhook(self.secrets["salesforce"]).sign(event_id, at, body.decode()),
        }
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", timeout=PATIENCE) as client:
            return (await client.post("/webhooks/salesforce", content=body, headers=signed | headers)).status_code

    async def events(self) -> list[RecordChange]:
        found = await self.ledger.events(after=0, kinds=KINDS, most=1_000)
        return [msgspec.convert(event.payload, RecordChange) for event in found]

    async def told(self, wanted: Any, *, seconds: float = PATIENCE) -> list[RecordChange]:
        """The events once they are as wanted."""
        until = time.monotonic() + seconds
        while True:
            found = await self.events()
            if wanted(found):
                return found
            assert time.monotonic() < until, found
            await asyncio.sleep(0.01)

    async def settled(self) -> dict[str, int]:
        """The sandbox's counts once it has nothing left to send, and the gateway nothing left to work on."""
        until = time.monotonic() + PATIENCE
        while True:
            [webhook] = await asyncio.to_thread(lambda: self.control("GET", "/webhooks")["webhooks"])
            if not webhook["counts"]["pending"] and not await self.ledger.inbox.oldest():
                counts: dict[str, int] = webhook["counts"]
                return counts
            assert time.monotonic() < until, webhook
            await asyncio.sleep(0.02)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The gateway, always on the same port, and a worker where jobs go over Redis."""
        settings = self.settings
        async with AsyncExitStack() as stack:
            if settings.broker.url is not None:
                command = [sys.executable, "-m", "gateway", "worker", "--supervised", "--config", str(self.path)]
                worker = await asyncio.create_subprocess_exec(*command, stdin=subprocess.PIPE, cwd=self.path.parent)
                stack.push_async_callback(worker.wait)
                stack.callback(worker.terminate)
            listener = listen("127.0.0.1", self.port)
            stack.callback(listener.close)
            self.port = int(url_of(listener).rpartition(":")[2])
            await stack.enter_async_context(running_gateway(settings, listener))
            self.ledger = open_ledger(settings.ledger.url.get_secret_value(), clock=SystemClock())
            stack.push_async_callback(self.ledger.close)
            yield


@pytest.fixture
def installation(fresh_sandbox: dict[str, Any], tmp_path: Path) -> Installation:
    folder = tmp_path / "installation"
    folder.mkdir(mode=0o700)
    secrets = new_secrets(fresh_sandbox["control"])
    return Installation(
        fresh_sandbox, write_settings(folder, fresh_sandbox["platforms"], [], webhooks=secrets), secrets
    )


@pytest.fixture
async def in_production(installation: Installation, postgres_url: str, redis_url: str) -> Installation:
    """The same with PostgreSQL, Valkey and a worker of its own."""
    name = f"webhooks_{uuid4().hex}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"create database {name}")
    url = f"{postgres_url.rpartition('/')[0]}/{name}"
    await migrate(url)
    settings = yaml.safe_load(installation.path.read_text())
    settings |= {"ledger": {"url": url}, "broker": {"url": redis_url}}
    installation.path.write_text(yaml.safe_dump(settings))
    return installation


async def test_a_change_is_an_event_in_well_under_two_seconds(installation):
    async with installation.running():
        await _changes_are_events_in_time(installation)


async def test_the_same_over_redis_where_a_worker_opens_what_the_gateway_takes(in_production):
    async with in_production.running():
        await _changes_are_events_in_time(in_production)


async def _changes_are_events_in_time(installation: Installation) -> None:
    installation.subscribe("salesforce")
    keys = installation.accounts(20)
    await installation.rename(keys[0], "The first one waits for the worker to be ready")
    await installation.told(lambda found: len(found) == 1)
    lags = []
    for number, key in enumerate(keys, start=2):
        begun = time.monotonic()
        await installation.rename(key, f"Renamed {number}")
        found = await installation.told(lambda found, number=number: len(found) == number)
        lags.append(time.monotonic() - begun)
        assert found[-1].external_id == key
        assert found[-1].changes["name"][1] == f"Renamed {number}"
        assert found[-1].noticed_by == "webhook"
    assert (found[1].first, found[1].changes["name"][0]) == (False, "The first one waits for the worker to be ready")
    assert sorted(lags)[18] < 2.0, f"p95 of {lags}"


async def test_an_invoice_is_paid(installation):
    async with installation.running():
        installation.subscribe("netsuite")
        open_invoices = await asyncio.to_thread(installation.control, "GET", "/records/netsuite/invoice?limit=200")
        invoice = next(
            record for record in open_invoices["records"] if record["status"]["id"] == "A" and record["amountRemaining"]
        )
        await asyncio.to_thread(
            installation.control, "PATCH", f"/records/netsuite/invoice/{invoice['id']}", {"memo": "seen first"}
        )
        await installation.told(lambda found: len(found) == 1)
        paid = {
            "customer": {"id": invoice["entity"]["id"]},
            "payment": invoice["amountRemaining"],
            "currency": {"id": invoice["currency"]["id"]},
            "apply": {"items": [
                {"doc": {"id": invoice["id"]}, "apply": True, "amount": invoice["amountRemaining"]},
            ]},
        }  # fmt: skip
        await asyncio.to_thread(installation.control, "POST", "/records/netsuite/customerPayment", paid)
        found = await installation.told(lambda found: {each.type for each in found[1:]} >= {"Invoice", "Payment"})
        [told] = [each for each in found[1:] if each.type == "Invoice"]
        assert told.external_id == invoice["id"]
        assert told.changes["status"][1] == "PAID"


async def test_repeated_late_and_out_of_order_each_difference_is_one_event_in_order(installation):
    async with installation.running():
        keys = installation.accounts(6)
        installation.subscribe("salesforce", duplicates=3, reorderMs=400, delayMs=20)
        names = {key: [f"{key} {number}" for number in range(8)] for key in keys}
        for number in range(8):
            await asyncio.gather(*(installation.rename(key, names[key][number]) for key in keys))
        counts = await installation.settled()
        assert (counts["taken"], counts["failed"]) == (6 * 8 * 4, 0)
        events = await installation.events()
        for key in keys:
            steps = [each.changes["name"] for each in events if each.external_id == key]
            assert steps[-1][1] == names[key][-1], "the last word is told"
            assert all(before == after for (_, after), (before, _) in pairwise(steps))
            seen = [names[key].index(after) for _, after in steps]
            assert seen == sorted(set(seen)), "no step back, none twice"
        before = len(events)
        for key in keys:
            await installation.rename(key, f"{key} once more")
        await installation.settled()
        assert len(await installation.events()) == before + len(keys)


async def test_a_sender_whose_clock_is_an_hour_off_is_refused_and_nothing_is_kept(installation):
    async with installation.running():
        installation.subscribe("salesforce", skewSeconds=3_600, tries=2)
        await installation.rename(installation.accounts(1)[0], "From the future")
        counts = await installation.settled()
        assert (counts["sent"], counts["taken"], counts["failed"]) == (2, 0, 1)
        assert await installation.events() == []


async def test_ten_megabytes_are_refused_and_the_gateway_goes_on(installation):
    async with installation.running():
        huge = b'{"entity": "Account", "id": "' + b"x" * 10_000_000 + b'"}'
        assert await installation.send(huge) == 413
        assert await installation.ledger.inbox.oldest() == {}
        installation.subscribe("salesforce")
        await installation.rename(installation.accounts(1)[0], "Still there")
        await installation.told(lambda found: len(found) == 1)


async def test_a_message_replayed_after_a_restart_tells_nothing_again(installation):
    body = json.dumps({"entity": "Account", "id": installation.accounts(1)[0]}).encode()
    at = datetime.now(UTC)
    async with installation.running():
        assert await installation.send(body, at=at, event_id="evt_replayed") == 204
        await installation.told(lambda found: len(found) == 1)
    async with installation.running():
        assert await installation.send(body, at=at, event_id="evt_replayed") == 204
        assert await installation.ledger.inbox.oldest() == {}, "it wasn't kept again"
        late = at - timedelta(hours=1)
        assert await installation.send(body, at=late, event_id="evt_replayed") == 401
        assert len(await installation.events()) == 1


async def test_what_was_taken_before_a_restart_is_opened_behind_it(installation):
    key = installation.accounts(1)[0]
    async with installation.running():
        pass  # its ledger is made
    ledger = open_ledger(installation.settings.ledger.url.get_secret_value(), clock=SystemClock())
    body = json.dumps({"entity": "Account", "id": key}).encode()
    assert await ledger.inbox.put(source="salesforce", event_id="evt_left", body=body, correlation_id="left-behind")
    await ledger.close()
    async with installation.running():
        [told] = await installation.told(lambda found: len(found) == 1)
        assert told.external_id == key


async def test_a_change_while_no_gateway_runs_arrives_when_one_does(installation):
    async with installation.running():
        pass  # its port is known
    installation.subscribe("salesforce")
    await installation.rename(installation.accounts(1)[0], "While nobody listened")
    async with installation.running():
        [told] = await installation.told(lambda found: len(found) == 1)
        assert told.changes["name"][1] == "While nobody listened"


async def test_a_stranger_who_guesses_tells_nothing(installation):
    async with installation.running():
        body = json.dumps({"entity": "Account", "id": installation.accounts(1)[0]}).encode()
        guessed = Webhook("whsec_" + b64encode(b"g" * 32).decode()).sign("evt_1", datetime.now(UTC), body.decode())
        assert await installation.send(body, event_id="evt_1", **{"webhook-signature": guessed}) == 401
        assert await installation.ledger.inbox.oldest() == {}
