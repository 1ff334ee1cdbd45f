"""What is tried again, when, how often, and what never is."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from schema.errors import LedgerUnavailable, Queue
from schema.roles import PlatformRole
from sync.effects import Create, Undo
from sync.endings import LONGEST_PAUSE
from sync.ledger.records import ExceptionState, Run, RunStatus, StepStatus
from sync.process import Process
from sync.runner import MOST_CRASHES
from sync.troubles import MOST_TRIES
from tests.sync.office import Office
from tests.sync.watched import Watched, filed, filing_on, flow_of, new_name

BUSY = [{"errorCode": "UNABLE_TO_LOCK_ROW", "message": "unable to obtain exclusive access to this record"}]
INVALID = [{"errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "message": "A client needs a sponsor.", "fields": []}]
FORBIDDEN = [{"errorCode": "INSUFFICIENT_ACCESS_OR_READONLY", "message": "insufficient access rights on object id"}]
WRITES = {"method": "PATCH"}


async def test_pauses_grow_with_jitter_up_to_a_ceiling(watched: Watched) -> None:
    """A record that is held by others is tried again, eight times, and then it is a person's."""
    filing, clock = filing_on(watched.office, "salesforce"), watched.office.clock
    await watched.done_before(filing)
    watched.office.control.fault("salesforce", "status", status=400, body=BUSY, match=WRITES)
    run = await watched.accepted(("filing", filing.create(new_name()), Undo.REMOVE))
    pauses: list[float] = []
    while True:
        await watched.worker().take(run.id)
        found = await _run(watched.office, run)
        if found.next_at is None:
            break
        pauses.append((found.next_at - clock.now()).total_seconds())
        assert found.tries == len(pauses)
        clock.advance(pauses[-1] + 0.001)
    assert pauses == [pytest.approx(0.75 * 2**step) for step in range(MOST_TRIES - 1)], "the jitter is held at a half"
    assert max(pauses) <= LONGEST_PAUSE
    assert (found.status, (await watched.office.steps(run))["filing"].attempts) == (RunStatus.FAILED, MOST_TRIES)
    (problem,) = await watched.office.problems(run)
    assert (problem.code, problem.queue) == ("UPSTREAM_LOCKED", Queue.PMO)
    assert problem.message.startswith(f"It failed {MOST_TRIES} times")


async def test_what_was_given_up_goes_on_when_a_person_says_so(watched: Watched) -> None:
    filing, name = filing_on(watched.office, "salesforce"), new_name()
    await watched.done_before(filing)
    watched.office.control.fault("salesforce", "status", status=400, body=BUSY, match=WRITES, times=MOST_TRIES)
    run = await watched.done(("filing", filing.create(name), Undo.REMOVE))
    assert run.status is RunStatus.FAILED
    run = await _retried(watched, run)
    assert (run.status, run.tries) == (RunStatus.SUCCEEDED, 0)
    assert len(filed(watched.office, filing, name)) == 1
    assert {problem.status for problem in await watched.office.problems(run)} == {ExceptionState.RESOLVED}


async def test_a_write_that_is_lost_again_and_again_is_given_up_only_when_it_is_known_not_to_be_there(
    watched: Watched,
) -> None:
    filing, name = filing_on(watched.office, "salesforce"), new_name()
    await watched.done_before(filing)
    watched.office.control.fault("salesforce", "drop_before", match=WRITES)
    run = await watched.done(("filing", filing.create(name), Undo.REMOVE))
    assert run.status is RunStatus.FAILED
    step = (await watched.office.steps(run))["filing"]
    assert (step.status, step.possible_until) == (StepStatus.FAILED, None)
    assert not filed(watched.office, filing, name)
    watched.office.control.calm()
    assert (await _retried(watched, run)).status is RunStatus.SUCCEEDED
    assert len(filed(watched.office, filing, name)) == 1


async def test_tries_begin_anew_where_a_step_got_done(watched: Watched) -> None:
    filing = filing_on(watched.office, "salesforce")
    await watched.done_before(filing)
    watched.office.control.fault("salesforce", "status", status=400, body=BUSY, match=WRITES, times=5)
    run = await watched.accepted(
        ("one", filing.create(new_name()), Undo.REMOVE),
        ("two", filing_on(watched.office, "netsuite").create(new_name()), Undo.REMOVE),
    )
    for _ in range(5):
        await watched.worker().take(run.id)
        await _move_on(watched.office, run)
    assert (await _run(watched.office, run)).tries == 5
    locked = {"o:errorDetails": [{"detail": "Record has been changed", "o:errorCode": "RCRD_HAS_BEEN_CHANGED"}]}
    watched.office.control.fault("netsuite", "status", status=400, body=locked, match={"method": "PUT"}, times=1)
    await watched.worker().take(run.id)
    assert (await watched.office.steps(run))["one"].status is StepStatus.SUCCEEDED
    assert (await _run(watched.office, run)).tries == 1


