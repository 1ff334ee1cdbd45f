"""Projects' and invoices' status at whole gateways: from a mutation, from other processes, through restarts of all."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest
import yaml

from runtime.clock import SystemClock
from runtime.settings import read_settings
from schema.ids import RecordKey, encode_id
from sync.ledger.database import DatabaseLedger, open_ledger
from sync.ledger.migrating import migrate
from sync.ledger.port_of_changes import Observation, RecordChange, Told
from tests.gateway.streams.conftest import client_to, stream_of
from tests.integration.test_governed_writes import PATIENCE, config, firm, running
from tests.integration.test_subscriptions import heard, socket_of
from tests.sync.test_doorbell import Bell

__all__ = ["config", "firm"]
CHANGED = """subscription Changed($ids: [ID!], $after: String) {
    event: projectStatusChanged(projectIds: $ids, after: $after) {
        cursor correlationId platform before after project { id name status } } }"""
UPDATE = """mutation Update($input: UpdateProjectInput!) {
    updateProject(input: $input) { run { id correlationId } errors { message } } }"""
_rounds = count()


def project_of(installation: Any, number: int) -> dict[str, Any]:
    """Of those of the firm that stand on the PSA."""
    found = [each for each in installation.firm("Project") if "kantata" in each["records"]]
    record: dict[str, Any] = found[number]
    return record


def id_of(project: dict[str, Any]) -> str:
    return encode_id(RecordKey("Project", "kantata", str(project["records"]["kantata"]["id"])))


@asynccontextmanager
async def ledger_of(config: tuple[Path, dict[str, str]]) -> AsyncIterator[DatabaseLedger]:
    """The installation's ledger, as a process beside its gateways has it open."""
    url = read_settings(config[0], environ={}).ledger.url.get_secret_value()
    ledger = open_ledger(url, clock=SystemClock())
    yield ledger
    await ledger.close()


async def followed_by(ledger: DatabaseLedger, feed: str) -> None:
    """Returns once the feed has had its first round."""
    async with asyncio.timeout(PATIENCE):
        while not [each for each in await ledger.feeds.all() if each.name == feed and each.round_at is not None]:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def noticed(ledger: DatabaseLedger, project: dict[str, Any], after: str) -> None:
    """What a feed, wherever it runs, writes down of a change."""
    external_id, now = str(project["records"]["kantata"]["id"]), datetime.now(UTC)
    known = await ledger.snapshots.get("kantata", "Project", "PSA", [external_id])
    change = RecordChange(
        type="Project", role="PSA", platform="kantata", entity="workspaces", external_id=external_id,
        changes={"status": (None, after)}, occurred_at=now, observed_at=now, noticed_by="feed",
    )  # fmt: skip
    told = Told(subject=id_of(project), correlation_id=f"c-{next(_rounds)}", change=change)
    version = known[external_id].version if external_id in known else 0
    observation = Observation(
        platform="kantata", type="Project", role="PSA", external_id=external_id, expected=version,
        values={"status": after}, told=(told,),
    )  # fmt: skip
    assert await ledger.snapshots.observe([observation]) == (True,)


async def test_a_governed_change_is_told_with_the_project_as_it_is(
    config: tuple[Path, dict[str, str]], firm: dict[str, Any]
) -> None:
    followed = {"start": "now", "shortest_seconds": 1, "longest_seconds": 2}
    config[0].write_text(yaml.safe_dump(yaml.safe_load(config[0].read_text()) | {"feeds": followed}))
    async with (
        running(config, firm) as installation,
        ledger_of(config) as ledger,
        socket_of(installation, role="portal") as socket,
    ):
        project = project_of(installation, 0)
        await socket.subscribe(CHANGED, variables={"ids": [id_of(project)]})
        await followed_by(ledger, "kantata:Project:PSA")
        runs, found = [], []
        for status in ("ON_HOLD", "COMPLETED", "ACTIVE"):
            wish = {"id": id_of(project), "status": status, "idempotencyKey": uuid4().hex}
            payload = (await installation.data(UPDATE, input=wish))["updateProject"]
            assert payload["errors"] == []
            runs.append(payload["run"])
            found += await heard(socket, 1)
        assert [event["after"] for event in found] == ["ON_HOLD", "COMPLETED", "ACTIVE"]
        assert [event["project"]["status"] for event in found] == ["ON_HOLD", "COMPLETED", "ACTIVE"]
        assert [event["before"] for event in found[1:]] == ["ON_HOLD", "COMPLETED"]
        assert [event["correlationId"] for event in found[1:]] == [run["correlationId"] for run in runs[1:]]


