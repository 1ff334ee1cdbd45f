"""A client of the CRM becomes a customer in the ERP: once per company, and never one that is somebody else's."""

from collections.abc import AsyncIterator, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from sandbox.firm.ids import LEGAL_ENTITY_KEYS
from sandbox.serve import SandboxThread
from schema.errors import Queue
from schema.ids import RecordKey, encode_id
from sync.desk import RefusalCode
from sync.ledger.database import DatabaseLedger
from sync.ledger.records import ExceptionState, RunStatus
from tests.sync.conftest import HeldClock
from tests.sync.flows.stories import (
    client,
    entity_id,
    reasons,
    record,
    refused_before_anything,
    succeeded,
    unknown_to_erp,
)
from tests.sync.office import Office, open_office

ADDRESS = {"lines": ["Quay 1"], "city": "Leeds", "postalCode": "LS1 4AP", "country": "GB"}
HOME, *ABROAD = LEGAL_ENTITY_KEYS


def wish(office: Office, account: dict[str, Any], *entities: str, **more: Any) -> dict[str, Any]:
    return {
        "accountId": office.id_of("Account", account),
        "legalEntityIds": [entity_id(office, key) for key in entities],
        "legalName": f"{account['name']} Ltd",
        "taxId": "GB998877665",
        "billTo": ADDRESS,
        **more,
    }


async def test_a_client_becomes_a_customer_and_the_crm_is_told(office: Office) -> None:
    ours = unknown_to_erp(office)[0]
    run = await succeeded(office, "onboardCustomer", **wish(office, ours, "le-uk", paymentTermsDays=14))
    crm_id = office.external(ours, "salesforce")
    [made] = office.control.records("netsuite", "customer", externalId=crm_id)
    assert (made["companyName"], made["vatRegNumber"]) == (f"{ours['name']} Ltd", "GB998877665")
    assert (made["subsidiary"]["id"], made["currency"]["refName"], made["terms"]["refName"]) == ("1", "GBP", "Net 14")
    crm = record(office, "salesforce", "Account", crm_id)
    assert (crm["CW_ERP_Customers__c"], crm["CW_Sync_Status__c"]) == (f"netsuite:{made['id']}", "Customer in ERP")
    links = await office.ledger.links(office.id_of("Account", ours))
    assert [(link.platform, link.external_id, link.run_id) for link in links] == [("netsuite", made["id"], run.id)]


async def test_several_companies_each_get_a_customer_in_their_own_currency(office: Office) -> None:
    ours = unknown_to_erp(office)[0]
    await succeeded(office, "onboardCustomer", **wish(office, ours, "le-uk", "le-de", "le-us"))
    made = office.control.records("netsuite", "customer", vatRegNumber="GB998877665")
    assert [(found["subsidiary"]["id"], found["currency"]["refName"]) for found in made] == [
        ("1", "GBP"),
        ("2", "EUR"),
        ("3", "USD"),
    ]
    crm = record(office, "salesforce", "Account", office.external(ours, "salesforce"))
    assert crm["CW_ERP_Customers__c"] == ", ".join(f"netsuite:{found['id']}" for found in made)
    again = await succeeded(office, "onboardCustomer", **wish(office, ours, "le-us", "le-uk"))
    assert [step.status.value for step in (await office.steps(again)).values()] == ["SKIPPED"]
    assert office.control.records("netsuite", "customer", vatRegNumber="GB998877665") == made


async def test_one_that_is_linked_already_needs_no_billing_and_is_left_as_it_is(office: Office) -> None:
    ours = client(office, "acct-0001")
    before = record(office, "netsuite", "customer", office.external(ours, "netsuite"))
    await succeeded(
        office,
        "onboardCustomer",
        accountId=office.id_of("Account", ours),
        legalEntityIds=[entity_id(office, "le-se")],
    )
    assert record(office, "netsuite", "customer", before["id"]) == before
    crm = record(office, "salesforce", "Account", office.external(ours, "salesforce"))
    assert crm["CW_ERP_Customers__c"] == f"netsuite:{before['id']}"