async def test_retry_after_is_kept_to(watched: Watched) -> None:
    filing, clock = filing_on(watched.office, "kantata"), watched.office.clock
    await watched.done_before(filing)
    name = new_name()
    run = await watched.accepted(("filing", filing.create(name), Undo.REMOVE))
    watched.office.control.fault("kantata", "rate_limit", times=1)
    await watched.worker().take(run.id)
    found = await _run(watched.office, run)
    assert found.parked is not None
    assert found.next_at is not None
    named = found.next_at - clock.now()
    watched.witness.anew()
    clock.advance(named.total_seconds() - 1.5)
    assert not await watched.worker().take(run.id)
    assert not watched.witness.of("kantata"), "no call before the time"
    run = await watched.worked(run)
    assert (run.status, run.tries) == (RunStatus.SUCCEEDED, 0)
    assert len(filed(watched.office, filing, name)) == 1


async def test_a_refused_request_is_never_tried_again(watched: Watched) -> None:
    filing, clock = filing_on(watched.office, "salesforce"), watched.office.clock
    await watched.done_before(filing)
    watched.office.control.fault("salesforce", "status", status=400, body=INVALID, match=WRITES)
    watched.witness.anew()
    began = clock.now()
    run = await watched.done(("filing", filing.create(new_name()), Undo.REMOVE))
    assert run.status is RunStatus.FAILED
    assert sum(seen.writes for seen in watched.witness.seen) == 1
    assert clock.now() - began < timedelta(seconds=1)
    (problem,) = await watched.office.problems(run)
    assert (problem.code, problem.queue) == ("REJECTED", Queue.PMO)
    assert "FIELD_CUSTOM_VALIDATION_EXCEPTION" in problem.message


async def test_a_refusal_of_the_last_part_of_a_write_is_a_refusal_too(watched: Watched) -> None:
    """Kantata makes a project, and then refuses its link to the contract: it is taken back, not tried eight times."""

    filing = filing_on(watched.office, "kantata")
    await watched.done_before(filing)
    refusal = {"errors": [{"type": "validation", "field": "service_model_ref", "message": "is too odd"}]}
    match = {"method": "POST", "path": "external_references"}
    watched.office.control.fault("kantata", "status", status=422, body=refusal, match=match, times=2)
    name = new_name()
    effect = Create(
        platform="kantata",
        type="Project",
        role=PlatformRole.PSA,
        values={"name": name, "contract": "800000000000001AAA", "budget.currency": "EUR"},
    )
    run = await watched.done(("project", effect, Undo.REMOVE))
    step = (await watched.office.steps(run))["project"]
    assert run.status is RunStatus.COMPENSATED
    assert step.attempts <= 2
    (record,) = watched.office.control.records("kantata", "workspace", title=name)
    assert record["archived"] is True


async def test_a_missing_right_goes_to_the_integration_queue_and_undoes_nothing(watched: Watched) -> None:
    filing, first = filing_on(watched.office, "salesforce"), new_name()
    other = filing_on(watched.office, "netsuite")
    await watched.done_before(filing)
    denied = {"o:errorDetails": [{"detail": "Permission violation", "o:errorCode": "INSUFFICIENT_PERMISSION"}]}
    watched.office.control.fault("netsuite", "status", status=403, body=denied, match={"method": "PUT"})
    steps = (("one", filing.create(first), Undo.REMOVE), ("two", other.create(new_name()), Undo.REMOVE))
    run = await watched.done(*steps)
    assert run.status is RunStatus.FAILED
    (problem,) = await watched.office.problems(run)
    assert (problem.code, problem.queue) == ("UPSTREAM_FORBIDDEN", Queue.INTEGRATION)
    assert len(filed(watched.office, filing, first)) == 1
    watched.office.control.calm()
    assert (await _retried(watched, run)).status is RunStatus.SUCCEEDED


# -------------------------------------------------------------------------------------------------- a platform is away


