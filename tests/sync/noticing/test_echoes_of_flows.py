"""What the firm's processes write is known as theirs, whatever each platform calls it."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from schema.roles import PlatformRole
from sync.ledger.records import Run, RunStatus
from tests.sync.conftest import HeldClock
from tests.sync.flows.stories import succeeded
from tests.sync.flows.test_convert_opportunity import BY_MILESTONE, Deal
from tests.sync.flows.test_create_invoice import WITH_MILESTONES, Work
from tests.sync.flows.test_post_invoice import PENDING
from tests.sync.noticing.conftest import Event, Watchman
from tests.sync.office import Office

CRM, PSA, ERP = PlatformRole.CRM, PlatformRole.PSA, PlatformRole.ERP
ROLES = {"salesforce": CRM, "kantata": PSA, "netsuite": ERP}


@pytest.fixture(autouse=True)
def in_step(clock: HeldClock) -> None:
    """Our clock shows the time that the platforms stamp with, as it does in life."""
    clock.advance((datetime.now(UTC) - clock.now()).total_seconds())


async def noticed_of(office: Office, watchman: Watchman, run: Run) -> list[Event]:
    """What is told of all that a run has written."""
    for step in await office.ledger.steps(run.id):
        if step.external_id is not None:
            await watchman.look(step.platform, step.type, ROLES[step.platform], step.external_id)
    return list(await watchman.news())


def of_run(events: list[Event], run: Run) -> set[tuple[str, str]]:
    return {
        (event.change.type, path) for event in events if event.change.run == run.id for path in event.change.changes
    }


async def test_a_posted_invoice(office: Office, watchman: Watchman):
    """It is approved where it is written, and has a status where it is read."""
    key = office.external(office.of_firm("Invoice", status="DRAFT")[0], "netsuite")
    office.control.change("netsuite", "invoice", key, approvalStatus={"id": PENDING})
    await watchman.look("netsuite", "Invoice", ERP, key, baseline=True)
    invoice_id = office.firm.record_id("Invoice", "netsuite", key)
    run = await office.accepted("postInvoice", role="finance", asker="ada", invoiceId=invoice_id)
    await office.desk.approve(office.caller("finance", "bo"), run.id, comment=None)
    run = await office.worked(run.id)
    assert run.status is RunStatus.SUCCEEDED
    [event] = await noticed_of(office, watchman, run)
    assert (event.change.run, event.correlation_id) == (run.id, run.correlation_id)
    assert event.change.changes["status"] == ("DRAFT", "POSTED")
    assert set(event.change.changes) == {"status", "nativeStatus"}


async def test_an_approved_contract_and_the_stamp_that_its_platform_puts_on_it(office: Office, watchman: Watchman):
    made = office.control.records("salesforce", "Contract", Status="In Approval Process")[0]["Id"]
    await watchman.look("salesforce", "Contract", CRM, made, baseline=True)
    contract_id = office.firm.record_id("Contract", "salesforce", made)
    run = await succeeded(office, "updateContractStatus", id=contract_id, status="APPROVED")
    ours, stamp = await noticed_of(office, watchman, run)
    assert ours.change.run == run.id
    assert ours.change.changes["status"] == ("IN_REVIEW", "APPROVED")
    assert set(ours.change.changes) == {"status", "nativeStatus"}
    assert (stamp.change.run, set(stamp.change.changes)) == (None, {"approvedAt"})


async def test_a_projects_new_name_and_status(office: Office, watchman: Watchman):
    project = next(found for found in office.of_firm("Project", status="ACTIVE"))
    key = office.external(project, "kantata")
    await watchman.look("kantata", "Project", PSA, key, baseline=True)
    run = await succeeded(office, "updateProject", id=office.id_of("Project", project), name=f"P {uuid4().hex}")
    events = await noticed_of(office, watchman, run)
    assert {event.change.run for event in events} == {run.id}
    assert of_run(events, run) == {("Project", "name")}


async def test_all_that_a_won_deal_becomes(fresh_office: Office, watchman: Watchman):
    office = fresh_office
    run = await succeeded(office, "convertOpportunity", opportunityId=Deal(office, BY_MILESTONE).id)
    events = await noticed_of(office, watchman, run)
    own = [event for event in events if event.change.type in ("Project", "Milestone")]
    assert own
    assert {(event.change.run, event.change.first) for event in own} == {(run.id, True)}


async def test_a_new_invoice_with_its_project_named_in_two_ways(fresh_office: Office, watchman: Watchman):
    office = fresh_office
    run = await succeeded(office, "createInvoice", projectId=Work(office, WITH_MILESTONES).id)
    [event] = [found for found in await noticed_of(office, watchman, run) if found.change.type == "Invoice"]
    assert (event.change.run, event.change.first) == (run.id, True)
    assert event.change.changes["status"] == (None, "DRAFT")
