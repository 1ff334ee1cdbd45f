"""Mutations over HTTP down to the platforms' own records: embedded, and with PostgreSQL, Valkey and a worker."""

import asyncio
import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import psycopg
import pytest
import yaml

from gateway.cli.demo_settings import write_settings
from gateway.cli.key_entries import keys_per_role
from gateway.cli.ports import listen, url_of
from gateway.cli.wiring import running_gateway
from runtime.settings import read_settings
from schema.ids import RecordKey, encode_id
from sync.ledger.migrating import migrate

PATIENCE = 30.0
ENDED = ("SUCCEEDED", "FAILED", "COMPENSATED", "CANCELLED", "AWAITING_APPROVAL")
UPDATE = """mutation Update($input: UpdateAccountInput!) {
  updateAccount(input: $input) { run { id status idempotencyKey } errors { code message path } }
}"""
CREATE = """mutation Create($input: CreateAccountInput!) {
  createAccount(input: $input) {
    run { id status dryRun plan { step platform changes { field after } } } errors { code message path }
  }
}"""
RUN = """query Run($id: ID!) {
  syncRun(id: $id) {
    id status correlationId requestedBy
    steps { name platform status attempts externalId }
    approval { status requiredRole decidedBy }
    records { id ... on Account { name industry } ... on Invoice { status } }
    exceptions { queue code message }
  }
}"""


class Installation:
    """A gateway as it is served, and the keys to it."""

    def __init__(self, url: str, client: httpx2.AsyncClient, keys: dict[str, str], sandbox: dict[str, Any]) -> None:
        self.url = url
        self.keys = keys
        self.sandbox = sandbox
        self._client = client
        self.worker_port: int | None = None
        """Where a worker beside the gateway tells its metrics."""

    async def metrics(self) -> str:
        """Of whoever carries out the runs."""
        url = self.url.replace("/graphql", "/metrics")
        if self.worker_port is not None:
            url = f"http://127.0.0.1:{self.worker_port}/metrics"
        return (await self._client.get(url, headers={"X-API-Key": self.keys["admin"]})).text

    async def ask(
        self, query: str, *, role: str = "service", correlation: str = "", **variables: Any
    ) -> dict[str, Any]:
        headers = {"X-API-Key": self.keys[role]} | ({"X-Correlation-Id": correlation} if correlation else {})
        answer = await self._client.post(self.url, json={"query": query, "variables": variables}, headers=headers)
        found: dict[str, Any] = answer.json()
        return found

    async def data(self, query: str, **options: Any) -> dict[str, Any]:
        answer = await self.ask(query, **options)
        assert "errors" not in answer, answer["errors"]
        found: dict[str, Any] = answer["data"]
        return found

    async def ended(self, run_id: str, *, role: str = "service") -> dict[str, Any]:
        until = time.monotonic() + PATIENCE
        while True:
            run: dict[str, Any] = (await self.data(RUN, role=role, id=run_id))["syncRun"]
            if run["status"] in ENDED:
                return run
            assert time.monotonic() < until, run
            await asyncio.sleep(0.1)

    def firm(self, type_name: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.control("GET", f"/firm?type={type_name}")[type_name]
        return found

    def records(self, platform: str, entity: str, **equal: str) -> list[dict[str, Any]]:
        query = "&".join(f"{name}={value}" for name, value in equal.items())
        found: list[dict[str, Any]] = self.control("GET", f"/records/{platform}/{entity}?{query}")["records"]
        return found

    def control(self, method: str, path: str, body: Any = None) -> Any:
        content = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self.sandbox["control"] + path, content, {"Content-Type": "application/json"}, method=method
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or b"null")


@pytest.fixture(scope="module")
def firm(sandbox: dict[str, Any]) -> Iterator[dict[str, Any]]:
    reset = urllib.request.Request(f"{sandbox['control']}/reset", method="POST")
    urllib.request.urlopen(reset, timeout=60).close()
    yield sandbox
    urllib.request.urlopen(reset, timeout=60).close()


@pytest.fixture(params=["embedded", "production"])
async def config(request: pytest.FixtureRequest, tmp_path: Path, firm: dict[str, Any]) -> tuple[Path, dict[str, str]]:
    """A settings file, and the keys that it knows. Production has PostgreSQL and Valkey."""
    keys, entries = keys_per_role()
    folder = tmp_path / "installation"
    folder.mkdir(mode=0o700)
    path = write_settings(folder, firm["platforms"], entries)
    if request.param == "production":
        server: str = request.getfixturevalue("postgres_url")
        name = f"writes_{uuid4().hex}"
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"create database {name}")
        url = f"{server.rpartition('/')[0]}/{name}"
        await migrate(url)
        settings = yaml.safe_load(path.read_text())
        settings |= {"ledger": {"url": url}, "broker": {"url": request.getfixturevalue("redis_url")}}
        path.write_text(yaml.safe_dump(settings))
    return path, keys


