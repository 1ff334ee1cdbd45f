"""A new client begins in the CRM, and in the ERP as well where its billing is known."""

from schema.errors import Queue
from sync.desk import RefusalCode
from sync.ledger.records import RunStatus
from tests.sync.flows.stories import client, entity_id, reasons, record, refused_before_anything, succeeded, written
from tests.sync.office import Office

ADDRESS = {"lines": ["Hafenstraße 7", "Hinterhaus"], "city": "Bremen", "postalCode": "28195", "country": "DE"}


async def test_a_prospect_is_a_record_of_the_crm_alone(office: Office) -> None:
    run = await succeeded(
        office, "createAccount", name="Nordlicht & Söhne", website="https://nordlicht.example", industry="Energy"
    )
    [made] = office.control.records("salesforce", "Account", Name="Nordlicht & Söhne")
    assert (made["CW_Status__c"], made["Website"], made["Industry"]) == (
        "Prospect",
        "https://nordlicht.example",
        "Energy",
    )
    assert office.control.writes("netsuite") == 0
    assert run.records == (office.firm.record_id("Account", "salesforce", made["Id"]),)


async def test_with_its_billing_it_is_a_customer_too_and_the_crm_says_which(office: Office) -> None:
    await succeeded(
        office,
        "createAccount",
        name="Nordlicht",
        status="ACTIVE",
        billing={
            "legalName": "Nordlicht GmbH",
            "legalEntityId": entity_id(office, "le-de"),
            "taxId": "DE123456788",
            "paymentTermsDays": 30,
            "billTo": ADDRESS,
        },
    )
    [crm] = office.control.records("salesforce", "Account", Name="Nordlicht")
    [erp] = office.control.records("netsuite", "customer", companyName="Nordlicht GmbH")
    assert erp["externalId"] == crm["Id"]
    assert erp["subsidiary"]["id"] == "2"
    assert erp["currency"]["refName"] == "EUR"
    assert erp["terms"]["refName"] == "Net 30"
    address = erp["addressBook"]["items"][0]["addressBookAddress"]
    assert (address["addr1"], address["addr2"], address["city"]) == ("Hafenstraße 7", "Hinterhaus", "Bremen")
    assert crm["CW_ERP_Customers__c"] == f"netsuite:{erp['id']}"


async def test_everything_that_a_customer_lacks_is_said_at_once(office: Office) -> None:
    reply = await refused_before_anything(
        office,
        "createAccount",
        name="Nordlicht",
        billing={"legalEntityId": entity_id(office, "le-de"), "currency": "CHF", "taxId": "DE 123"},
    )
    assert reasons(reply) == [
        (RefusalCode.INVALID, ("input", "billing", "legalName")),
        (RefusalCode.INVALID, ("input", "billing", "billTo")),
        (RefusalCode.INVALID, ("input", "billing", "taxId")),
        (RefusalCode.INVALID, ("input", "billing", "currency")),
    ]


async def test_a_new_client_that_the_erp_has_already_is_linked_not_made_again(office: Office) -> None:
    known = client(office, "acct-0001")
    there = office.external(known, "netsuite")
    office.control.change("netsuite", "customer", there, externalId=None)
    await succeeded(
        office,
        "createAccount",
        name="Corvridge",
        billing={
            "legalName": "Corvridge",
            "legalEntityId": entity_id(office, "le-se"),
            "taxId": known["billing"]["taxId"],
            "billTo": {"lines": ["Drottninggatan 14"], "country": "SE"},
        },
    )
    [crm] = office.control.records("salesforce", "Account", Name="Corvridge")
    assert record(office, "netsuite", "customer", there)["externalId"] == crm["Id"]
    assert len(office.control.records("netsuite", "customer", vatRegNumber=known["billing"]["taxId"])) == 1


async def test_one_that_belongs_to_another_client_waits_for_finance(office: Office) -> None:
    known = client(office, "acct-0001")
    run = await office.carried_out(
        "createAccount",
        name="Corvridge",
        billing={
            "legalName": "Corvridge",
            "legalEntityId": entity_id(office, "le-se"),
            "taxId": known["billing"]["taxId"],
            "billTo": {"lines": ["Drottninggatan 14"], "country": "SE"},
        },
    )
    assert run.status is RunStatus.FAILED
    [problem] = await office.problems(run)
    assert (problem.queue, problem.code) == (Queue.FINANCE, "AMBIGUOUS_MATCH")
    assert [found["external_id"] for found in problem.detail["candidates"]] == [office.external(known, "netsuite")]
    assert office.control.writes("netsuite") == 0


async def test_where_the_erp_refuses_the_client_is_taken_back_from_the_crm(office: Office) -> None:
    office.control.fault(
        "netsuite",
        "status",
        status=400,
        body={"o:errorDetails": [{"detail": "No.", "o:errorCode": "USER_ERROR"}]},
        match={"method": "PUT", "path": "/customer/"},
    )
    run = await office.carried_out(
        "createAccount",
        name="Nordlicht",
        billing={
            "legalName": "Nordlicht GmbH",
            "legalEntityId": entity_id(office, "le-de"),
            "taxId": "DE123456788",
            "billTo": ADDRESS,
        },
    )
    assert run.status is RunStatus.COMPENSATED
    assert office.control.records("salesforce", "Account", Name="Nordlicht") == []
    assert office.control.records("netsuite", "customer", companyName="Nordlicht GmbH") == []
    [problem] = await office.problems(run)
    assert (problem.queue, problem.code) == (Queue.SALES_OPS, "REJECTED")


async def test_a_dry_run_shows_both_records_and_makes_none(office: Office) -> None:
    reply = await office.ask(
        "createAccount",
        dry_run=True,
        name="Nordlicht",
        billing={
            "legalName": "Nordlicht GmbH",
            "legalEntityId": entity_id(office, "le-de"),
            "taxId": "DE123456788",
            "billTo": ADDRESS,
        },
    )
    assert reply.run is not None
    assert reply.run.plan is not None
    assert [(write.platform, write.operation.value) for write in reply.run.plan] == [
        ("salesforce", "UPSERT"),
        ("netsuite", "UPSERT"),
        ("salesforce", "UPDATE"),
    ]
    assert written(office) == 0
    assert await office.ledger.run(reply.run.id) is None
