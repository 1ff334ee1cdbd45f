"""A client's fields change at their owners, whole or not at all."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from schema.roles import PlatformRole
from sync.desk import RefusalCode
from sync.ledger.database import DatabaseLedger
from sync.ledger.records import RunStatus, StepStatus
from tests.sync.conftest import HeldClock
from tests.sync.flows.stories import (
    client,
    entity_id,
    kept,
    reasons,
    record,
    refused_before_anything,
    succeeded,
    unknown_to_erp,
)
from tests.sync.office import Office, open_office


def billed_client(office: Office) -> dict[str, Any]:
    return next(found for found in office.of_firm("Account") if "netsuite" in found["records"])


async def test_each_part_goes_to_its_owner(office: Office) -> None:
    ours = billed_client(office)
    run = await office.carried_out(
        "updateAccount", id=office.id_of("Account", ours), industry="Energy", billing={"legalName": "New Name Ltd"}
    )
    assert run.status is RunStatus.SUCCEEDED
    assert {step.status for step in (await office.steps(run)).values()} == {StepStatus.SUCCEEDED}
    crm = office.control.record("salesforce", "Account", office.external(ours, "salesforce"))
    erp = office.control.record("netsuite", "customer", office.external(ours, "netsuite"))
    assert crm is not None
    assert erp is not None
    assert crm["Industry"] == "Energy"
    assert erp["companyName"] == "New Name Ltd"


async def test_a_part_that_is_nobodys_to_write_refuses_the_whole(office: Office) -> None:
    ours = billed_client(office)
    reply = await refused_before_anything(
        office,
        "updateAccount",
        id=office.id_of("Account", ours),
        website="https://new.example",
        ownerName="Somebody Else",
        billing={"currency": "JPY"},
    )
    assert reasons(reply) == [
        (RefusalCode.OWNERSHIP, ("input", "ownerName")),
        (RefusalCode.OWNERSHIP, ("input", "billing", "currency")),
    ]
    assert "CRM (salesforce)" in reply.refusals[0].message
    assert "ERP (netsuite)" in reply.refusals[1].message


async def test_a_new_address_takes_the_place_of_the_whole_old_one(office: Office) -> None:
    ours = billed_client(office)
    run = await office.carried_out(
        "updateAccount",
        id=office.id_of("Account", ours),
        billing={"billTo": {"lines": ["Quay 1"], "city": "Oslo", "country": "NO"}, "paymentTermsDays": 30},
    )
    assert run.status is RunStatus.SUCCEEDED
    erp = office.control.record("netsuite", "customer", office.external(ours, "netsuite"))
    assert erp is not None
    address = erp["addressBook"]["items"][-1]["addressBookAddress"]
    assert (address["addr1"], address["city"], address["country"]["id"]) == ("Quay 1", "Oslo", "NO")
    assert address.get("zip") in (None, "")


async def test_whoever_saw_an_older_version_is_told_both_values(office: Office) -> None:
    ours = billed_client(office)
    record = office.external(ours, "salesforce")
    seen = office.control.record("salesforce", "Account", record)
    assert seen is not None
    office.control.change("salesforce", "Account", record, Website="https://theirs.example")
    reply = await refused_before_anything(
        office,
        "updateAccount",
        id=office.id_of("Account", ours),
        website="https://ours.example",
        if_version=seen["LastModifiedDate"],
    )
    assert reasons(reply) == [(RefusalCode.CONFLICT, ("input", "ifVersion"))]
    assert "https://theirs.example" in reply.refusals[0].message
    assert "https://ours.example" in reply.refusals[0].message


async def test_a_change_between_acceptance_and_writing_is_a_conflict_with_both_values(office: Office) -> None:
    ours = billed_client(office)
    record = office.external(ours, "salesforce")
    seen = await kept(office, "salesforce", "Account", PlatformRole.CRM, record)
    assert seen is not None
    run = await office.accepted(
        "updateAccount", id=office.id_of("Account", ours), website="https://ours.example", if_version=seen.version
    )
    office.control.change("salesforce", "Account", record, Website="https://theirs.example")
    ended = await office.worked(run.id)
    assert ended.status is RunStatus.FAILED
    [problem] = await office.problems(ended)
    assert problem.code == "CONFLICT"
    assert problem.detail["fields"] == [
        {"field": "website", "asked": "https://ours.example", "found": "https://theirs.example"}
    ]
    after = office.control.record("salesforce", "Account", record)
    assert after is not None
    assert after["Website"] == "https://theirs.example"


async def test_a_version_holds_one_record_so_that_two_owners_are_too_many(office: Office) -> None:
    ours = billed_client(office)
    reply = await refused_before_anything(
        office,
        "updateAccount",
        id=office.id_of("Account", ours),
        industry="Energy",
        billing={"legalName": "New Name Ltd"},
        if_version="2026-01-01T00:00:00.000+0000",
    )
    assert reasons(reply) == [(RefusalCode.INVALID, ("input", "ifVersion"))]


async def test_of_several_customers_the_caller_says_which_companys(office: Office) -> None:
    """A further company's customer bears the client's id with the company's."""
    ours = client(office, "acct-0001")
    account = office.id_of("Account", ours)
    await succeeded(
        office,
        "onboardCustomer",
        accountId=account,
        legalEntityIds=[entity_id(office, "le-uk")],
        taxId="GB123456789",
        billTo={"lines": ["Quay 1"], "country": "GB"},
    )
    unclear = await office.ask("updateAccount", id=account, billing={"legalName": "Corvridge Limited"})
    assert reasons(unclear) == [(RefusalCode.INVALID, ("input", "billing", "legalEntityId"))]
    done = await office.carried_out(
        "updateAccount",
        id=account,
        billing={"legalName": "Corvridge Limited", "legalEntityId": entity_id(office, "le-uk")},
    )
    assert done.status is RunStatus.SUCCEEDED
    theirs = office.control.records("netsuite", "customer", companyName="Corvridge Limited")
    assert [found["subsidiary"]["id"] for found in theirs] == ["1"]
    assert theirs[0]["id"] != office.external(ours, "netsuite")


