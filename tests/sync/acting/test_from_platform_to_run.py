"""A change made by a person on a platform is noticed, a rule acts, and our own write starts nothing more."""

from typing import Any

import msgspec
import pytest

from platforms.feeds import Hint
from schema.roles import PlatformRole
from sync.ledger.port_of_changes import RecordChange
from sync.ledger.records import RunStatus
from sync.noticing.observer import Observer
from tests.sync.acting.scene import CRM, ERP, Scene
from tests.sync.acting.test_sync_customers import NEW, known_everywhere
from tests.sync.acting.test_sync_invoices import bill, pay, shown
from tests.sync.flows.stories import record
from tests.sync.flows.test_convert_opportunity import IN_REVIEW, Deal
from tests.sync.office import Office


class Watched:
    """Somebody looks at records, as feeds and webhooks would have it."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self._observer = Observer(office.ledger, office.bindings, office.clock)

    async def look(self, platform: str, type_name: str, role: PlatformRole, record_id: str, **said: Any) -> None:
        hint = Hint(type=type_name, role=role, external_id=record_id)
        await self._observer.look(platform, [hint], noticed_by="feed", **said)

    async def changes(self, type_name: str) -> list[RecordChange]:
        found = await self.office.ledger.events(after=0, kinds=[f"record.{type_name}"], most=100)
        return [msgspec.convert(event.payload, RecordChange) for event in found]


async def test_a_clients_website_from_crm_to_erp(fresh_office: Office) -> None:
    office = fresh_office
    client, scene, watched = known_everywhere(office), Scene(office, syncCustomers="on"), Watched(office)
    account, customer = office.external(client, "salesforce"), office.external(client, "netsuite")
    await watched.look("salesforce", "Account", CRM, account, baseline=True)
    await watched.look("netsuite", "Account", ERP, customer, baseline=True)
    office.control.change("salesforce", "Account", account, Website=NEW)
    await watched.look("salesforce", "Account", CRM, account)
    await scene.acted()
    [run] = await scene.worked()
    assert run.status is RunStatus.SUCCEEDED
    assert record(office, "netsuite", "customer", customer)["url"] == NEW

    await watched.look("netsuite", "Account", ERP, customer)
    ours = (await watched.changes("Account"))[-1]
    assert (ours.platform, ours.run) == ("netsuite", run.id)
    await scene.acted()
    assert len(await scene.runs()) == 1


async def test_a_payment_from_erp_to_crm(fresh_office: Office) -> None:
    office = fresh_office
    invoice, scene, watched = bill(office, "POSTED"), Scene(office, syncInvoices="on"), Watched(office)
    number = office.external(invoice, "netsuite")
    await watched.look("netsuite", "Invoice", ERP, number, baseline=True)
    payment = pay(office, invoice, 10.5)
    await watched.look("netsuite", "Payment", ERP, payment)
    await watched.look("netsuite", "Invoice", ERP, number)
    await scene.acted()
    [run] = await scene.worked()
    assert run.status is RunStatus.SUCCEEDED
    assert float(shown(office, invoice)["Paid__c"]) == 10.5


async def test_a_contract_that_is_approved_in_the_crm_becomes_a_project(fresh_office: Office) -> None:
    office = fresh_office
    deal, scene, watched = Deal(office, IN_REVIEW), Scene(office, convertWonDeals="on"), Watched(office)
    contract = office.external(deal.contract, "salesforce")
    sold = office.external(deal.sold, "salesforce")
    await watched.look("salesforce", "Contract", CRM, contract, baseline=True)
    await watched.look("salesforce", "Opportunity", CRM, sold, baseline=True)
    office.control.change("salesforce", "Opportunity", sold, StageName="Closed Won")
    await watched.look("salesforce", "Opportunity", CRM, sold)
    await scene.acted()
    assert await scene.runs() == []
    missing = await office.desk.rules.what_is_missing(deal.id)
    assert missing is not None
    assert [each.condition for each in missing.missing] == ["contract-approved"]

    office.control.change("salesforce", "Contract", contract, Status="Activated")
    await watched.look("salesforce", "Contract", CRM, contract)
    await scene.acted()
    [run] = await scene.worked()
    assert run.status is RunStatus.SUCCEEDED, await office.problems(run)
    for record_id, type_name in ((contract, "Contract"), (sold, "Opportunity")):
        await watched.look("salesforce", type_name, CRM, record_id)
    await scene.acted()
    assert len(await scene.runs()) == 1


@pytest.mark.parametrize("slow", [False, True], ids=["both are looked at", "the erp is looked at too late"])
async def test_platforms_that_write_against_each_other(fresh_office: Office, *, slow: bool) -> None:
    office = fresh_office
    client, scene, watched = known_everywhere(office), Scene(office, syncCustomers="on"), Watched(office)
    account, customer = office.external(client, "salesforce"), office.external(client, "netsuite")
    await watched.look("salesforce", "Account", CRM, account, baseline=True)
    await watched.look("netsuite", "Account", ERP, customer, baseline=True)
    values = [NEW, client["website"]]
    for number in range(8):
        office.control.change("salesforce", "Account", account, Website=values[number % 2])
        office.clock.advance(10)
        await watched.look("salesforce", "Account", CRM, account)
        await scene.acted()
        await scene.worked()
        if not slow:
            await watched.look("netsuite", "Account", ERP, customer)
    assert len(await scene.runs()) == 3
    assert [problem.code for problem in await scene.problems()] == ["PING_PONG"]
