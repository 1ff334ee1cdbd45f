"""Copies say what the owner says: of one record, or of all that changed."""

from datetime import UTC, datetime
from typing import Any

import pytest

from sync.desk import RefusalCode
from sync.flows import sync_records
from sync.ledger.records import RunStatus, StepStatus
from tests.sync.flows.stories import client, reasons, record, refused_before_anything, succeeded
from tests.sync.office import Office

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def spelled_differently(office: Office) -> dict[str, Any]:
    """A client that the PSA calls otherwise than the CRM, which owns its name."""
    for found in office.of_firm("Account"):
        if "kantata" in found["records"]:
            group = record(office, "kantata", "workspace_group", office.external(found, "kantata"))
            if group["name"] != found["name"]:
                return found
    raise AssertionError("every client is spelled alike")


async def test_one_clients_copy_is_brought_into_line_with_its_owner(office: Office) -> None:
    ours = spelled_differently(office)
    await succeeded(office, "syncRecords", recordId=office.id_of("Account", ours))
    group = record(office, "kantata", "workspace_group", office.external(ours, "kantata"))
    assert group["name"] == ours["name"]
    assert office.control.writes("salesforce") == 0


async def test_a_projects_name_and_dates_go_to_the_erp(office: Office) -> None:
    project = next(found for found in office.of_firm("Project", status="ACTIVE") if "netsuite" in found["records"])
    office.control.change(
        "kantata", "workspace", office.external(project, "kantata"), title="Renamed there", due_date="2030-01-31"
    )
    await succeeded(office, "syncRecords", recordId=office.id_of("Project", project))
    job = record(office, "netsuite", "job", office.external(project, "netsuite"))
    assert (job["companyName"], job["endDate"]) == ("Renamed there", "2030-01-31")


async def test_a_clients_website_goes_to_its_customer_in_the_erp(office: Office) -> None:
    ours = next(found for found in office.of_firm("Account") if "netsuite" in found["records"])
    office.control.change("salesforce", "Account", office.external(ours, "salesforce"), Website="https://new.example")
    await succeeded(office, "syncRecords", recordId=office.id_of("Account", ours))
    customer = record(office, "netsuite", "customer", office.external(ours, "netsuite"))
    assert customer["url"] == "https://new.example"


async def test_a_copy_that_says_the_same_is_left_alone(office: Office) -> None:
    ours = spelled_differently(office)
    record_id = office.id_of("Account", ours)
    await succeeded(office, "syncRecords", recordId=record_id)
    office.control.calm()
    again = await succeeded(office, "syncRecords", recordId=record_id)
    assert {step.status for step in (await office.steps(again)).values()} == {StepStatus.SKIPPED}
    assert office.control.writes("kantata") == office.control.writes("netsuite") == 0


async def test_everything_that_changed_since_an_instant_is_brought_into_line(office: Office) -> None:
    renamed = [found for found in office.of_firm("Account") if "kantata" in found["records"]][:3]
    before = max(found["updatedAt"] for found in office.of_firm("Account"))
    for number, found in enumerate(renamed):
        office.control.change("salesforce", "Account", office.external(found, "salesforce"), Name=f"Renamed {number}")
    since = datetime.fromisoformat(before).replace(microsecond=0)
    run = await succeeded(office, "syncRecords", type="ACCOUNT", changedSince=since)
    for number, found in enumerate(renamed):
        group = record(office, "kantata", "workspace_group", office.external(found, "kantata"))
        assert group["name"] == f"Renamed {number}"
    assert {office.id_of("Account", found) for found in renamed} <= set(run.records)


async def test_an_invoice_among_them_is_told_as_ever(office: Office) -> None:
    invoice = next(found for found in office.of_firm("Invoice") if found["account"] and found["project"])
    await succeeded(office, "syncRecords", recordId=office.id_of("Invoice", invoice))
    [shown] = office.control.records("salesforce", "CW_Invoice__c", Name=invoice["number"])
    assert float(shown["Total__c"]) == float(invoice["total"]["amount"])


async def test_where_nothing_changed_there_is_nothing_to_do(office: Office) -> None:
    run = await succeeded(office, "syncRecords", type="PROJECT", changedSince=datetime(2040, 1, 1, tzinfo=UTC))
    assert await office.steps(run) == {}


async def test_more_than_people_could_look_at_are_refused(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sync_records, "MOST_RECORDS", 5)
    reply = await refused_before_anything(office, "syncRecords", type="ACCOUNT", changedSince=LONG_AGO)
    assert reasons(reply) == [(RefusalCode.INVALID, ("input", "changedSince"))]
    assert "5 go into one run" in reply.refusals[0].message


@pytest.mark.parametrize(
    ("wish", "path"),
    [
        ({}, "type"),
        ({"type": "ACCOUNT"}, "type"),
        ({"changedSince": LONG_AGO}, "type"),
    ],
)
async def test_what_is_meant_must_be_said(office: Office, wish: dict[str, Any], path: str) -> None:
    assert reasons(await refused_before_anything(office, "syncRecords", **wish)) == [
        (RefusalCode.INVALID, ("input", path))
    ]


async def test_one_record_and_a_type_are_two_wishes(office: Office) -> None:
    reply = await refused_before_anything(
        office, "syncRecords", recordId=office.id_of("Account", client(office, "acct-0001")), type="ACCOUNT"
    )
    assert reasons(reply) == [(RefusalCode.INVALID, ("input", "recordId"))]


async def test_nobody_keeps_copies_of_a_person(office: Office) -> None:
    reply = await refused_before_anything(
        office, "syncRecords", recordId=office.id_of("Resource", office.of_firm("Resource")[0])
    )
    assert reasons(reply) == [(RefusalCode.UNSUPPORTED, ("input", "recordId"))]


async def test_a_record_that_was_deleted_meanwhile_stops_the_run_with_a_word_to_its_owners(office: Office) -> None:
    ours = spelled_differently(office)
    run = await office.accepted("syncRecords", recordId=office.id_of("Account", ours))
    office.control.remove("kantata", "workspace_group", office.external(ours, "kantata"))
    ended = await office.worked(run.id)
    assert ended.status is RunStatus.SUCCEEDED, "there is no copy any more"
    assert "kantata" not in {step.platform for step in (await office.steps(ended)).values()}
