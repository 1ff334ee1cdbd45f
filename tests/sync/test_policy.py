"""Who may ask for what: by role, workflow and part of the input. Whoever may not costs no platform a call."""

from collections.abc import Mapping
from typing import Any

import pytest

from schema.errors import Queue
from sync.desk import Refusal, RefusalCode
from sync.flows import flows
from sync.policy import forbidden_parts, may_decide, may_request, may_settle
from tests.sync.office import Office

ROLES = ("sales_ops", "pmo", "finance", "delivery", "auditor", "portal", "analyst", "service", "admin")

# Who may ask for it, beside the administrator and the service.
REQUESTERS: Mapping[str, set[str]] = {
    "createAccount": {"sales_ops"},
    "updateAccount": {"sales_ops", "finance"},
    "onboardCustomer": {"sales_ops", "finance"},
    "convertOpportunity": {"sales_ops", "pmo"},
    "updateContractStatus": {"sales_ops", "finance"},
    "updateProject": {"pmo", "delivery"},
    "createInvoice": {"finance", "pmo"},
    "postInvoice": {"finance"},
    "syncInvoiceStatus": {"finance", "pmo", "sales_ops"},
    "syncRecords": {"finance", "pmo", "sales_ops"},
}
PARTS = [
    ("createAccount", "billing", {"finance"}),
    ("updateAccount", "billing", {"finance"}),
    ("updateProject", "budget", {"pmo"}),
]


def test_every_workflow_says_who_may_ask_for_it() -> None:
    assert REQUESTERS.keys() == flows().keys()


@pytest.mark.parametrize("workflow", REQUESTERS)
def test_a_workflow_is_for_those_who_own_its_business(workflow: str) -> None:
    assert {role for role in ROLES if may_request(role, workflow)} == REQUESTERS[workflow] | {"admin", "service"}


@pytest.mark.parametrize(("workflow", "part", "owners"), PARTS)
def test_a_part_of_an_input_may_be_for_fewer(workflow: str, part: str, owners: set[str]) -> None:
    free = {role for role in ROLES if not forbidden_parts(role, workflow, [part, "name"])}
    assert free == owners | {"admin", "service"}
    assert all(forbidden_parts(role, workflow, [part, "name"]) == [part] for role in set(ROLES) - free)


@pytest.mark.parametrize("queue", Queue)
def test_a_queue_is_settled_by_its_owners(queue: Queue) -> None:
    owner = {Queue.FINANCE: {"finance"}, Queue.PMO: {"pmo"}, Queue.SALES_OPS: {"sales_ops"}, Queue.INTEGRATION: set()}
    assert {role for role in ROLES if may_settle(role, queue)} == owner[queue] | {"admin", "service"}


@pytest.mark.parametrize("required", ["finance", "pmo", "sales_ops"])
def test_an_approval_is_a_persons_of_that_role_or_an_administrators(required: str) -> None:
    assert {role for role in ROLES if may_decide(role, required)} == {required, "admin"}


@pytest.mark.parametrize("role", ["", "Admin", "admin ", "root", "finance2", "*"])
def test_a_role_that_nobody_gave_a_right_has_none(role: str) -> None:
    assert not any(may_request(role, workflow) for workflow in flows())
    assert not any(may_settle(role, queue) for queue in Queue)
    assert not any(may_decide(role, required) for required in ("finance", "pmo", "sales_ops"))


@pytest.mark.parametrize("role", ["portal", "analyst", "auditor", "delivery", "pmo", "nobody"])
async def test_whoever_may_not_costs_no_call_and_leaves_no_trace(office: Office, role: str) -> None:
    client = office.of_firm("Account")[0]
    reply = await office.ask("updateAccount", role=role, id=office.id_of("Account", client), name="Mine Now")
    assert reply.run is None
    assert reply.refusals == (Refusal(RefusalCode.FORBIDDEN, f"The role {role} may not request updateAccount."),)
    await nothing_was_asked(office)


async def test_a_part_that_is_not_ones_own_refuses_the_whole(office: Office) -> None:
    client = office.of_firm("Account")[0]
    wish: dict[str, Any] = {"id": office.id_of("Account", client), "name": "New", "billing": {"creditHold": False}}
    reply = await office.ask("updateAccount", role="sales_ops", **wish)
    assert [(refusal.code, refusal.path) for refusal in reply.refusals] == [
        (RefusalCode.FORBIDDEN, ("input", "billing"))
    ]
    await nothing_was_asked(office)


async def test_a_dry_run_shows_nobody_more(office: Office) -> None:
    client = office.of_firm("Account")[0]
    reply = await office.ask(
        "updateAccount", role="portal", dry_run=True, id=office.id_of("Account", client), name="Mine"
    )
    assert [refusal.code for refusal in reply.refusals] == [RefusalCode.FORBIDDEN]
    await nothing_was_asked(office)


async def test_a_workflow_that_nobody_knows_is_unsupported(office: Office) -> None:
    reply = await office.ask("deleteEverything", role="admin")
    assert [refusal.code for refusal in reply.refusals] == [RefusalCode.UNSUPPORTED]
    await nothing_was_asked(office)


async def nothing_was_asked(office: Office) -> None:
    assert not any(office.control.calls(platform) for platform in office.platforms)
    assert await office.ledger.unsent(most=1) == ()
    assert await office.ledger.verify_audit() == (0, None)
