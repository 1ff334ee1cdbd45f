"""Whoever waits gets each event that is theirs, answered as if they had asked for the run or problem at that moment."""

import asyncio
from contextlib import aclosing
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from resolvers.engine_port import RequestError
from resolvers.subscriptions.cursors import write_event_cursor
from schema.errors import BadUserInput, EventsGone, FellBehind, Forbidden, Queue, UpstreamUnavailable
from schema.ids import ledger_id
from tests.resolvers.firm.ledger.subscribers import Subscriber, events, told

RUNS = """subscription($id: ID, $workflow: String, $after: String) {
    event: syncRunChanged(id: $id, workflow: $workflow, after: $after) {
        cursor correlationId occurredAt status run { id workflow requestedBy } } }"""
DEEP = """subscription Deep($after: String) { syncRunChanged(after: $after) {
    status run { id steps { name status } exceptions { code } records { __typename id ... on Account { name } } } } }"""
PROBLEMS = """subscription($queue: ExceptionQueue, $after: String) {
    event: exceptionRaised(queue: $queue, after: $after) {
        cursor occurredAt exception { id queue code message run { id } record { id } } } }"""


async def test_each_status_of_a_run_is_told_with_what_is_asked_of_it(governed: Any, subscribe: Any) -> None:
    answers = await subscribe(RUNS)
    run = await governed.accepted()
    await governed.failed(run)
    found = await events(answers, 3)
    assert [event["status"] for event in found] == ["PENDING", "RUNNING", "FAILED"]
    assert {event["correlationId"] for event in found} == {run.correlation_id}
    assert len({event["cursor"] for event in found}) == 3
    assert all(event["occurredAt"].endswith("Z") for event in found)
    assert found[0]["run"] == {"id": governed.run_id(run), "workflow": "updateAccount", "requestedBy": "portal"}


async def test_one_run_or_one_workflow_may_be_waited_for(governed: Any, subscribe: Any) -> None:
    other = await governed.accepted(workflow="postInvoice")
    by_id = await subscribe(RUNS, id=governed.run_id(other))
    by_workflow = await subscribe(RUNS, workflow="postInvoice")
    both = await subscribe(RUNS, id=governed.run_id(other), workflow="updateAccount")
    await governed.accepted()
    await governed.failed(other)
    third = await governed.accepted(workflow="postInvoice")
    assert [event["status"] for event in await events(by_id, 2)] == ["RUNNING", "FAILED"]
    found = await events(by_workflow, 3)
    assert found[2]["run"]["id"] == governed.run_id(third)
    waiting = asyncio.create_task(told(both, 1))
    assert not (await asyncio.wait([waiting], timeout=0.1))[0]
    waiting.cancel()


async def test_a_subscription_resumes_behind_its_cursor_in_another_process(
    governed: Any, subscribe: Any, make_world: Any, desk_of: Any, ledger: Any
) -> None:
    answers = await subscribe(RUNS)
    runs = [await governed.accepted() for _ in range(5)]
    first, second = await events(answers, 2)
    await answers.aclose()
    runs += [await governed.accepted()]
    restarted = make_world(governed.world.records, desk=desk_of(ledger))
    again = await Subscriber(SimpleNamespace(world=restarted)).to(RUNS, after=second["cursor"])
    found = await events(again, 4)
    assert [event["run"]["id"] for event in found] == [governed.run_id(run) for run in runs[2:]]
    assert first["cursor"] != second["cursor"]
    await restarted.engine.close()


async def test_a_problem_is_told_once_when_it_is_raised(governed: Any, subscribe: Any) -> None:
    finance, everything = await subscribe(PROBLEMS, queue="FINANCE"), await subscribe(PROBLEMS)
    (account,) = governed.ids("Account", 1)
    run = await governed.accepted()
    problem = governed.problem(queue=Queue.PMO, record_id=account, run_id=run.id)
    await governed.failed(run, problem, governed.problem(code="OTHER"))
    again = await governed.accepted()
    await governed.failed(again, problem, governed.problem(code="THIRD"))
    assert [event["exception"]["code"] for event in await events(finance, 2)] == ["OTHER", "THIRD"]
    found = await events(everything, 3)
    assert [event["exception"]["queue"] for event in found] == ["PMO", "FINANCE", "FINANCE"]
    assert found[0]["exception"]["record"] == {"id": account}
    assert found[0]["exception"]["run"] == {"id": governed.run_id(run)}