@pytest.mark.parametrize("kind", ["down", "maintenance", "slow"])
async def test_a_platform_that_is_away_costs_no_tries_and_is_drained_in_order(watched: Watched, kind: str) -> None:
    filing, office = filing_on(watched.office, "netsuite"), watched.office
    names = [new_name() for _ in range(3)]
    made = await watched.done(("filing", filing.create(new_name()), Undo.REMOVE))
    customer = (await office.steps(made))["filing"].external_id
    assert customer is not None
    faults: Mapping[str, dict[str, Any]] = {
        "down": {"kind": "down"},
        "maintenance": {"kind": "status", "status": 503},
        "slow": {"kind": "status", "status": 504},
    }
    office.control.fault("netsuite", **faults[kind])
    flows = [flow_of(("renaming", filing.update(customer, name), Undo.RESTORE), name=name) for name in names]
    runs = [await watched.accepted(flow=flow, order_key="the client") for flow in flows]
    worker = _knowing(watched, {flow.name: flow for flow in flows})
    for _ in range(14):  # minutes go by
        for run in runs:
            await worker.take(run.id)
        office.clock.advance(45)
    waiting = [await _run(office, run) for run in runs]
    assert [run.status for run in waiting] == [RunStatus.RUNNING, RunStatus.PENDING, RunStatus.PENDING]
    assert waiting[0].parked is not None
    assert "netsuite" in waiting[0].parked
    assert waiting[0].tries <= 2
    office.control.calm()
    office.clock.advance(600)
    for run in reversed(runs):  # whoever is asked first
        await worker.take(run.id)
    for run in runs:
        assert (await office.worked(run.id, runner=worker)).status is RunStatus.SUCCEEDED
    finished = [await _run(office, run) for run in runs]
    assert len(filed(office, filing, names[-1])) == 1, "the last wish holds"
    befores = [(await office.steps(run))["renaming"].before for run in finished]
    assert [before and before[filing.path] for before in befores[1:]] == names[:-1]


async def test_a_run_taken_on_while_its_platform_is_away_is_planned_when_it_is_back(office: Office) -> None:
    client = next(found for found in office.of_firm("Account") if found["billing"] is None)
    website = f"https://{new_name().replace(' ', '').lower()}.example"
    office.control.fault("salesforce", "down")
    run = await office.accepted("updateAccount", id=office.id_of("Account", client), website=website)
    assert run.plan is None
    worker = office.runner()
    for _ in range(12):
        await worker.take(run.id)
        office.clock.advance(30)
    waiting = await _run(office, run)
    assert (waiting.status, waiting.parked is not None) == (RunStatus.RUNNING, True)
    assert waiting.tries <= 2
    office.control.calm()
    run = await office.worked(run.id)
    assert (run.status, len(run.plan or ())) == (RunStatus.SUCCEEDED, 1)
    record = office.control.record("salesforce", "Account", office.external(client, "salesforce"))
    assert record is not None
    assert record["Website"] == website


# ---------------------------------------------------------------------------------------------- crashes, bugs, unknowns


async def test_a_run_that_takes_three_workers_with_it_is_put_aside(watched: Watched) -> None:
    filing, clock = filing_on(watched.office, "salesforce"), watched.office.clock
    run = await watched.accepted(("filing", filing.create(new_name()), Undo.REMOVE))
    for number in range(MOST_CRASHES):
        assert await watched.dies_at(5, run.id, owner=f"mortal {number}")
        clock.advance(31)
    assert await watched.dies_at(10_000, run.id) is False
    found = await _run(watched.office, run)
    assert found.status is RunStatus.FAILED
    (problem,) = await watched.office.problems(run)
    assert (problem.code, problem.queue) == ("POISON", Queue.INTEGRATION)
    run = await _retried(watched, found)
    assert (run.status, run.crashes) == (RunStatus.SUCCEEDED, 0)


async def test_a_worker_that_dies_now_and_then_is_forgiven_where_the_run_gets_on(watched: Watched) -> None:
    filing, names = filing_on(watched.office, "salesforce"), [new_name() for _ in range(4)]
    run = await watched.accepted(*((name, filing.create(name), Undo.REMOVE) for name in names))
    deaths = 0
    for _ in range(30):
        steps = await watched.office.steps(run)
        if len(steps) == 4 and all(step.status is StepStatus.SUCCEEDED for step in steps.values()):
            break
        deaths += await watched.dies_at(11, run.id)
        watched.office.clock.advance(31)
    run = await watched.worked(run)
    assert run.status is RunStatus.SUCCEEDED
    assert deaths >= MOST_CRASHES
    assert all(len(filed(watched.office, filing, name)) == 1 for name in names)


async def test_a_workflow_that_nobody_knows_is_put_aside(watched: Watched) -> None:
    run = await watched.accepted(flow=flow_of(name="fromTheFuture"))
    watched.flow = None
    run = await watched.worked(run)
    assert run.status is RunStatus.FAILED
    (problem,) = await watched.office.problems(run)
    assert (problem.code, problem.queue) == ("FLOW_CHANGED", Queue.INTEGRATION)
    assert "fromTheFuture" in problem.message


