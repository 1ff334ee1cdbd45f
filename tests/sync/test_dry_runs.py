"""A plan is what the real run then does: the same writes of the same values to the same records, and nothing else.

Usually 40 generated cases, 20 for each database; 200 with `--hypothesis-profile thorough`.
"""

import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from schema.roles import PlatformRole
from sync.ledger.port import RunQuery
from sync.ledger.records import AuditEntry, Json, Operation, Planned, Run, RunStatus, Step, StepStatus
from sync.values import alike, from_json
from tests.sync.flows.stories import everything, kept, written
from tests.sync.generated_wishes import Wishes
from tests.sync.office import Office, open_office

THOROUGH = settings.default is not None and settings.default.max_examples >= 1_000
CASES = 100 if THOROUGH else 20
CREATING = {Operation.CREATE, Operation.UPSERT}
REMEMBERED = {"salesforce": 0, "netsuite": 2, "kantata": 2}
"""Lists that a platform is asked for at most once in a while, so that a write may cost so many calls less."""


@pytest.fixture(autouse=True)
def _as_generated(firm_sandbox: dict[str, Any]) -> None:
    reset = urllib.request.Request(f"{firm_sandbox['control']}/reset", method="POST")
    urllib.request.urlopen(reset, timeout=60).close()


@pytest.mark.parametrize("number", range(CASES))
async def test_the_plan_is_what_the_real_run_then_does(office: Office, ledger_url: str, number: int) -> None:
    further = CASES if ledger_url.startswith("postgresql") else 0
    workflow, wish = Wishes(office, number + further).drawn()
    before = everything(office)
    plan = await rehearsed(office, workflow, wish)
    assert everything(office) == before, "a dry run changes nothing"

    run = await office.accepted(workflow, **wish)
    if run.status is RunStatus.AWAITING_APPROVAL:
        await office.desk.approve(office.caller("finance", "second person"), run.id, comment=None)
    run = await office.worked(run.id)
    assert run.status is RunStatus.SUCCEEDED, [problem.message for problem in await office.problems(run)]
    assert run.plan == plan, "the plan of the run is the dry run's"
    steps = {step.name: step for step in await office.ledger.steps(run.id)}
    assert list(steps) == [planned.step for planned in plan]
    for planned in plan:
        await check_write(office, planned, steps)
    check_records(plan, steps, before, everything(office))
    check_calls(plan, await done(office, run))


@pytest.mark.parametrize("workflow", ["updateProject", "updateAccount"])
async def test_a_worker_that_remembers_nothing_pays_exactly_what_was_planned(
    office: Office, firm_sandbox: dict[str, Any], tmp_path: Path, workflow: str
) -> None:
    """What a platform is asked for once in a while is in the plan, since nobody knows who will carry it out."""
    project = office.of_firm("Project", status="ACTIVE")[0]
    client = next(found for found in office.of_firm("Account") if "netsuite" in found["records"])
    wishes: dict[str, dict[str, Any]] = {
        "updateProject": {
            "id": office.id_of("Project", project),
            "code": "Z1",
            "budget": {"amount": "12", "currency": project["budget"]["currency"]},
        },
        "updateAccount": {
            "id": office.id_of("Account", client),
            "billing": {"paymentTermsDays": 45, "billTo": {"lines": ["Quay 1"], "country": "NO"}},
        },
    }
    run = await office.accepted(workflow, **wishes[workflow])
    folder = tmp_path / "another"
    folder.mkdir()
    other = open_office(firm_sandbox, folder, office.ledger, office.clock)
    ended = await other.worked(run.id)
    await other.close()
    assert ended.status is RunStatus.SUCCEEDED
    [planned] = ended.plan or ()
    entries = await done(office, ended)
    calls = [call for call in entries[planned.step].detail["calls"] if "token" not in call["route"]]
    assert len(calls) == planned.calls, calls