async def test_records_inside_an_event_are_read_live_in_one_plan(governed: Any, subscribe: Any) -> None:
    accounts = governed.ids("Account", 3)
    names = {row["id"]: row["name"] for row in governed.world.records["Account.CRM"]}
    answers = await subscribe(DEEP)
    await governed.accepted(records=tuple(accounts))
    governed.world.calls()
    (answer,) = await told(answers, 1)
    assert [record["name"] for record in answer["data"]["syncRunChanged"]["run"]["records"]] == list(names.values())[:3]
    assert sum(governed.world.calls().values()) == 1


async def test_subscribers_who_ask_alike_share_one_answer(governed: Any, subscribe: Any) -> None:
    accounts = governed.ids("Account", 3)
    first = await governed.accepted()
    waiting = [await subscribe(DEEP) for _ in range(20)]
    begun_earlier = await subscribe(RUNS, after=None)
    (other_role,) = [await subscribe(DEEP, by="finance")]
    await governed.accepted(records=tuple(accounts))
    governed.world.calls()
    found = await asyncio.gather(*(told(answers, 1) for answers in waiting))
    assert all(answer == found[0] for answer in found)
    assert sum(governed.world.calls().values()) == 1
    assert await told(other_role, 1) == found[0]
    assert sum(governed.world.calls().values()) == 1
    (event,) = await events(begun_earlier, 1)
    assert event["run"]["id"] != governed.run_id(first)


async def test_an_answer_is_shared_wherever_its_subscribers_began(governed: Any, subscribe: Any) -> None:
    cursors = []
    recording = await subscribe(RUNS)
    for _ in range(3):
        await governed.accepted()
        cursors += [event["cursor"] for event in await events(recording, 1)]
    waiting = [await subscribe(DEEP, after=cursor) for cursor in cursors]
    for behind, answers in zip((2, 1, 0), waiting, strict=True):
        await told(answers, behind)
    await governed.accepted(records=tuple(governed.ids("Account", 2)))
    governed.world.calls()
    await asyncio.gather(*(told(answers, 1) for answers in waiting))
    assert sum(governed.world.calls().values()) == 1


async def test_callers_without_the_right_hear_of_their_own_runs_alone(governed: Any, subscribe: Any) -> None:
    ann, ben, all_of_them = [await subscribe(RUNS, by=by) for by in ("portal@ann", "portal@ben", "auditor@ann")]
    runs = [await governed.accepted(caller=name) for name in ("ann", "ben", "ann")]
    ids = [governed.run_id(run) for run in runs]
    assert [event["run"]["id"] for event in await events(ann, 2)] == [ids[0], ids[2]]
    assert [event["run"]["id"] for event in await events(ben, 1)] == [ids[1]]
    assert [event["run"]["id"] for event in await events(all_of_them, 3)] == ids
    foreign = await subscribe(RUNS, by="portal@ben", id=ids[0])
    await governed.failed(runs[0])
    waiting = asyncio.create_task(told(foreign, 1))
    assert not (await asyncio.wait([waiting], timeout=0.1))[0]
    waiting.cancel()
    with pytest.raises(Forbidden):
        await subscribe(PROBLEMS, by="portal@ann")


async def test_the_right_is_looked_at_again_for_every_event(
    governed: Any, subscribe: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    problems, runs = await subscribe(PROBLEMS, by="finance@ann"), await subscribe(RUNS, by="finance@ann")
    run = await governed.accepted()
    await governed.failed(run, governed.problem())
    await events(problems, 1)
    await events(runs, 3)
    monkeypatch.setattr("sync.reception.MAY_READ_LEDGER", frozenset({"admin"}))
    other = await governed.accepted()
    await governed.failed(other, governed.problem())
    own = await governed.accepted(caller="ann")
    with pytest.raises(Forbidden):
        await told(problems, 1)
    assert [event["run"]["id"] for event in await events(runs, 1)] == [governed.run_id(own)]


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"after": "x"}, "not a cursor"),
        ({"after": "é"}, "not a cursor"),
        ({"after": ""}, "not a cursor"),
        ({"id": "x"}, "not an id"),
        ({"id": ledger_id("BusinessException", "x")}, "type BusinessException"),
        ({"workflow": "a\0b"}, "no text here can hold"),
    ],
)
async def test_what_cant_be_meant_is_refused(subscribe: Any, variables: dict[str, Any], message: str) -> None:
    with pytest.raises(BadUserInput, match=message):
        await subscribe(RUNS, **variables)


