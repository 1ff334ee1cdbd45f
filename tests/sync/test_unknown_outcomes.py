"""A call whose answer is lost is found out about: one record, one change, one removal, never a second write unseen."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from typing import Any

import pytest

from schema.errors import Queue
from sync.effects import Effect, Undo
from sync.ledger.records import ExceptionState, Run, RunStatus, StepStatus
from sync.troubles import OUTCOME_UNKNOWN, UNKNOWN_SECONDS
from tests.sync.watched import Filing, Watched, filed, filing_on, new_name, thorough

PLATFORMS = ["salesforce", "kantata", "netsuite"]
LOSSES = (
    ("drop_before", {}),
    ("drop_after", {}),
    ("garbage", {}),
    ("truncate", {}),
    ("status", {"status": 500}),
    ("status", {"status": 502}),
    ("status", {"status": 503}),
    ("garbage", {"status": 500}),  # done, and then a proxy's page
    ("garbage", {"status": 502}),
    ("garbage", {"status": 503}),
)
Losses = tuple[tuple[str, dict[str, Any]], ...]
METHODS = {
    "create": {"salesforce": "PATCH", "kantata": "POST", "netsuite": "PUT"},
    "update": {"salesforce": "PATCH", "kantata": "PUT", "netsuite": "PATCH"},
    "remove": {"salesforce": "DELETE", "kantata": "DELETE", "netsuite": "DELETE"},
}


@pytest.fixture
def losses(ledger_url: str) -> Losses:
    """Half of them on either database, unless the run is thorough: they happen to platforms, not to ledgers."""
    return LOSSES if thorough() else LOSSES[ledger_url.startswith("sqlite") :: 2]


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_a_record_is_made_once_however_its_answer_is_lost(
    watched: Watched, platform: str, losses: Losses
) -> None:
    filing = filing_on(watched.office, platform)
    for kind, more in losses:
        name = new_name()
        async with _lost(watched, filing, "create", kind, **more):
            run = await watched.done(("filing", filing.create(name), Undo.REMOVE))
        assert run.status is RunStatus.SUCCEEDED, (kind, more)
        assert len(filed(watched.office, filing, name)) == 1, (kind, more)
        _never_written_unseen(watched, platform)


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_a_change_is_made_once_however_its_answer_is_lost(
    watched: Watched, platform: str, losses: Losses
) -> None:
    filing = filing_on(watched.office, platform)
    made, _ = await _filed(watched, filing)
    for kind, more in losses:
        name = new_name()
        async with _lost(watched, filing, "update", kind, **more):
            run = await watched.done(("renaming", filing.update(made, name), Undo.RESTORE))
        assert run.status is RunStatus.SUCCEEDED, (kind, more)
        assert len(filed(watched.office, filing, name)) == 1, (kind, more)
        _never_written_unseen(watched, platform)


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_a_record_is_taken_back_once_however_its_answer_is_lost(
    watched: Watched, platform: str, losses: Losses
) -> None:
    filing = filing_on(watched.office, platform)
    for kind, more in losses:
        made, run = await _filed(watched, filing)
        await watched.office.desk.compensate(watched.office.caller("admin"), run.id)
        async with _lost(watched, filing, "remove", kind, **more):
            run = await watched.worked(run)
        assert run.status is RunStatus.COMPENSATED, (kind, more)
        assert watched.office.control.record(platform, filing.entity, made) is None, (kind, more)
        _never_written_unseen(watched, platform)


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("kind", ["create", "update", "remove"])
async def test_no_answer_in_time_is_a_lost_one(hurried: Watched, platform: str, kind: str) -> None:
    filing, name = filing_on(hurried.office, platform), new_name()
    made, run = await _filed(hurried, filing)
    if kind == "remove":
        await hurried.office.desk.compensate(hurried.office.caller("admin"), run.id)
    else:
        effect = filing.create(name) if kind == "create" else filing.update(made, name)
        run = await hurried.accepted((kind, effect, Undo.NONE))
    match = {"method": METHODS[kind][platform]}
    hurried.office.control.fault(platform, "latency", ms=600, times=1, match=match)
    hurried.witness.anew()
    await hurried.worker().take(run.id)
    step = (await hurried.office.steps(run))["undo filing" if kind == "remove" else kind]
    assert step.possible_until is not None
    assert step.error is not None
    assert step.error.code == "UPSTREAM_TIMEOUT"
    run = await hurried.worked(run)
    assert run.status is (RunStatus.COMPENSATED if kind == "remove" else RunStatus.SUCCEEDED)
    assert len(filed(hurried.office, filing, name)) == (0 if kind == "remove" else 1)
    _never_written_unseen(hurried, platform)


@pytest.mark.parametrize("platform", ["salesforce", "kantata"])
async def test_an_answer_later_than_the_timeout_is_of_a_write_that_is_found(hurried: Watched, platform: str) -> None:
    filing, name = filing_on(hurried.office, platform), new_name()
    await hurried.done_before(filing)
    match = {"method": METHODS["create"][platform]}
    hurried.office.control.fault(platform, "slow_body", ms=900, times=1, match=match)
    hurried.witness.anew()
    run = await hurried.done(("filing", filing.create(name), Undo.REMOVE))
    assert run.status is RunStatus.SUCCEEDED
    assert len(filed(hurried.office, filing, name)) == 1
    assert sum(seen.writes for seen in hurried.witness.seen) == 1, "it was found to have been done"


# ------------------------------------------------------------------------------------------- where keys aren't unique


async def test_kantata_is_given_its_time_before_anything_is_written_again(watched: Watched) -> None:
    filing, name, clock = filing_on(watched.office, "kantata"), new_name(), watched.office.clock
    run = await watched.accepted(("filing", filing.create(name), Undo.REMOVE))
    watched.office.control.fault("kantata", "drop_before", times=1, match={"method": "POST"})
    lost_at = clock.now()
    await watched.worker().take(run.id)
    watched.witness.anew()
    while (await watched.office.steps(run))["filing"].status is not StepStatus.SUCCEEDED:
        if any(seen.writes for seen in watched.witness.seen):
            break
        found = await watched.office.ledger.run(run.id)
        assert found is not None
        if found.next_at is not None and found.next_at > clock.now():
            clock.advance((found.next_at - clock.now()).total_seconds() + 0.001)
        await watched.worker().take(run.id)
    assert clock.now() - lost_at >= timedelta(seconds=1), "settle_seconds of the office's Kantata"
    assert found.tries == 1, "waiting is no failed try"
    assert (await watched.worked(run)).status is RunStatus.SUCCEEDED
    assert len(filed(watched.office, filing, name)) == 1


async def test_a_record_that_shows_while_it_is_waited_for_is_the_one(watched: Watched) -> None:
    filing, name = filing_on(watched.office, "kantata"), new_name()
    run = await _lost_create(watched, filing, name)
    key = (await watched.office.steps(run))["filing"].key
    late = _add_story(watched, filing, name, key)
    run = await watched.worked(run)
    assert run.status is RunStatus.SUCCEEDED
    assert (await watched.office.steps(run))["filing"].external_id == late
    assert len(filed(watched.office, filing, name)) == 1


async def test_of_two_that_bear_the_key_the_oldest_stays(watched: Watched) -> None:
    filing, name = filing_on(watched.office, "kantata"), new_name()
    run = await _lost_create(watched, filing, name)
    key = (await watched.office.steps(run))["filing"].key
    first = _add_story(watched, filing, name, key)
    _add_story(watched, filing, name, key)
    run = await watched.worked(run)
    assert run.status is RunStatus.SUCCEEDED
    step = (await watched.office.steps(run))["filing"]
    assert (step.external_id, step.created) == (first, True)
    assert [each["id"] for each in filed(watched.office, filing, name)] == [first]


async def test_a_second_one_that_appears_right_after_the_write_goes(watched: Watched) -> None:
    """The lost call came late, behind the second try's: read by key, both show, and the older one stays."""
    filing, name = filing_on(watched.office, "kantata"), new_name()
    run = await _lost_create(watched, filing, name)
    step = (await watched.office.steps(run))["filing"]
    watched.office.clock.advance(5)
    older: list[str] = []

    class Late:
        """Makes the lost record appear as the second try is written down."""

        def __getattr__(self, called: str) -> Any:
            if called == "begin" and not older:
                older.append(_add_story(watched, filing, name, step.key))
            return getattr(watched.office.ledger, called)

    worker = watched.worker()
    worker._governed._ledger = Late()  # type: ignore[assignment]
    await worker.take(run.id)
    run = await watched.worked(run)
    assert run.status is RunStatus.SUCCEEDED
    assert [each["id"] for each in filed(watched.office, filing, name)] == older
    assert (await watched.office.steps(run))["filing"].external_id == older[0]


