"""A project's fields change at their owners; one that is closed stays as it is."""

from decimal import Decimal
from typing import Any

import pytest

from schema.roles import PlatformRole
from sync.desk import RefusalCode
from tests.sync.flows.stories import kept, reasons, record, refused_before_anything, succeeded
from tests.sync.office import Office

PSA = PlatformRole.PSA


def running(office: Office) -> dict[str, Any]:
    """A project at work that the ERP knows as well."""
    return next(found for found in office.of_firm("Project", status="ACTIVE") if "netsuite" in found["records"])


async def test_dates_status_and_budget_change_in_the_psa(office: Office) -> None:
    project = running(office)
    currency = project["budget"]["currency"]
    await succeeded(
        office,
        "updateProject",
        id=office.id_of("Project", project),
        name="Renamed & more",
        status="ON_HOLD",
        startDate="2026-01-05",
        endDate="2029-01-31",
        budget={"amount": "1234.56", "currency": currency},
    )
    found = await kept(office, "kantata", "Project", PSA, office.external(project, "kantata"))
    assert found is not None
    assert found.values["name"] == "Renamed & more"
    assert found.values["status"].value == "ON_HOLD"
    assert (str(found.values["startDate"]), str(found.values["endDate"])) == ("2026-01-05", "2029-01-31")
    assert found.values["budget.amount"] == Decimal("1234.56")
    assert office.control.writes("netsuite") == 0


async def test_what_nobody_may_write_is_named_with_its_owner_and_refuses_the_rest(office: Office) -> None:
    project = running(office)
    reply = await refused_before_anything(
        office,
        "updateProject",
        id=office.id_of("Project", project),
        name="Renamed",
        managerName="Somebody Else",
        budgetHours="12",
    )
    assert reasons(reply) == [
        (RefusalCode.OWNERSHIP, ("input", "managerName")),
        (RefusalCode.OWNERSHIP, ("input", "budgetHours")),
    ]
    assert "PSA (kantata)" in reply.refusals[0].message


async def test_whoever_saw_an_older_version_is_told_both_values(office: Office) -> None:
    project = running(office)
    number = office.external(project, "kantata")
    seen = await kept(office, "kantata", "Project", PSA, number)
    assert seen is not None
    office.control.change("kantata", "workspace", number, title="Theirs")
    reply = await refused_before_anything(
        office, "updateProject", id=office.id_of("Project", project), name="Ours", if_version=seen.version
    )
    assert reasons(reply) == [(RefusalCode.CONFLICT, ("input", "ifVersion"))]
    assert "name is 'Theirs' there" in reply.refusals[0].message
    assert "'Ours' was asked" in reply.refusals[0].message


async def test_whoever_saw_the_present_version_may_change_it(office: Office) -> None:
    project = running(office)
    number = office.external(project, "kantata")
    seen = await kept(office, "kantata", "Project", PSA, number)
    assert seen is not None
    await succeeded(office, "updateProject", id=office.id_of("Project", project), name="Ours", if_version=seen.version)
    assert record(office, "kantata", "workspace", number)["title"] == "Ours"


@pytest.mark.parametrize("status", ["COMPLETED", "CANCELLED"])
async def test_a_closed_project_stays_as_it_is_until_it_is_opened_again(office: Office, status: str) -> None:
    project = office.of_firm("Project", status=status)[0]
    project_id = office.id_of("Project", project)
    reply = await refused_before_anything(office, "updateProject", id=project_id, name="Renamed")
    assert reasons(reply) == [(RefusalCode.STATE, ("input", "id"))]
    assert status in reply.refusals[0].message
    await succeeded(office, "updateProject", id=project_id, name="Renamed", status="ACTIVE")
    found = await kept(office, "kantata", "Project", PSA, office.external(project, "kantata"))
    assert found is not None
    assert (found.values["name"], found.values["status"].value) == ("Renamed", "ACTIVE")


async def test_a_project_ends_after_it_starts_and_keeps_its_currency(office: Office) -> None:
    project = running(office)
    project_id = office.id_of("Project", project)
    backwards = await refused_before_anything(
        office, "updateProject", id=project_id, startDate="2027-02-01", endDate="2027-01-31"
    )
    assert reasons(backwards) == [(RefusalCode.INVALID, ("input", "endDate"))]
    foreign = await refused_before_anything(
        office, "updateProject", id=project_id, budget={"amount": "100", "currency": "JPY"}
    )
    assert reasons(foreign) == [(RefusalCode.INVALID, ("input", "budget", "currency"))]
