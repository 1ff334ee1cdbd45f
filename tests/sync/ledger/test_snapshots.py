"""What was last seen of a record is replaced only by what was read later, and each difference is told once."""

import asyncio
from datetime import timedelta

import msgspec

from sync.ledger.port import NewException, Outcome
from sync.ledger.port_of_changes import Observation, RecordChange, Told, change_kind
from sync.ledger.records import Operation, StepStatus

WHERE = ("netsuite", "Invoice", "ERP")


def seen(external_id, expected, values, *, told=(), **said):
    platform, type_name, role = WHERE
    return Observation(
        platform=platform,
        type=type_name,
        role=role,
        external_id=external_id,
        expected=expected,
        values=values,
        told=told,
        **said,
    )


def told(clock, external_id, **changes):
    change = RecordChange(
        type="Invoice",
        role="ERP",
        platform="netsuite",
        entity="invoice",
        external_id=external_id,
        changes=changes,
        occurred_at=clock.now(),
        observed_at=clock.now(),
        noticed_by="feed",
    )
    return Told(subject=f"id-{external_id}", correlation_id="c", change=change)


async def get(ledger, *ids):
    return await ledger.snapshots.get(*WHERE, ids)


async def events(ledger):
    return await ledger.events(after=0, kinds=[change_kind("Invoice")], most=1_000)


async def test_what_was_never_seen_has_no_snapshot(ledger):
    assert await get(ledger, "1", "2") == {}
    assert await get(ledger) == {}


async def test_a_first_sight_is_kept_with_all_that_it_is(ledger, clock):
    stamp = clock.now() - timedelta(days=3)
    read_at = clock.now() - timedelta(seconds=2)
    values, echoes = {"status": "DRAFT", "total": None}, {"r/s/1": ["a"]}
    first = seen("1", 0, values, modified_at=stamp, read_at=read_at, echoes=echoes)
    assert await ledger.snapshots.observe([first]) == (True,)
    [found] = (await get(ledger, "1")).values()
    assert (found.version, found.values) == (1, values)
    assert (found.modified_at, found.seen_at, found.gone_at) == (stamp, read_at, None)
    assert found.echoes == echoes


async def test_records_of_other_platforms_types_and_roles_are_others(ledger):
    await ledger.snapshots.observe([seen("1", 0, {"status": "DRAFT"})])
    for where in (("tryton", "Invoice", "ERP"), ("netsuite", "Payment", "ERP"), ("netsuite", "Invoice", "CRM")):
        assert await ledger.snapshots.get(*where, ["1"]) == {}


async def test_a_later_sight_replaces_an_earlier_one_and_tells_of_it(ledger, clock):
    await ledger.snapshots.observe([seen("1", 0, {"status": "DRAFT"})])
    clock.advance(5)
    change = told(clock, "1", status=("DRAFT", "PAID"))
    assert await ledger.snapshots.observe([seen("1", 1, {"status": "PAID"}, told=(change,))]) == (True,)
    [found] = (await get(ledger, "1")).values()
    assert (found.version, found.values, found.seen_at) == (2, {"status": "PAID"}, clock.now())
    [event] = await events(ledger)
    assert (event.subject, event.correlation_id, event.payload["changes"]) == (
        "id-1",
        "c",
        {"status": ["DRAFT", "PAID"]},
    )


async def test_who_noted_another_version_writes_nothing(ledger, clock):
    await ledger.snapshots.observe([seen("1", 0, {"n": 1})])
    late = told(clock, "1", n=(0, 9))
    for expected in (0, 2, 7):
        assert await ledger.snapshots.observe([seen("1", expected, {"n": 9}, told=(late,))]) == (False,)
    [found] = (await get(ledger, "1")).values()
    assert (found.version, found.values) == (1, {"n": 1})
    assert await events(ledger) == ()


async def test_of_some_together_each_stands_or_falls_by_itself(ledger, clock):
    await ledger.snapshots.observe([seen("b", 0, {"n": 1}), seen("a", 0, {"n": 1})])
    both = [
        seen("b", 1, {"n": 2}, told=(told(clock, "b", n=(1, 2)),)),
        seen("a", 0, {"n": 3}, told=(told(clock, "a", n=(0, 3)),)),
        seen("c", 0, {"n": 4}, told=(told(clock, "c", n=(None, 4)),)),
    ]
    assert await ledger.snapshots.observe(both) == (True, False, True)
    assert {key: found.values["n"] for key, found in (await get(ledger, "a", "b", "c")).items()} == {
        "a": 1,
        "b": 2,
        "c": 4,
    }
    assert [event.subject for event in await events(ledger)] == ["id-b", "id-c"]


