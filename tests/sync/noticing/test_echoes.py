"""What a governed run wrote is known as its own; what others did at the same time, or right after, isn't."""

from datetime import UTC, datetime
from uuid import uuid4

import msgspec
import pytest

from schema.roles import PlatformRole
from sync.ledger.port import Hold, Outcome
from sync.ledger.records import Operation, Run, Step, StepStatus
from sync.noticing.followed import followed
from sync.noticing.looking import Looking
from sync.noticing.own_writes import OwnWrites
from tests.sync.conftest import HeldClock
from tests.sync.flows.stories import entity_id, succeeded
from tests.sync.noticing.conftest import Watchman
from tests.sync.office import Office

CRM, PSA, ERP = PlatformRole.CRM, PlatformRole.PSA, PlatformRole.ERP


@pytest.fixture
def in_step(clock: HeldClock) -> None:
    """Our clock shows the time that the platforms stamp with, as it does in life."""
    clock.advance((datetime.now(UTC) - clock.now()).total_seconds())


def billed(office: Office, at: int) -> dict:
    return [found for found in office.of_firm("Account") if "netsuite" in found["records"]][at]


async def test_what_a_run_changed_carries_its_correlation_id(office: Office, watchman: Watchman):
    account = billed(office, 1)
    key = office.external(account, "salesforce")
    await watchman.look("salesforce", "Account", CRM, key, baseline=True)
    industry = f"Industry {uuid4().hex[:8]}"
    run = await succeeded(office, "updateAccount", id=office.id_of("Account", account), industry=industry)
    await watchman.look("salesforce", "Account", CRM, key, correlation_id="of the feed")
    [event] = await watchman.news()
    assert event.change.changes["industry"][1] == industry
    assert (event.change.run, event.correlation_id) == (run.id, run.correlation_id)


async def test_what_an_automation_changed_besides_is_an_event_of_its_own(office: Office, watchman: Watchman):
    account = billed(office, 2)
    key = office.external(account, "salesforce")
    await watchman.look("salesforce", "Account", CRM, key, baseline=True)
    industry, name = f"Industry {uuid4().hex[:8]}", f"Name {uuid4().hex[:8]}"
    run = await succeeded(office, "updateAccount", id=office.id_of("Account", account), industry=industry)
    office.control.change("salesforce", "Account", key, Name=name)
    await watchman.look("salesforce", "Account", CRM, key, correlation_id="of the feed")
    ours, theirs = await watchman.news()
    assert (ours.change.run, ours.correlation_id, set(ours.change.changes)) == (
        run.id,
        run.correlation_id,
        {"industry"},
    )
    assert (theirs.change.run, theirs.correlation_id) == (None, "of the feed")
    assert set(theirs.change.changes) == {"name"}
    assert theirs.change.changes["name"][1] == name
    assert ours.subject == theirs.subject


async def test_what_an_automation_made_of_our_value_is_no_echo(office: Office, watchman: Watchman):
    account = billed(office, 3)
    key = office.external(account, "salesforce")
    await watchman.look("salesforce", "Account", CRM, key, baseline=True)
    await succeeded(office, "updateAccount", id=office.id_of("Account", account), industry=f"Ours {uuid4().hex[:8]}")
    theirs = f"Theirs {uuid4().hex[:8]}"
    office.control.change("salesforce", "Account", key, Industry=theirs)
    await watchman.look("salesforce", "Account", CRM, key)
    [event] = await watchman.news()
    assert event.change.run is None
    assert event.change.changes["industry"][1] == theirs


async def test_who_sets_our_value_again_later_is_no_echo(office: Office, watchman: Watchman):
    account = billed(office, 4)
    key = office.external(account, "salesforce")
    await watchman.look("salesforce", "Account", CRM, key, baseline=True)
    ours, theirs = f"Ours {uuid4().hex[:8]}", f"Theirs {uuid4().hex[:8]}"
    run = await succeeded(office, "updateAccount", id=office.id_of("Account", account), industry=ours)
    for value in (None, theirs, ours):
        if value is not None:
            office.control.change("salesforce", "Account", key, Industry=value)
        office.clock.advance(5)
        await watchman.look("salesforce", "Account", CRM, key)
    runs = [(event.change.run, event.change.changes["industry"][1]) for event in await watchman.news()]
    assert runs == [(run.id, ours), (None, theirs), (None, ours)]


