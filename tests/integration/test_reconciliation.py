"""Comparisons asked for in the graph and on the command line, over a gateway with its own worker."""

import asyncio
import csv
import io
import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from gateway.cli.demo_settings import write_settings
from gateway.cli.key_entries import keys_per_role
from gateway.cli.ports import listen, url_of
from gateway.cli.wiring import running_gateway
from runtime.settings import read_settings

PATIENCE = 60.0
ASK = """mutation Ask($input: ReconcileInput!) {
  reconcile(input: $input) { reconciliations { id comparison status } errors { code message path } }
}"""
SHOW = """query Show($id: ID!) {
  reconciliation(id: $id) {
    status compared changed error requestedBy counts { kind count }
    differences(first: 200) {
      totalCount
      nodes {
        kind path explanation left { platform externalId value } right { platform externalId value }
        amount { amount currency } record { id ... on Account { name } } repair { id }
      }
    }
  }
}"""


@pytest.fixture
def installation(tmp_path: Path, sandbox: dict[str, Any]) -> tuple[Path, dict[str, str]]:
    reset = urllib.request.Request(f"{sandbox['control']}/reset", method="POST")
    urllib.request.urlopen(reset, timeout=60).close()
    keys, entries = keys_per_role()
    folder = tmp_path / "installation"
    folder.mkdir(mode=0o700)
    return write_settings(folder, sandbox["platforms"], entries), keys


@asynccontextmanager
async def asked_of(installation: tuple[Path, dict[str, str]]) -> AsyncIterator[Any]:
    path, keys = installation
    async with AsyncExitStack() as stack:
        listener = listen("127.0.0.1", 0)
        stack.callback(listener.close)
        await stack.enter_async_context(running_gateway(read_settings(path, environ={}), listener))
        client = await stack.enter_async_context(httpx2.AsyncClient(timeout=PATIENCE))

        async def ask(query: str, *, role: str = "finance", **variables: Any) -> dict[str, Any]:
            answer = await client.post(
                f"{url_of(listener)}/graphql",
                json={"query": query, "variables": variables},
                headers={"X-API-Key": keys[role]},
            )
            found: dict[str, Any] = answer.json()
            return found

        yield ask


def firm(sandbox: dict[str, Any], type_name: str) -> list[dict[str, Any]]:
    with urllib.request.urlopen(f"{sandbox['control']}/firm?type={type_name}", timeout=30) as answer:
        found: list[dict[str, Any]] = json.loads(answer.read())[type_name]
        return found


async def test_in_the_graph_from_the_wish_to_the_report(
    installation: tuple[Path, dict[str, str]], sandbox: dict[str, Any]
) -> None:
    missing = {
        each["records"]["salesforce"]["id"]: each["name"]
        for each in firm(sandbox, "Account")
        if each["status"] in ("ACTIVE", "ON_HOLD") and "netsuite" not in each["records"]
    }
    async with asked_of(installation) as ask:
        wish = {"idempotencyKey": "one", "comparison": "customers"}
        payload = (await ask(ASK, input=wish))["data"]["reconcile"]
        assert payload["errors"] == []
        [asked] = payload["reconciliations"]
        again = (await ask(ASK, input=wish))["data"]["reconcile"]
        assert [each["id"] for each in again["reconciliations"]] == [asked["id"]]
        until = time.monotonic() + PATIENCE
        while (shown := (await ask(SHOW, id=asked["id"]))["data"]["reconciliation"])["status"] == "RUNNING":
            assert time.monotonic() < until, shown
            await asyncio.sleep(0.2)
        assert (shown["status"], shown["error"], shown["requestedBy"]) == ("SUCCEEDED", None, "finance")
        told = shown["differences"]["nodes"]
        assert shown["differences"]["totalCount"] == len(told) == sum(each["count"] for each in shown["counts"])
        lacking = {each["left"]["externalId"]: each["record"]["name"] for each in told if each["kind"] == "MISSING"}
        assert lacking == missing
        problems = await ask("{ exceptions(queue: FINANCE) { nodes { code status detail } } }")
        assert len(problems["data"]["exceptions"]["nodes"]) == len(told)

        refused = (await ask(ASK, input={"idempotencyKey": "two", "comparison": "nothing"}))["data"]["reconcile"]
        assert refused["reconciliations"] == []
        assert refused["errors"][0]["path"] == ["input", "comparison"]
        forbidden = await ask(SHOW, role="portal", id=asked["id"])
        assert forbidden["errors"][0]["extensions"]["code"] == "FORBIDDEN"
        barred = (await ask(ASK, role="portal", input=wish))["data"]["reconcile"]
        assert barred["errors"][0]["code"] == "FORBIDDEN"
        nonsense = await ask(SHOW, id="nothing")
        assert nonsense["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
        listed = await ask("{ reconciliations(first: 5) { nodes { id comparison } } }")
        assert [each["id"] for each in listed["data"]["reconciliations"]["nodes"]] == [asked["id"]]


async def test_on_the_command_line(installation: tuple[Path, dict[str, str]], tmp_path: Path) -> None:
    path, _ = installation
    sheet = tmp_path / "differences.csv"

    def crosswalk(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-P", "-c", "from gateway.cli import main; main()", "reconcile", *arguments]
        return subprocess.run(
            [*command, "--config", str(path)],
            cwd=path.parent,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    done = crosswalk("customers", "billing", "--csv", str(sheet))
    assert done.returncode == 1, done.stderr  # something differs
    lines = done.stdout.splitlines()
    assert lines[0].split()[:3] == ["comparison", "status", "compared"]
    assert [line.split()[:2] for line in lines[1:]] == [["customers", "SUCCEEDED"], ["billing", "SUCCEEDED"]]
    rows = list(csv.DictReader(io.StringIO(sheet.read_text(encoding="utf-8"), newline="")))
    assert {each["comparison"] for each in rows} == {"customers"}
    assert {each["kind"] for each in rows} == {"MISSING", "EXTRA"}

    as_json = crosswalk("billing", "--wait", "--json")
    assert as_json.returncode == 0, as_json.stderr
    [told] = json.loads(as_json.stdout)
    assert (told["comparison"], told["status"], told["differences"]) == ("billing", "SUCCEEDED", [])
    wrong = crosswalk("bilings")
    assert wrong.returncode == 1
    assert wrong.stderr == "crosswalk: There is no comparison bilings; did you mean billing?\n"
