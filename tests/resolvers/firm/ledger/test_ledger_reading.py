"""What callers see of the ledger: lists with their pages, single things by id, and only what their role may see."""

from itertools import pairwise

import pytest

from runtime.clock import SystemClock
from schema.errors import Queue
from schema.ids import ledger_id
from sync.ledger.database import open_ledger
from sync.ledger.records import Change, Operation, Planned

RUNS = """query($filter: SyncRunFilter, $first: Int, $after: String) { list: syncRuns(filter: $filter, first: $first,
    after: $after) { totalCount nodes { id workflow } edges { cursor node { id } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""
EXCEPTIONS = """query($queue: ExceptionQueue, $status: ExceptionStatus, $first: Int, $after: String) {
    list: exceptions(queue: $queue, status: $status, first: $first, after: $after) {
    totalCount nodes { id code } pageInfo { hasNextPage endCursor } } }"""
APPROVALS = """query($first: Int, $after: String, $of: String) {
    list: approvals(role: $of, first: $first, after: $after) {
    totalCount nodes { id: requestedBy } pageInfo { hasNextPage endCursor } } }"""
AUDIT = """query($first: Int, $after: String, $recordId: ID, $correlationId: ID) {
    list: auditLog(first: $first, after: $after, recordId: $recordId, correlationId: $correlationId) {
    totalCount nodes { id sequence action correlationId hash previousHash } pageInfo { hasNextPage endCursor } } }"""


async def walked(governed, query, **variables) -> list[str]:
    """The ids of a list, in pages of two."""
    ids: list[str] = []
    info = {"hasNextPage": True, "endCursor": None}
    while info["hasNextPage"]:
        found = (await governed.data(query, first=2, after=info["endCursor"], **variables))["list"]
        ids += [node["id"] for node in found["nodes"]]
        info = found["pageInfo"]
    return ids


async def refused(governed, query: str, *, by: str = "admin", **variables) -> dict:
    answer = await governed.ask(query, by=by, **variables)
    (error,) = answer["errors"]
    return error


async def test_everything_of_a_run_is_told(governed):
    change = Change(field="name", before="Acme", after=None)
    plan = Planned(
        step="crm account", platform="crm", entity="account", operation=Operation.UPDATE, external_id="1",
        changes=(change,), calls=2,
    )  # fmt: skip
    run = await governed.accepted(plan=(plan,), reason="why", input={"amount": "1.50", "deep": {"list": [None]}})
    await governed.failed(run, governed.problem(run_id=run.id, step="crm account", detail={"asked": "1"}))
    data = await governed.data(
        """query($id: ID!) { syncRun(id: $id) { id workflow status correlationId idempotencyKey requestedBy reason input
            dryRun plan { step platform entity operation externalId changes { field before after } }
            steps { name platform operation status attempts externalId startedAt finishedAt
                error { code message retryable platformCode } }
            exceptions { queue status code message step detail amount { amount } dueAt run { id } record { id } }
        } }""",
        id=governed.run_id(run),
    )
    found = data["syncRun"]
    (step,) = found.pop("steps")
    assert found == {
        "id": governed.run_id(run), "workflow": "updateAccount", "status": "FAILED",
        "correlationId": run.correlation_id,
        "idempotencyKey": run.idempotency_key, "requestedBy": "portal", "reason": "why", "dryRun": False,
        "input": {"amount": "1.50", "deep": {"list": [None]}},
        "plan": [{
            "step": "crm account", "platform": "crm", "entity": "account", "operation": "UPDATE", "externalId": "1",
            "changes": [{"field": "name", "before": "Acme", "after": None}],
        }],
        "exceptions": [{
            "queue": "FINANCE", "status": "OPEN", "code": "MISMATCH", "message": "They differ.", "step": "crm account",
            "detail": {"asked": "1"}, "amount": None, "dueAt": None, "run": {"id": governed.run_id(run)},
            "record": None,
        }],
    }  # fmt: skip
    assert step["startedAt"].endswith("Z")
    assert step | {"startedAt": None} == {
        "name": "crm account", "platform": "crm", "operation": "UPDATE", "status": "FAILED", "attempts": 1,
        "externalId": None, "startedAt": None, "finishedAt": None,
        "error": {"code": "UPSTREAM_REJECTED", "message": "No.", "retryable": False, "platformCode": "E1"},
    }  # fmt: skip


async def test_runs_are_listed_newest_first_and_walked_by_cursors(governed):
    runs = [governed.run_id(await governed.accepted()) for _ in range(7)]
    assert await walked(governed, RUNS) == runs[::-1]
    page = (await governed.data(RUNS, first=3))["list"]
    assert page["totalCount"] == 7
    assert [edge["node"]["id"] for edge in page["edges"]] == runs[:3:-1]
    assert page["pageInfo"] == {
        "hasNextPage": True, "hasPreviousPage": False, "startCursor": page["edges"][0]["cursor"],
        "endCursor": page["edges"][2]["cursor"],
    }  # fmt: skip
    later = (await governed.data(RUNS, first=9, after=page["edges"][0]["cursor"]))["list"]
    assert [node["id"] for node in later["nodes"]] == runs[-2::-1]
    assert later["pageInfo"]["hasPreviousPage"] is True
    empty = (await governed.data(RUNS, first=0))["list"]
    assert (empty["nodes"], empty["totalCount"], empty["pageInfo"]["hasNextPage"]) == ([], 7, True)


async def test_a_cursor_holds_across_a_restart(governed, make_world, desk_of):
    runs = [governed.run_id(await governed.accepted()) for _ in range(3)]
    cursor = (await governed.data(RUNS, first=1))["list"]["pageInfo"]["endCursor"]
    restarted = make_world(governed.world.records, desk=desk_of(governed.ledger))
    answer = await restarted.ask(RUNS, after=cursor)
    assert [node["id"] for node in answer["data"]["list"]["nodes"]] == runs[1::-1]


async def test_the_other_lists_are_walked_by_cursors(governed):
    run = await governed.accepted()
    await governed.failed(run, *(governed.problem(code=f"P{n}") for n in range(5)))
    for number in range(5):
        until = governed.ledger._transactions._clock.now()
        await governed.accepted(caller=f"c{number}", approval_role="finance", approval_until=until)
    assert len(set(await walked(governed, EXCEPTIONS))) == 5
    assert await walked(governed, APPROVALS) == [f"c{number}" for number in range(5)]
    everything = (await governed.data(AUDIT, first=500))["list"]["nodes"]
    assert await walked(governed, AUDIT) == [entry["id"] for entry in everything]


async def test_exceptions_are_listed_by_queue_and_status(governed):
    run = await governed.accepted()
    await governed.failed(run, *(governed.problem(code=queue.value, queue=queue) for queue in Queue))
    found = (await governed.data(EXCEPTIONS, queue="PMO"))["list"]
    assert ([node["code"] for node in found["nodes"]], found["totalCount"]) == (["PMO"], 1)
    assert (await governed.data(EXCEPTIONS, status="RESOLVED"))["list"]["totalCount"] == 0
    assert (await governed.data(EXCEPTIONS, status="OPEN"))["list"]["totalCount"] == 4


async def test_approvals_are_those_that_wait_unless_others_are_asked_for(governed):
    until = governed.ledger._transactions._clock.now()
    await governed.accepted(caller="ann", approval_role="finance", approval_until=until)
    await governed.accepted(caller="bob", approval_role="pmo", approval_until=until)
    query = "query($s: ApprovalStatus) { list: approvals(status: $s) { nodes { requestedBy } } }"
    assert [n["id"] for n in (await governed.data(APPROVALS, of="pmo"))["list"]["nodes"]] == ["bob"]
    assert (await governed.data(query, s="APPROVED"))["list"]["nodes"] == []
    assert len((await governed.data(query, s=None))["list"]["nodes"]) == 2
    assert (await governed.data(APPROVALS))["list"]["totalCount"] is None


async def test_the_audit_log_is_a_chain_by_record_and_by_correlation(governed):
    (account,) = governed.ids("Account", 1)
    query = """mutation($id: ID!, $key: String!) {
        updateAccount(input: { id: $id, idempotencyKey: $key }) { run { id } } }"""
    await governed.data(query, id=account, key="k1")
    await governed.data(query, id=governed.ids("Account", 2)[1], key="k2")
    entries = (await governed.data(AUDIT))["list"]["nodes"]
    assert [entry["sequence"] for entry in entries] == list(range(1, len(entries) + 1))
    assert all(left["hash"] == right["previousHash"] for left, right in pairwise(entries))
    of_record = (await governed.data(AUDIT, recordId=account))["list"]["nodes"]
    assert 0 < len(of_record) < len(entries)
    assert (await governed.data(AUDIT, correlationId="c-1"))["list"]["nodes"] == entries
    assert (await governed.data(AUDIT, correlationId="other"))["list"]["nodes"] == []


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, "ab"),
        ({"workflow": {"eq": "updateAccount"}}, "a"),
        ({"workflow": {"ne": "updateAccount"}}, "b"),
        ({"workflow": {"in": ["updateAccount", "x"], "startsWith": "update"}}, "a"),
        ({"workflow": {"startsWith": "UPDATE"}}, ""),
        ({"workflow": {"contains": "Invoice"}, "requestedBy": {"eq": "ann"}}, "b"),
        ({"workflow": {"eq": None}}, ""),
        ({"workflow": {"ne": None}}, "ab"),
        ({"workflow": {"in": []}}, ""),
        ({"workflow": None, "status": None, "correlationId": None}, "ab"),
        ({"status": ["PENDING"]}, "a"),
        ({"status": ["AWAITING_APPROVAL", "PENDING"]}, "ab"),
        ({"status": []}, ""),
        ({"correlationId": {"eq": "c-a"}}, "a"),
        ({"correlationId": {"in": ["c-a", "c-b"]}}, "ab"),
        ({"correlationId": {"eq": "c-a", "in": ["c-b"]}}, ""),
        ({"correlationId": {"in": []}}, ""),
        ({"correlationId": {}}, "ab"),
        ({"createdAt": {"gte": "2020-01-01T00:00:00Z"}}, "ab"),
        ({"createdAt": {"lt": "2020-01-01T00:00:00Z"}}, ""),
        ({"createdAt": {"eq": None}}, ""),
        ({"requestedBy": {"contains": "%"}}, ""),
    ],
)
async def test_runs_are_filtered(governed, wanted, found):
    until = governed.ledger._transactions._clock.now()
    await governed.accepted(caller="bob", correlation_id="c-a")
    await governed.accepted(
        workflow="postInvoice", caller="ann", correlation_id="c-b", approval_role="finance", approval_until=until
    )
    letters = {"updateAccount": "a", "postInvoice": "b"}
    page = (await governed.data(RUNS, filter=wanted))["list"]
    assert "".join(sorted(letters[node["workflow"]] for node in page["nodes"])) == found
    assert page["totalCount"] == len(found)


@pytest.mark.parametrize("query", [RUNS, EXCEPTIONS, APPROVALS, AUDIT])
@pytest.mark.parametrize(
    "page", [{"first": -1}, {"first": 501}, {"after": ""}, {"after": "junk"}, {"after": "kqFhoWE"}]
)
async def test_a_page_that_cannot_be_meant_is_refused(governed, query, page):
    error = await refused(governed, query, **page)
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert error["path"] == ["list"]


async def test_a_cursor_fits_its_own_list_only(governed):
    for _ in range(3):
        await governed.accepted()
    cursor = (await governed.data(RUNS, first=1))["list"]["pageInfo"]["endCursor"]
    for query, more in ((EXCEPTIONS, {}), (AUDIT, {}), (RUNS, {"filter": {"status": ["FAILED"]}})):
        assert "another list" in (await refused(governed, query, after=cursor, **more))["message"]


@pytest.mark.parametrize("text", ["junk", ledger_id("AuditEntry", "1"), "a\0"])
async def test_an_id_of_no_run_is_bad_input(governed, text):
    error = await refused(governed, "query($id: ID!) { a: syncRun(id: $id) { id } }", id=text)
    assert (error["extensions"]["code"], error["path"]) == ("BAD_USER_INPUT", ["a"])


@pytest.mark.parametrize(
    "wanted", [{"workflow": {"eq": "a\0"}}, {"requestedBy": {"in": ["a\0"]}}, {"correlationId": {"eq": "\ud800"}}]
)
async def test_text_that_no_database_holds_is_bad_input(governed, wanted):
    assert (await refused(governed, RUNS, filter=wanted))["extensions"]["code"] == "BAD_USER_INPUT"


async def test_the_ledgers_things_are_nodes(governed):
    run = await governed.accepted()
    await governed.failed(run, governed.problem(run_id=run.id))
    (problem,) = (await governed.data("{ exceptions { nodes { id } } }"))["exceptions"]["nodes"]
    query = """query($run: ID!, $problem: ID!) {
        run: node(id: $run) { __typename id ... on SyncRun { workflow } ... on Account { name } }
        problem: node(id: $problem) { __typename id ...Problem } }
        fragment Problem on BusinessException { code run { status } }"""
    data = await governed.data(query, run=governed.run_id(run), problem=problem["id"])
    assert data == {
        "run": {"__typename": "SyncRun", "id": governed.run_id(run), "workflow": "updateAccount"},
        "problem": {
            "__typename": "BusinessException", "id": problem["id"], "code": "MISMATCH", "run": {"status": "FAILED"}
        },
    }  # fmt: skip


async def test_an_audit_entry_is_a_node(governed):
    (account,) = governed.ids("Account", 1)
    await governed.data(
        'mutation($id: ID!) { updateAccount(input: { id: $id, idempotencyKey: "k" }) { run { id } } }', id=account
    )
    (entry,) = (await governed.data("{ auditLog { nodes { id action recordId } } }"))["auditLog"]["nodes"]
    query = "query($ids: [ID!]!) { nodes(ids: $ids) { id ... on AuditEntry { action recordId } } }"
    forged = [ledger_id("AuditEntry", text) for text in ("0", "01", "2", "x", "-1", "9" * 30, "1\0")]
    data = await governed.data(query, ids=[entry["id"], *forged])
    assert data["nodes"] == [entry] + [None] * len(forged)
    assert entry["recordId"] == account


# --------------------------------------------------------------------------------------------------------- who may see


async def test_who_may_not_see_the_ledger_sees_the_runs_of_their_own(governed):
    mine = await governed.accepted(caller="ann")
    other = await governed.accepted(caller="bob")
    await governed.failed(mine, governed.problem(run_id=mine.id))
    found = (await governed.data(RUNS, by="portal@ann"))["list"]
    assert ([node["id"] for node in found["nodes"]], found["totalCount"]) == ([governed.run_id(mine)], 1)
    query = "query($id: ID!) { a: syncRun(id: $id) { id steps { name } exceptions { code } } }"
    assert (await governed.data(query, by="portal@ann", id=governed.run_id(mine)))["a"]["exceptions"]
    answer = await governed.ask(query, by="portal@ann", id=governed.run_id(other))
    assert answer["data"] == {"a": None}
    assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert answer["errors"][0]["path"] == ["a"]


@pytest.mark.parametrize(
    ("wanted", "count"),
    [({"eq": "ann"}, 1), ({"eq": "bob"}, 0), ({"ne": "bob"}, 1), ({"in": ["bob", "ann"]}, 1), ({"contains": "b"}, 0),
     ({"startsWith": "a"}, 1), ({"ne": "ann"}, 0)],
)  # fmt: skip
async def test_a_filter_never_widens_what_a_caller_may_see(governed, wanted, count):
    await governed.accepted(caller="ann")
    await governed.accepted(caller="bob")
    found = (await governed.data(RUNS, by="portal@ann", filter={"requestedBy": wanted}))["list"]
    assert found["totalCount"] == count == len(found["nodes"])


@pytest.mark.parametrize("query", [EXCEPTIONS, APPROVALS, AUDIT])
async def test_the_rest_of_the_ledger_is_for_its_readers(governed, query):
    error = await refused(governed, query, by="portal@ann")
    assert (error["extensions"]["code"], error["path"]) == ("FORBIDDEN", ["list"])


async def test_by_id_nobody_sees_more_than_in_lists(governed):
    mine, other = await governed.accepted(caller="ann"), await governed.accepted(caller="bob")
    await governed.failed(mine, governed.problem(code="MINE", run_id=mine.id))
    await governed.failed(other, governed.problem(code="THEIRS", run_id=other.id), governed.problem(code="NOBODYS"))
    problems = (await governed.data("{ exceptions { nodes { id code } } }"))["exceptions"]["nodes"]
    ids = [governed.run_id(mine), governed.run_id(other), *(problem["id"] for problem in problems)]
    ids.append(ledger_id("AuditEntry", "1"))
    query = "query($ids: [ID!]!) { nodes(ids: $ids) { id ... on BusinessException { code } } }"
    answer = await governed.ask(query, by="portal@ann", ids=ids)
    told = [node and node.get("code", "run") for node in answer["data"]["nodes"]]
    assert told == ["run", None, "MINE", None, None, None]
    (error,) = answer["errors"]
    assert (error["path"], error["extensions"]["code"]) == (["nodes", 1], "FORBIDDEN")
    assert error["extensions"]["occurrences"] == 4


# ------------------------------------------------------------------------------------------------------- when it's away


async def test_a_ledger_that_is_away_is_told_with_its_path_and_costs_nothing_else(make_world, desk_of, firm):
    away = open_ledger("postgresql://nobody@127.0.0.1:1/nothing", clock=SystemClock())
    world = make_world(firm.records(7), desk=desk_of(away))
    query = "query($id: ID!) { accounts(first: 1) { nodes { id } } a: syncRun(id: $id) { id } }"
    answer = await world.ask(query, id=ledger_id("SyncRun", "x"))
    assert answer["data"]["a"] is None
    assert len(answer["data"]["accounts"]["nodes"]) == 1
    (error,) = answer["errors"]
    assert (error["path"], error["extensions"]["code"]) == (["a"], "LEDGER_UNAVAILABLE")
    assert error["extensions"]["retryable"] is True
    assert error["extensions"]["correlationId"] == "c-1"
    written = await world.ask(
        'mutation { a: createAccount(input: { name: "Acme", idempotencyKey: "k" }) { run { id } } }'
    )
    assert written["data"] is None
    assert [(e["path"], e["extensions"]["code"]) for e in written["errors"]] == [(["a"], "LEDGER_UNAVAILABLE")]
    await away.close()


async def test_without_a_ledger_there_are_no_runs(make_world, firm):
    world = make_world(firm.records(7))
    query = """query($id: ID!) { syncRun(id: $id) { id } syncRuns { totalCount nodes { id } } node(id: $id) { id }
        exceptions { totalCount } approvals { nodes { requiredRole } } auditLog { nodes { id } } }"""
    assert await world.ask(query, role="portal", id=ledger_id("SyncRun", "x")) == {
        "data": {
            "syncRun": None, "syncRuns": {"totalCount": 0, "nodes": []}, "node": None, "exceptions": {"totalCount": 0},
            "approvals": {"nodes": []}, "auditLog": {"nodes": []},
        }
    }  # fmt: skip


async def test_what_leads_round_in_circles_ends(governed):
    run = await governed.accepted()
    await governed.failed(run, *(governed.problem(run_id=run.id) for _ in range(110)))
    query = "query($id: ID!) { syncRun(id: $id) { exceptions { run { exceptions { code } } } } }"
    error = await refused(governed, query, id=governed.run_id(run))
    assert error["extensions"]["code"] == "TOO_WIDE"
    assert error["extensions"]["occurrences"] > 1


async def test_answers_of_the_ledger_are_kept_by_nobody(governed):
    query = "{ syncRuns { totalCount } accounts(first: 1) @freshness(maxAge: 60) { nodes { id } } }"
    assert (await governed.world.answer(query)).cache_control is None
