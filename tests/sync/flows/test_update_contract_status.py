"""A contract goes on by the steps that its life allows."""

from typing import Any

import pytest

from sync.desk import RefusalCode
from sync.ledger.records import RunStatus, StepStatus
from tests.sync.flows.stories import reasons, record, refused_before_anything, succeeded
from tests.sync.office import Office

ALLOWED = {
    "DRAFT": ["IN_REVIEW"],
    "IN_REVIEW": ["APPROVED", "DRAFT"],
    "APPROVED": ["ACTIVE", "DRAFT"],
    "ACTIVE": ["EXPIRED", "TERMINATED"],
    "EXPIRED": [],
    "TERMINATED": [],
}
NATIVE = {
    "DRAFT": "Draft",
    "IN_REVIEW": "In Approval Process",
    "APPROVED": "Approved",
    "ACTIVE": "Activated",
    "EXPIRED": "Expired",
    "TERMINATED": "Terminated",
}


def contract(office: Office, status: str) -> dict[str, Any]:
    return office.of_firm("Contract", status=status)[0]


@pytest.mark.parametrize(("before", "after"), [(before, after) for before, ways in ALLOWED.items() for after in ways])
async def test_an_allowed_move_is_made_in_the_crm(office: Office, before: str, after: str) -> None:
    moving = contract(office, before)
    run = await office.carried_out("updateContractStatus", id=office.id_of("Contract", moving), status=after)
    found = record(office, "salesforce", "Contract", office.external(moving, "salesforce"))
    assert run.status is RunStatus.SUCCEEDED, [problem.message for problem in await office.problems(run)]
    assert found["Status"] == NATIVE[after]


@pytest.mark.parametrize("before", list(ALLOWED))
async def test_any_other_move_is_refused_with_those_that_can_follow(office: Office, before: str) -> None:
    moving = contract(office, before)
    for after in ALLOWED.keys() - {before, *ALLOWED[before]}:
        reply = await refused_before_anything(
            office, "updateContractStatus", id=office.id_of("Contract", moving), status=after
        )
        assert reasons(reply) == [(RefusalCode.STATE, ("input", "status"))]
        assert all(way in reply.refusals[0].message for way in ALLOWED[before])


async def test_a_contract_that_stands_there_already_is_left_alone(office: Office) -> None:
    moving = contract(office, "ACTIVE")
    run = await succeeded(office, "updateContractStatus", id=office.id_of("Contract", moving), status="ACTIVE")
    assert [step.status for step in (await office.steps(run)).values()] == [StepStatus.SKIPPED]
    assert office.control.writes("salesforce") == 0


async def test_two_moves_accepted_at_once_are_made_one_after_the_other(office: Office) -> None:
    moving = contract(office, "IN_REVIEW")
    contract_id = office.id_of("Contract", moving)
    first = await office.accepted("updateContractStatus", id=contract_id, status="APPROVED")
    second = await office.accepted("updateContractStatus", id=contract_id, status="DRAFT")
    assert not await office.runner().take(second.id), "it isn't its turn"
    assert (await office.worked(first.id)).status is RunStatus.SUCCEEDED
    assert (await office.worked(second.id)).status is RunStatus.SUCCEEDED
    assert record(office, "salesforce", "Contract", office.external(moving, "salesforce"))["Status"] == "Draft"