async def test_nothing_is_missed_or_repeated_while_gateways_come_and_go(
    config: tuple[Path, dict[str, str]], firm: dict[str, Any]
) -> None:
    statuses = ["ACTIVE", "ON_HOLD", "COMPLETED", "ACTIVE", "ON_HOLD", "COMPLETED"]
    async with ledger_of(config) as ledger:
        async with running(config, firm) as installation, socket_of(installation) as socket:
            project = project_of(installation, 1)
            await socket.subscribe(CHANGED)
            await socket.say({"type": "ping"})
            await socket.hear()
            for status in statuses[:2]:
                await noticed(ledger, project, status)
            found = await heard(socket, 2)
        for status in statuses[2:4]:
            await noticed(ledger, project, status)
        async with running(config, firm) as installation:
            port, key = urlsplit(installation.url).port, installation.keys["service"]
            request = {"query": CHANGED, "variables": {"after": found[-1]["cursor"]}}
            async with client_to(port or 0, key) as http, stream_of(http, json=request) as events:
                found += [(await events.event())[1]["data"]["event"] for _ in range(2)]
                for status in statuses[4:]:
                    await noticed(ledger, project, status)
                found += [(await events.event())[1]["data"]["event"] for _ in range(2)]
    assert [event["after"] for event in found] == statuses
    assert len({event["cursor"] for event in found}) == len(statuses)


@pytest.fixture
async def over_redis(
    config: tuple[Path, dict[str, str]], postgres_url: str
) -> AsyncIterator[tuple[tuple[Path, dict[str, str]], Bell]]:
    """An installation on PostgreSQL whose gateways ring over a Redis that comes and goes."""
    path, keys = config
    name = f"status_{uuid4().hex}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"create database {name}")
    url = f"{postgres_url.rpartition('/')[0]}/{name}"
    await migrate(url)
    server = Bell()
    server.start()
    path.write_text(
        yaml.safe_dump(yaml.safe_load(path.read_text()) | {"ledger": {"url": url}, "cache": {"url": server.url}})
    )
    yield (path, keys), server
    server.stop()


@pytest.mark.parametrize("config", ["embedded"], indirect=True)
async def test_every_gateway_tells_it_once_while_redis_comes_and_goes(over_redis: Any, firm: dict[str, Any]) -> None:
    installed, server = over_redis
    async with (
        ledger_of(installed) as ledger,
        running(installed, firm) as here,
        running(installed, firm) as there,
        socket_of(here) as one,
        socket_of(there) as other,
    ):
        project = project_of(here, 2)
        for socket in (one, other):
            await socket.subscribe(CHANGED)
            await socket.say({"type": "ping"})
            await socket.hear()
        statuses = ["ACTIVE", "ON_HOLD", "COMPLETED", "CANCELLED", "PLANNED", "ACTIVE"]
        for number, status in enumerate(statuses):
            if number in (2, 4):
                server.stop()
            if number in (3, 5):
                server.start()
            await noticed(ledger, project, status)
        for socket in (one, other):
            assert [event["after"] for event in await heard(socket, len(statuses))] == statuses
            await socket.say({"type": "ping"})
            assert await socket.hear() == {"type": "pong"}  # and nothing before it