async def test_more_than_one_statement_takes_are_kept(ledger):
    ids = [f"{number:04}" for number in range(450)]
    assert await ledger.snapshots.observe([seen(each, 0, {}) for each in ids]) == (True,) * 450
    assert sorted(await get(ledger, *ids)) == ids
    assert await ledger.snapshots.observe([]) == ()


async def test_what_is_gone_is_kept_as_gone_and_may_come_back(ledger, clock):
    await ledger.snapshots.observe([seen("1", 0, {"n": 1}), seen("2", 0, {"n": 1})])
    clock.advance(1)
    assert await ledger.snapshots.observe([seen("1", 1, None)]) == (True,)
    [gone] = (await get(ledger, "1")).values()
    assert (gone.gone_at, gone.values) == (clock.now(), {})
    assert [found.external_id for found in await ledger.snapshots.page(*WHERE, most=9)] == ["2"]
    await ledger.snapshots.observe([seen("1", 2, {"n": 5})])
    [back] = (await get(ledger, "1")).values()
    assert (back.gone_at, back.values, back.version) == (None, {"n": 5}, 3)


async def test_pages_go_by_id(ledger):
    await ledger.snapshots.observe([seen(each, 0, {}) for each in ("d", "a", "c", "b")])
    first = await ledger.snapshots.page(*WHERE, most=3)
    assert [found.external_id for found in first] == ["a", "b", "c"]
    assert [found.external_id for found in await ledger.snapshots.page(*WHERE, after="c", most=3)] == ["d"]


async def test_of_many_at_once_who_noted_the_same_one_writes(ledger, clock):
    await ledger.snapshots.observe([seen("1", 0, {"n": 0})])
    tries = [seen("1", 1, {"n": n}, told=(told(clock, "1", n=(0, n)),)) for n in range(1, 9)]
    stood = await asyncio.gather(*(ledger.snapshots.observe([each]) for each in tries))
    assert sum(stood for (stood,) in stood) == 1
    winner = 1 + [stands for (stands,) in stood].index(True)
    [found] = (await get(ledger, "1")).values()
    assert found.values == {"n": winner}
    assert [event.payload["changes"]["n"] for event in await events(ledger)] == [[0, winner]]


async def test_of_many_at_once_who_see_a_record_first_one_writes(ledger, clock):
    tries = [seen("1", 0, {"n": n}, told=(told(clock, "1", n=(None, n)),)) for n in range(8)]
    stood = await asyncio.gather(*(ledger.snapshots.observe([each]) for each in tries))
    assert sum(stood for (stood,) in stood) == 1
    assert len(await events(ledger)) == 1


async def test_two_who_write_many_records_in_other_orders_never_wait_for_each_other(ledger):
    ids = [str(number) for number in range(60)]
    orders = [ids, ids[::-1]] * 3
    stood = await asyncio.gather(
        *(ledger.snapshots.observe([seen(each, 0, {"by": n}) for each in order]) for n, order in enumerate(orders))
    )
    assert sum(map(sum, stood)) == len(ids)


async def test_what_was_not_seen_for_long_is_forgotten(ledger, clock):
    await ledger.snapshots.observe([seen("old", 0, {}), seen("gone", 0, None), seen("kept", 0, {})])
    clock.advance(3600)
    await ledger.snapshots.observe(
        [seen("kept", 1, {}), seen("read before", 0, {}, read_at=clock.now() - timedelta(1))]
    )
    assert await ledger.snapshots.forget(before=clock.now()) == 3
    assert await ledger.snapshots.forget(before=clock.now()) == 0
    assert list(await get(ledger, "old", "gone", "kept", "read before")) == ["kept"]


# ------------------------------------------------------------------------------------------- what our own steps wrote