@asynccontextmanager
async def running(config: tuple[Path, dict[str, str]], sandbox: dict[str, Any]) -> AsyncIterator[Installation]:
    path, keys = config
    settings = read_settings(path, environ={})
    worker_port: int | None = None
    async with AsyncExitStack() as stack:
        if settings.broker.url is not None:
            with listen("127.0.0.1", 0) as free:
                worker_port = free.getsockname()[1]
            command = [sys.executable, "-m", "gateway", "worker", "--supervised", "--config", str(path)]
            command += ["--metrics-port", str(worker_port)]
            worker = await asyncio.create_subprocess_exec(*command, stdin=subprocess.PIPE, cwd=path.parent)
            stack.push_async_callback(worker.wait)
            stack.callback(worker.terminate)
        listener = listen("127.0.0.1", 0)
        stack.callback(listener.close)
        await stack.enter_async_context(running_gateway(settings, listener))
        client = await stack.enter_async_context(httpx2.AsyncClient(timeout=PATIENCE))
        installation = Installation(f"{url_of(listener)}/graphql", client, keys, sandbox)
        installation.worker_port = worker_port
        yield installation


def account_id(record: dict[str, Any]) -> str:
    return encode_id(RecordKey("Account", "salesforce", record["records"]["salesforce"]["id"]))


async def test_from_a_mutation_to_the_platforms_and_the_audit_log(
    config: tuple[Path, dict[str, str]], firm: dict[str, Any]
) -> None:
    async with running(config, firm) as gateway:
        client = next(found for found in gateway.firm("Account") if found["billing"] is not None)
        correlation = f"story-{uuid4().hex}"
        name = f"Industry {uuid4().hex[:6]}"
        wish = {"id": account_id(client), "industry": name, "idempotencyKey": uuid4().hex, "reason": "a test"}
        payload = (await gateway.data(UPDATE, correlation=correlation, input=wish))["updateAccount"]
        assert payload["errors"] == []
        run = await gateway.ended(payload["run"]["id"])
        assert run["status"] == "SUCCEEDED"
        assert 'crosswalk_runs_ended_total{status="SUCCEEDED",workflow="updateAccount"}' in await gateway.metrics()
        assert run["correlationId"] == correlation
        assert run["requestedBy"] == "service"
        assert run["records"] == [{"id": wish["id"], "name": client["name"], "industry": name}]
        (there,) = gateway.records("salesforce", "Account", Id=client["records"]["salesforce"]["id"])
        assert there["Industry"] == name

        log = "query($id: ID!) { auditLog(correlationId: $id) { nodes { action actor detail previousHash hash } } }"
        entries = (await gateway.data(log, role="auditor", id=correlation))["auditLog"]["nodes"]
        actions = [entry["action"] for entry in entries]
        assert actions[0] == "run.requested"
        assert "step.done" in actions
        assert actions[-1] == "run.succeeded"
        done = next(entry for entry in entries if entry["action"] == "step.done")
        assert done["detail"]["after"] == {"industry": name}
        assert done["detail"]["calls"][-1]["status"] == 200


async def test_twenty_clients_with_one_key_make_one_record_also_after_a_restart(
    config: tuple[Path, dict[str, str]], firm: dict[str, Any]
) -> None:
    name = f"Only Once {uuid4().hex[:8]}"
    wish = {"name": name, "idempotencyKey": uuid4().hex}
    async with running(config, firm) as gateway:
        answers = await asyncio.gather(*(gateway.data(CREATE, input=wish) for _ in range(20)))
        runs = {answer["createAccount"]["run"]["id"] for answer in answers}
        assert len(runs) == 1
        (run_id,) = runs
        assert (await gateway.ended(run_id))["status"] == "SUCCEEDED"
    async with running(config, firm) as gateway:
        again = (await gateway.data(CREATE, input=wish))["createAccount"]
        assert again["run"]["id"] == run_id
        other = (await gateway.data(CREATE, input=wish | {"name": "Another"}))["createAccount"]
        assert [error["code"] for error in other["errors"]] == ["IDEMPOTENCY_MISMATCH"]
        stranger = (await gateway.data(CREATE, role="admin", input=wish | {"name": f"{name} too"}))["createAccount"]
        assert stranger["run"]["id"] != run_id
        assert len([row for row in gateway.records("salesforce", "Account", limit="1000") if row["Name"] == name]) == 1


@pytest.mark.parametrize("config", ["embedded"], indirect=True)
async def test_a_dry_run_tells_the_plan_and_writes_nothing(
    config: tuple[Path, dict[str, str]], firm: dict[str, Any]
) -> None:
    async with running(config, firm) as gateway:
        name = f"Never Made {uuid4().hex[:8]}"
        wish = {"name": name, "idempotencyKey": uuid4().hex, "dryRun": True}
        run = (await gateway.data(CREATE, input=wish))["createAccount"]["run"]
        assert run["dryRun"] is True
        assert {"field": "name", "after": name} in run["plan"][0]["changes"]
        runs = "{ syncRuns { totalCount } }"
        assert (await gateway.data(runs))["syncRuns"]["totalCount"] == 0
        assert not [row for row in gateway.records("salesforce", "Account", limit="1000") if row["Name"] == name]


