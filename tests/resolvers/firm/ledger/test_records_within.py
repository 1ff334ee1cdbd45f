"""Canonical records inside runs, exceptions and mixed nodes are what the same selection brings by `nodes(ids:)`."""

import pytest

from schema.errors import UpstreamUnavailable
from schema.ids import RecordKey, encode_id, ledger_id

SELECTION = """
    __typename key: id
    ... on Account { title: name billing { taxId currency overdue { amount } } projects(first: $few) { nodes { code
        account { id name } } } sources @include(if: $told) { platform externalId } }
    ... on Project { code budget { amount currency } ...Money account { name } milestones(first: 2) { totalCount
        nodes { key } } }
    ... on Invoice { number status lines(first: 3) { nodes { number amount { amount } } } project { code } }
    ... on SyncRun { workflow }"""
FRAGMENTS = "fragment Money on Project { financials { billed { amount } margin } }"
STEERED = "$few: Int = 2, $told: Boolean! = true"
HEAD = f"($ids: [ID!]!, $id: ID!, {STEERED})"
WITHIN = f"query($id: ID!, {STEERED}) {{ syncRun(id: $id) {{ found: records {{ {SELECTION} }} }} }} {FRAGMENTS}"
BY_IDS = f"query($ids: [ID!]!, {STEERED}) {{ found: nodes(ids: $ids) {{ {SELECTION} }} }} {FRAGMENTS}"


def gone(type_name: str, platform: str) -> str:
    return encode_id(RecordKey(type_name, platform, "gone"))


def mixed(governed) -> list[str]:
    return [*governed.ids("Account", 7), *governed.ids("Project", 7), *governed.ids("Invoice", 7)]


async def run_with(governed, ids) -> str:
    return governed.run_id(await governed.accepted(records=tuple(ids)))


@pytest.mark.parametrize("role", ["admin", "portal@portal"])
@pytest.mark.parametrize("told", [True, False])
async def test_records_of_a_run_are_what_nodes_are(governed, role, told):
    ids = mixed(governed)
    run = await run_with(governed, ids)
    governed.world.calls()
    within = await governed.ask(WITHIN, by=role, id=run, told=told, few=1)
    calls = governed.world.calls()
    by_ids = await governed.ask(BY_IDS, by=role, ids=ids, told=told, few=1)
    assert within["data"]["syncRun"] == by_ids["data"]
    assert calls == governed.world.calls(), "as many calls as a query costs"
    told_within = [(e["path"][1:], e["extensions"], e["message"]) for e in within.get("errors", [])]
    assert told_within == [(e["path"], e["extensions"], e["message"]) for e in by_ids.get("errors", [])]
    assert bool(told_within) is (role != "admin"), "what a portal may not see is told at its place"


async def test_records_of_many_runs_are_read_together(governed):
    accounts, projects = governed.ids("Account", 30), governed.ids("Project", 30)
    for account, project in zip(accounts, projects, strict=True):
        await governed.accepted(records=(account, project))
    governed.world.calls()
    data = await governed.data(
        """{ syncRuns { nodes { records { ... on Account { name } ... on Project { code } } } }
            again: syncRuns(first: 9) { edges { node { workflow records { ... on Account { name number } } } } } }"""
    )
    assert len(data["syncRuns"]["nodes"]) == 30
    assert all(len(run["records"]) == 2 for run in data["syncRuns"]["nodes"])
    assert all(run["node"]["records"][1] == {} for run in data["again"]["edges"]), "no field of a project was asked"
    assert governed.world.calls() == {"crm: read Account by id": 1, "psa: read Project by id": 1}


async def test_an_id_alone_needs_no_platform(governed):
    ids = [*mixed(governed), gone("Account", "crm"), encode_id(RecordKey("Account", "elsewhere", "1"))]
    run = await run_with(governed, ids)
    governed.world.calls()
    data = await governed.data("query($id: ID!) { syncRun(id: $id) { records { at: id __typename } } }", id=run)
    assert [record["at"] for record in data["syncRun"]["records"]] == ids
    assert {record["__typename"] for record in data["syncRun"]["records"]} == {"Account", "Project", "Invoice"}
    assert not governed.world.calls()