async def test_a_platform_that_shows_our_write_late_still_shows_an_echo(
    office: Office, watchman: Watchman, claimed_step
):
    """As a search index does: the record was looked at after the step had ended, and was still the old one."""
    account = billed(office, 5)
    key = office.external(account, "salesforce")
    await watchman.look("salesforce", "Account", CRM, key, baseline=True)
    industry = f"Industry {uuid4().hex[:8]}"
    run, hold, step = await claimed_step(operation=Operation.UPDATE, external_id=key, asked={"industry": industry})
    await office.ledger.finish(hold, msgspec.structs.replace(step, status=StepStatus.SUCCEEDED), Outcome())
    office.clock.advance(20)
    await watchman.look("salesforce", "Account", CRM, key)
    assert await watchman.news() == []
    office.control.change("salesforce", "Account", key, Industry=industry)
    await watchman.look("salesforce", "Account", CRM, key)
    [event] = await watchman.news()
    assert event.change.run == run.id


async def test_a_step_that_ended_long_before_is_not_behind_a_change(office: Office, watchman: Watchman, claimed_step):
    account = billed(office, 6)
    key = office.external(account, "salesforce")
    industry = f"Industry {uuid4().hex[:8]}"
    _, hold, step = await claimed_step(operation=Operation.UPDATE, external_id=key, asked={"industry": industry})
    await office.ledger.finish(hold, msgspec.structs.replace(step, status=StepStatus.SUCCEEDED), Outcome())
    office.clock.advance(3600)
    await watchman.look("salesforce", "Account", CRM, key, baseline=True)
    office.control.change("salesforce", "Account", key, Industry=industry)
    await watchman.look("salesforce", "Account", CRM, key)
    [event] = await watchman.news()
    assert event.change.run is None


async def test_a_write_is_known_while_its_step_is_still_under_way(office: Office, watchman: Watchman, claimed_step):
    account = billed(office, 7)
    key = office.external(account, "salesforce")
    await watchman.look("salesforce", "Account", CRM, key, baseline=True)
    industry = f"Industry {uuid4().hex[:8]}"
    run, _, _ = await claimed_step(operation=Operation.UPDATE, external_id=key, asked={"industry": industry})
    office.control.change("salesforce", "Account", key, Industry=industry)
    await watchman.look("salesforce", "Account", CRM, key)
    [event] = await watchman.news()
    assert (event.change.run, event.correlation_id) == (run.id, run.correlation_id)


async def test_steps_of_other_types_are_behind_nothing(office: Office, watchman: Watchman, claimed_step):
    account = billed(office, 8)
    key = office.external(account, "salesforce")
    await watchman.look("salesforce", "Account", CRM, key, baseline=True)
    industry = f"Industry {uuid4().hex[:8]}"
    await claimed_step(type="Contact", operation=Operation.UPDATE, external_id=key, asked={"industry": industry})
    office.control.change("salesforce", "Account", key, Industry=industry)
    await watchman.look("salesforce", "Account", CRM, key)
    [event] = await watchman.news()
    assert event.change.run is None


# --------------------------------------------------------------------------------------------------- new records


@pytest.mark.usefixtures("in_step")
async def test_a_record_that_a_run_made_is_its_echo_on_every_platform(office: Office, watchman: Watchman):
    name, tax_id = f"Nordlicht {uuid4().hex[:8]}", f"DE{uuid4().int % 10**9:09}"
    run = await succeeded(
        office,
        "createAccount",
        name=name,
        billing={
            "legalName": f"{name} GmbH",
            "legalEntityId": entity_id(office, "le-de"),
            "taxId": tax_id,
            "billTo": {"lines": ["Hafenstraße 7"], "city": "Bremen", "postalCode": "28195", "country": "DE"},
        },
    )
    made = {step.platform: step.external_id for step in await office.ledger.steps(run.id)}
    await watchman.look("salesforce", "Account", CRM, made["salesforce"])
    await watchman.look("netsuite", "Account", ERP, made["netsuite"])
    crm, erp = await watchman.news()
    for event in (crm, erp):
        assert (event.change.run, event.correlation_id, event.change.first) == (run.id, run.correlation_id, True)
        assert event.subject == office.firm.record_id("Account", "salesforce", made["salesforce"])
    assert erp.change.changes["billing.legalName"] == (None, f"{name} GmbH")
    assert erp.change.changes["billing.taxId"] == (None, tax_id)