async def test_a_late_record_is_brought_to_what_was_asked(watched: Watched) -> None:
    """What is made in several calls may be there without its last part."""
    filing, name = filing_on(watched.office, "kantata"), new_name()
    watched.office.control.fault("kantata", "drop_after", times=1, match={"method": "POST"})
    watched.office.control.fault("kantata", "ignore_field", entity="story", field="due_date", times=1)
    run = await watched.done(("filing", filing.create(name, dueDate=date(2027, 1, 15)), Undo.REMOVE))
    assert run.status is RunStatus.SUCCEEDED
    (record,) = filed(watched.office, filing, name)
    assert record["due_date"] == "2027-01-15"


# ------------------------------------------------------------------------------------------------ nobody can find out


async def test_after_five_minutes_a_person_is_told_and_when_it_is_known_nobody_has_to_look(watched: Watched) -> None:
    filing, name, clock = filing_on(watched.office, "salesforce"), new_name(), watched.office.clock
    run = await watched.accepted(("filing", filing.create(name), Undo.REMOVE))
    await watched.done_before(filing)
    watched.office.control.fault("salesforce", "drop_after", times=1, match={"method": "PATCH"})
    await watched.worker().take(run.id)
    watched.office.control.fault("salesforce", "down")
    lost_at = clock.now()
    await _next_look(watched, run)
    clock.advance(UNKNOWN_SECONDS - 10)
    await _next_look(watched, run)
    assert not await watched.office.problems(run), "not yet"
    while (clock.now() - lost_at).total_seconds() < UNKNOWN_SECONDS:
        await _next_look(watched, run)
    (problem,) = await watched.office.problems(run)
    assert (problem.code, problem.status, problem.queue) == (OUTCOME_UNKNOWN, ExceptionState.OPEN, Queue.PMO)
    assert problem.due_at is not None
    assert problem.step == "filing"
    assert (clock.now() - lost_at).total_seconds() <= UNKNOWN_SECONDS + 10
    for _ in range(3):  # looking goes on, and it stays one problem
        await _next_look(watched, run)
    assert [each.id for each in await watched.office.problems(run)] == [problem.id]
    waiting = await watched.office.ledger.run(run.id)
    assert waiting is not None
    assert waiting.status is RunStatus.RUNNING
    assert waiting.tries < 8, "a platform that is away uses up no tries"
    watched.office.control.calm()
    run = await watched.worked(run)
    assert run.status is RunStatus.SUCCEEDED
    assert len(filed(watched.office, filing, name)) == 1
    (closed,) = await watched.office.problems(run)
    assert (closed.id, closed.status, closed.resolved_by) == (problem.id, ExceptionState.RESOLVED, f"run {run.id}")