async def test_a_record_that_is_gone_is_left_out_and_what_stands_behind_it_moves_up(governed):
    first, second = governed.ids("Account", 2)
    (project,) = governed.ids("Project", 1)
    forged = ["junk", ledger_id("SyncRun", "x"), encode_id(RecordKey("Nothing", "crm", "x")), gone("Project", "psa")]
    run = await run_with(governed, [gone("Account", "crm"), first, *forged, project, second])
    governed.world.platforms["psa"].error = UpstreamUnavailable("down", platform="psa")
    answer = await governed.ask(
        "query($id: ID!) { syncRun(id: $id) { records { id ... on Account { name } ... on Project { code } } } }",
        id=run,
    )
    assert [record["id"] for record in answer["data"]["syncRun"]["records"]] == [
        first, gone("Project", "psa"), project, second
    ]  # fmt: skip
    (error,) = answer["errors"]
    assert error["path"] == ["syncRun", "records", 1, "code"]
    assert (error["extensions"]["code"], error["extensions"]["platform"]) == ("UPSTREAM_UNAVAILABLE", "psa")
    assert error["extensions"]["occurrences"] == 2


async def test_a_record_whose_platform_is_away_keeps_its_id(governed):
    (project,) = governed.ids("Project", 1)
    run = await run_with(governed, [project])
    governed.world.platforms["psa"].error = UpstreamUnavailable("down", platform="psa")
    answer = await governed.ask(
        """query($id: ID!) { syncRun(id: $id) { status records { __typename id
            ... on Project { code budget { amount } account { name } sources { platform } } } } }""",
        id=run,
    )
    assert answer["data"]["syncRun"] == {
        "status": "PENDING",
        "records": [
            {"__typename": "Project", "id": project, "code": None, "budget": None, "account": None, "sources": []}
        ],
    }
    assert {tuple(error["path"][3:]) for error in answer["errors"]} == {
        ("code",), ("budget",), ("account",), ("sources",)
    }  # fmt: skip


async def test_a_part_of_a_record_whose_platform_is_away_costs_itself(governed):
    (account,) = governed.ids("Account", 1)
    run = await run_with(governed, [account])
    governed.world.platforms["erp"].error = UpstreamUnavailable("down", platform="erp")
    answer = await governed.ask(
        "query($id: ID!) { syncRun(id: $id) { records { ... on Account { name billing { taxId } } } } }", id=run
    )
    (record,) = answer["data"]["syncRun"]["records"]
    assert record["name"]
    assert record["billing"] is None
    assert [error["path"] for error in answer["errors"]] == [["syncRun", "records", 0, "billing"]]


async def test_the_record_of_an_exception_is_read_or_null(governed):
    (account,) = governed.ids("Account", 1)
    run = await governed.accepted()
    there, away = (
        governed.problem(code="A", record_id=account),
        governed.problem(code="B", record_id=gone("Account", "crm")),
    )
    await governed.failed(run, there, away, governed.problem(code="C"))
    query = "{ exceptions { nodes { code record { id ... on Account { name } } } } }"
    nodes = (await governed.data(query))["exceptions"]["nodes"]
    assert {node["code"]: node["record"] and node["record"]["id"] for node in nodes} == {
        "A": account,
        "B": None,
        "C": None,
    }
    governed.world.platforms["crm"].error = UpstreamUnavailable("down", platform="crm")
    answer = await governed.ask(query)
    assert [node["record"] for node in answer["data"]["exceptions"]["nodes"]] == [None] * 3
    (error,) = answer["errors"]
    assert error["path"][:2] + error["path"][3:] == ["exceptions", "nodes", "record"]
    assert error["extensions"]["occurrences"] == 2