@pytest.mark.usefixtures("in_step")
async def test_what_became_of_a_new_record_before_anybody_looked_is_told_after_it(office: Office, watchman: Watchman):
    name = f"Nordlicht {uuid4().hex[:8]}"
    run = await succeeded(office, "createAccount", name=name, status="PROSPECT")
    [made] = [step.external_id for step in await office.ledger.steps(run.id)]
    assert made is not None
    office.control.change("salesforce", "Account", made, CW_Status__c="Active")
    await watchman.look("salesforce", "Account", CRM, made)
    ours, theirs = await watchman.news()
    assert (ours.change.run, ours.change.first) == (run.id, True)
    assert ours.change.changes["status"] == (None, "PROSPECT")
    assert (theirs.change.run, theirs.change.first) == (None, False)
    assert theirs.change.changes == {"nativeStatus": (None, "Active"), "status": ("PROSPECT", "ACTIVE")}


async def test_a_new_record_waits_for_the_step_that_may_be_making_it(office: Office, watchman: Watchman, claimed_step):
    key = office.external(billed(office, 9), "salesforce")
    run, hold, step = await claimed_step(operation=Operation.CREATE, asked={})
    pauses = 0

    async def finished_meanwhile(seconds: float) -> None:
        nonlocal pauses
        pauses += 1
        office.clock.advance(seconds)
        if pauses == 3:
            done = msgspec.structs.replace(step, status=StepStatus.SUCCEEDED, external_id=key, created=True)
            await office.ledger.finish(hold, done, Outcome())

    watchman.observer._pause = finished_meanwhile
    await watchman.look("salesforce", "Account", CRM, key)
    [event] = await watchman.news()
    assert (event.change.run, event.correlation_id, pauses) == (run.id, run.correlation_id, 3)


async def test_a_step_that_makes_another_record_is_waited_for_in_vain(office: Office, watchman: Watchman, claimed_step):
    key = office.external(billed(office, 10), "salesforce")
    await claimed_step(operation=Operation.CREATE, asked={})
    began = office.clock.now()
    await watchman.look("salesforce", "Account", CRM, key)
    [event] = await watchman.news()
    assert event.change.run is None
    assert 10 <= (office.clock.now() - began).total_seconds() < 11


async def test_a_step_that_makes_a_record_elsewhere_is_not_waited_for(office: Office, watchman: Watchman, claimed_step):
    key = office.external(billed(office, 11), "salesforce")
    await claimed_step(platform="kantata", role="PSA", operation=Operation.CREATE, asked={})
    began = office.clock.now()
    await watchman.look("salesforce", "Account", CRM, key)
    assert office.clock.now() == began


async def test_a_record_that_a_run_took_back_is_gone_by_that_run(office: Office, watchman: Watchman, claimed_step):
    made = office.control.add("salesforce", "Account", Name="Short-lived")
    await watchman.look("salesforce", "Account", CRM, made["Id"], baseline=True)
    run, _, _ = await claimed_step(operation=Operation.DELETE, external_id=made["Id"])
    office.control.remove("salesforce", "Account", made["Id"])
    await watchman.look("salesforce", "Account", CRM, made["Id"], gone=True, noticed_by="run")
    [event] = await watchman.news()
    assert (event.change.gone, event.change.run, event.correlation_id) == (True, run.id, run.correlation_id)


# ---------------------------------------------------------------------------------------- our own writes at once