async def test_an_unknown_outcome_is_closed_also_where_what_is_found_is_wrong(watched: Watched) -> None:
    filing, name, clock = filing_on(watched.office, "salesforce"), new_name(), watched.office.clock
    run = await watched.accepted(("filing", filing.create(name, industry="Energy"), Undo.REMOVE))
    await watched.done_before(filing)
    watched.office.control.fault("salesforce", "ignore_field", entity="Account", field="Industry")
    watched.office.control.fault("salesforce", "drop_after", times=1, match={"method": "PATCH"})
    await watched.worker().take(run.id)
    down = watched.office.control.fault("salesforce", "down")
    clock.advance(UNKNOWN_SECONDS + 1)
    await watched.worker().take(run.id)
    assert [problem.code for problem in await watched.office.problems(run)] == [OUTCOME_UNKNOWN]
    watched.office.control.send("DELETE", f"/faults/{down}")
    run = await watched.worked(run)
    assert run.status is RunStatus.FAILED
    assert {problem.code: problem.status for problem in await watched.office.problems(run)} == {
        OUTCOME_UNKNOWN: ExceptionState.RESOLVED,
        "FIELD_MISMATCH": ExceptionState.OPEN,
    }


async def test_what_is_in_doubt_is_not_taken_back_unseen(watched: Watched) -> None:
    """Looking is refused for want of a right while a write may have landed: nothing is undone before it is known."""
    filing, first, second = filing_on(watched.office, "salesforce"), new_name(), new_name()
    steps = (("one", filing.create(first), Undo.REMOVE), ("two", filing.create(second), Undo.REMOVE))
    run = await watched.accepted(*steps)
    await watched.done_before(filing)
    watched.office.control.fault("salesforce", "drop_after", times=1, match={"method": "PATCH", "path": "*"})
    # the fault strikes the first write; it is found, and then the second is lost
    await watched.worker().take(run.id)
    watched.office.control.calm()
    watched.office.control.fault("salesforce", "drop_after", times=1, match={"method": "PATCH"})
    await _next_look(watched, run)
    refusal = [{"errorCode": "INSUFFICIENT_ACCESS", "message": "insufficient access rights"}]
    watched.office.control.fault("salesforce", "status", status=403, body=refusal, match={"method": "GET"})
    run = await watched.worked(run)
    assert run.status is RunStatus.FAILED
    step = (await watched.office.steps(run))["two"]
    assert (step.status, step.possible_until is not None) == (StepStatus.FAILED, True)
    refused = await watched.office.desk.compensate(watched.office.caller("admin"), run.id)
    assert refused.run is None
    watched.office.control.calm()
    await watched.office.desk.retry(watched.office.caller("admin"), run.id)
    run = await watched.worked(run)
    assert run.status is RunStatus.SUCCEEDED
    assert len(filed(watched.office, filing, first)) == len(filed(watched.office, filing, second)) == 1