async def test_merged_fields_ask_for_records_together(governed):
    (account,) = governed.ids("Account", 1)
    run = await run_with(governed, [account])
    data = await governed.data(
        """query($id: ID!) { syncRun(id: $id) { records { ... on Account { name } } ...More }
            node(id: $id) { ...More } }
        fragment More on SyncRun {
            records { id ... on Account { number } } more: records { ... on Account { name } } }""",
        id=run,
    )
    first = data["syncRun"]["records"][0]
    assert first.keys() == {"name", "id", "number"}
    assert data["syncRun"]["more"] == [{"name": first["name"]}]
    assert data["node"]["records"] == [{"id": account, "number": first["number"]}]


async def test_runs_and_records_are_nodes_side_by_side(governed):
    (account,), (project,) = governed.ids("Account", 1), governed.ids("Project", 1)
    run = await run_with(governed, [project])
    ids = [account, run, "junk", gone("Account", "crm"), project, ledger_id("SyncRun", "nowhere"),
           encode_id(RecordKey("Nothing", "crm", "x"))]  # fmt: skip
    query = f"""query{HEAD} {{ found: nodes(ids: $ids) {{ {SELECTION} }} one: node(id: $id) {{ id }}
        accounts(first: $few) {{ nodes {{ id }} }} platforms {{ name }} __typename }} {FRAGMENTS}"""
    answer = await governed.ask(query, ids=ids, id=run, few=1)
    data = answer["data"]
    assert list(data) == ["found", "one", "accounts", "platforms", "__typename"]
    assert [node and node["key"] for node in data["found"]] == [account, run, None, None, project, None, None]
    assert data["found"][1] == {"__typename": "SyncRun", "key": run, "workflow": "updateAccount"}
    alone = (await governed.ask(BY_IDS, ids=[account, project], few=1))["data"]["found"]
    assert [data["found"][0], data["found"][4]] == alone
    assert [(e["path"], e["extensions"]["code"]) for e in answer["errors"]] == [
        (["found", 2], "BAD_USER_INPUT"), (["found", 6], "BAD_USER_INPUT")
    ]  # fmt: skip
    assert data["one"] == {"id": run}


async def test_what_a_caller_names_beside_a_run_has_to_exist(governed):
    run = await run_with(governed, [])
    data = await governed.data(
        "query($ids: [ID!]!) { nodes(ids: $ids) { id } }",
        ids=[run, gone("Account", "crm"), *governed.ids("Account", 1)],
    )
    assert data["nodes"] == [{"id": run}, None, {"id": governed.ids("Account", 1)[0]}]


async def test_more_ids_than_a_screen_can_hold_are_refused_beside_runs_as_well(governed):
    query = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    answer = await governed.ask(query, ids=[ledger_id("SyncRun", str(number)) for number in range(1_001)])
    assert answer["data"] is None
    assert "at most 1000" in answer["errors"][0]["message"]


async def test_of_more_than_a_hundred_records_the_others_keep_their_ids(governed):
    ids = governed.ids("Account", 130)
    run = await run_with(governed, ids)
    answer = await governed.ask(
        "query($id: ID!) { syncRun(id: $id) { records { id ... on Account { name } } } }", id=run
    )
    records = answer["data"]["syncRun"]["records"]
    assert [record["id"] for record in records] == ids
    assert [bool(record["name"]) for record in records] == [True] * 100 + [False] * 30
    (error,) = answer["errors"]
    assert error["path"] == ["syncRun", "records", 100, "name"]
    assert error["extensions"] | {"correlationId": ""} == {
        "code": "TOO_WIDE", "retryable": False, "correlationId": "", "part": "records", "occurrences": 30
    }  # fmt: skip


