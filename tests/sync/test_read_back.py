"""A platform that reports success and yet dropped or changed a field is found out, and says which."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from platforms.writers import Line
from schema.errors import Queue
from schema.roles import PlatformRole
from sync.effects import Undo
from sync.ledger.records import ExceptionState, Run, RunStatus, StepStatus
from tests.sync.watched import Filing, Watched, filed, filing_on, flow_of, new_name


async def test_salesforce_drops_a_field(watched: Watched) -> None:
    filing, name = filing_on(watched.office, "salesforce"), new_name()
    await _struck(watched, filing, name, "ignore_field", "Industry", industry=("Energy", None))


async def test_salesforce_changes_a_field_by_a_rule_of_its_own(watched: Watched) -> None:
    filing, name = filing_on(watched.office, "salesforce"), new_name()
    await _struck(watched, filing, name, "overwrite_field", "Industry", value="Retail", industry=("Energy", "Retail"))


async def test_kantata_drops_a_field(watched: Watched) -> None:
    filing, name = filing_on(watched.office, "kantata"), new_name()
    await _struck(watched, filing, name, "ignore_field", "due_date", dueDate=(date(2027, 1, 15), None))


async def test_kantata_rounds_an_amount(watched: Watched) -> None:
    filing, name = filing_on(watched.office, "kantata"), new_name()
    await _struck(
        watched,
        filing,
        name,
        "round_field",
        "budget_estimate_in_cents",
        **{"amount.amount": (Decimal("1250.60"), "1251.00")},
    )


async def test_kantata_changes_a_field_by_a_rule_of_its_own(watched: Watched) -> None:
    filing, name = filing_on(watched.office, "kantata"), new_name()
    await _struck(
        watched,
        filing,
        name,
        "overwrite_field",
        "due_date",
        value="2030-01-01",
        dueDate=(date(2027, 1, 15), "2030-01-01"),
    )


async def test_netsuite_drops_a_field(watched: Watched) -> None:
    filing, name = filing_on(watched.office, "netsuite"), new_name()
    await _struck(watched, filing, name, "ignore_field", "vatRegNumber", **{"billing.taxId": ("DE811907980", None)})


async def test_netsuite_changes_a_field_by_a_rule_of_its_own(watched: Watched) -> None:
    filing, name = filing_on(watched.office, "netsuite"), new_name()
    await _struck(
        watched,
        filing,
        name,
        "overwrite_field",
        "vatRegNumber",
        value="DE000000001",
        **{"billing.taxId": ("DE811907980", "DE000000001")},
    )


async def test_salesforce_rounds_an_amount(watched: Watched) -> None:
    account = await watched.done(("filing", filing_on(watched.office, "salesforce").create(new_name()), Undo.REMOVE))
    owner = (await watched.office.steps(account))["filing"].external_id
    summary = Filing("salesforce", "InvoiceSummary", PlatformRole.CRM, "CW_Invoice__c", "number", "Name")
    more = {"account": owner, "currency": "EUR"}
    asked = {"total": (Decimal("1250.60"), "1251")}
    await _struck(watched, summary.with_more(**more), new_name(), "round_field", "Total__c", **asked)


async def test_netsuite_rounds_the_amount_of_a_line(watched: Watched) -> None:
    customer = filing_on(watched.office, "netsuite")
    run = await watched.done(("filing", customer.create(new_name()), Undo.REMOVE))
    schedule = Filing("netsuite", "BillingSchedule", PlatformRole.ERP, "salesOrder", "memo", "memo").with_more(
        customer=(await watched.office.steps(run))["filing"].external_id,
        legalEntity=customer.more["billing.legalEntity"],
        lines=(Line(description="Advice", quantity=Decimal(1), amount=Decimal("100.60")),),
    )
    watched.office.control.fault("netsuite", "round_field", entity="salesOrder", field="item.amount")
    run = await watched.done(("filing", schedule.create(new_name()), Undo.REMOVE))
    assert run.status is RunStatus.FAILED
    (problem,) = await watched.office.problems(run)
    (field,) = problem.detail["fields"]
    assert (field["field"], field["asked"][0]["amount"]) == ("lines", "100.60")
    assert Decimal(field["found"][0]["amount"]) == 101
    watched.office.control.calm()
    await _retried(watched, run)


@pytest.mark.parametrize("platform", ["salesforce", "kantata", "netsuite"])
async def test_a_change_that_is_dropped_is_found_out_too(watched: Watched, platform: str) -> None:
    filing, name, other = filing_on(watched.office, platform), new_name(), new_name()
    run = await watched.done(("filing", filing.create(name), Undo.REMOVE))
    made = (await watched.office.steps(run))["filing"].external_id
    assert made is not None
    watched.office.control.fault(platform, "ignore_field", entity=filing.entity, field=filing.field)
    run = await watched.done(("renaming", filing.update(made, other), Undo.RESTORE))
    await _mismatched(watched, run, {filing.path: (other, name)})
    watched.office.control.calm()
    await _retried(watched, run)
    assert len(filed(watched.office, filing, other)) == 1


async def test_a_change_bound_to_a_version_can_be_retried_past_its_own_first_try(watched: Watched) -> None:
    """The write that was dropped has moved the version itself: that is nobody else's change."""
    filing, other = filing_on(watched.office, "salesforce"), new_name()
    run = await watched.done(("filing", filing.create(new_name()), Undo.REMOVE))
    made = (await watched.office.steps(run))["filing"].external_id
    door = watched.office.firm.door(filing.platform, filing.type, filing.role)
    assert door is not None
    assert made is not None
    seen = await door.writer.fetch(door.writable, made)
    assert seen is not None
    watched.office.control.fault("salesforce", "ignore_field", entity="Account", field="Name")
    bound = replace(filing.update(made, other), version=seen.version)
    run = await watched.done(("renaming", bound, Undo.RESTORE))
    assert run.status is RunStatus.FAILED
    watched.office.control.calm()
    await _retried(watched, run)
    assert len(filed(watched.office, filing, other)) == 1