# ------------------------------------------------------------------------------------------------------------- pieces


@asynccontextmanager
async def _lost(watched: Watched, filing: Filing, effect: str, kind: str, **more: Any) -> AsyncIterator[None]:
    """The next write's answer is lost in this way; signing in and the like is done before."""
    await watched.done_before(filing)
    match = {"method": METHODS[effect][filing.platform]}
    watched.office.control.fault(filing.platform, kind, times=1, match=match, **more)
    watched.witness.anew()
    yield
    assert not watched.office.control.get("/faults").get("faults"), f"{kind} struck nothing"


def _never_written_unseen(watched: Watched, platform: str) -> None:
    """Before each write after the first of a step the platform has been asked what came of the one before."""
    asked, begun = True, False
    for seen in watched.witness.seen:
        if seen.where == "ledger":
            begun = begun or seen.what == "begin"
        elif seen.where == platform and seen.writes:
            assert begun, "every write has its intent written down before"
            assert asked, [each.what for each in watched.witness.seen]
            asked = False
        elif seen.where == platform:
            asked = True


async def _filed(watched: Watched, filing: Filing) -> tuple[str, Run]:
    effect: Effect = filing.create(new_name())
    run = await watched.done(("filing", effect, Undo.REMOVE))
    made = (await watched.office.steps(run))["filing"].external_id
    assert made is not None
    return made, run


async def _lost_create(watched: Watched, filing: Filing, name: str) -> Run:
    """A run whose first write came to nothing, which it doesn't know."""
    run = await watched.accepted(("filing", filing.create(name), Undo.REMOVE))
    watched.office.control.fault("kantata", "drop_before", times=1, match={"method": "POST"})
    await watched.worker().take(run.id)
    return run


def _add_story(watched: Watched, filing: Filing, name: str, key: str | None) -> str:
    story = watched.office.control.add(
        "kantata", "story", title=name, workspace_id=filing.more["project"], story_type="milestone"
    )
    watched.office.control.add(
        "kantata",
        "external_reference",
        service_name="crosswalk",
        service_model="Milestone",
        service_model_ref=key,
        subject_type="Story",
        subject_id=story["id"],
        status="successful",
    )
    return str(story["id"])


async def _next_look(watched: Watched, run: Run) -> None:
    found = await watched.office.ledger.run(run.id)
    assert found is not None
    assert found.next_at is not None
    clock = watched.office.clock
    clock.advance(max(0.0, (found.next_at - clock.now()).total_seconds()) + 0.001)
    await watched.worker().take(run.id)