async def rehearsed(office: Office, workflow: str, wish: Mapping[str, Any]) -> tuple[Planned, ...]:
    """The plan of a dry run, which leaves no trace anywhere."""
    office.control.calm()
    reply = await office.ask(workflow, dry_run=True, **wish)
    assert reply.run is not None, (workflow, wish, reply.refusals)
    assert reply.run.plan is not None
    assert written(office) == 0
    assert await office.ledger.count_runs(RunQuery()) == 0
    assert await office.ledger.verify_audit() == (0, None)
    assert await office.ledger.unsent(most=10) == ()
    return reply.run.plan


async def check_write(office: Office, planned: Planned, steps: Mapping[str, Step]) -> None:
    """The step did to its record what was planned, value by value."""
    step = steps[planned.step]
    assert step.platform == planned.platform
    assert (step.operation is Operation.CREATE) == (planned.operation in CREATING)
    if not planned.changes:
        assert step.status is StepStatus.SKIPPED
        assert step.external_id == planned.external_id
        return
    assert step.status is StepStatus.SUCCEEDED
    if planned.external_id is None:
        assert step.created or step.operation is Operation.UPDATE
    else:
        assert step.external_id == planned.external_id
    assert step.external_id is not None
    role = PlatformRole(step.role)
    door = office.firm.door(step.platform, step.type, role)
    found = await kept(office, step.platform, step.type, role, step.external_id)
    assert door is not None
    assert found is not None
    assert door.writable.entity == planned.entity
    for change in planned.changes:
        after = resolved(change.after, steps)
        assert step.asked[change.field] == after
        if planned.operation is Operation.UPDATE and planned.external_id is not None:
            assert (step.before or {}).get(change.field) == change.before
        path = door.writable.paths[change.field]
        if path.told:
            assert alike(from_json(path.kind, after), found.values[change.field])
    unchanged = {path for path, value in step.asked.items() if value is not None} - {
        change.field for change in planned.changes
    }
    for path in unchanged:
        assert (step.before or {}).get(path) is not None, f"{path} was written, and the plan doesn't say so"


def resolved(value: Json, steps: Mapping[str, Step]) -> Json:
    """What was planned, with the ids of records that exist by now in place of the steps' names."""
    match value:
        case str():
            for name, step in steps.items():
                value = value.replace(f"<{name}>", step.external_id or "")
            return value
        case list():
            return [resolved(part, steps) for part in value]
        case dict():
            return {name: resolved(part, steps) for name, part in value.items()}
    return value


def check_records(
    plan: tuple[Planned, ...], steps: Mapping[str, Step], before: Mapping[str, Any], after: Mapping[str, Any]
) -> None:
    """Records that are new, and records that changed, are those of the plan; nothing is gone."""
    places = [(planned, f"{planned.platform} {planned.entity} {steps[planned.step].external_id}") for planned in plan]
    assert before.keys() <= after.keys()
    new = {name for name in after.keys() - before.keys() if " external_reference " not in name}
    assert new == {name for planned, name in places if steps[planned.step].created}
    changed = {name for name in before if before[name] != after[name]}
    assert changed <= {name for planned, name in places if planned.changes}, [
        (before[name], after[name]) for name in changed
    ]


async def done(office: Office, run: Run) -> dict[str, AuditEntry]:
    """The audit entry of each finished step, by the step's name."""
    entries = await office.ledger.audit_log(record_id=None, correlation_id=run.correlation_id, first=500, after=None)
    return {entry.detail["step"]: entry for entry in entries if entry.action in ("step.done", "step.skipped")}


def check_calls(plan: tuple[Planned, ...], entries: Mapping[str, AuditEntry]) -> None:
    """A write costs what was planned, less what is remembered; signing in isn't counted."""
    for planned in plan:
        calls = [call for call in entries[planned.step].detail["calls"] if "token" not in call["route"]]
        spared = planned.calls - len(calls)
        assert 0 <= spared <= REMEMBERED[planned.platform], (planned, calls)