async def test_a_cursor_of_another_stream_or_installation_is_refused(governed: Any, subscribe: Any) -> None:
    answers = await subscribe(RUNS)
    await governed.accepted()
    (event,) = await events(answers, 1)
    with pytest.raises(BadUserInput, match="another stream"):
        await subscribe(PROBLEMS, after=event["cursor"])
    with pytest.raises(BadUserInput, match="behind all that has happened"):
        await subscribe(RUNS, after=write_event_cursor("syncRunChanged", 2))
    with pytest.raises(RequestError):
        await subscribe(PROBLEMS, queue="NOBODY")


async def test_a_gap_is_told_with_the_cursor_to_go_on_behind(governed: Any, subscribe: Any, ledger: Any) -> None:
    answers = await subscribe(RUNS)
    await governed.accepted()
    await governed.accepted()
    first, _ = await events(answers, 2)
    await ledger.forget(before=datetime.now(UTC))
    last = await governed.accepted()
    with pytest.raises(EventsGone) as gone:
        await subscribe(RUNS, after=first["cursor"])
    again = await subscribe(RUNS, after=gone.value.resume_after)
    assert [event["run"]["id"] for event in await events(again, 1)] == [governed.run_id(last)]


@pytest.mark.parametrize("has_caught_up", [False, True])
async def test_who_is_too_slow_is_told_where_to_go_on(governed: Any, subscribe: Any, *, has_caught_up: bool) -> None:
    subscriptions = governed.world.engine._subscriptions
    subscriptions._follower.buffer = subscriptions._channels.most = 2
    answers, keeping_up = await subscribe(RUNS), await subscribe(RUNS)
    runs = []
    for _ in range(1 + has_caught_up):
        waiting = asyncio.gather(events(answers, 1), events(keeping_up, 1))
        await asyncio.sleep(0)
        runs.append(await governed.accepted())
        await waiting
    for _ in range(4):
        runs.append(await governed.accepted())
        await events(keeping_up, 1)
    await events(answers, 2)
    with pytest.raises(FellBehind) as behind:
        await told(answers, 1)
    again = await subscribe(RUNS, after=behind.value.resume_after)
    assert [event["run"]["id"] for event in await events(again, 2)] == [governed.run_id(run) for run in runs[-2:]]


async def test_a_platform_that_is_away_costs_its_own_fields(governed: Any, subscribe: Any) -> None:
    governed.world.platforms["crm"].error = UpstreamUnavailable("down", platform="crm")
    answers = await subscribe(DEEP)
    (account,) = governed.ids("Account", 1)
    run = await governed.accepted(records=(account,))
    (answer,) = await told(answers, 1)
    assert answer["data"]["syncRunChanged"]["run"]["records"] == [
        {"__typename": "Account", "id": account, "name": None}
    ]
    (error,) = answer["errors"]
    assert error["extensions"]["code"] == "UPSTREAM_UNAVAILABLE"
    assert error["extensions"]["correlationId"] == run.correlation_id


async def test_fragments_aliases_and_typename_work_as_in_a_query(governed: Any, subscribe: Any) -> None:
    answers = await subscribe(
        """subscription { ...Root }
        fragment Root on Subscription { ... { it: syncRunChanged { ...Event kind: __typename } } }
        fragment Event on SyncRunEvent { status then: run { id } }"""
    )
    run = await governed.accepted()
    (answer,) = await told(answers, 1)
    assert answer["data"] == {"it": {"status": "PENDING", "then": {"id": governed.run_id(run)}, "kind": "SyncRunEvent"}}


async def test_a_graph_without_a_ledger_says_so(world: Any) -> None:
    with pytest.raises(BadUserInput, match="no ledger"):
        await Subscriber(SimpleNamespace(world=world)).to(RUNS)


async def test_closing_a_subscription_leaves_nothing_behind(governed: Any, subscribe: Any) -> None:
    follower = governed.world.engine._subscriptions._follower
    async with aclosing(await subscribe(RUNS)) as answers:
        await governed.accepted()
        await events(answers, 1)
        assert follower.watched == 1
    assert follower.watched == 0