async def test_money_record_and_due_date_stand_on_the_exception(watched: Watched) -> None:
    filing = filing_on(watched.office, "salesforce")
    effect = filing.create(new_name(), industry="Energy")

    async def weighed(run: Any, _: Any) -> None:
        run.at_stake(Decimal("1250.60"), "EUR")
        await run.step("filing", effect, undo=Undo.REMOVE)

    flow = replace(flow_of(queue=Queue.FINANCE), process=weighed)
    watched.office.control.fault("salesforce", "ignore_field", entity="Account", field="Industry")
    run = await watched.worked(await watched.accepted(flow=flow, order_key="the client"))
    (problem,) = await watched.office.problems(run)
    assert (problem.amount, problem.currency, problem.record_id) == (Decimal("1250.60"), "EUR", "the client")
    assert problem.queue is Queue.FINANCE
    assert problem.due_at is not None
    assert problem.due_at > watched.office.clock.now()


async def test_the_same_problem_of_the_same_record_is_one(watched: Watched) -> None:
    filing = filing_on(watched.office, "salesforce")
    watched.office.control.fault("salesforce", "ignore_field", entity="Account", field="Industry")
    effect = filing.create(new_name(), industry="Energy")
    first = await watched.done(("filing", effect, Undo.REMOVE), order_key="the client")
    (problem,) = await watched.office.problems(first)
    effect = filing.create(new_name(), industry="Energy")
    second = await watched.done(("filing", effect, Undo.REMOVE), order_key="the client")
    (again,) = await watched.office.problems(second)
    assert (again.id, again.seen) == (problem.id, 2)
    watched.office.control.calm()
    await _retried(watched, second)
    (closed,) = await watched.office.problems(second)
    assert closed.status is ExceptionState.RESOLVED


# ------------------------------------------------------------------------------------------------------------- pieces


async def _struck(
    watched: Watched, filing: Filing, name: str, kind: str, field: str, *, value: Any = None, **asked: tuple[Any, Any]
) -> None:
    """Asks for something, which the platform makes something else of; says what, and is retried without the fault."""
    more = {} if value is None else {"value": value}
    fault = watched.office.control.fault(filing.platform, kind, entity=filing.entity, field=field, **more)
    effect = filing.create(name, **{path: wanted for path, (wanted, _) in asked.items()})
    run = await watched.done(("filing", effect, Undo.REMOVE))
    await _mismatched(watched, run, asked)
    watched.office.control.send("DELETE", f"/faults/{fault}")
    await _retried(watched, run)
    assert len(filed(watched.office, filing, name)) == 1


async def _mismatched(watched: Watched, run: Run, asked: dict[str, tuple[Any, Any]]) -> None:
    assert run.status is RunStatus.FAILED
    (problem,) = await watched.office.problems(run)
    assert (problem.code, problem.status) == ("FIELD_MISMATCH", ExceptionState.OPEN)
    told = {each["field"]: (each["asked"], each["found"]) for each in problem.detail["fields"]}
    assert told == {path: (_plain(wanted), found) for path, (wanted, found) in asked.items()}
    for path, (wanted, found) in asked.items():
        assert path in problem.message
        assert repr(_plain(wanted)) in problem.message
        assert repr(found) in problem.message
    (step,) = (await watched.office.steps(run)).values()
    assert step.status is StepStatus.FAILED


async def _retried(watched: Watched, run: Run) -> None:
    await watched.office.desk.retry(watched.office.caller("admin"), run.id)
    run = await watched.worked(run)
    assert run.status is RunStatus.SUCCEEDED
    assert {problem.status for problem in await watched.office.problems(run)} == {ExceptionState.RESOLVED}


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Decimal | date) else value