async def test_a_second_person_decides_on_posting_an_invoice(
    config: tuple[Path, dict[str, str]], firm: dict[str, Any]
) -> None:
    async with running(config, firm) as gateway:
        invoice = next(found for found in gateway.firm("Invoice") if found["status"] == "DRAFT" and found["account"])
        external = invoice["records"]["netsuite"]["id"]
        # It may have been posted by this story's other telling: somebody at the ERP takes it back.
        gateway.control("PATCH", f"/records/netsuite/invoice/{external}", {"approvalStatus": {"id": "1"}})
        post = (
            "mutation Post($input: PostInvoiceInput!) "
            "{ postInvoice(input: $input) { run { id status } errors { message } } }"
        )
        wish = {"invoiceId": encode_id(RecordKey("Invoice", "netsuite", external)), "idempotencyKey": uuid4().hex}
        run_id = (await gateway.data(post, role="finance", input=wish))["postInvoice"]["run"]["id"]
        assert (await gateway.ended(run_id))["status"] == "AWAITING_APPROVAL"
        waiting = '{ approvals(role: "finance") { nodes { requiredRole requestedBy run { id } } } }'
        listed = (await gateway.data(waiting, role="admin"))["approvals"]["nodes"]
        assert {"requiredRole": "finance", "requestedBy": "finance", "run": {"id": run_id}} in listed

        approve = "mutation($id: ID!) { approveRun(id: $id) { run { status } errors { code message } } }"
        for role in ("finance", "sales_ops"):
            refused = (await gateway.data(approve, role=role, id=run_id))["approveRun"]
            assert [error["code"] for error in refused["errors"]] == ["FORBIDDEN"]
        assert (await gateway.data(approve, role="admin", id=run_id))["approveRun"]["errors"] == []
        until = time.monotonic() + PATIENCE
        while (run := await gateway.ended(run_id))["status"] == "AWAITING_APPROVAL":
            assert time.monotonic() < until
        assert run["status"] == "SUCCEEDED"
        assert run["approval"] == {"status": "APPROVED", "requiredRole": "finance", "decidedBy": "admin"}
        (posted,) = gateway.records("netsuite", "invoice", id=external)
        assert posted["approvalStatus"]["id"] == "2"


@pytest.mark.parametrize("config", ["embedded"], indirect=True)
async def test_a_refusal_writes_nothing_and_says_where(
    config: tuple[Path, dict[str, str]], firm: dict[str, Any]
) -> None:
    async with running(config, firm) as gateway:
        client = gateway.firm("Account")[0]
        wish = {"id": account_id(client), "ownerName": "Somebody", "idempotencyKey": uuid4().hex}
        (error,) = (await gateway.data(UPDATE, input=wish))["updateAccount"]["errors"]
        assert (error["code"], error["path"]) == ("OWNERSHIP", ["input", "ownerName"])
        forbidden = (await gateway.data(UPDATE, role="portal", input=wish))["updateAccount"]
        assert forbidden["run"] is None
        assert [error["code"] for error in forbidden["errors"]] == ["FORBIDDEN"]
        hidden = await gateway.ask("{ exceptions { totalCount } }", role="portal")
        assert [error["extensions"]["code"] for error in hidden["errors"]] == ["FORBIDDEN"]


@pytest.mark.parametrize("config", ["embedded"], indirect=True)
async def test_a_platform_that_drops_a_field_is_told_as_a_problem_that_closes_itself(
    config: tuple[Path, dict[str, str]], firm: dict[str, Any]
) -> None:
    async with running(config, firm) as gateway:
        client = gateway.firm("Account")[3]
        fault = gateway.control(
            "POST",
            "/faults",
            {"platform": "salesforce", "kind": "ignore_field", "entity": "Account", "field": "Website"},
        )
        wish = {"id": account_id(client), "website": "https://dropped.example", "idempotencyKey": uuid4().hex}
        run_id = (await gateway.data(UPDATE, input=wish))["updateAccount"]["run"]["id"]
        run = await gateway.ended(run_id)
        assert run["status"] == "FAILED"
        (problem,) = run["exceptions"]
        assert problem["code"] == "FIELD_MISMATCH"
        assert "website" in problem["message"]
        gateway.control("DELETE", f"/faults/{fault['id']}")
        retry = "mutation($id: ID!) { retryRun(id: $id) { errors { message } } }"
        assert (await gateway.data(retry, id=run_id))["retryRun"]["errors"] == []
        until = time.monotonic() + PATIENCE
        while (run := await gateway.ended(run_id))["status"] == "FAILED":
            assert time.monotonic() < until
        assert run["status"] == "SUCCEEDED"
        still_open = "{ exceptions(status: OPEN) { totalCount } }"
        assert (await gateway.data(still_open))["exceptions"]["totalCount"] == 0
