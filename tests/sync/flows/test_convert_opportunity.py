"""A won deal with an approved contract becomes a customer, a project with its plan, and a billing schedule. Once."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from schema.enums import ProjectKind, ProjectStatus
from schema.errors import Queue
from schema.roles import PlatformRole
from sync.desk import RefusalCode
from sync.ledger.records import Run, RunStatus
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
from tests.sync.office import Office

BY_MILESTONE, BY_TIME, FIXED, RETAINER = "deal-000073", "deal-000074", "deal-000075", "deal-000076"
IN_REVIEW, EXPIRED = "deal-000009", "deal-000011"
OTHER_EUR_COMPANY = {"le-de": "le-nl", "le-nl": "le-de"}


class Deal:
    """An opportunity of the answer key, with its contract."""

    def __init__(self, office: Office, key: str) -> None:
        self.sold = next(found for found in office.of_firm("Opportunity") if found["key"] == key)
        self.contract = next(found for found in office.of_firm("Contract") if found["key"] == self.sold["contract"])
        self.id = office.id_of("Opportunity", self.sold)
        self.account = client(office, self.sold["account"])
        self.value = Decimal(self.contract["value"]["amount"])


class Outcome:
    """What a run made, as the platforms have it."""

    def __init__(self, office: Office, steps: list[Any]) -> None:
        self._office = office
        self._made = {
            (platform, type_name): [
                step.external_id
                for step in steps
                if (step.platform, step.type) == (platform, type_name) and step.created
            ]
            for platform, type_name in {(step.platform, step.type) for step in steps}
        }

    @classmethod
    async def of(cls, office: Office, run: Run) -> "Outcome":
        return cls(office, list((await office.steps(run)).values()))

    def ids(self, platform: str, type_name: str) -> list[str]:
        return self._made.get((platform, type_name), [])

    async def all_of(self, platform: str, type_name: str, role: PlatformRole) -> list[dict[str, Any]]:
        found = [await kept(self._office, platform, type_name, role, each) for each in self.ids(platform, type_name)]
        return [dict(each.values) for each in found if each is not None]

    def schedule(self) -> dict[str, Any]:
        [number] = self.ids("netsuite", "BillingSchedule")
        return record(self._office, "netsuite", "salesOrder", number)


async def converted(office: Office, deal: Deal, **more: Any) -> Outcome:
    return await Outcome.of(office, await succeeded(office, "convertOpportunity", opportunityId=deal.id, **more))


def lines(schedule: dict[str, Any]) -> list[tuple[Decimal, str | None]]:
    return [(Decimal(str(line["amount"])), line.get("custcol_cw_bill_on")) for line in schedule["item"]["items"]]


async def test_by_milestone_the_project_has_them_and_each_is_billed_on_its_day(office: Office) -> None:
    deal = Deal(office, BY_MILESTONE)
    made = await converted(office, deal)
    [project] = await made.all_of("kantata", "Project", PlatformRole.PSA)
    assert project["name"] == deal.sold["name"]
    assert project["status"] is ProjectStatus.PLANNED
    assert project["kind"] is ProjectKind.PROJECT
    assert (project["budget.amount"], project["budget.currency"]) == (deal.value, "SEK")
    assert str(project["startDate"]) == deal.contract["startDate"]
    assert str(project["endDate"]) == deal.contract["endDate"]
    assert project["account"] == office.external(deal.account, "salesforce")
    assert project["contract"] == office.external(deal.contract, "salesforce")
    milestones = await made.all_of("kantata", "Milestone", PlatformRole.PSA)
    assert [(each["key"], each["name"], each["amount.amount"], str(each["dueDate"])) for each in milestones] == [
        (each["key"], each["name"], Decimal(each["amount"]["amount"]), each["dueDate"])
        for each in deal.contract["milestones"]
    ]
    schedule = made.schedule()
    assert lines(schedule) == [
        (Decimal(each["amount"]["amount"]), each["dueDate"]) for each in deal.contract["milestones"]
    ]
    assert sum(amount for amount, _ in lines(schedule)) == deal.value
    assert schedule["entity"]["id"] == office.external(deal.account, "netsuite")
    assert schedule["custbody_cw_contract"] == office.external(deal.contract, "salesforce")


async def test_by_time_the_schedule_is_a_ceiling_and_each_role_is_looked_for_at_its_rate(office: Office) -> None:
    deal = Deal(office, BY_TIME)
    made = await converted(office, deal)
    demands = await made.all_of("kantata", "ResourceDemand", PlatformRole.PSA)
    assert {(each["role"], each["rate"]) for each in demands} == {
        (rate["role"], Decimal(rate["price"]["amount"])) for rate in deal.contract["rateCard"]
    }
    [(amount, on)] = lines(made.schedule())
    assert (amount, on) == (deal.value, deal.contract["endDate"])
    tasks = await made.all_of("kantata", "Task", PlatformRole.PSA)
    assert [each["name"] for each in tasks] == ["Kick-off", "Review", "Report"]


async def test_a_fixed_fee_is_one_line_and_its_milestones_are_the_plans(office: Office) -> None:
    deal = Deal(office, FIXED)
    made = await converted(office, deal)
    assert lines(made.schedule()) == [(deal.value, deal.contract["endDate"])]
    assert len(made.ids("kantata", "Milestone")) == len(deal.contract["milestones"])


@pytest.mark.parametrize("model", ["Retainer", "Subscription"])
async def test_what_is_billed_monthly_adds_up_to_the_cent(office: Office, model: str) -> None:
    deal = Deal(office, RETAINER)
    contract = office.external(deal.contract, "salesforce")
    office.control.change("salesforce", "Contract", contract, CW_Billing_Model__c=model, CW_Value__c=34875.05)
    made = await converted(office, deal, startDate="2026-09-15")
    parts = lines(made.schedule())
    assert [on for _, on in parts][:2] == ["2026-09-15", "2026-10-01"]
    assert len(parts) == 12
    assert len({amount for amount, _ in parts[:-1]}) == 1
    assert sum(amount for amount, _ in parts) == Decimal("34875.05")


async def test_sales_sees_in_its_own_system_what_became_of_its_deal(office: Office) -> None:
    deal = Deal(office, BY_MILESTONE)
    made = await converted(office, deal)
    [project] = made.ids("kantata", "Project")
    for entity, where in (("Opportunity", deal.sold), ("Contract", deal.contract)):
        shown = record(office, "salesforce", entity, office.external(where, "salesforce"))
        assert (shown["CW_Project__c"], shown["CW_Sync_Status__c"]) == (project, "Project opened")
    [job] = made.ids("netsuite", "Project")
    there = record(office, "netsuite", "job", job)
    assert there["externalId"] == project
    assert there["parent"]["id"] == office.external(deal.account, "netsuite")


async def test_a_client_that_the_company_doesnt_bill_yet_becomes_its_customer_on_the_way(office: Office) -> None:
    deal = Deal(office, BY_TIME)
    company = OTHER_EUR_COMPANY[deal.account["billing"]["legalEntity"]]
    made = await converted(
        office,
        deal,
        legalEntityId=entity_id(office, company),
        billing={
            "legalName": "On The Way GmbH",
            "taxId": "DE123456788",
            "billTo": {"lines": ["Kai 1"], "country": "DE"},
        },
    )
    [customer] = office.control.records("netsuite", "customer", companyName="On The Way GmbH")
    assert made.ids("netsuite", "Account") == [customer["id"]]
    assert customer["externalId"].startswith(office.external(deal.account, "salesforce") + "_")
    assert made.schedule()["entity"]["id"] == customer["id"]
    assert customer["id"] != office.external(deal.account, "netsuite")


async def test_everything_that_is_missing_is_said_at_once(office: Office) -> None:
    deal = Deal(office, BY_TIME)
    sold, contract = office.external(deal.sold, "salesforce"), office.external(deal.contract, "salesforce")
    office.control.change("salesforce", "Opportunity", sold, StageName="Prospecting", CW_Service_Code__c=None)
    office.control.change("salesforce", "Contract", contract, CW_Value__c=None, StartDate=None)
    for rate in office.control.records("salesforce", "CW_Rate__c", Contract__c=contract):
        office.control.remove("salesforce", "CW_Rate__c", rate["Id"])
    reply = await refused_before_anything(
        office,
        "convertOpportunity",
        opportunityId=deal.id,
        legalEntityId=entity_id(office, "le-uk"),
        billing={"legalName": "X"},
    )
    assert reasons(reply) == [
        (RefusalCode.STATE, ("input", "opportunityId")),  # not won
        (RefusalCode.STATE, ("input", "contractId")),  # no value
        (RefusalCode.STATE, ("input", "contractId")),  # no rates
        (RefusalCode.INVALID, ("input", "startDate")),
        (RefusalCode.STATE, ("input", "opportunityId")),  # no service code
        (RefusalCode.INVALID, ("input", "legalEntityId")),  # another currency
        (RefusalCode.INVALID, ("input", "billing", "taxId")),
        (RefusalCode.INVALID, ("input", "billing", "billTo")),
    ]


@pytest.mark.parametrize(("key", "status"), [(IN_REVIEW, "IN_REVIEW"), (EXPIRED, "EXPIRED")])
async def test_a_contract_that_isnt_approved_converts_nothing(office: Office, key: str, status: str) -> None:
    reply = await refused_before_anything(office, "convertOpportunity", opportunityId=Deal(office, key).id)
    assert (RefusalCode.STATE, ("input", "contractId")) in reasons(reply)
    assert any(f"The contract is {status}" in refusal.message for refusal in reply.refusals)


async def test_an_opportunity_alone_is_never_converted(office: Office) -> None:
    alone = next(found for found in office.of_firm("Opportunity") if not found["contract"] and found["stage"] != "LOST")
    office.control.change("salesforce", "Opportunity", office.external(alone, "salesforce"), StageName="Closed Won")
    reply = await refused_before_anything(
        office, "convertOpportunity", opportunityId=office.id_of("Opportunity", alone), startDate="2027-01-01"
    )
    assert (RefusalCode.STATE, ("input", "contractId")) in reasons(reply)


async def test_another_clients_contract_converts_nothing(office: Office) -> None:
    deal, other = Deal(office, BY_TIME), Deal(office, FIXED)
    reply = await refused_before_anything(
        office,
        "convertOpportunity",
        opportunityId=deal.id,
        contractId=office.id_of("Contract", other.contract),
    )
    assert (RefusalCode.INVALID, ("input", "contractId")) in reasons(reply)


async def test_twice_under_two_keys_makes_one_project(office: Office) -> None:
    deal = Deal(office, BY_MILESTONE)
    made = await converted(office, deal)
    reply = await refused_before_anything(office, "convertOpportunity", opportunityId=deal.id)
    assert reasons(reply) == [(RefusalCode.STATE, ("input", "opportunityId"))]
    assert made.ids("kantata", "Project")[0] in reply.refusals[0].message


@pytest.mark.parametrize("late", [False, True], ids=["at once", "a while later"])
async def test_twice_accepted_at_the_same_time_makes_one_project(office: Office, late: bool) -> None:
    deal = Deal(office, BY_MILESTONE)
    before = {entity: len(office.control.records(platform, entity)) for platform, entity in MADE}
    first = await office.accepted("convertOpportunity", opportunityId=deal.id)
    second = await office.accepted("convertOpportunity", opportunityId=deal.id)
    assert (await office.worked(first.id)).status is RunStatus.SUCCEEDED
    if late:
        office.clock.advance(300)
    ended = await office.worked(second.id)
    after = {entity: len(office.control.records(platform, entity)) for platform, entity in MADE}
    assert {entity: after[entity] - before[entity] for entity in after} == {
        "workspace": 1,
        "story": len(deal.contract["milestones"]) + 4,
        "workspace_resource": len(deal.contract["rateCard"]),
        "job": 1,
        "salesOrder": 1,
    }
    assert ended.status is (RunStatus.FAILED if late else RunStatus.SUCCEEDED)
    if late:
        assert [problem.code for problem in await office.problems(ended)] == ["STATE"]


MADE = (
    ("kantata", "workspace"),
    ("kantata", "story"),
    ("kantata", "workspace_resource"),
    ("netsuite", "job"),
    ("netsuite", "salesOrder"),
)


async def test_what_a_refusal_half_way_undoes_can_be_converted_anew(office: Office) -> None:
    deal = Deal(office, FIXED)
    fault = office.control.fault(
        "netsuite",
        "status",
        status=400,
        body={"o:errorDetails": [{"detail": "No such item.", "o:errorCode": "USER_ERROR"}]},
        match={"method": "PUT", "path": "/salesOrder/"},
    )
    run = await office.carried_out("convertOpportunity", opportunityId=deal.id)
    assert run.status is RunStatus.COMPENSATED
    [problem] = await office.problems(run)
    assert (problem.queue, problem.code, problem.amount) == (Queue.PMO, "REJECTED", deal.value)
    made = {step.name: step for step in await office.ledger.steps(run.id) if not step.name.startswith("undo ")}
    for name, step in made.items():
        if step.created:
            gone = await kept(office, step.platform, step.type, PlatformRole(step.role), step.external_id or "")
            assert gone is None, f"{name} is still there"
    office.control.send("DELETE", f"/faults/{fault}")
    assert len((await converted(office, deal)).ids("kantata", "Project")) == 1


async def test_a_client_that_nobody_bills_needs_a_company_and_its_billing(office: Office) -> None:
    deal, stranger = Deal(office, BY_TIME), unknown_to_erp(office)[0]
    for entity, where in (("Opportunity", deal.sold), ("Contract", deal.contract)):
        office.control.change(
            "salesforce",
            entity,
            office.external(where, "salesforce"),
            AccountId=office.external(stranger, "salesforce"),
        )
    nothing = await refused_before_anything(office, "convertOpportunity", opportunityId=deal.id)
    assert reasons(nothing) == [(RefusalCode.STATE, ("input", "legalEntityId"))]
    company = entity_id(office, "le-de")
    unbilled = await refused_before_anything(office, "convertOpportunity", opportunityId=deal.id, legalEntityId=company)
    assert reasons(unbilled) == [(RefusalCode.INVALID, ("input", "billing"))]
    billing = {"legalName": "Stranger GmbH", "taxId": "DE123456788", "billTo": {"lines": ["Kai 1"], "country": "DE"}}
    made = await converted(office, deal, legalEntityId=company, billing=billing)
    [customer] = office.control.records("netsuite", "customer", companyName="Stranger GmbH")
    assert customer["externalId"] == office.external(stranger, "salesforce")
    assert made.ids("netsuite", "Account") == [customer["id"]]


async def test_the_contract_is_read_again_where_its_plan_is_old(office: Office) -> None:
    deal = Deal(office, FIXED)
    run = await office.accepted("convertOpportunity", opportunityId=deal.id)
    office.control.change("salesforce", "Contract", office.external(deal.contract, "salesforce"), ContractTerm=18)
    office.clock.advance(120)
    ended = await office.worked(run.id)
    assert ended.status is RunStatus.SUCCEEDED, await office.problems(ended)
    [project] = await (await Outcome.of(office, ended)).all_of("kantata", "Project", PlatformRole.PSA)
    assert project["endDate"] == date(2028, 5, 31)