async def test_a_client_that_the_erp_has_never_heard_of_is_onboarded_first(office: Office) -> None:
    stranger = unknown_to_erp(office)[0]
    reply = await refused_before_anything(
        office, "updateAccount", id=office.id_of("Account", stranger), billing={"legalName": "New Name Ltd"}
    )
    assert reasons(reply) == [(RefusalCode.STATE, ("input", "id"))]
    assert "onboardCustomer" in reply.refusals[0].message


async def test_a_client_gets_a_parent_that_is_there_and_not_itself(office: Office) -> None:
    clients = office.of_firm("Account", parent=None)
    child, parent = clients[3], clients[4]
    run = await office.carried_out(
        "updateAccount", id=office.id_of("Account", child), parentId=office.id_of("Account", parent)
    )
    assert run.status is RunStatus.SUCCEEDED
    record = office.control.record("salesforce", "Account", office.external(child, "salesforce"))
    assert record is not None
    assert record["ParentId"] == office.external(parent, "salesforce")
    itself = await office.ask(
        "updateAccount", id=office.id_of("Account", child), parentId=office.id_of("Account", child)
    )
    assert reasons(itself) == [(RefusalCode.INVALID, ("input", "parentId"))]


# -------------------------------------------------------------------------------------------------- re-assigned owners


@pytest.fixture
async def psa_names_clients(
    firm_sandbox: dict[str, Any], tmp_path: Path, ledger: DatabaseLedger, clock: HeldClock
) -> AsyncIterator[Office]:
    """A firm whose settings say that the PSA owns a client's name."""
    folder = tmp_path / "owners"
    folder.mkdir()
    opened = open_office(firm_sandbox, folder, ledger, clock, owners={"Account.name": "PSA"})
    opened.control.calm()
    yield opened
    opened.control.calm()
    await opened.close()


async def test_a_re_assigned_field_goes_to_its_new_owner_and_the_rest_to_the_old(psa_names_clients: Office) -> None:
    office = psa_names_clients
    ours = client(office, "acct-0001")
    run = await succeeded(
        office, "updateAccount", id=office.id_of("Account", ours), name="As they deliver", website="https://new.example"
    )
    assert [(step.platform, step.role) for step in (await office.steps(run)).values()] == [
        ("kantata", "PSA"),
        ("salesforce", "CRM"),
    ]
    crm = record(office, "salesforce", "Account", office.external(ours, "salesforce"))
    psa = record(office, "kantata", "workspace_group", office.external(ours, "kantata"))
    assert (crm["Name"], crm["Website"]) == (ours["name"], "https://new.example")
    assert psa["name"] == "As they deliver"


async def test_a_re_assigned_owner_that_doesnt_know_the_client_refuses_the_whole(psa_names_clients: Office) -> None:
    office = psa_names_clients
    stranger = next(
        found
        for found in office.of_firm("Account")
        if "kantata" not in {**found["records"], **found.get("unlinked", {})}
    )
    reply = await refused_before_anything(
        office, "updateAccount", id=office.id_of("Account", stranger), name="Renamed", industry="Energy"
    )
    assert reasons(reply) == [(RefusalCode.STATE, ("input", "id"))]
    assert "No PSA has this Account yet" in reply.refusals[0].message


async def test_where_the_second_owner_refuses_the_first_gets_its_value_back(psa_names_clients: Office) -> None:
    office = psa_names_clients
    ours = client(office, "acct-0001")
    before = record(office, "kantata", "workspace_group", office.external(ours, "kantata"))["name"]
    office.control.fault(
        "salesforce",
        "status",
        status=400,
        body=[{"errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "message": "No."}],
        match={"method": "PATCH", "path": "/sobjects/Account/"},
    )
    run = await office.carried_out(
        "updateAccount", id=office.id_of("Account", ours), name="As they deliver", website="https://new.example"
    )
    assert run.status is RunStatus.COMPENSATED
    assert record(office, "kantata", "workspace_group", office.external(ours, "kantata"))["name"] == before