async def test_a_bug_is_told_as_a_bug_and_its_words_stay_in_the_log(watched: Watched) -> None:
    async def buggy(_: Process) -> None:
        raise KeyError("the secret of a client")

    filing, name = filing_on(watched.office, "salesforce"), new_name()
    flow = flow_of(("filing", filing.create(name), Undo.REMOVE), then=buggy)
    run = await watched.worked(await watched.accepted(flow=replace(flow, queue=Queue.PMO)))
    assert run.status is RunStatus.FAILED
    (problem,) = await watched.office.problems(run)
    assert (problem.code, problem.queue) == ("INTERNAL", Queue.INTEGRATION)
    entries = await watched.office.ledger.audit_log(
        record_id=None, correlation_id=run.correlation_id, first=50, after=None
    )
    assert "secret" not in f"{problem}{entries}"
    watched.flow = flow_of(("filing", filing.create(name), Undo.REMOVE))  # repaired
    assert (await _retried(watched, run)).status is RunStatus.SUCCEEDED
    assert len(filed(watched.office, filing, name)) == 1


@pytest.mark.parametrize("method", ["begin", "finish", "release"])
async def test_a_ledger_that_is_away_for_a_moment_fails_and_undoes_nothing(watched: Watched, method: str) -> None:
    filing, names, office = filing_on(watched.office, "salesforce"), [new_name(), new_name()], watched.office
    run = await watched.accepted(*((name, filing.create(name), Undo.REMOVE) for name in names))
    asked = 0

    class Away:
        """Fails at the second call of this method."""

        def __getattr__(self, name: str) -> Any:
            async def failing(*args: Any, **named: Any) -> Any:
                nonlocal asked
                asked += name == method
                if name == method and asked == (1 if method == "release" else 2):
                    raise LedgerUnavailable("The ledger doesn't answer.")
                return await getattr(office.ledger, name)(*args, **named)

            return failing

    worker = watched.worker()
    worker._ledger = worker._governed._ledger = worker._endings._ledger = Away()  # type: ignore[assignment]
    assert not await worker.take(run.id)
    found = await _run(office, run)
    assert (found.status, found.lease_owner, found.crashes) == (RunStatus.RUNNING, None, 0)
    assert not await office.problems(run)
    run = await watched.worked(run)
    assert (run.status, run.crashes) == (RunStatus.SUCCEEDED, 0)
    assert all(len(filed(office, filing, name)) == 1 for name in names)


async def test_a_retry_looks_anew_where_nothing_is_begun(office: Office) -> None:
    """Two customers look like the client; somebody repairs that on the platform, and retries within the minute."""
    client = next(found for found in office.of_firm("Account") if _is_no_customer_yet(office, found))
    entity = office.of_firm("LegalEntity")[0]
    tax_id = f"X{abs(hash(new_name())) % 10**9}"
    twins = [
        office.control.add(
            "netsuite",
            "customer",
            companyName=name,
            vatRegNumber=tax_id,
            subsidiary=office.external(entity, "netsuite"),
        )
        for name in ("Twin One", "Twin Two")
    ]
    run = await office.carried_out(
        "onboardCustomer",
        accountId=office.id_of("Account", client),
        legalEntityIds=[office.id_of("LegalEntity", entity)],
        taxId=tax_id,
        legalName=new_name(),
        billTo={"lines": ["1 High Street"], "city": "London", "country": "GB"},
    )
    assert run.status is RunStatus.FAILED
    (problem,) = await office.problems(run)
    assert (problem.code, problem.queue) == ("AMBIGUOUS_MATCH", Queue.FINANCE)
    assert len(problem.detail["candidates"]) == 2
    office.control.remove("netsuite", "customer", twins[1]["id"])
    await office.desk.retry(office.caller("admin"), run.id)
    run = await office.worked(run.id)
    assert run.status is RunStatus.SUCCEEDED
    (closed,) = await office.problems(run)
    assert closed.status is ExceptionState.RESOLVED
    linked = office.control.record("netsuite", "customer", twins[0]["id"])
    assert linked is not None
    assert linked["externalId"] == office.external(client, "salesforce")


# ------------------------------------------------------------------------------------------------------------- pieces


def _is_no_customer_yet(office: Office, client: Mapping[str, Any]) -> bool:
    known = {**client["records"], **client.get("unlinked", {})}
    linked = office.control.records("netsuite", "customer", externalId=office.external(client, "salesforce"))
    return "netsuite" not in known and not linked


async def _run(office: Office, run: Run) -> Run:
    found = await office.ledger.run(run.id)
    assert found is not None
    return found


async def _move_on(office: Office, run: Run) -> None:
    found = await _run(office, run)
    if found.next_at is not None:
        office.clock.advance(max(0.0, (found.next_at - office.clock.now()).total_seconds()) + 0.001)


async def _retried(watched: Watched, run: Run) -> Run:
    reply = await watched.office.desk.retry(watched.office.caller("admin"), run.id)
    assert reply.run is not None, reply.refusals
    return await watched.worked(run)


def _knowing(watched: Watched, flows: Mapping[str, Any]) -> Any:
    worker = watched.worker()
    worker._flows = flows
    return worker