def own_writes(office: Office, watchman: Watchman) -> OwnWrites:
    looking = Looking(followed(office.bindings), office.bindings, office.ledger.snapshots, watchman.observer)
    return OwnWrites(office.ledger, office.bindings, looking, office.clock)


async def test_what_a_run_wrote_is_told_at_once_whatever_the_feeds_do(office: Office, watchman: Watchman):
    writes = own_writes(office, watchman)
    assert await writes.look() == 0
    account = billed(office, 12)
    await watchman.look("salesforce", "Account", CRM, office.external(account, "salesforce"), baseline=True)
    await watchman.look("netsuite", "Account", ERP, office.external(account, "netsuite"), baseline=True)
    words = {"industry": f"Industry {uuid4().hex[:8]}", "billing": {"legalName": f"Legal {uuid4().hex[:8]}"}}
    run = await succeeded(office, "updateAccount", id=office.id_of("Account", account), **words)
    assert await writes.look() == 2
    told = {event.change.platform: event.change for event in await watchman.news()}
    assert {change.run for change in told.values()} == {run.id}
    assert {change.noticed_by for change in told.values()} == {"run"}
    assert told["salesforce"].changes["industry"][1] == words["industry"]
    assert told["netsuite"].changes["billing.legalName"][1] == words["billing"]["legalName"]
    assert await writes.look() == 0


async def test_an_automation_right_behind_our_write_is_told_beside_it(office: Office, watchman: Watchman):
    """The platform's own rule, which runs within the write itself."""
    writes = own_writes(office, watchman)
    await writes.look()
    account = billed(office, 15)
    key = office.external(account, "salesforce")
    await watchman.look("salesforce", "Account", CRM, key, baseline=True)
    site, industry = f"https://{uuid4().hex}.example", f"Industry {uuid4().hex[:8]}"
    office.control.fault("salesforce", "overwrite_field", entity="Account", field="Website", value=site)
    run = await succeeded(office, "updateAccount", id=office.id_of("Account", account), industry=industry)
    office.control.calm()
    await writes.look()
    ours, theirs = await watchman.news()
    assert (ours.change.run, set(ours.change.changes)) == (run.id, {"industry"})
    assert (theirs.change.run, theirs.change.changes["website"][1]) == (None, site)
    assert ours.correlation_id != theirs.correlation_id


async def test_of_several_processes_one_looks_and_a_dead_ones_work_is_taken_over(
    office: Office, watchman: Watchman, claimed_step
):
    one, other = (own_writes(office, watchman) for _ in range(2))
    await one.look()
    key = office.external(billed(office, 13), "salesforce")
    _, hold, step = await claimed_step(operation=Operation.UPDATE, external_id=key, asked={"industry": "X"})
    await office.ledger.finish(hold, msgspec.structs.replace(step, status=StepStatus.SUCCEEDED), Outcome())
    cursor = await office.ledger.cursors.get("noticing:run")
    assert await one._take(cursor, cursor.position["after"])  # and dies over it
    assert await other.look() == 0
    office.clock.advance(61)
    assert await other.look() == 1


async def test_a_platform_that_is_away_keeps_nobody_waiting(office: Office, watchman: Watchman, claimed_step):
    writes = own_writes(office, watchman)
    await writes.look()
    key = office.external(billed(office, 14), "salesforce")
    _, hold, step = await claimed_step(operation=Operation.UPDATE, external_id=key, asked={"industry": "X"})
    await office.ledger.finish(hold, msgspec.structs.replace(step, status=StepStatus.SUCCEEDED), Outcome())
    office.control.fault("salesforce", "status", status=503)
    assert await writes.look() == 1
    office.control.calm()
    assert await writes.look() == 0


@pytest.fixture
def claimed_step(office: Office, new_run, new_step):
    """A step that a worker has begun, with its run and hold."""

    async def begin(**said) -> tuple[Run, Hold, Step]:
        run = await office.ledger.accept(new_run())
        claimed = await office.ledger.claim(run.id, "w1", seconds=30)
        assert claimed is not None
        step = await office.ledger.begin(claimed[1], new_step(run.id, **said), Outcome())
        return run, claimed[1], step

    return begin