async def step(ledger, claimed, new_step, **said):
    run, hold = await claimed()
    begun = await ledger.begin(hold, new_step(run.id, **{"external_id": "1", **said}), Outcome())
    return run, hold, begun


async def names(ledger, since, *ids, platform="salesforce"):
    return [found.name for found in await ledger.snapshots.written(platform, ids or ["1"], since=since)]


async def test_a_step_may_have_written_from_its_beginning_on(ledger, clock, claimed, new_step):
    started = clock.now()
    _, hold, begun = await step(ledger, claimed, new_step, name="rename")
    clock.advance(3600)
    assert await names(ledger, clock.now()) == ["rename"]
    assert await names(ledger, started, "2") == []
    assert await names(ledger, started, platform="netsuite") == []
    await ledger.finish(hold, msgspec.structs.replace(begun, status=StepStatus.SUCCEEDED), Outcome())
    assert await names(ledger, clock.now()) == ["rename"]
    assert await names(ledger, clock.now() + timedelta(seconds=1)) == []


async def test_a_step_that_failed_may_have_written_when_it_was_begun(ledger, clock, claimed, new_step):
    started = clock.now()
    await step(ledger, claimed, new_step, name="refused", status=StepStatus.FAILED)
    assert await names(ledger, started) == ["refused"]
    assert await names(ledger, started + timedelta(seconds=1)) == []


async def test_a_step_that_had_nothing_to_change_wrote_nothing(ledger, clock, claimed, new_step):
    await step(ledger, claimed, new_step, status=StepStatus.SKIPPED)
    await step(ledger, claimed, new_step, status=StepStatus.PENDING)
    assert await names(ledger, clock.now()) == []


async def test_a_record_is_being_created_while_its_step_has_no_id_for_it(ledger, clock, claimed, new_step):
    since = clock.now() - timedelta(seconds=10)
    asked = ("salesforce", "Account", "CRM")
    assert not await ledger.snapshots.being_created(*asked, since=since)
    creating = {"operation": Operation.CREATE, "external_id": None}
    _, hold, begun = await step(ledger, claimed, new_step, **creating)
    assert await ledger.snapshots.being_created(*asked, since=since)
    assert not await ledger.snapshots.being_created("kantata", "Account", "CRM", since=since)
    assert not await ledger.snapshots.being_created("salesforce", "Account", "ERP", since=since)
    assert not await ledger.snapshots.being_created("salesforce", "Contact", "CRM", since=since)
    assert not await ledger.snapshots.being_created(*asked, since=clock.now() + timedelta(seconds=1))
    done = msgspec.structs.replace(begun, status=StepStatus.SUCCEEDED, external_id="9")
    await ledger.finish(hold, done, Outcome())
    assert not await ledger.snapshots.being_created(*asked, since=since)
    assert await names(ledger, since, "9") == [done.name]


# --------------------------------------------------------------------------------------------- problems of no run


async def test_a_problem_of_no_run_is_open_once_until_it_is_over(ledger, new_exception):
    problem: NewException = new_exception("feed:netsuite")
    await ledger.report(problem, correlation_id="c-9")
    await ledger.report(new_exception("feed:netsuite", message="Still so."), correlation_id="c-10")
    await ledger.report(new_exception("feed:netsuite:more"), correlation_id="c-10")
    [(_, first), (_, _)] = await ledger.exceptions(first=9)
    assert (first.seen, first.message, first.run_id) == (2, "Still so.", None)
    raised = await ledger.events(after=0, kinds=["exception"], most=9)
    assert [event.correlation_id for event in raised] == ["c-9", "c-10"]
    assert await ledger.is_over("feed:netsuite", by="feed", why="It answers again.")
    assert not await ledger.is_over("feed:netsuite", by="feed", why="It answers again.")
    [(_, first), (_, more)] = await ledger.exceptions(first=9)
    assert (first.status, first.resolved_by, first.resolution) == ("RESOLVED", "feed", "It answers again.")
    assert more.status == "OPEN"
    assert await ledger.problem("feed:netsuite") == first
    assert await ledger.problem("feed") is None
    await ledger.report(new_exception("feed:netsuite", message="Once more."), correlation_id="c-11")
    newest = await ledger.problem("feed:netsuite")
    assert (newest.status, newest.message, newest.id == first.id) == ("OPEN", "Once more.", False)
