"""Nothing that Kantata hides by default is lost: archived projects, their plan and their time."""

import json
import urllib.request

import pytest

from platforms.keepalive import KeepAliveTransport
from platforms.readers import ReadQuery
from platforms.registry import Connection, vendor
from runtime.clock import SystemClock
from schema.roles import PlatformRole


@pytest.fixture
async def platform(fresh_sandbox):
    found = fresh_sandbox["platforms"]["kantata"]
    transport = KeepAliveTransport()
    connection = Connection(
        name="kantata",
        vendor="kantata",
        url=found["url"],
        roles=(PlatformRole.PSA,),
        peers={},
        credentials=found["credentials"],
        options={},
        timeout=8.0,
        slots=4,
    )
    yield vendor("kantata").connect(connection, transport, SystemClock())
    await transport.close()


def control(sandbox, method, path, body=None):
    """An answer of the sandbox's control API."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        sandbox["control"] + path, method=method, data=data, headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


async def ids(platform, type_name, **query):
    facet = platform.reader.facets[type_name, PlatformRole.PSA]
    projection = platform.reader.project(facet, {"id", query["by"]})
    return [row.id for row in (await platform.reader.read(projection, ReadQuery(**query))).rows]


async def test_an_archived_project_is_still_there_with_all_that_belongs_to_it(platform, fresh_sandbox):
    firm = control(fresh_sandbox, "GET", "/firm")
    project = next(
        record["project"]
        for record in firm["Expense"]
        if any(m["project"] == record["project"] for m in firm["Milestone"])
    )
    (workspace,) = (record["records"]["kantata"]["id"] for record in firm["Project"] if record["key"] == project)
    children = ("Milestone", "Task", "Assignment", "TimeEntry", "Expense")
    before = {kind: await ids(platform, kind, by="project", keys=(workspace,), limit=200) for kind in children}
    assert all(before[kind] for kind in ("Milestone", "Expense"))
    control(fresh_sandbox, "PATCH", f"/records/kantata/workspaces/{workspace}", {"archived": True})
    assert await ids(platform, "Project", by="id", keys=(workspace,)) == [workspace]
    assert {kind: await ids(platform, kind, by="project", keys=(workspace,), limit=200) for kind in children} == before
    milestone = before["Milestone"][0]
    assert await ids(platform, "Milestone", by="id", keys=(milestone,)) == [milestone]