async def test_of_one_operation_a_thousand_records_are_read(governed, firm):
    for start in range(12):
        await governed.accepted(
            records=tuple(encode_id(RecordKey("Account", "crm", f"{start}-{n}")) for n in range(90))
        )
    answer = await governed.ask("{ syncRuns { nodes { records { id ... on Account { name } } } } }")
    told = [len(run["records"]) for run in answer["data"]["syncRuns"]["nodes"]]
    assert sum(told) == 80, "a thousand were looked up and are gone; of the others nobody knows"
    assert answer["errors"][0]["extensions"]["code"] == "TOO_WIDE"


async def test_a_mutation_answers_with_its_records(governed):
    (account,) = governed.ids("Account", 1)
    query = """mutation($id: ID!) { updateAccount(input: { id: $id, idempotencyKey: "k" }) {
        run { records { id ... on Account { name billing { taxId } } } } } }"""
    (record,) = (await governed.data(query, id=account))["updateAccount"]["run"]["records"]
    (alone,) = (
        await governed.data(
            "query($ids: [ID!]!) { nodes(ids: $ids) { id ... on Account { name billing { taxId } } } }", ids=[account]
        )
    )["nodes"]
    assert record == alone


async def test_a_mutation_is_done_though_its_records_cannot_be_read(governed):
    (account,) = governed.ids("Account", 1)
    for platform in governed.world.platforms.values():
        platform.error = UpstreamUnavailable("down", platform=platform.name)
    query = """mutation($id: ID!) { updateAccount(input: { id: $id, idempotencyKey: "k" }) {
        run { id records { id ... on Account { name } } } errors { code } } }"""
    answer = await governed.ask(query, id=account)
    payload = answer["data"]["updateAccount"]
    assert payload["errors"] == []
    assert payload["run"]["records"] == [{"id": account, "name": None}]
    assert [error["path"] for error in answer["errors"]] == [["updateAccount", "run", "records", 0, "name"]]
    assert await governed.ledger.run(governed.key(payload["run"]["id"])) is not None


async def test_records_that_take_too_long_are_told_so(governed, make_world, desk_of):
    (account,) = governed.ids("Account", 1)
    run = await run_with(governed, [account])
    hurried = make_world(governed.world.records, desk=desk_of(governed.ledger), seconds=0.05)
    hurried.platforms["crm"].delay = 30
    answer = await hurried.ask(
        "query($id: ID!) { syncRun(id: $id) { workflow records { id ... on Account { name } } } }", id=run
    )
    assert answer["data"]["syncRun"] == {"workflow": "updateAccount", "records": [{"id": account, "name": None}]}
    assert answer["errors"][0]["extensions"]["code"] == "DEADLINE_EXCEEDED"


async def test_the_plan_of_records_within_is_explained_and_kept(governed):
    (account,) = governed.ids("Account", 1)
    run = await run_with(governed, [account])
    query = "query($id: ID!) { syncRun(id: $id) { records { ... on Account { name } } } }"
    answer = await governed.world.ask(query, explain=True, id=run)
    (read,) = answer["extensions"]["plan"]["reads"]
    assert (read["type"], read["by"], read["keys"]) == ("Account", "id", 1)
    kept = len(governed.world.engine._plans._plans)
    await governed.data(query, id=run)
    assert len(governed.world.engine._plans._plans) == kept


async def test_an_age_that_cannot_be_meant_costs_the_records_alone(governed):
    """A mutation is done by then: what is wrong with reading its records must not pass for its failure."""
    (account,) = governed.ids("Account", 1)
    run = await run_with(governed, [account, "junk"])
    answer = await governed.ask(
        """query($id: ID!) { syncRun(id: $id) { workflow
            records @freshness(maxAge: -1) { id ... on Account { name } } } }""",
        id=run,
    )
    assert answer["data"]["syncRun"] == {"workflow": "updateAccount", "records": [{"id": account, "name": None}]}
    (error,) = answer["errors"]
    assert (error["path"], error["extensions"]["code"]) == (["syncRun", "records", 0, "name"], "BAD_USER_INPUT")