@pytest.mark.parametrize("by", ["tax id", "legal name and country"])
async def test_the_one_look_alike_that_nobody_is_linked_to_is_linked(office: Office, by: str) -> None:
    """The ERP's record of the client bears no id of the CRM: it is known by its tax id, else by name and country."""
    ours = next(found for found in office.of_firm("Account") if "netsuite" in found.get("unlinked", {}))
    there = ours["unlinked"]["netsuite"]["id"]
    billing = ours["billing"] or {}
    customer = record(office, "netsuite", "customer", there)
    company = next(
        key for number, key in enumerate(LEGAL_ENTITY_KEYS, 1) if str(number) == customer["subsidiary"]["id"]
    )
    country = customer["addressBook"]["items"][0]["addressBookAddress"]["country"]["id"]
    known = {"taxId": customer["vatRegNumber"], "legalName": "Spelled Otherwise"}
    if by != "tax id":
        known = {"taxId": "XX00000001", "legalName": customer["companyName"]}
    await succeeded(
        office,
        "onboardCustomer",
        **wish(office, ours, company, **known, billTo={**ADDRESS, "country": country}),
    )
    after = record(office, "netsuite", "customer", there)
    assert after["externalId"] == office.external(ours, "salesforce")
    assert after["companyName"] == customer["companyName"]
    assert len(office.control.records("netsuite", "customer", externalId=after["externalId"])) == 1, billing


async def test_two_that_may_be_the_client_wait_for_finance_and_go_on_once_one_is_linked(office: Office) -> None:
    ours = unknown_to_erp(office)[0]
    crm_id = office.external(ours, "salesforce")
    twins = [
        office.control.add(
            "netsuite",
            "customer",
            companyName=f"Twin {number}",
            subsidiary={"id": "1"},
            isPerson=False,
            vatRegNumber="GB998877665",
        )
        for number in (1, 2)
    ]
    run = await office.carried_out("onboardCustomer", **wish(office, ours, "le-de", "le-uk"))
    assert run.status is RunStatus.FAILED
    [problem] = await office.problems(run)
    assert (problem.queue, problem.code, problem.record_id) == (
        Queue.FINANCE,
        "AMBIGUOUS_MATCH",
        office.id_of("Account", ours),
    )
    assert {found["external_id"] for found in problem.detail["candidates"]} == {twin["id"] for twin in twins}
    key = problem.detail["key"]
    assert key in problem.message

    office.control.change("netsuite", "customer", twins[1]["id"], externalId=key)
    retried = await office.desk.retry(office.caller("finance"), run.id)
    assert retried.run is not None, retried.refusals
    ended = await office.worked(run.id)
    assert ended.status is RunStatus.SUCCEEDED, await office.problems(ended)
    assert [found.status for found in await office.problems(ended)] == [ExceptionState.RESOLVED]
    (german,) = office.control.records("netsuite", "customer", externalId=crm_id)
    crm = record(office, "salesforce", "Account", crm_id)
    assert crm["CW_ERP_Customers__c"] == f"netsuite:{german['id']}, netsuite:{twins[1]['id']}"
    assert len(office.control.records("netsuite", "customer", vatRegNumber="GB998877665")) == 3


async def test_a_look_alike_that_is_another_clients_is_nobody_elses(office: Office) -> None:
    ours, theirs = unknown_to_erp(office)[0], client(office, "acct-0001")
    before = record(office, "netsuite", "customer", office.external(theirs, "netsuite"))
    run = await office.carried_out("onboardCustomer", **wish(office, ours, "le-se", taxId=theirs["billing"]["taxId"]))
    assert run.status is RunStatus.FAILED
    [problem] = await office.problems(run)
    assert problem.code == "AMBIGUOUS_MATCH"
    assert office.external(theirs, "salesforce") in problem.message
    assert record(office, "netsuite", "customer", before["id"]) == before


async def test_a_currency_that_no_company_keeps_its_books_in_is_refused_with_all_else(office: Office) -> None:
    ours = unknown_to_erp(office)[0]
    reply = await refused_before_anything(
        office,
        "onboardCustomer",
        **wish(office, ours, "le-uk", "le-de", currency="GBP", taxId="GB 99", billTo={"lines": [" "], "country": "G"}),
    )
    assert reasons(reply) == [
        (RefusalCode.INVALID, ("input", "taxId")),
        (RefusalCode.INVALID, ("input", "billTo", "lines")),
        (RefusalCode.INVALID, ("input", "billTo", "country")),
        (RefusalCode.INVALID, ("input", "currency")),
    ]
    assert "Meridian Partners GmbH" in reply.refusals[-1].message


async def test_two_wishes_at_the_same_time_make_one_customer(office: Office) -> None:
    ours = unknown_to_erp(office)[0]
    first = await office.accepted("onboardCustomer", **wish(office, ours, "le-uk"))
    second = await office.accepted("onboardCustomer", **wish(office, ours, "le-uk", "le-de"))
    assert (await office.worked(first.id)).status is RunStatus.SUCCEEDED
    assert (await office.worked(second.id)).status is RunStatus.SUCCEEDED
    made = office.control.records("netsuite", "customer", vatRegNumber="GB998877665")
    assert [found["subsidiary"]["id"] for found in made] == ["1", "2"]


# ------------------------------------------------------------------------------------------------- several platforms


@pytest.fixture(scope="module")
def two_erps() -> Iterator[dict[str, Any]]:
    """The firm with its home books in one NetSuite and all others in a second."""
    thread = SandboxThread(
        accounts=40,
        seed=7,
        as_of=date(2026, 11, 20),
        platforms=[
            "salesforce=salesforce",
            "kantata=kantata",
            f"netsuite-home=netsuite:legal_entities={HOME}",
            f"netsuite-abroad=netsuite:legal_entities={'+'.join(ABROAD)}",
        ],
    )
    yield thread.start()
    thread.stop()


@pytest.fixture
async def wide_office(
    two_erps: dict[str, Any], tmp_path: Path, ledger: DatabaseLedger, clock: HeldClock
) -> AsyncIterator[Office]:
    opened = open_office(two_erps, tmp_path, ledger, clock)
    opened.control.send("POST", "/reset")
    yield opened
    await opened.close()


async def test_two_erps_at_once_each_get_their_companys_customer(wide_office: Office) -> None:
    office = wide_office
    ours = next(
        found
        for found in office.of_firm("Account")
        if not [name for name in {**found["records"], **found.get("unlinked", {})} if name.startswith("netsuite")]
    )
    entities = [
        encode_id(RecordKey("LegalEntity", platform, number))
        for platform, number in (("netsuite-home", "1"), ("netsuite-abroad", "2"), ("netsuite-abroad", "3"))
    ]
    run = await succeeded(
        office,
        "onboardCustomer",
        accountId=office.id_of("Account", ours),
        legalEntityIds=entities,
        taxId="GB998877665",
        billTo=ADDRESS,
    )
    crm_id = office.external(ours, "salesforce")
    [home] = office.control.records("netsuite-home", "customer", vatRegNumber="GB998877665")
    abroad = office.control.records("netsuite-abroad", "customer", vatRegNumber="GB998877665")
    assert home["externalId"] == crm_id
    assert [found["externalId"] for found in abroad] == [crm_id, f"{crm_id}_3"]
    crm = record(office, "salesforce", "Account", crm_id)
    assert crm["CW_ERP_Customers__c"] == (
        f"netsuite-home:{home['id']}, netsuite-abroad:{abroad[0]['id']}, netsuite-abroad:{abroad[1]['id']}"
    )
    assert {step.platform for step in (await office.steps(run)).values()} == {
        "netsuite-home",
        "netsuite-abroad",
        "salesforce",
    }
